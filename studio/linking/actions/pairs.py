"""Candidate pairs between two connections; judged pairs bind the machine."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from django.utils import timezone

from engine.resolve import MatchResult, Policy, Table, match
from engine.resolve.judgement import Decision
from engine.resolve.judgement import Judgement as Verdict
from engine.resolve.table import Kind
from studio.accounts.roles import MATCH
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.linking.calibrated import fit_of, weighed
from studio.linking.models import Judgement, Link, MatchRun, Pair, Party
from studio.linking.opinions import reapply

SHOWN = 0.30
KEPT = 5
# Below this a pair that people call the same gets the machine's objection; it stays linked.
DOUBT = 0.5
_KEY = "record_key"
_VERDICTS = {"same": Verdict.APPROVED, "not_a_match": Verdict.REJECTED, "unsure": Verdict.UNSURE}


def find_pairs(actor: Actor, source: Connection, target: Connection, kind: str) -> MatchRun:
    """Compare what is new or changed since the last search; up to five candidates per record."""
    with acting(actor, MATCH, "linking.compared", f"connection:{source.uuid}") as line:
        clock, started = time.monotonic(), timezone.now()
        lefts, rights = _to_compare(source, target, kind)
        run = MatchRun(source=source, target=target, kind=kind, started_at=started)
        if lefts and rights:
            result = match(
                _table(lefts),
                _table(rights),
                kind=cast("Kind", kind),
                judgements=decisions(source, target, kind),
                policy=Policy(floor=SHOWN),
            )
            run.compared, run.pairs = len(lefts), _store(kind, lefts, rights, result)
            reapply(source.workspace, kind, (p.pk for p in lefts))
            run.model_version, run.statement = result.model[:80], result.statement
        run.seconds = time.monotonic() - clock
        run.save()
        line.data = {
            "kind": kind,
            "target": str(target.uuid),
            "compared": run.compared,
            "pairs": run.pairs,
            "model": run.model_version,
        }
    return run


def _to_compare(
    source: Connection, target: Connection, kind: str
) -> tuple[list[Party], list[Party]]:
    """Left records worth comparing, and all right ones (rivals count, so none is left out)."""
    left = Party.objects.filter(connection=source, kind=kind, active=True)
    right = Party.objects.filter(connection=target, kind=kind)
    last = MatchRun.objects.filter(source=source, target=target, kind=kind).first()
    since: datetime | None = last.started_at if last else None
    rights = list(right)
    if since is None:
        return list(left), rights
    linked = Link.objects.filter(
        kind=kind, left_connection=source, right_connection=target, active=True
    ).values("left_code")
    stale = left.filter(updated_at__gte=since)
    if any(r.updated_at >= since for r in rights):
        return list((left.exclude(code__in=linked) | stale).distinct()), rights
    return list(stale), rights


def _table(parties: list[Party]) -> Table:
    return Table.from_rows([{_KEY: p.key, **p.data} for p in parties], _KEY)


def decisions(source: Connection, target: Connection, kind: str) -> Iterator[Decision]:
    """People's decisions between two connections, oldest first, undone ones left out."""
    judged = (
        Judgement.objects.filter(
            left__connection=source,
            right__connection=target,
            kind=kind,
            undo_of=None,
            undone_by=None,
        )
        .order_by("id")
        .values_list("left__key", "right__key", "verdict")
    )
    for left, right, verdict in judged:
        if verdict in _VERDICTS:
            yield Decision(left, right, _VERDICTS[verdict])


def _store(kind: str, lefts: list[Party], rights: list[Party], result: MatchResult) -> int:
    """Write the pairs of this search; judged ones keep their row and may only get an objection."""
    left_by, right_by = {p.key: p for p in lefts}, {p.key: p for p in rights}
    judged = {
        (left, right): pk
        for left, right, pk in Pair.objects.filter(kind=kind, left__connection=lefts[0].connection)
        .exclude(judged="")
        .values_list("left_id", "right_id", "pk")
    }
    ranks: dict[str, int] = {}
    fresh: list[Pair] = []
    objections: list[Pair] = []
    for at, (left_key, right_key, _) in enumerate(result.rows()):
        rank = ranks[left_key] = ranks.get(left_key, 0) + 1
        left, right = left_by[left_key], right_by[right_key]
        known = judged.get((left.pk, right.pk))
        if known is not None:
            objections.append(Pair(pk=known, objection=_objection(result, at)))
        elif rank <= KEPT:
            fresh.append(_pair(kind, result, at, left, right, rank))
    _forget(kind, lefts, rights)
    weighed(fresh, fit_of(lefts[0].connection.workspace, kind))
    Pair.objects.bulk_create(
        fresh,
        batch_size=200,
        update_conflicts=True,
        unique_fields=["left", "right"],
        update_fields=[
            "probability", "word", "method", "sentence", "waterfall", "rank", "updated_at",
        ],
    )  # fmt: skip
    Pair.objects.bulk_update(objections, ["objection"], batch_size=500)
    return len(fresh)


def _forget(kind: str, lefts: list[Party], rights: list[Party]) -> None:
    """Candidates of an earlier search fall below the line; they are not deleted."""
    right_connection = rights[0].connection
    for start in range(0, len(lefts), 500):
        Pair.objects.filter(
            kind=kind,
            judged="",
            right__connection=right_connection,
            left__in=[p.pk for p in lefts[start : start + 500]],
        ).update(probability=0.0, word="", rank=KEPT + 1)


def _pair(kind: str, result: MatchResult, at: int, left: Party, right: Party, rank: int) -> Pair:
    said = result.pair(at)
    return Pair(
        kind=kind,
        left=left,
        right=right,
        probability=said.probability,
        word=said.word,
        method=said.method,
        sentence=said.sentence,
        waterfall=bars(result, at),
        rank=rank,
    )


def bars(result: MatchResult, at: int) -> list[dict[str, Any]]:
    """The waterfall as the pages draw it: prior, evidence, final, in log-odds."""
    water = result.explain(at)
    middle = [
        {"label": b.evidence, "detail": b.detail, "effect": round(float(b.log_odds), 4)}
        for b in water.bars
    ]
    return [
        {"label": "prior", "detail": "before any evidence", "effect": round(float(water.prior), 4)},
        *middle,
    ]


def _objection(result: MatchResult, at: int) -> str:
    raw = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, float(result.log_odds[at])))))
    if raw >= DOUBT:
        return ""
    return f"The machine alone would give this pair only {raw:.0%}. Your decision stays."

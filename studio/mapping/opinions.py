"""The language model on mapping rows: the question, what people decided, and an open row moved by it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from engine.propose.question import RULES, Question, Way, compose, raised
from studio.accounts.models import Workspace
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.learning.actions import request_opinion
from studio.learning.fits import log_odds, on_line
from studio.learning.opinions import Suggestion, suggestions
from studio.learning.sources import NONE
from studio.learning.topics import Topic
from studio.mapping.actions.decide import best
from studio.mapping.calibrated import fits_of, stored
from studio.mapping.models import Decision, Mapping, MappingRow
from studio.mapping.rows import fields_of, ranked, read_by
from studio.mapping.schemas import entities

KIND = "field"
# The bar of a waterfall that an opinion adds; its name is data and is not translated.
BAR = "language model"
_SAID = "said"


def question(key: uuid.UUID) -> Question | None:
    """Which of the row's candidates fills it; None where nothing is proposed."""
    row = MappingRow.objects.select_related("mapping__connection").filter(uuid=key).first()
    if row is None or not row.candidates:
        return None
    fields = fields_of(row.mapping)
    aim = fields.target.get(row.target_path.replace("[]", ""))
    if aim is None:
        return None
    source, target = entities(row.mapping)
    ways = []
    for one in ranked(row.candidates)[:5]:
        paths = read_by(one.data["expression"], row.block, row.mapping.blocks)
        found = tuple(fields.source[p] for p in paths if p in fields.source)
        ways.append(Way(_key(one.data), source, found, str(one.data["expression"])))
    return compose(target, aim, ways)


def _key(candidate: dict[str, Any]) -> tuple[str, str]:
    return str(candidate["expression"]), str(candidate.get("condition") or "")


def words(key: tuple[str, str]) -> str:
    """What is compared with decisions: the expression."""
    return key[0]


def decided(workspace: Workspace, most: int) -> list[uuid.UUID]:
    """Rows that a person looked at and decided, newest first."""
    rows = MappingRow.objects.filter(
        mapping__workspace=workspace, state__in=("approved", "rejected", "do_not_map")
    ).exclude(candidates=[])
    seen = Decision.objects.filter(unseen=False, undo_of=None, undone_by=None).values("row")
    return list(
        rows.filter(pk__in=seen).order_by("-decided_at").values_list("uuid", flat=True)[:most]
    )


def truths(keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What is decided about these rows by somebody who looked."""
    seen = Decision.objects.filter(unseen=False, undo_of=None, undone_by=None).values("row")
    rows = MappingRow.objects.filter(uuid__in=list(keys), pk__in=seen).exclude(state="open")
    return {
        key: expression if state == "approved" else NONE
        for key, state, expression in rows.values_list("uuid", "state", "expression")
    }


def ask_about(actor: Actor, row: MappingRow) -> None:
    """Have a worker ask the language model about an open row.

    Raises:
        DecisionRefused: the row is decided, or the model cannot be asked now.
    """
    if row.state != "open":
        raise DecisionRefused(_("%s is decided.") % row.target_path, _("Nothing was sent."))
    request_opinion(actor, row.mapping.workspace, KIND, row.uuid)


def suggestions_on(rows: Sequence[MappingRow]) -> dict[uuid.UUID, Suggestion]:
    """The newest opinions about these rows of one workspace, by row."""
    if not rows:
        return {}
    return suggestions(rows[0].mapping.workspace, KIND, [row.uuid for row in rows])


def apply(key: uuid.UUID) -> None:
    """Show one open row with the newest opinion about it."""
    row = MappingRow.objects.select_related("mapping__workspace").filter(uuid=key).first()
    if row is not None:
        _apply([row])


def reapply(mapping: Mapping) -> None:
    """Opinions outlive new proposals: show the open rows of a mapping with them again."""
    _apply(list(mapping.rows.filter(state="open").select_related("mapping__workspace")))


def _apply(rows: Sequence[MappingRow]) -> None:
    told = suggestions_on(rows)
    if not told:
        return
    fits = fits_of(rows[0].mapping.workspace)
    for row in rows:
        said = told.get(row.uuid)
        if said is None or not row.candidates:
            continue
        moved = [stored(one, fits) for one in _moved([_before(c) for c in row.candidates], said)]
        top = best(moved) or {}
        MappingRow.objects.filter(pk=row.pk, state="open", revision=row.revision).update(
            candidates=moved,
            confidence=float(top.get("confidence", 0)),
            method=top.get("method", ""),
        )


def _before(candidate: dict[str, Any]) -> dict[str, Any]:
    """A candidate as it was shipped and before any opinion."""
    confidence, bars = on_line(
        float(candidate["confidence"]), list(candidate.get("waterfall", [])), None
    )
    confidence = next((float(b[_SAID]) for b in bars if b.get("label") == BAR), confidence)
    kept = [b for b in bars if b.get("label") != BAR]
    return candidate | {"confidence": confidence, "waterfall": kept}


def _moved(candidates: list[dict[str, Any]], said: Suggestion) -> list[dict[str, Any]]:
    """Candidates after an opinion; unchanged while it has no weight."""
    at = next((n for n, c in enumerate(candidates) if c["expression"] == said.answer), None)
    if said.weight <= 0 or (at is None and not said.none):
        return candidates
    before = [float(c["confidence"]) for c in candidates]
    after = raised(before, at, said.weight)
    return [
        one
        | {
            "confidence": round(new, 4),
            "waterfall": [*one["waterfall"], _bar(old, new, chose=n == at)],
        }
        for n, (one, old, new) in enumerate(zip(candidates, before, after, strict=True))
    ]


def _bar(old: float, new: float, *, chose: bool) -> dict[str, Any]:
    told = _("it chose this one") if chose else _("it chose something else")
    change = round(log_odds(new) - log_odds(old), 4)
    return {"label": BAR, "effect": change, "detail": told, _SAID: old}


TOPIC = Topic(
    kind=KIND,
    rules=RULES,
    question=question,
    words=words,
    decided=decided,
    truths=truths,
    apply=apply,
)

"""A person says what a pair is; links follow from that and are never typed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from studio.accounts.roles import MATCH
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.linking.models import Judgement, Link, Pair, Party

SAME = "same"
NOT_A_MATCH = "not_a_match"
CREATE_NEW = "create_new"
UNSURE = "unsure"
# From here on "create new" needs a reason: adding beside a twin doubles the customer's balance.
NEAR_TWIN = 0.50
# From here on “not a match” needs a reason: the next thing offered is to create the record there.
CERTAIN = 0.95


def judge(  # noqa: PLR0913 - one argument per field of the form
    actor: Actor,
    left: Party,
    right: Party | None,
    verdict: str,
    *,
    target: Connection | None = None,
    comment: str = "",
    bulk: uuid.UUID | None = None,
    unseen: bool = False,
) -> Judgement:
    """Record a judgement and what follows from it, in one transaction.

    ``right`` is None only for ``create_new``; then ``target`` says where the record is missing.

    Raises:
        DecisionRefused: already linked elsewhere, or no reason was given for creating beside a near-twin or
            for keeping apart what is certainly one.
        DecidedMeanwhile: somebody else judged it first, differently.
    """
    with acting(actor, MATCH, f"linking.{verdict}", f"party:{left.uuid}", bulk=bulk) as line:
        where = target or (right.connection if right else None)
        if where is None:
            raise DecisionRefused("Say in which system the record is missing.")
        pair = Pair.objects.filter(left=left, right=right).first() if right else None
        match verdict:
            case "same" if right is not None:
                link(actor, left, right, by=actor.name)
                _mark(pair, SAME)
            case "not_a_match" if right is not None:
                _refuse_linked(left, right)
                guard_apart(pair, comment)
                _mark(pair, NOT_A_MATCH)
            case "create_new" if right is None:
                _refuse_created(left, where)
                guard_create(left, where, comment)
            case "unsure":
                _mark(pair, UNSURE)
            case _:
                raise DecisionRefused(f"“{verdict}” is not a judgement about this pair.")
        judgement = Judgement.objects.create(
            kind=left.kind,
            left=left,
            right=right,
            target=where,
            verdict=verdict,
            actor=actor.name,
            role=actor.role,
            probability=pair.probability if pair else 0.0,
            evidence=_evidence(pair),
            candidates=_candidates(left, where),
            comment=comment.strip(),
            bulk=bulk,
            unseen=unseen,
        )
        line.data = {
            "kind": left.kind,
            "left": left.code or left.key,
            "right": right.key if right else "",
            "target": str(where.uuid),
            "confidence": judgement.probability,
            "judgement": str(judgement.uuid),
        }
    return judgement


def link(actor: Actor, left: Party, right: Party, *, by: str, origin: str = "judgement") -> Link:
    """The cross-reference of two records; refused where the code points elsewhere already."""
    code = left.code or left.key
    existing = Link.objects.filter(
        kind=left.kind,
        left_connection=left.connection,
        left_code=code,
        right_connection=right.connection,
        active=True,
    ).first()
    if existing is not None:
        if existing.right_key == right.key:
            return existing
        raise DecidedMeanwhile(
            f"{left} is already linked to {existing.right_label or existing.right_key}.",
            "Unlink it first.",
        )
    return Link.objects.create(
        workspace_id=left.connection.workspace_id,
        kind=left.kind,
        left_connection=left.connection,
        left_code=code,
        left_label=left.label,
        right_connection=right.connection,
        right_key=right.key,
        right_label=right.label,
        origin=origin,
        decided_by=by,
    )


def near_twins(left: Party, target: Connection) -> list[Pair]:
    """Records of the target that may well be this one and were not ruled out."""
    return list(
        Pair.objects.filter(
            left=left, right__connection=target, probability__gte=NEAR_TWIN, judged__in=["", UNSURE]
        )
        .select_related("right")
        .order_by("-probability")
    )


def guard_apart(pair: Pair | None, reason: str) -> None:
    """Refuse to keep apart, without a reason, what the machine is certain of."""
    if pair is not None and needs_reason(pair) and not reason.strip():
        said = _("%(left)s and %(right)s look like one (%(word)s, %(percent)s).")
        names = {"left": pair.left.label, "right": pair.right.label, "word": pair.word}
        raise DecisionRefused(
            said % {**names, "percent": f"{pair.probability:.0%}"},
            _("Say in a few words why they are not the same."),
        )


def needs_reason(pair: Pair) -> bool:
    """Whether keeping this pair apart takes a reason."""
    return pair.probability >= CERTAIN


def guard_create(left: Party, target: Connection, reason: str) -> None:
    """Refuse to create beside a near-twin without a reason."""
    twins = near_twins(left, target)
    if twins and not reason.strip():
        best = twins[0]
        raise DecisionRefused(
            f"{best.right.label} looks like the same record ({best.word}, {best.probability:.0%}).",
            "Link it, say it is not a match, or give a reason for creating another.",
        )


def _refuse_created(left: Party, target: Connection) -> None:
    linked = Link.objects.filter(
        kind=left.kind,
        left_connection=left.connection,
        left_code=left.code or left.key,
        right_connection=target,
        active=True,
    ).first()
    if linked is not None:
        raise DecidedMeanwhile(
            f"{left} is already linked to {linked.right_label or linked.right_key}."
        )


def _refuse_linked(left: Party, right: Party) -> None:
    linked = Link.objects.filter(
        kind=left.kind,
        left_connection=left.connection,
        left_code=left.code or left.key,
        right_connection=right.connection,
        right_key=right.key,
        active=True,
    ).exists()
    if linked:
        raise DecisionRefused("These two are linked.", "Unlink them first.")


def _mark(pair: Pair | None, verdict: str) -> None:
    if pair is None:
        return
    changed = Pair.objects.filter(pk=pair.pk, judged=pair.judged).update(
        judged=verdict, objection=""
    )
    if not changed:
        raise DecidedMeanwhile("Somebody else judged this pair while you looked at it.")


def _evidence(pair: Pair | None) -> dict[str, Any]:
    if pair is None:
        return {}
    return {
        "word": pair.word,
        "method": pair.method,
        "sentence": pair.sentence,
        "waterfall": pair.waterfall,
        "before": "",
    }


def _candidates(left: Party, target: Connection) -> list[dict[str, Any]]:
    shown = (
        Pair.objects.filter(left=left, right__connection=target, probability__gte=0.3)
        .select_related("right")
        .order_by("-probability")[:5]
    )
    return [
        {
            "key": p.right.key,
            "label": p.right.label,
            "confidence": p.probability,
            "method": p.method,
        }
        for p in shown
    ]


@dataclass(slots=True)
class BulkResult:
    """What a bulk judgement did, and which pairs stay ticked and why."""

    bulk: uuid.UUID
    verdict: str
    done: list[Pair] = field(default_factory=list)
    left: list[tuple[Pair, str]] = field(default_factory=list)
    # What was left to people of what could have been judged unseen.
    eyes: str = ""

    @property
    def sentence(self) -> str:
        """E.g. “38 linked, 2 left because …”, and why."""
        return f"{self._said} {self.eyes}".strip()

    @property
    def _said(self) -> str:
        word = {"same": "linked", "not_a_match": "kept apart"}.get(self.verdict, self.verdict)
        said = f"{len(self.done)} {word}"
        if not self.left:
            return said + "."
        reasons = list(dict.fromkeys(why.rstrip(".") for _, why in self.left))
        more = f" and {len(reasons) - 2} other reasons" if len(reasons) > 2 else ""
        return f"{said}, {len(self.left)} left because: {'; '.join(reasons[:2])}{more}."


def bulk(
    actor: Actor,
    pairs: Iterable[Pair],
    verdict: str = SAME,
    *,
    comment: str = "",
    unseen: bool = False,
) -> BulkResult:
    """Judge every pair singly under one bulk id; pairs that changed since shown are left."""
    actor.require(MATCH)
    result = BulkResult(uuid.uuid4(), verdict)
    with transaction.atomic():
        for pair in pairs:
            try:
                with transaction.atomic():
                    _still_open(pair)
                    judge(
                        actor,
                        pair.left,
                        pair.right,
                        verdict,
                        comment=comment,
                        bulk=result.bulk,
                        unseen=unseen,
                    )
            except DecisionRefused as fault:
                result.left.append((pair, fault.sentence))
            else:
                result.done.append(pair)
    return result


def _still_open(pair: Pair) -> None:
    """A pair that was open on the page must still be open."""
    now = Pair.objects.values_list("judged", flat=True).get(pk=pair.pk)
    if now != pair.judged:
        raise DecidedMeanwhile("somebody else judged it first")

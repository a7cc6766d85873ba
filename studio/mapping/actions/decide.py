"""A person decides one row: approve a candidate or an own expression, reject, do not map."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils import timezone

from engine.mapping.parse import parse_expression
from engine.mapping.refusals import Unreadable
from engine.mapping.write import write_expression
from studio.accounts.roles import MAP, MATCH
from studio.core.action import Actor, acting
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping.actions.lookups import ensure_known_tables
from studio.mapping.models import Decision, MappingRow, RowNote
from studio.mapping.risk import risk_of

APPROVED = "approved"
REJECTED = "rejected"
DO_NOT_MAP = "do_not_map"
OWN = "Own"

# What a decision puts in force, and what undoing it puts back.
FORCE = (
    "state", "expression", "condition", "confirm_lossy", "method", "decided_by", "reason", "risk",
    "seconded_by", "sent_back_by",
)  # fmt: skip
TIMES = ("decided_at", "seconded_at", "sent_back_at")
# Columns of what is said about a decision: whatever is decided, nobody has said it yet.
UNSAID = {"seconded_by": "", "seconded_at": None, "sent_back_by": "", "sent_back_at": None}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person picked or typed."""

    candidate: int | None = None
    expression: str | None = None
    condition: str | None = None
    confirm_lossy: bool = False
    reason: str = ""


def decide(  # noqa: PLR0913 - one argument per field of the form
    actor: Actor,
    row: MappingRow,
    verdict: str,
    *,
    candidate: int | None = None,
    expression: str | None = None,
    condition: str | None = None,
    confirm_lossy: bool = False,
    reason: str = "",
    comment: str = "",
    revision: int | None = None,
    bulk: uuid.UUID | None = None,
    unseen: bool = False,
) -> Decision:
    """Take one decision. ``candidate`` counts from 0; without it and ``expression`` the best wins.

    Raises:
        PermissionDenied: the role may not.
        DecisionRefused: the sentence says why (no candidate, unreadable expression, no reason).
        DecidedMeanwhile: the row changed since ``revision`` was shown.
    """
    with acting(actor, MAP, "mapping.decided", f"row:{row.uuid}", bulk=bulk) as line:
        choice = Choice(candidate, expression, condition, confirm_lossy, reason.strip())
        after = _wanted(actor, row, verdict, choice)
        shown = best(row.candidates, candidate if expression is None else None)
        decision = put_in_force(
            actor,
            row,
            verdict,
            after,
            revision=row.revision if revision is None else revision,
            shown=shown,
            comment=comment,
            bulk=bulk,
            unseen=unseen,
        )
        if row.state == APPROVED:
            ensure_known_tables(actor, row.mapping.connection, row.expression)
        line.data = {
            "mapping": str(row.mapping_id),
            "target": row.target_path,
            "verdict": verdict,
            "before": decision.before,
            "after": decision.after,
            "confidence": decision.confidence,
            "method": decision.method,
            "decision": str(decision.uuid),
        }
    return decision


def comment(actor: Actor, row: MappingRow, text: str) -> RowNote:
    """Leave a remark or a question beside a row."""
    words = text.strip()
    if not words:
        raise DecisionRefused("The comment is empty.")
    with acting(actor, note_permission(actor), "mapping.noted", f"row:{row.uuid}") as line:
        line.data = {"target": row.target_path, "text": words}
        return RowNote.objects.create(row=row, author=actor.name, text=words)


def note_permission(actor: Actor) -> str:
    """Accountants may answer an integrator's question; auditors only read."""
    return MAP if actor.may(MAP) else MATCH


def best(candidates: list[dict[str, Any]], number: int | None = None) -> dict[str, Any] | None:
    """Candidate ``number``, or the one with the highest confidence whatever order they came in."""
    if not candidates:
        return None
    if number is not None:
        return candidates[number] if 0 <= number < len(candidates) else None
    return max(candidates, key=lambda c: float(c["confidence"]))


def in_force(row: MappingRow) -> dict[str, Any]:
    """What is in force on a row now, as plain data."""
    now: dict[str, Any] = {name: getattr(row, name) for name in FORCE}
    for name in TIMES:
        at = getattr(row, name)
        now[name] = at.isoformat() if at else None
    return now


def put_in_force(  # noqa: PLR0913 - the columns of a decision
    actor: Actor,
    row: MappingRow,
    verdict: str,
    after: dict[str, Any],
    *,
    revision: int,
    shown: dict[str, Any] | None = None,
    comment: str = "",
    bulk: uuid.UUID | None = None,
    unseen: bool = False,
    undo_of: Decision | None = None,
) -> Decision:
    """Change the row if nobody was faster, and append the decision. Candidates are not touched."""
    before = in_force(row)
    changed = MappingRow.objects.filter(pk=row.pk, revision=revision).update(
        revision=F("revision") + 1,
        objection="",
        updated_at=timezone.now(),
        **({"risk": risk_of(row)} | UNSAID | after),
    )
    if not changed:
        raise DecidedMeanwhile(
            f"{row.target_path} was decided by somebody else while you looked at it."
        )
    row.refresh_from_db()
    return Decision.objects.create(
        row=row,
        actor=actor.name,
        role=actor.role,
        verdict=verdict,
        before=before,
        after=in_force(row),
        method=(shown or {}).get("method", ""),
        confidence=float((shown or {}).get("confidence", 0)),
        evidence=_evidence(shown),
        candidates=row.candidates,
        comment=comment.strip(),
        bulk=bulk,
        unseen=unseen,
        undo_of=undo_of,
    )


def _evidence(shown: dict[str, Any] | None) -> dict[str, Any]:
    if shown is None:
        return {}
    return {k: shown[k] for k in ("expression", "word", "sentence", "waterfall") if k in shown}


def _wanted(actor: Actor, row: MappingRow, verdict: str, choice: Choice) -> dict[str, Any]:
    """The column values that the verdict puts in force."""
    signed = {"decided_by": actor.name, "decided_at": timezone.now(), "reason": choice.reason}
    match verdict:
        case "approved":
            return signed | _approval(row, choice)
        case "rejected":
            return signed | {"state": REJECTED, "expression": "", "method": ""}
        case "do_not_map":
            if not choice.reason:
                raise DecisionRefused("Say in a few words why nothing fills this field.")
            return signed | {"state": DO_NOT_MAP, "expression": "", "method": ""}
        case _:
            raise DecisionRefused(f"“{verdict}” is not a decision about a mapping row.")


def _approval(row: MappingRow, choice: Choice) -> dict[str, Any]:
    if choice.expression is not None:
        return {
            "state": APPROVED,
            "expression": readable(choice.expression),
            "condition": readable(choice.condition) if choice.condition else "",
            "confirm_lossy": choice.confirm_lossy,
            "method": OWN,
        }
    one = best(row.candidates, choice.candidate)
    if one is None:
        raise DecisionRefused(
            f"There is no such candidate for {row.target_path}.",
            "Write an expression of your own, or mark it “do not map”.",
        )
    condition = one.get("condition", "") if choice.condition is None else choice.condition
    return {
        "state": APPROVED,
        "expression": one["expression"],
        "condition": readable(condition) if condition else "",
        "confirm_lossy": choice.confirm_lossy or bool(one.get("confirm_lossy")),
        "method": one.get("method", ""),
    }


def readable(text: str) -> str:
    """The expression in its canonical spelling.

    Raises:
        DecisionRefused: with place and fix, when the text is not an expression.
    """
    try:
        return write_expression(parse_expression(text.strip()))
    except Unreadable as fault:
        raise DecisionRefused(f"Column {fault.column}: {fault.sentence}", fault.fix) from fault

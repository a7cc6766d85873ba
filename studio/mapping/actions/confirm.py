"""The second pair of eyes: somebody else confirms what decides money, or sends it back with the reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.accounts.roles import APPROVE, MAP
from studio.core.action import Actor, acting
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping.actions.bulk import BulkResult
from studio.mapping.actions.decide import best, put_in_force
from studio.mapping.actions.undo import in_force
from studio.mapping.models import Decision, MappingRow
from studio.mapping.risk import SENT_BACK, why_not_confirmed

CONFIRMED = "confirmed"


def confirm(
    actor: Actor, row: MappingRow, *, revision: int | None = None, bulk: uuid.UUID | None = None
) -> MappingRow:
    """Put a second name under what is approved on a row.

    Raises:
        DecisionRefused: there is nothing to confirm, or this person approved it.
        DecidedMeanwhile: the row changed since ``revision`` was shown.
    """
    subject = f"row:{row.uuid}"
    with acting(actor, second_permission(actor), "mapping.confirmed", subject, bulk=bulk) as line:
        reason = why_not_confirmed(actor, row)
        if reason:
            raise DecisionRefused(reason, _("Nothing was changed."))
        decision = in_force(row)
        now = timezone.now()
        shown = row.revision if revision is None else revision
        won = MappingRow.objects.filter(pk=row.pk, revision=shown, seconded_by="").update(
            seconded_by=actor.name, seconded_at=now, revision=F("revision") + 1, updated_at=now
        )
        if not won:
            raise DecidedMeanwhile(
                _("%s was changed by somebody else while you looked at it.") % row.target_path
            )
        row.refresh_from_db()
        if decision is not None:
            Decision.objects.filter(pk=decision.pk).update(seconded_by=actor.name, seconded_at=now)
        line.data = {
            "mapping": str(row.mapping_id),
            "target": row.target_path,
            "expression": row.expression,
            "risk": row.risk,
            "approved_by": row.decided_by,
            "decision": str(decision.uuid) if decision else "",
        }
    return row


def send_back(
    actor: Actor,
    row: MappingRow,
    reason: str,
    *,
    revision: int | None = None,
    bulk: uuid.UUID | None = None,
) -> Decision:
    """Disagree with what is approved on a row: it is open again, with its candidates and the reason.

    Raises:
        DecisionRefused: nothing waits for a second person, this person approved it, or there is no reason.
        DecidedMeanwhile: the row changed since ``revision`` was shown.
    """
    subject = f"row:{row.uuid}"
    with acting(actor, second_permission(actor), "mapping.sent_back", subject, bulk=bulk) as line:
        refused = why_not_confirmed(actor, row)
        if refused:
            raise DecisionRefused(refused, _("Nothing was changed."))
        why = _why(reason)
        line.data = {
            "mapping": str(row.mapping_id),
            "target": row.target_path,
            "expression": row.expression,
            "risk": row.risk,
            "approved_by": row.decided_by,
            "reason": why,
        }
        decision = put_in_force(
            actor,
            row,
            SENT_BACK,
            {
                "state": "open",
                "expression": "",
                "condition": "",
                "confirm_lossy": False,
                "method": (best(row.candidates) or {}).get("method", ""),
                "decided_by": "",
                "decided_at": None,
                "reason": why,
                "sent_back_by": actor.name,
                "sent_back_at": timezone.now(),
            },
            revision=row.revision if revision is None else revision,
            bulk=bulk,
        )
        line.data["decision"] = str(decision.uuid)
    return decision


def _why(reason: str) -> str:
    if not reason.strip():
        raise DecisionRefused(
            _("Say in a few words why you send it back."), _("Who approved it reads it.")
        )
    return reason.strip()


def second_permission(actor: Actor) -> str:
    """Accountants are the second person by their role, integrators for what others of them approved."""
    return APPROVE if actor.may(APPROVE) else MAP


def confirm_many(
    actor: Actor, rows: Iterable[MappingRow], revisions: Mapping[int, int] | None = None
) -> BulkResult[MappingRow]:
    """Confirm every row singly under one bulk id; what cannot be confirmed is left and named."""
    return _each(CONFIRMED, confirm, actor, rows, revisions or {})


def send_back_many(
    actor: Actor,
    rows: Iterable[MappingRow],
    reason: str,
    revisions: Mapping[int, int] | None = None,
) -> BulkResult[MappingRow]:
    """Send every row back singly, with one reason, under one bulk id; what stays is named.

    Raises:
        DecisionRefused: there is no reason.
    """
    why = _why(reason)
    return _each(SENT_BACK, partial(send_back, reason=why), actor, rows, revisions or {})


def _each(
    verdict: str,
    do: Callable[..., object],
    actor: Actor,
    rows: Iterable[MappingRow],
    revisions: Mapping[int, int],
) -> BulkResult[MappingRow]:
    result: BulkResult[MappingRow] = BulkResult(uuid.uuid4(), verdict)
    with transaction.atomic():
        for row in rows:
            try:
                with transaction.atomic():
                    do(actor, row, revision=revisions.get(row.pk), bulk=result.bulk)
            except DecisionRefused as fault:
                result.left.append((row, fault.sentence))
            else:
                result.done.append(row)
    return result

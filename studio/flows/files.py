"""What the rest of the flows knows about files beside postings, without knowing how they are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from studio.flows.models import Delivery
from studio.triage.actions import close_cases

STEP = "attach"
# What a design may say: nothing, or the source document.
WHAT = {"": "No", "source": "Yes, as PDF"}
TAKEN_BACK = "Its posting was taken back."


def is_asked(design: Mapping[str, Any]) -> bool:
    """Whether a design attaches the source document to what it posts."""
    return bool(design.get("attach"))


def case_subject(delivery: Delivery) -> str:
    """What the case about a file is about: not its record, which is posted and well."""
    return f"delivery:{delivery.uuid}"


def attached_words(delivery: Delivery) -> str:
    """What was attached, in one line: name, size, content; empty until it is there."""
    said = delivery.basis
    if delivery.step != STEP or delivery.state != "done" or "sha256" not in said:
        return ""
    return f"attached: {said['name']}, {said['bytes']:,} bytes, sha256 {said['sha256']}"


def leave_away(delivery: Delivery, row: QuerySet[Delivery], why: str = TAKEN_BACK) -> bool:
    """Attach a file no more; call inside a transaction.

    Args:
        delivery: of the file.
        row: the row, as far as the caller may change it.
        why: for people.
    """
    won = row.update(state="void", lease_until=None, last_error=why)
    if won:
        close_cases(case_subject(delivery), state="auto_closed", reason=why, by="machine")
    return bool(won)


def leave_away_files_of(posted: Delivery) -> None:
    """Leave away what is not attached yet to a posting that goes back; call inside a transaction.

    One that is being sent just now is left to its worker, which looks at the posting again afterwards.
    """
    for one in posted.followers.filter(step=STEP, state__in=("ready", "unknown", "parked")):
        leave_away(one, Delivery.objects.filter(pk=one.pk, state=one.state))

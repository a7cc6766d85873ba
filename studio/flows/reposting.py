"""Putting a posted document right: what stands is taken back, then the record is posted anew.

The second posting is made by the version in force, from the newest version of the record. Between the two
the record waits like any record that waits for another; a crash there leaves nothing half done.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from studio.accounts.roles import TRIAGE
from studio.core.action import Actor, acting
from studio.flows.files import STEP as ATTACH
from studio.flows.models import Delivery, InboxItem
from studio.flows.reversal import asked_back, take_back, way_back
from studio.triage.actions import close_cases
from studio.triage.models import Case

# Codes of cases about what stands at the target: it has another total, the source changed or dropped it.
TOTAL_DIFFERS = "total-differs"
CHANGED = "changed-after-posting"
DROPPED = ("deleted-at-source", "left-the-flow")
# A record in one of these states is not being worked, so it can be told to wait.
AT_REST = ("done", "unchanged", "parked", "filtered", "void")


def posting_of(item: InboxItem) -> Delivery | None:
    """The posting of a record that stands at the target, whichever version of the record it was made of."""
    found = Delivery.objects.filter(
        flow=item.flow, step="post", state="done", item__entity=item.entity, item__key=item.key
    )
    return found.select_related("connection", "flow", "version").first()


def take_back_and_post_again(actor: Actor, item: InboxItem, reason: str) -> Delivery:
    """Have the posting of a record taken back; the record is worked anew once that is done.

    Args:
        actor: who asks.
        item: any version of the record.
        reason: why, for the audit trail.

    Returns:
        The posting that is taken back.

    Raises:
        ValidationError: nothing of it stands at the target, or it is being worked just now.
    """
    posted = posting_of(item)
    if posted is None:
        raise ValidationError(
            _("Nothing of this record stands at the target any more. Reload the case.")
        )
    # Only the newest version of a record is ever posted, so it is the one that has to wait.
    newest = InboxItem.objects.filter(flow=item.flow, entity=item.entity, key=item.key).latest("pk")
    with acting(actor, TRIAGE, "delivery.taken_back", f"delivery:{posted.uuid}") as line:
        line.data = {
            "record": newest.label,
            "number": number_of(posted),
            "reason": reason,
            "amount": str(posted.gross),
            "currency": posted.currency,
        }
        version = item.flow.versions.filter(state="published").first()
        design = version.content["design"] if version else item.flow.design
        with transaction.atomic():
            reversal = take_back(newest, posted, way_back(design))
            waits = InboxItem.objects.filter(pk=newest.pk, state__in=AT_REST).update(
                state="waiting",
                waiting_on=reversal.idempotency_key,
                use_version=None,
                why=f"waits until {number_of(posted)} is taken back"[:300],
            )
            if not waits:
                raise ValidationError(
                    _("The record is being worked just now. Try again in a moment.")
                )
    return posted


def leave_posted(actor: Actor, item: InboxItem, reason: str) -> None:
    """Give up what was still to be said about a posted record; the document at the target stays."""
    with acting(actor, TRIAGE, "item.left_posted", f"inbox:{item.uuid}") as line:
        line.data = {"record": item.label, "reason": reason, **item.worth}
        won = InboxItem.objects.filter(pk=item.pk, state="parked").update(
            state="unchanged", why=reason[:300]
        )
        # A file that could not be attached has a case of its own.
        parked = Delivery.objects.filter(item=item, state="parked").exclude(step=ATTACH)
        given_up = parked.update(state="void")
        if not won and not given_up:
            raise ValidationError(_("The record is being worked just now. Try again in a moment."))
        subject = f"inbox:{item.uuid}"
        close_cases(
            subject,
            state="accepted",
            reason=reason,
            by=actor.name,
            # Amounts that differ are for somebody who may accept differences.
            keep=list(about_amounts(subject).values_list("cause", flat=True)),
        )


def about_amounts(subject: str) -> QuerySet[Case]:
    """Cases of a record that say its amounts differ between the two systems."""
    return Case.objects.filter(subject=subject, case_class__in=("amount", "conflict"))


def is_going_back(posted: Delivery) -> bool:
    """Whether it is on its way to be taken back, so that nothing is left to decide."""
    asked = asked_back(posted)
    return asked is not None and asked.state != "parked"


def number_of(posted: Delivery) -> str:
    """What the target calls the document."""
    return posted.target_number or posted.target_key

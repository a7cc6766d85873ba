"""Versions of one source record: only the newest counts, and what it replaces is taken back."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import OutcomeUnknown
from studio.flows.models import Delivery, InboxItem
from studio.flows.reversal import living_post
from studio.triage.actions import close_cases

# Outcomes of a try after which the document may stand at the target all the same.
UNCLEAR = (OutcomeUnknown.code, "unforeseen", "sending")


def others(item: InboxItem) -> list[InboxItem]:
    """The other versions of the record, oldest first; only what they are and where they stand."""
    rows = InboxItem.objects.filter(flow=item.flow, entity=item.entity, key=item.key)
    return list(rows.exclude(pk=item.pk).only("pk", "uuid", "state").order_by("pk"))


def replaced_by_newer(item: InboxItem, known: Sequence[InboxItem]) -> bool:
    """Whether a later version of the record was read; posting this one would post the past."""
    return any(one.pk > item.pk for one in known)


def settle_older(item: InboxItem, known: Sequence[InboxItem]) -> int:
    """End earlier versions that still wait for a person or a record; call inside a transaction.

    A refused posting of an earlier version belongs to the newest one from now on.
    """
    older = [o for o in known if o.pk < item.pk and o.state in ("parked", "waiting")]
    for one in older:
        InboxItem.objects.filter(pk=one.pk).update(
            state="unchanged", waiting_on="", why="a newer version of this record took its place"
        )
        Delivery.objects.filter(item=one, step="post", state="parked").update(item=item)
        close_cases(
            f"inbox:{one.uuid}",
            state="auto_closed",
            reason="A newer version of the record took its place.",
            by="machine",
        )
    return len(older)


def may_have_arrived(delivery: Delivery) -> bool:
    """Whether a try of this delivery ended without a clear answer."""
    return delivery.tries.filter(outcome__in=UNCLEAR).exists()


def withdraw(item: InboxItem, business_key: str) -> Delivery | None:
    """Take back a posting that was never accepted; returns the one that cannot be taken back."""
    living = living_post(item.flow, business_key)
    if living is None or may_have_arrived(living):
        return living
    waiting = Delivery.objects.filter(pk=living.pk, state__in=("held", "ready", "parked"))
    if waiting.update(state="void", lease_until=None):
        return None
    living.refresh_from_db()
    return living

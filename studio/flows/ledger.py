"""Claiming work: one conditional UPDATE decides who has it; a lease says until when.

A row that a dead worker left behind is claimed again once its lease has run out. For a delivery
that means its outcome is unknown, whatever the row says, so the claim tells the caller to look first.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from studio.flows.models import Delivery, InboxItem

# How many candidates are looked at for one claim; losers of a race take the next.
LOOK_AHEAD = 20


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def due_items(flow_id: int) -> QuerySet[InboxItem]:
    """Items of a flow that may be worked now; a record's versions are worked in order."""
    now = timezone.now()
    earlier = InboxItem.objects.filter(
        flow_id=OuterRef("flow_id"),
        entity=OuterRef("entity"),
        key=OuterRef("key"),
        pk__lt=OuterRef("pk"),
        state__in=("new", "working"),
    )
    return (
        InboxItem.objects.filter(flow_id=flow_id)
        .filter(Q(state="new") | Q(state="working", lease_until__lt=now))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .filter(~Exists(earlier))
        .order_by("pk")
    )


def claim_item(flow_id: int) -> InboxItem | None:
    """Take the next due item for this worker; None when there is nothing to take."""
    now = timezone.now()
    me = uuid.uuid4().hex
    for pk, state in due_items(flow_id).values_list("pk", "state")[:LOOK_AHEAD]:
        mine = Q(state="new") if state == "new" else Q(state="working", lease_until__lt=now)
        won = InboxItem.objects.filter(mine, pk=pk).update(
            state="working", lease_until=now + _lease(), claimed_by=me, attempts=F("attempts") + 1
        )
        if won:
            return InboxItem.objects.select_related("flow", "use_version").get(pk=pk)
    return None


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery taken by this worker. ``unclear``: an earlier try may have taken effect."""

    delivery: Delivery
    token: str
    unclear: bool


def due_deliveries(connection_id: int) -> QuerySet[Delivery]:
    """Deliveries to a connection that may be sent (or looked up) now."""
    now = timezone.now()
    return (
        Delivery.objects.filter(connection_id=connection_id)
        .filter(Q(state__in=("ready", "unknown")) | Q(state="sending", lease_until__lt=now))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .exclude(flow__state="paused")
        .order_by("pk")
    )


def claim_delivery(connection_id: int) -> Claim | None:
    """Take the next due delivery; None when there is nothing to take."""
    now = timezone.now()
    token = uuid.uuid4().hex
    for pk, state in due_deliveries(connection_id).values_list("pk", "state")[:LOOK_AHEAD]:
        mine = Q(state="sending", lease_until__lt=now) if state == "sending" else Q(state=state)
        won = Delivery.objects.filter(mine, pk=pk).update(
            state="sending",
            lease_until=now + _lease(),
            claimed_by=token,
            attempts=F("attempts") + 1,
            sent_at=now,
        )
        if won:
            delivery = Delivery.objects.select_related(
                "flow", "flow__workspace", "version", "item", "connection", "follows"
            ).get(pk=pk)
            return Claim(delivery, token, unclear=state != "ready")
    return None


def still_mine(claim: Claim) -> QuerySet[Delivery]:
    """The row, if no other worker took it over since; update through this only."""
    return Delivery.objects.filter(pk=claim.delivery.pk, state="sending", claimed_by=claim.token)

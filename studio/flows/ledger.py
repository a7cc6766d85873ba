"""Claiming work: one conditional UPDATE decides who has it; a lease says until when.

A row that a dead worker left behind is claimed again once its lease has run out. For a delivery
that means its outcome is unknown, whatever the row says, so the claim tells the caller to look first.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from studio.flows.models import UNDER_WAY, Delivery, Flow, InboxItem

# How many candidates are looked at for one claim; losers of a race take the next.
LOOK_AHEAD = 20
# How often a worker that lost every race looks again before it lets the others do the work.
LOSSES = 3


def lease() -> timedelta:
    """How long a claim holds."""
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
        InboxItem.objects.filter(flow_id=flow_id, state__in=("new", "working"))
        .filter(Q(state="new") | Q(state="working", lease_until__lt=now))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .filter(~Exists(earlier))
        .order_by("pk")
    )


def claim_item(flow_id: int) -> InboxItem | None:
    """Take the next due item for this worker; None when there is nothing to take."""
    return next(iter(claim_items(flow_id, 1)), None)


def claim_items(flow_id: int, most: int) -> list[InboxItem]:
    """Take up to ``most`` due items by one UPDATE; rows another worker took first are left to it."""
    for _ in range(LOSSES):
        # More than one worker needs: those that come second find rows that nobody took yet.
        ahead = list(due_items(flow_id).values_list("pk", flat=True)[: max(most, LOOK_AHEAD)])
        for start in range(0, len(ahead), most):
            if items := _take_items(ahead[start : start + most]):
                return items
        if not ahead:
            break
    return []


def _take_items(pks: list[int]) -> list[InboxItem]:
    now = timezone.now()
    me = uuid.uuid4().hex
    free = Q(state="new") | Q(state="working", lease_until__lt=now)
    won = InboxItem.objects.filter(free, pk__in=pks).update(
        state="working", lease_until=now + lease(), claimed_by=me, attempts=F("attempts") + 1
    )
    if not won:
        return []
    taken = InboxItem.objects.filter(pk__in=pks, claimed_by=me, state="working")
    return list(taken.select_related("use_version").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery taken by this worker. ``unclear``: an earlier try may have taken effect."""

    delivery: Delivery
    token: str
    unclear: bool


def due_deliveries(connection_id: int) -> QuerySet[Delivery]:
    """Deliveries to a connection that may be sent (or looked up) now.

    What is said about one record is sent in the order it was said: a change waits for the creation.
    """
    now = timezone.now()
    earlier = Delivery.objects.filter(
        connection_id=connection_id,
        entity=OuterRef("entity"),
        business_key=OuterRef("business_key"),
        pk__lt=OuterRef("pk"),
        state__in=UNDER_WAY,
    )
    return (
        # Said twice, so that the database sees that its index of these states will do.
        Delivery.objects.filter(connection_id=connection_id, state__in=UNDER_WAY)
        .filter(Q(state__in=("ready", "unknown")) | Q(state="sending", lease_until__lt=now))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .exclude(flow__state="paused")
        .filter(~Exists(earlier))
        .order_by("pk")
    )


def claim_delivery(connection_id: int) -> Claim | None:
    """Take the next due delivery; None when there is nothing to take."""
    return next(iter(claim_deliveries(connection_id, 1)), None)


def claim_deliveries(connection_id: int, most: int, backs: int = 1) -> list[Claim]:
    """Take the next due delivery and what may go with it in one call.

    Only creations of one entity in one step go together, and write-backs to one entity; everything else
    goes alone. Rows that another worker took first shorten the batch; when all of them are gone the next
    candidates have a turn.

    Args:
        connection_id: to which connection.
        most: creations in all.
        backs: write-backs in all.
    """
    for _ in range(LOSSES):
        ahead = due_deliveries(connection_id).values_list("pk", "state", "entity", "step")
        groups: dict[tuple[str, str, int], list[tuple[int, str]]] = {}
        for pk, state, entity, step in ahead[: max(most, backs, LOOK_AHEAD)]:
            kind = (entity, step, 0 if is_creation(step) or step == "write_back" else pk)
            groups.setdefault(kind, []).append((pk, state))
        if not groups:
            break
        for (_, step, _), rows in groups.items():
            if claims := _take(rows[: backs if step == "write_back" else most]):
                return claims
    return []


def is_creation(step: str) -> bool:
    """Whether a step creates a document or a record at the target."""
    return step == "post" or step.startswith("create_")


def _take(rows: list[tuple[int, str]]) -> list[Claim]:
    """Claim what is still free of these (pk, state) rows, in their order."""
    now = timezone.now()
    fresh = [pk for pk, state in rows if state == "ready"]
    stale = [pk for pk, state in rows if state != "ready"]
    left_behind = Q(state="unknown") | Q(state="sending", lease_until__lt=now)
    tokens: dict[str, bool] = {}
    for pks, mine, unclear in ((fresh, Q(state="ready"), False), (stale, left_behind, True)):
        token = uuid.uuid4().hex
        won = pks and Delivery.objects.filter(mine, pk__in=pks).update(
            state="sending",
            lease_until=now + lease(),
            claimed_by=token,
            attempts=F("attempts") + 1,
            sent_at=now,
        )
        if won:
            tokens[token] = unclear
    if not tokens:
        return []
    taken = (
        Delivery.objects.filter(claimed_by__in=tokens, pk__in=[pk for pk, _ in rows])
        .select_related("item", "follows")
        # Twenty of one flow share its version: that is large, and is read once.
        .prefetch_related(
            Prefetch("flow", Flow.objects.select_related("workspace", "source", "target")),
            *("version", "connection"),
        )
        .order_by("pk")
    )
    return [Claim(d, d.claimed_by, unclear=tokens[d.claimed_by]) for d in taken]


def still_mine(claim: Claim) -> QuerySet[Delivery]:
    """The row, if no other worker took it over since; update through this only."""
    return Delivery.objects.filter(pk=claim.delivery.pk, state="sending", claimed_by=claim.token)


def hold(claims: Sequence[Claim]) -> list[Claim]:
    """Renew the lease before another call; returns the claims that no other worker took over."""
    tokens = {claim.token for claim in claims}
    mine = Delivery.objects.filter(
        pk__in=[claim.delivery.pk for claim in claims], state="sending", claimed_by__in=tokens
    )
    mine.update(lease_until=timezone.now() + lease())
    kept = set(mine.values_list("pk", flat=True))
    return [claim for claim in claims if claim.delivery.pk in kept]

"""Taking a posting back: a delivery of its own, always linked to what it takes back.

A design says ``on_delete: void`` (the document itself ends at the target) or ``on_delete: reverse`` (the
target keeps it and gets an opposite document); ``on_change: repost`` takes back and posts anew. Which call
that is decides the connector. Once it is done, the posting is ``reversed``: no longer the living one, so
the same document may be posted again, under a key and reference of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from engine.runtime.idempotency import idempotency_key
from studio.core.dispatch import nudge
from studio.flows.files import leave_away_files_of
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.telling import tell_delivery
from studio.linking.models import Link
from studio.triage.actions import close_cases

STEPS = ("void", "reverse")
# A posting in one of these states stands (or may stand) at the target no more.
ENDED = ("void", "reversed")


def posts_of(flow: Flow, business_key: str) -> QuerySet[Delivery]:
    """All postings of a business document, whatever became of them."""
    return Delivery.objects.filter(flow=flow, business_key=business_key, step="post")


def living_of(posts: Iterable[Delivery]) -> Delivery | None:
    """The one posting of a business document that stands or is under way, among all of them."""
    return next((one for one in posts if one.state not in ENDED), None)


def living_post(flow: Flow, business_key: str) -> Delivery | None:
    """The one posting of a business document that stands or is under way."""
    return living_of(posts_of(flow, business_key))


def taken_back_of(posts: Iterable[Delivery]) -> int:
    """How many postings of the document were taken back; the next one says something new."""
    return sum(one.state == "reversed" for one in posts)


def asked_back(posted: Delivery) -> Delivery | None:
    """The delivery that is to take a standing posting back, under way or refused; None if nobody asked."""
    return posted.followers.filter(step__in=STEPS).exclude(state__in=("done", *ENDED)).first()


def way_back(design: Mapping[str, Any]) -> str:
    """How the flow takes a posting back: as its design says, else by ending the document itself."""
    said = str(design.get("on_delete", ""))
    return said if said in STEPS else "void"


def take_back(item: InboxItem, posted: Delivery, step: str) -> Delivery:
    """Ask for a done posting to be taken back; the same one twice is one. Call inside a transaction.

    Args:
        item: the version of the record that no longer wants the posting.
        posted: the posting, ``done``.
        step: ``void`` or ``reverse``.
    """
    wanted, _ = Delivery.objects.get_or_create(
        idempotency_key=idempotency_key(
            connection=str(posted.connection.uuid),
            flow=posted.flow.key,
            entity=posted.entity,
            business_key=posted.business_key,
            content=posted.idempotency_key,
            step=step,
        ),
        defaults={
            "flow": posted.flow,
            "version": posted.version,
            "item": item,
            "follows": posted,
            "step": step,
            "connection": posted.connection,
            "entity": posted.entity,
            "business_key": posted.business_key,
            "content_hash": posted.content_hash,
            "reference": posted.reference,
            "payload": posted.payload,
            "target_key": posted.target_key,
            "net": -posted.net,
            "tax": -posted.tax,
            "gross": -posted.gross,
            "currency": posted.currency,
            "document_on": posted.document_on,
        },
    )
    # One that was refused and is asked for again has another try.
    Delivery.objects.filter(pk=wanted.pk, state__in=("parked", "void")).update(
        state="ready", attempts=0, not_before=None, item=item
    )
    leave_away_files_of(posted)
    nudge("flows.pump_deliveries", posted.connection_id)
    return wanted


def after_reversal(delivery: Delivery) -> None:
    """The posting has ended: its links are retired, its cases closed. Call inside a transaction."""
    posted = delivery.follows
    if posted is None:
        return
    Delivery.objects.filter(pk=posted.pk, state="done").update(state="reversed")
    leave_away_files_of(posted)
    number = posted.target_number or posted.target_key
    tell_delivery("delivery.reversed", posted, target_key=posted.target_key, by=str(delivery.uuid))
    Link.objects.filter(
        left_connection=posted.flow.source_id,
        right_connection=posted.flow.target_id,
        right_key=posted.target_key,
        origin="posted",
        active=True,
    ).update(active=False, retired_reason=f"{number} was taken back"[:200])
    for item in {delivery.item_id: delivery.item, posted.item_id: posted.item}.values():
        close_cases(
            f"inbox:{item.uuid}",
            state="auto_closed",
            reason=f"{number} was taken back in {delivery.connection}.",
            by="machine",
        )

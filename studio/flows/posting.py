"""The delivery row of a document: made, stored once per content, corrected while it was not accepted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connectors.http.jsontext import dump, plain
from engine.runtime.idempotency import content_hash, idempotency_key
from engine.schema.model import Record
from studio.flows.bundle import Bundle
from studio.flows.levels import is_held
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.versions import may_have_arrived

if TYPE_CHECKING:
    from studio.flows.work import Outcome


def load_plain(document: Record) -> dict[str, Any]:
    """The document with decimals as text, for JSON columns."""
    made: dict[str, Any] = plain(document)
    return made


def new_post(
    flow: Flow, item: InboxItem, bundle: Bundle, found: Outcome, content: str, *, again: int
) -> Delivery:
    """The posting of a decided document, not stored yet; ``again``: how often it was taken back."""
    plan = bundle.design["entities"][found.entity]
    # What was taken back and is posted again says something new: its key and its number differ.
    reference = str(found.payload.get(plan["reference"]) or found.business_key)
    if again and plan.get("again"):
        reference = f"{reference}/{again + 1}"
        found.payload[plan["reference"]] = reference
    return Delivery(
        flow=flow,
        version=bundle.version,
        item=item,
        step="post",
        connection=flow.target,
        entity=found.entity,
        idempotency_key=idempotency_key(
            connection=str(flow.target.uuid),
            flow=flow.key,
            entity=found.entity,
            business_key=found.business_key,
            content=content_hash(load_plain(found.payload)),
            step=f"post-{again + 1}" if again else "post",
        ),
        business_key=found.business_key,
        content_hash=content,
        reference=reference,
        payload=dump(found.payload).decode(),
        trace=found.trace,
        basis=load_plain(found.basis),
        decided_at=found.read_at,
        net=item.net,
        tax=item.tax,
        gross=item.amount,
        currency=item.currency,
        document_on=item.document_on,
        state="held" if is_held(flow, bundle.design, found.entity) else "ready",
    )


def store(fresh: Delivery, earlier: Iterable[Delivery]) -> None:
    """Store the delivery; one that was closed with this very content before is taken up again."""
    mine = (e for e in earlier if e.idempotency_key == fresh.idempotency_key)
    closed = next((e for e in mine if e.state == "void"), None)
    if closed is None or not replaced(closed, fresh):
        fresh.save()


def replaced(living: Delivery, fresh: Delivery) -> bool:
    """Put the corrected content into a delivery that was never accepted; False if it is under way."""
    won = Delivery.objects.filter(
        pk=living.pk, state__in=("held", "ready", "parked", "void")
    ).update(
        item=fresh.item,
        version=fresh.version,
        entity=fresh.entity,
        idempotency_key=fresh.idempotency_key,
        content_hash=fresh.content_hash,
        reference=fresh.reference,
        payload=fresh.payload,
        trace=fresh.trace,
        basis=fresh.basis,
        decided_at=fresh.decided_at,
        net=fresh.net,
        tax=fresh.tax,
        gross=fresh.gross,
        currency=fresh.currency,
        document_on=fresh.document_on,
        # An earlier try may have taken effect: then the target is asked before anything is sent.
        state="unknown" if may_have_arrived(living) else fresh.state,
        not_before=None,
        lease_until=None,
        attempts=0,
    )
    return won == 1

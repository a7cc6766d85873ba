"""From differences to adjustments: one batch of ordinary postings that waits for a second person.

Called inside the transaction that ends a comparison, so a comparison either stands with its adjustments or
not at all. What is unexplained is adjusted, nothing else: what is on its way will arrive by itself. An item
has one adjustment at a time, and what nobody approved yet is replaced by what is known now.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.http.jsontext import dump
from engine.canon.totals import cents
from engine.runtime.idempotency import content_hash
from engine.runtime.quantities import ZERO, Why
from studio.core.dispatch import nudge
from studio.flows.bundle import today
from studio.flows.models import Delivery, Flow, InboxItem, Run
from studio.tieout.items import Compared, Held
from studio.tieout.models import StockComparison
from studio.tieout.moves import open_adjustments

# Digits after the point that both systems keep of a quantity.
STEP = Decimal("0.0001")
TRIGGER = "comparison"


def hand_over(asked: StockComparison, found: list[Compared]) -> Run | None:
    """Hand what is unexplained to the flow, each item by itself; its parts then say so."""
    flow = asked.flow
    _withdraw(flow)
    busy = set(open_adjustments(flow, held=False))
    items: list[InboxItem] = []
    for one in found:
        if Why.UNEXPLAINED not in one.parts or one.target is None:
            continue
        if one.shown.code in busy:
            # Handed over or approved in this very moment, by another comparison.
            one.parts[Why.MOVING] = one.parts.pop(Why.UNEXPLAINED)
            continue
        quantity = one.parts[Why.UNEXPLAINED]
        theirs = _in_their_units(one, quantity)
        if theirs is None:
            one.note = _("The difference is no whole part of the unit that %(target)s counts.") % {
                "target": flow.target
            }
            continue
        said = _said(one, one.target, quantity, theirs, f"SC{asked.pk}-{len(items) + 1}")
        items.append(_item(flow, one.shown, said))
        one.parts[Why.ADJUSTED] = one.parts.pop(Why.UNEXPLAINED)
    if not items:
        return None
    run = Run.objects.create(
        flow=flow,
        version=asked.version,
        trigger=TRIGGER,
        asked_by=asked.asked_by,
        read=len(found),
        taken=len(items),
        finished_at=timezone.now(),
    )
    for item in items:
        item.run = run
    InboxItem.objects.bulk_create(items)
    nudge("flows.pump_items", flow.pk)
    return run


def _withdraw(flow: Flow) -> None:
    """Take back adjustments that nobody approved yet: their numbers are of an earlier moment."""
    held = Delivery.objects.filter(flow=flow, step="post", state="held")
    keys = list(held.values_list("pk", flat=True))
    held.filter(pk__in=keys).update(state="void")
    gone = Delivery.objects.filter(pk__in=keys, state="void").values("item_id")
    InboxItem.objects.filter(pk__in=gone, state="done").update(
        state="unchanged", why=_("a newer comparison took its place before it was approved")
    )


def _in_their_units(one: Compared, quantity: Decimal) -> Decimal | None:
    """The difference in the unit that the target counts; None where it cannot be said exactly."""
    row = one.per_unit
    if row is None:
        theirs = quantity.quantize(STEP)
        return theirs if theirs == quantity else None
    theirs = quantity * row.factor if row.divide else quantity / row.factor
    rounded = theirs.quantize(STEP)
    back = rounded / row.factor if row.divide else rounded * row.factor
    return rounded if back == quantity else None


def _said(
    one: Compared, target: Held, quantity: Decimal, theirs: Decimal, number: str
) -> dict[str, Any]:
    """What the adjustment says, and what it was decided on."""
    booked = target.number("on_hand") or ZERO
    value = cents(quantity * one.cost)
    if theirs < 0 and target.number("value") is not None:
        # What leaves the books leaves at their average cost.
        value = cents(theirs * target.unit_cost)
    return {
        "compared": {
            "number": number,
            "date": today(),
            "booked": booked,
            "difference": theirs,
            "difference_value": value,
        },
        "basis": {
            "item": one.shown.code,
            "entity": target.record.entity,
            "key": target.key,
            "booked": f"{booked:f}",
            "quantity": f"{quantity:f}",
        },
    }


def _item(flow: Flow, source: Held, said: dict[str, Any]) -> InboxItem:
    """The inbox row of one adjustment: the source's record as it was compared, and what was found out."""
    content = {"deleted": False, "data": dict(source.record.data), **said}
    return InboxItem(
        flow=flow,
        entity=source.record.entity,
        key=source.key,
        source_version=source.record.version[:80],
        changed_at=source.record.changed_at,
        payload=dump(content).decode(),
        payload_hash=content_hash(content),
        label=f"{source.record.entity} {source.code}"[:200],
    )

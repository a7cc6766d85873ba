"""Placing an order: checked, said once to the inbox of the portal's flow, and followed until it has its number.

From there on it is a record like any other: the ledger claims it, sends it under an idempotency key made of what
it says, looks it up under its number before anything is sent again, and opens a case where it cannot go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.http.jsontext import dump
from engine.errors import StudioError
from engine.ports import Selling
from engine.runtime.idempotency import content_hash
from studio.accounts.roles import BUY
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.flows.models import Delivery, InboxItem
from studio.portal.baskets import total
from studio.portal.checks import Verdict, examine
from studio.portal.models import Order, OrderLine
from studio.portal.shops import ENTITY


def place(actor: Actor, order: Order, seen: int) -> bool:
    """Place a draft as the buyer saw it; False where something stands in the way, which is at its lines then.

    Args:
        actor: the buyer.
        order: the draft.
        seen: its revision when the page was shown. A double click, a second tab and a colleague all send
            one that is over once the first has won.

    Raises:
        DecidedMeanwhile: the order was placed or changed meanwhile.
        DecisionRefused: it is empty, or nothing can be asked just now; the basket stays as it is.
    """
    actor.require(BUY)
    order.refresh_from_db()
    if order.state != "draft" or order.revision != seen:
        raise _too_late(order)
    lines = list(order.lines.all())
    if not lines:
        raise DecisionRefused(_("There is nothing in the basket yet."))
    if not order.account.shop.open or order.account.shop.flow.state != "live":
        raise DecisionRefused(
            _("Orders are not taken just now. Your basket is kept; try again later or call us.")
        )
    verdict = _examined(order, lines)
    if not verdict.clear:
        _keep(order, lines, verdict, seen)
        return False
    _say(actor, order, lines, seen)
    return True


def _too_late(order: Order) -> DecidedMeanwhile:
    if order.state == "placed":
        return DecidedMeanwhile(_("This order was placed already; it is not sent twice."))
    return DecidedMeanwhile(
        _("The basket was changed in another tab. This is how it is now; place it once more.")
    )


def _examined(order: Order, lines: list[OrderLine]) -> Verdict:
    connection = order.account.shop.connection
    later = DecisionRefused(
        _(
            "Prices and stock cannot be checked just now. Your basket is kept; try again in a minute."
        )
    )
    if connection.resting():
        raise later
    try:
        with opened(connection) as connector:
            if not isinstance(connector, Selling):
                raise later
            verdict = examine(order, lines, connector)
        note_success(connection)
    except StudioError as error:
        note_fault(connection, error)
        raise later from error
    return verdict


def _keep(order: Order, lines: list[OrderLine], verdict: Verdict, seen: int) -> None:
    """Write the objections down; new prices make it another basket, to be placed as it is seen then."""
    problems = list(verdict.problems)
    if verdict.repriced:
        problems.append(
            _(
                "Prices have changed since you saw them. Look at the marked lines and place it again."
            )
        )
    with transaction.atomic():
        mine = Order.objects.filter(pk=order.pk, state="draft", revision=seen)
        if not mine.update(revision=F("revision") + 1, problems=problems):
            order.refresh_from_db()
            raise _too_late(order)
        for line in lines:
            line.problems = verdict.at.get(line.pk, [])
        OrderLine.objects.bulk_update(lines, ["problems", "price", "was", "net"])
        total(order, lines)
    order.refresh_from_db()


def _say(actor: Actor, order: Order, lines: list[OrderLine], seen: int) -> None:
    """Hand the order to the flow and end the draft, in one transaction: it is said once or not at all."""
    now = timezone.now()
    with acting(actor, BUY, "portal.ordered", f"order:{order.uuid}") as line:
        mine = Order.objects.filter(pk=order.pk, state="draft", revision=seen)
        won = mine.update(
            state="placed", placed_at=now, placed_by=actor.name, problems=[], updated_at=now
        )
        if not won:
            order.refresh_from_db()
            raise _too_late(order)
        total(order, lines)
        item = InboxItem.objects.create(**_item(order, lines, timezone.localdate(now)))
        Order.objects.filter(pk=order.pk).update(inbox=item, total=order.total)
        line.data = {
            "number": order.number,
            "customer": str(order.account),
            "total": f"{order.total} {order.account.currency}",
        }
        nudge("flows.pump_items", order.account.shop.flow_id)
    order.refresh_from_db()


def _item(order: Order, lines: list[OrderLine], today: date) -> dict[str, Any]:
    body = {"deleted": False, "data": document_of(order, lines, today)}
    return {
        "flow": order.account.shop.flow,
        "entity": ENTITY,
        "key": order.number,
        "source_version": str(order.revision),
        "payload": dump(body).decode(),
        "payload_hash": content_hash(body),
        "label": f"{ENTITY} {order.number}",
    }


def document_of(order: Order, lines: list[OrderLine], today: date) -> dict[str, Any]:
    """The order in the words of the canonical document."""
    account = order.account
    said: dict[str, Any] = {
        "number": order.number,
        "date": today.isoformat(),
        "party": account.customer,
        "party_name": account.name,
        "currency": account.currency,
        "reference": order.own_reference or None,
        "memo": order.note or None,
        "ship_date": (order.wanted_on or today).isoformat(),
        "lines": [
            {
                "number": number,
                "kind": "stock",
                "item": line.item,
                "description": line.name,
                "quantity": _plain(line.quantity),
                "unit": line.unit,
                "unit_price": _plain(line.price),
                "net_amount": line.net,
            }
            for number, line in enumerate(lines, start=1)
        ],
    }
    return {name: value for name, value in said.items() if value is not None}


def _plain(value: Decimal | None) -> Decimal | None:
    """Without a column's trailing zeros: the same order says the same, whatever the database is."""
    return None if value is None else Decimal(f"{value.normalize():f}")


@dataclass(frozen=True, slots=True)
class Way:
    """How far an order is, for the buyer.

    Attributes:
        state: draft, sending, arrived, looked at, declined or dropped.
        number: the number the system gave it, once it has arrived.
        sentence: what that means.
    """

    state: str
    number: str
    sentence: str

    @property
    def moving(self) -> bool:
        """Whether it goes on by itself, so that a page should ask again."""
        return self.state == "sending"


def way_of(order: Order) -> Way:
    """How far an order is; what it was refused for is told to us, not to the buyer."""
    if order.state != "placed" or order.inbox is None:
        return Way(order.state, "", "")
    post = Delivery.objects.filter(item=order.inbox, step="post").order_by("-pk").first()
    if post is not None and post.state == "done":
        return Way("arrived", post.target_number, _("We have your order."))
    if order.inbox.state == "void" or (post is not None and post.state == "void"):
        return Way(
            "declined",
            "",
            _("This order was not taken. Please call us if you did not expect that."),
        )
    if order.inbox.state == "parked" or (post is not None and post.state in ("parked", "held")):
        return Way("looked at", "", _("Somebody looks at your order; you need not place it again."))
    return Way(
        "sending",
        "",
        _("Your order is on its way to us. It is taken once, however often you look."),
    )

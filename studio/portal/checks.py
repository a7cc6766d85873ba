"""Whether an order may be placed: asked anew at that moment, each objection at its line, in a buyer's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.canon.money import spoken
from engine.errors import ReferenceUnknown, ValueRefused
from engine.ports import ForSale, Selling
from studio.flows.models import Delivery
from studio.portal.baskets import net_of
from studio.portal.models import ZERO, Account, Order, OrderLine, StockItem
from studio.portal.prices import ask, items_of
from studio.portal.reading import note_standing


@dataclass(slots=True)
class Verdict:
    """What stands in the way of an order.

    Attributes:
        problems: of the order as a whole.
        at: objections by line.
        repriced: lines whose price is another than was shown; confirmed by placing again.
    """

    problems: list[str] = field(default_factory=list)
    at: dict[int, list[str]] = field(default_factory=dict)
    repriced: list[OrderLine] = field(default_factory=list)

    @property
    def clear(self) -> bool:
        """Whether nothing stands in the way."""
        return not (self.problems or any(self.at.values()) or self.repriced)


def examine(order: Order, lines: list[OrderLine], connector: Selling) -> Verdict:
    """Ask the system everything that decides about an order; writes prices and standing, nothing else.

    Raises:
        RemoteFault: the system failed or refused.
    """
    account, found = order.account, Verdict()
    _standing(account, connector, found)
    items = items_of(account, (line.item for line in lines))
    needed: dict[str, Decimal] = {}
    for line in lines:
        item = items.get(line.item)
        if item is None:
            found.at[line.pk] = [_("This is not sold at present.")]
            continue
        needed[item.code] = needed.get(item.code, ZERO) + item.in_stock_units(
            line.quantity, line.unit
        )
    now = {code: connector.on_sale(code) for code in needed}
    for line in lines:
        if line.item in items:
            said = _line(account, line, items[line.item], now[line.item], needed[line.item])
            found.at[line.pk] = said
            if not said:
                _price(account, line, items[line.item], connector, found)
    total = sum((line.net or ZERO for line in lines), start=ZERO)
    _order(account, total, found)
    _credit(order, total, connector, found)
    return found


def _standing(account: Account, connector: Selling, found: Verdict) -> None:
    note_standing(account, connector.standing(account.customer))
    if account.on_hold:
        found.problems.append(
            _("Your account is on hold, so no order can be taken. Please call us; we clear it up.")
        )


def _line(
    account: Account, line: OrderLine, item: StockItem, now: ForSale | None, needed: Decimal
) -> list[str]:
    """What is wrong with a line besides its price."""
    if now is None or now.stopped:
        return [_("This is not sold at present.")]
    if line.unit not in (now.unit, now.other_unit):
        return [_("It is ordered in %(units)s.") % {"units": _(" or ").join(item.units())}]
    said = []
    if (number := now_in(now, line)) != round(number, now.decimals):
        said.append(
            _("It is ordered in whole %(unit)s.") % {"unit": now.unit}
            if not now.decimals
            else _("At most %(n)s digits after the point.") % {"n": now.decimals}
        )
    if account.shop.whole_packs and now.other_unit and number % now.per_other:
        said.append(
            _("It comes in packs of %(n)s %(unit)s; order a multiple of that.")
            % {"n": f"{now.per_other.normalize():f}", "unit": now.unit}
        )
    if now.available is not None and needed > now.available and not account.shop.back_orders:
        left = max(ZERO, now.available)
        said.append(
            _("There is not enough in stock; %(n)s %(unit)s can be had now.")
            % {"n": f"{left.normalize():f}", "unit": now.unit}
            if account.shop.stock_shown == "quantity"
            else _("There is not enough in stock; order less, or ask us when more comes.")
        )
    return said


def now_in(now: ForSale, line: OrderLine) -> Decimal:
    """The quantity of a line in stocking units as they are now."""
    return line.quantity * now.per_other if line.unit == now.other_unit else line.quantity


def _price(
    account: Account, line: OrderLine, item: StockItem, connector: Selling, found: Verdict
) -> None:
    """The price now; where it is another than was shown, the buyer has to see it first."""
    try:
        fresh = ask(account, connector, item, (line.item, line.quantity, line.unit)).price
    except (ValueRefused, ReferenceUnknown):
        found.at[line.pk].append(_("There is no price for it. Please ask us."))
        return
    if fresh != line.price:
        line.was, line.price, line.net = line.price, fresh, net_of(line.quantity, fresh)
        found.repriced.append(line)


def _order(account: Account, total: Decimal, found: Verdict) -> None:
    minimum, currency = account.shop.minimum, account.currency
    if total < minimum:
        found.problems.append(
            _("The smallest order is %(least)s; this one is %(total)s.")
            % {"least": spoken(minimum, currency), "total": spoken(total, currency)}
        )


def _credit(order: Order, total: Decimal, connector: Selling, found: Verdict) -> None:
    """Whether the limit holds this order besides what is owed, ordered, on its way and in other drafts."""
    account = order.account
    if account.credit_limit is None:
        return
    sold = connector.sold(account.customer, timezone.localdate())
    taken = sum((one.open for one in sold if one.customer == account.customer), start=ZERO)
    taken += on_the_way(order)
    left = account.credit_limit - taken
    if total > left:
        currency = account.currency
        found.problems.append(
            _(
                "This order of %(total)s is above what your credit limit leaves: %(left)s of %(limit)s. "
                "Pay an open invoice, order less, or call us."
            )
            % {
                "total": spoken(total, currency),
                "left": spoken(max(ZERO, left), currency),
                "limit": spoken(account.credit_limit, currency),
            }
        )


def on_the_way(order: Order) -> Decimal:
    """Other orders of the account that the system does not count yet: drafts, and what is being sent."""
    others = Order.objects.filter(account=order.account).exclude(pk=order.pk)
    arrived = Delivery.objects.filter(flow=order.account.shop.flow_id, step="post", state="done")
    waiting = others.exclude(state="dropped").exclude(inbox__state="void")
    waiting = waiting.exclude(inbox__in=arrived.values("item"))
    return waiting.aggregate(n=Sum("total"))["n"] or ZERO

"""What one account pays: asked from the system by item, quantity and unit, and kept for minutes.

A price is a row below its account, that is below one customer of one connection; there is no price without an
account, so a page of one customer cannot find another's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.canon.money import round_half_up
from engine.errors import StudioError, ValueRefused
from engine.ports import Quote, Selling
from studio.catalog.wiring import note_fault, note_success, opened
from studio.portal.models import Account, Price, StockItem

# What a row costs nothing to keep, but nobody asks for any more.
FORGET = timedelta(days=1)
PLACES = 5

Want = tuple[str, Decimal, str]


def known(account: Account, wants: Iterable[Want]) -> dict[Want, Price]:
    """Prices of the account that are still fresh."""
    asked = set(wants)
    since = timezone.now() - timedelta(minutes=account.shop.price_minutes)
    rows = Price.objects.filter(
        account=account, asked_at__gt=since, item__in={item for item, _quantity, _unit in asked}
    )
    found = {(row.item, row.quantity, row.unit): row for row in rows}
    return {want: found[want] for want in asked if want in found}


def asked(account: Account, wants: Iterable[Want]) -> tuple[dict[Want, Price], str]:
    """The prices, those that are not fresh asked from the system; and why some are missing, if so."""
    wanted = list(dict.fromkeys(wants))
    found = known(account, wanted)
    missing = [want for want in wanted if want not in found]
    if not missing:
        return found, ""
    connection = account.shop.connection
    items = items_of(account, (item for item, _quantity, _unit in missing))
    trouble = ""
    try:
        with opened(connection) as connector:
            for want in missing:
                try:
                    found[want] = ask(account, connector, items.get(want[0]), want)
                except ValueRefused as refusal:
                    # Of this item only; the others have theirs.
                    trouble = refusal.detail
        note_success(connection)
    except StudioError as error:
        note_fault(connection, error)
        trouble = _("Prices cannot be asked just now. Try again in a minute.")
    Price.objects.filter(account=account, asked_at__lt=timezone.now() - FORGET).delete()
    return found, trouble


def ask(account: Account, connector: object, item: StockItem | None, want: Want) -> Price:
    """One price from the system, whatever is known; kept for the next page.

    Raises:
        ValueRefused: there is no price for it.
        RemoteFault: the system failed or refused.
    """
    code, quantity, unit = want
    if item is None or not isinstance(connector, Selling):
        raise _no_price(account, code)
    quote = connector.quote(account.customer, code, quantity, unit)
    if (quote.customer, quote.item) != (account.customer, code):
        # Whatever happens between here and there: nobody ever sees another one's price.
        raise _no_price(account, code)
    price, _fresh = Price.objects.update_or_create(
        account=account,
        item=code,
        quantity=quantity,
        unit=unit,
        defaults={"price": per_unit(account, quote, item, unit), "asked_at": timezone.now()},
    )
    return price


def per_unit(account: Account, quote: Quote, item: StockItem, unit: str) -> Decimal:
    """The price of one ordered unit; systems may price a case by the piece and the other way round."""
    if quote.price_unit == unit:
        return quote.price
    if (unit, quote.price_unit) == (item.other_unit, item.unit):
        return round_half_up(quote.price * item.per_other, PLACES)
    if (unit, quote.price_unit) == (item.unit, item.other_unit):
        return round_half_up(quote.price / item.per_other, PLACES)
    raise _no_price(account, item.code)


def items_of(account: Account, codes: Iterable[str]) -> dict[str, StockItem]:
    """Items of the account's shop by code, also those that are not sold at present."""
    rows = StockItem.objects.filter(Q(code__in=set(codes)), shop=account.shop_id)
    return {row.code: row for row in rows}


def _no_price(account: Account, code: str) -> ValueRefused:
    return ValueRefused(
        system=account.shop.connection.name,
        call="ask a price",
        field=code,
        detail=_("There is no price for %(item)s. Please ask us.") % {"item": code},
    )

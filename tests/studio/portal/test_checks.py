from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.emulation.faults import FaultKind
from studio.flows.models import InboxItem
from studio.portal.models import Order
from tests.studio.portal.market import MINE, Market

pytestmark = [pytest.mark.django_db, pytest.mark.promise("B03")]


def refused(market: Market, order: Order, **said: str) -> str:
    """The page after pressing the button in vain."""
    answer = market.place(market.bea, order, **said)
    assert answer.status_code == 422, answer.status_code
    assert not InboxItem.objects.exists()
    order.refresh_from_db()
    assert order.state == "draft"
    return str(answer.content.decode())


def test_a_customer_on_hold_may_not_order(market: Market) -> None:
    order = market.fill(market.bea, market.item())
    market.edit("ArCustomer", MINE, CustomerOnHold="Y")

    assert "Your account is on hold" in refused(market, order)

    market.edit("ArCustomer", MINE, CustomerOnHold="N")
    assert market.place(market.bea, order).status_code == 302


def test_the_credit_limit_counts_what_is_open(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    needed = sum((d.open for d in market.mine.documents.all()), start=order.total)
    market.edit("ArCustomer", MINE, CreditLimit=int(needed) - 1)

    assert "credit limit leaves" in refused(market, order)

    market.edit("ArCustomer", MINE, CreditLimit=int(needed) + 1)
    assert market.place(market.bea, order).status_code == 302


def test_the_credit_limit_counts_other_drafts_and_what_is_on_its_way(market: Market) -> None:
    from tests.studio.portal.market import person

    colleague = person(market.shop.connection.workspace, "dora", "Dora", market.mine)
    order = market.fill(market.bea, market.item(), "1")
    other = market.fill(colleague, market.item(), "1")
    open_now = sum((d.open for d in market.mine.documents.all()), start=Decimal(0))
    market.edit("ArCustomer", MINE, CreditLimit=int(open_now + order.total) + 1)

    assert "credit limit leaves" in refused(market, order)

    other.lines.all().delete()
    Order.objects.filter(pk=other.pk).update(total=0)
    assert market.place(market.bea, order).status_code == 302
    late = market.fill(colleague, market.item(), "1")
    answer = market.place(colleague, late)
    assert answer.status_code == 422
    assert "credit limit leaves" in answer.content.decode()


def test_no_limit_is_kept_where_syspro_has_none(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    market.edit("ArCustomer", MINE, CreditLimit=0)

    assert market.place(market.bea, order).status_code == 302


def test_more_than_is_in_stock_is_refused_at_its_line_or_follows_later(market: Market) -> None:
    item = market.item()
    order = market.fill(market.bea, item, str(int(item.available or 0) + 1))
    market.edit("ArCustomer", MINE, CreditLimit=0)

    page = refused(market, order)

    line = order.lines.get()
    assert line.problems == ["There is not enough in stock; order less, or ask us when more comes."]
    assert line.problems[0] in page
    assert 'aria-invalid="true"' in page
    market.shop.back_orders = True
    market.shop.save()
    assert market.place(market.bea, order).status_code == 302


def test_stock_is_counted_over_all_lines_of_an_item(market: Market) -> None:
    item = market.item(cased=True)
    market.edit("ArCustomer", MINE, CreditLimit=0)
    cases = int((item.available or 0) // item.per_other)
    market.fill(market.bea, item, str(cases), item.other_unit)
    order = market.fill(market.bea, item, str(int(item.per_other)), item.unit)

    refused(market, order)

    assert all(line.problems for line in order.lines.all())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"quantity": "0"}, "is not a quantity"),
        ({"quantity": "-1"}, "is not a quantity"),
        ({"quantity": "a lot"}, "is not a quantity"),
        ({"quantity": "NaN"}, "is not a quantity"),
        ({"quantity": "1", "unit": "KG"}, "is ordered in"),
        ({"quantity": "1", "item": "NO-SUCH"}, "is not sold"),
    ],
)
def test_what_is_no_order_never_enters_the_basket(
    market: Market, said: dict[str, str], words: str
) -> None:
    client = market.client(market.bea)
    body = {"item": market.item().code, "unit": "", **said}

    answer = client.post("/portal/add/", body, headers={"HX-Request": "true"})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Order.objects.exists()


def test_parts_of_a_piece_and_broken_packs_are_refused(market: Market) -> None:
    item = market.item(cased=True)
    order = market.fill(market.bea, item, "1.5")
    assert f"It is ordered in whole {item.unit}." in refused(market, order)

    line = order.lines.get()
    market.client(market.bea).post(
        "/portal/basket/change/",
        {"do": "save", f"quantity-{line.pk}": str(int(item.per_other) + 1)},
    )
    market.shop.whole_packs = True
    market.shop.save()
    assert "It comes in packs of" in refused(market, order)

    market.client(market.bea).post(
        "/portal/basket/change/", {"do": "save", f"quantity-{line.pk}": str(int(item.per_other))}
    )
    assert market.place(market.bea, order).status_code == 302


def test_the_smallest_order(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    market.shop.minimum = order.total + 1
    market.shop.save()

    assert "The smallest order is" in refused(market, order)


def test_an_item_that_is_stopped_meanwhile(market: Market) -> None:
    item = market.item()
    order = market.fill(market.bea, item)
    market.edit("InvMaster", item.code, StockOnHold="F")

    assert "This is not sold at present." in refused(market, order)


def test_a_price_that_changed_is_told_and_has_to_be_confirmed(market: Market) -> None:
    item = market.item()
    order = market.fill(market.bea, item, "2")
    shown = order.lines.get().price
    market.price_for(MINE, item.code, "7.35")
    seen = order.revision

    page = refused(market, order)

    line = order.lines.get()
    assert (line.was, line.price) == (shown, Decimal("7.35"))
    assert "Prices have changed since you saw them" in page
    assert order.total == Decimal("14.70")
    # The old page's button places nothing any more.
    assert market.place(market.bea, order, seen).status_code == 422
    assert market.place(market.bea, order).status_code == 302
    market.deliver()
    (there,) = market.in_syspro(order.number)
    (sold,) = market.emulator.documents("EDU1.SorDetail", there["SalesOrder"])
    assert sold["MPrice"] == Decimal("7.35")


def test_quantities_that_nobody_saw_a_price_for_are_priced_first(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    line = order.lines.get()

    page = refused(market, order, **{f"quantity-{line.pk}": "4"})

    assert "Prices are for what you typed now" in page
    assert order.lines.get().quantity == 4
    assert market.place(market.bea, order, **{f"quantity-{line.pk}": "4"}).status_code == 302


def test_nothing_is_placed_unchecked_and_the_basket_stays(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    market.arm(FaultKind.UNAVAILABLE, count=None)

    assert "cannot be checked just now" in refused(market, order)

    market.emulator.faults.disarm()
    market.connection.refresh_from_db()
    type(market.connection).objects.update(paused_until=None)
    assert market.place(market.bea, order).status_code == 302


def test_a_shop_that_takes_no_orders(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    market.shop.open = False
    market.shop.save()

    assert "Orders are not taken just now" in refused(market, order)


@pytest.mark.parametrize("day", ["2020-01-01", "soon"])
def test_a_day_that_is_none(market: Market, day: str) -> None:
    order = market.fill(market.bea, market.item(), "1")

    refused(market, order, wanted_on=day)


def test_an_empty_basket_places_nothing(market: Market) -> None:
    order = market.fill(market.bea, market.item(), "1")
    line = order.lines.get()
    client: Any = market.client(market.bea)
    client.post("/portal/basket/change/", {"do": f"remove-{line.pk}"})

    assert "There is nothing in the basket yet" in refused(market, order)

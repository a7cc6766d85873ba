"""Nothing of another customer: prices, documents, orders, whatever the address says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from studio.portal import people, prices
from studio.portal.models import Account, Buyer, Document, Order, Price
from tests.studio.portal.market import MINE, THEIRS, Market

pytestmark = pytest.mark.django_db
ONE = Decimal(1)


def shown(market: Market, who: str) -> str:
    client = market.client(market.bea if who == "bea" else market.carl)
    client.post("/portal/prices/")
    return str(client.get("/portal/").content.decode())


@pytest.mark.promise("B02")
def test_each_buyer_sees_his_own_customers_price(market: Market) -> None:
    item = market.item()
    market.price_for(MINE, item.code, "3.21", "M")
    market.price_for(THEIRS, item.code, "6.54", "T")

    mine, theirs = shown(market, "bea"), shown(market, "carl")

    assert "3.21" in mine
    assert "6.54" not in mine
    assert "6.54" in theirs
    assert "3.21" not in theirs


@pytest.mark.promise("B02")
def test_a_price_is_kept_for_minutes_and_asked_again(market: Market) -> None:
    item = market.item()
    market.price_for(MINE, item.code, "3.21", "M")
    want = (item.code, ONE, item.unit)
    assert prices.asked(market.mine, [want])[0][want].price == Decimal("3.21")
    market.price_for(MINE, item.code, "4.00", "M")

    assert prices.asked(market.mine, [want])[0][want].price == Decimal("3.21")
    Price.objects.update(asked_at=timezone.now() - timezone.timedelta(minutes=11))
    assert prices.known(market.mine, [want]) == {}
    assert prices.asked(market.mine, [want])[0][want].price == Decimal("4.00")
    assert prices.known(market.theirs, [want]) == {}


@pytest.mark.promise("B02")
def test_after_binding_anew_a_person_sees_only_the_new_customer(market: Market) -> None:
    item = market.item()
    market.price_for(MINE, item.code, "3.21", "M")
    market.price_for(THEIRS, item.code, "6.54", "T")
    assert "3.21" in shown(market, "bea")
    order = market.fill(market.bea, item)
    people.bind(market.admin, Buyer.objects.get(user=market.bea), market.theirs)

    page = shown(market, "bea")

    assert "6.54" in page
    assert "3.21" not in page
    client = market.client(market.bea)
    assert order.number not in client.get("/portal/basket/").content.decode()
    for document in market.mine.documents.all():
        found = client.get(f"/portal/documents/{document.kind}/{document.number}/")
        assert found.status_code == 404
    market.fill(market.bea, item)
    assert Order.objects.get(pk=order.pk).lines.get().quantity == 2


@pytest.mark.promise("B02")
def test_an_answer_about_another_customer_is_no_price(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.syspro.selling import SysproSelling
    from engine.ports import Quote

    def crossed(_self: object, _customer: str, item: str, quantity: Decimal, unit: str) -> Quote:
        return Quote(THEIRS, item, quantity, unit, Decimal("6.54"), unit)

    monkeypatch.setattr(SysproSelling, "quote", crossed)

    found, trouble = prices.asked(market.mine, [(market.item().code, ONE, market.item().unit)])

    assert found == {}
    assert trouble
    assert not Price.objects.exists()


@pytest.mark.promise("B02")
def test_the_history_is_the_customers_own_whatever_is_asked(market: Market) -> None:
    mine = set(market.mine.documents.values_list("kind", "number"))
    theirs = set(market.theirs.documents.values_list("kind", "number"))
    assert mine
    assert theirs
    client = market.client(market.bea)

    for kind, number in theirs - mine:
        assert client.get(f"/portal/documents/{kind}/{number}/").status_code == 404
        if kind == "order":
            assert client.post(f"/portal/orders/{number}/again/").status_code == 404
    for kind, number in mine:
        assert client.get(f"/portal/documents/{kind}/{number}/").status_code == 200
    listed = client.get("/portal/invoices/").content.decode()
    listed += client.get("/portal/orders/").content.decode()
    for _kind, number in mine:
        assert number in listed
    for _kind, number in theirs:
        assert f">{number}<" not in listed


def test_another_customers_order_and_basket_are_not_there(market: Market) -> None:
    order = market.fill(market.carl, market.item())
    bea = market.client(market.bea)
    line = order.lines.get()

    bea.post("/portal/basket/change/", {"do": f"remove-{line.pk}", "order": order.number})
    answer = bea.post(
        "/portal/basket/change/",
        {"do": "place", "order": order.number, "revision": order.revision},
    )
    market.place(market.carl, order)

    assert answer.status_code == 422
    assert order.lines.count() == 1
    assert bea.get(f"/portal/orders/{order.uuid}/").status_code == 404
    assert bea.get(f"/portal/?preview={market.theirs.uuid}").status_code == 200
    assert (
        market.theirs.name not in bea.get(f"/portal/?preview={market.theirs.uuid}").content.decode()
    )


@pytest.mark.promise("B02")
def test_what_is_read_belongs_to_the_customer_it_names(market: Market) -> None:
    from studio.portal.reading import _keep

    with_theirs = [one for account in (MINE, THEIRS) for one in _sold(market, account)]

    _keep(market.mine, None, with_theirs)

    kept = set(Document.objects.filter(account=market.mine).values_list("number", flat=True))
    assert kept == {one.number for one in with_theirs if one.customer == MINE}
    market.mine.refresh_from_db()
    assert market.mine.on_hold, "a customer who is gone may not order"


def _sold(market: Market, customer: str) -> list:  # type: ignore[type-arg]
    from datetime import date

    from studio.catalog.wiring import opened

    with opened(market.connection) as connector:
        return connector.sold(customer, date(2000, 1, 1))  # type: ignore[attr-defined, no-any-return]


@pytest.mark.promise("B01")
def test_a_person_is_bound_to_exactly_one_customer(market: Market) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Buyer.objects.create(user=market.bea, account=market.theirs)
    assert Account.objects.count() == 2


@pytest.mark.promise("B01")
def test_without_a_customer_nobody_enters(market: Market) -> None:
    Buyer.objects.filter(user=market.bea).delete()
    client = market.client(market.bea)

    for path in ("/portal/", "/portal/basket/", "/portal/orders/", "/portal/invoices/"):
        assert client.get(path).status_code == 403


@pytest.mark.promise("B05")
def test_an_earlier_order_is_ordered_again(market: Market) -> None:
    market.edit("ArCustomer", MINE, CreditLimit=0)
    item = market.item()
    order = market.fill(market.bea, item, "3")
    market.place(market.bea, order)
    market.deliver()
    from studio.portal.reading import due, read_account

    assert due() >= 1
    assert read_account(market.mine.pk)
    document = market.mine.documents.get(reference=order.number)
    assert (document.kind, document.state) == ("order", "open")

    market.client(market.bea).post(f"/portal/orders/{document.number}/again/")

    assert [(li.item, li.quantity) for li in market.basket(market.bea).lines.all()] == [
        (item.code, 3)
    ]

from __future__ import annotations

import json
import urllib.request
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.emulation.serve import Running
from connectors.syspro.connector import SysproConnector
from engine.errors import ReferenceUnknown
from engine.ports import Selling

ALL = date(2000, 1, 1)


def control(served: Running, what: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{served.hello()['url']}/_control/{what}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).read()


def test_it_offers_what_the_portal_asks(syspro: SysproConnector) -> None:
    assert isinstance(syspro, Selling)


def test_items_come_in_pages_and_each_once(syspro: SysproConnector) -> None:
    whole, end = syspro.for_sale(limit=500)
    paged, cursor = syspro.for_sale(limit=10)
    while cursor:
        more, cursor = syspro.for_sale(cursor=cursor, limit=10)
        paged += more

    assert end == ""
    assert [one.code for one in paged] == [one.code for one in whole]
    assert len({one.code for one in whole}) == len(whole) > 30
    assert {one.available is None for one in whole} == {True, False}
    cased = next(one for one in whole if one.other_unit)
    assert cased.per_other > 1
    assert syspro.on_sale(cased.code) == cased
    assert syspro.on_sale("NO-SUCH") is None


def test_a_price_is_one_customers_and_says_so(syspro: SysproConnector, served: Running) -> None:
    item = syspro.for_sale(limit=1)[0][0]
    first = syspro.quote("0000101", item.code)
    row = {"StockCode": item.code, "PriceCode": "W", "SellingPrice": "0.75", "PriceBasis": "S"}
    control(served, "load", {"EDU1.InvPrice": [row]})
    control(
        served, "edit",
        {"entity": "EDU1.ArCustomer", "key": "0000101", "changes": {"PriceCode": "W"}},
    )  # fmt: skip

    own, other = syspro.quote("0000101", item.code), syspro.quote("0000102", item.code)

    assert (own.customer, own.price, own.price_unit) == ("0000101", Decimal("0.75"), item.unit)
    assert (other.customer, other.price) == ("0000102", first.price)
    with pytest.raises(ReferenceUnknown):
        syspro.quote("0009999", item.code)


def test_the_history_is_of_one_customer_only(syspro: SysproConnector) -> None:
    orders = [r.data for r in syspro.changes("SorMaster", limit=200).records]
    customers = sorted({str(r["Customer"]) for r in orders})
    seen: set[str] = set()
    for customer in customers:
        mine = syspro.sold(customer, ALL)
        assert {one.customer for one in mine} == {customer}
        seen |= {one.number for one in mine if one.kind == "order"}

    assert seen == {str(r["SalesOrder"]) for r in orders if r["DocumentType"] != "C"}
    assert syspro.sold("0009999", ALL) == []


def test_what_is_open_is_read_however_old_it_is(syspro: SysproConnector) -> None:
    invoice = next(
        r.data for r in syspro.changes("ArInvoice", limit=100).records if r.data["InvoiceBal1"]
    )
    customer = str(invoice["Customer"])

    late = syspro.sold(customer, date(2099, 1, 1))

    assert invoice["InvoiceBal1"] in [one.open for one in late if one.kind != "order"]
    assert all(one.open for one in late if one.kind != "order")
    assert {one.state for one in late if one.kind == "order"} <= {"open", "held", "ready"}


def test_a_customers_standing(syspro: SysproConnector) -> None:
    held = syspro.standing("0000128")
    free = syspro.standing("0000101")

    assert held is not None
    assert held.on_hold
    assert free is not None
    assert (free.on_hold, free.currency) == (False, "USD")
    assert free.credit_limit
    assert syspro.standing("0009999") is None

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from connectors.emulation.company import Division, build
from connectors.emulation.company_model import cents


@pytest.fixture(scope="module", params=["EDU1", "EDU2"])
def division(request: pytest.FixtureRequest) -> Division:
    return build("S").of(request.param)


def test_the_same_seed_makes_the_same_company() -> None:
    one, two = build("S", 7), build("S", 7)
    assert one.us.customers == two.us.customers
    assert one.uk.items == two.uk.items
    assert list(one.us.orders()) == list(two.us.orders())
    assert build("S", 8).us.customers != one.us.customers


def test_names_and_codes_are_unique_in_the_erp_and_in_the_books(division: Division) -> None:
    for rows in (division.customers, division.suppliers, division.items):
        assert len({r.code for r in rows}) == len(rows)
    names = [t.name.casefold() for p in (*division.customers, *division.suppliers) for t in p.twins]
    assert len(set(names)) == len(names)
    codes = [t.code.casefold() for i in division.items for t in i.twins]
    assert len(set(codes)) == len(codes)


def test_every_order_refers_to_existing_customers_items_and_tables(division: Division) -> None:
    customers = {c.code for c in division.customers}
    items = {i.code for i in division.items}
    for order in division.orders():
        assert order.customer in customers
        assert order.terms in {t.code for t in division.tables.terms}
        assert {line.item for line in order.lines if line.kind == "stock"} <= items
        assert [line.number for line in order.lines] == list(range(1, len(order.lines) + 1))


def test_an_order_is_completed_exactly_when_its_status_says_so(division: Division) -> None:
    for order in division.orders():
        assert (order.completed is not None) == (order.status == "9") == bool(order.invoice_number)


def test_the_stories_every_integration_must_survive_are_told(division: Division) -> None:
    stories = Counter(order.story for order in division.orders())
    assert set(stories) >= {
        "price in another unit", "cents round differently", "sixty lines", "closed period",
        "customer on hold", "customer only in the ERP", "customer twice in the books",
        "discontinued item", "non-stocked line", "cash sale", "cancelled",
    }  # fmt: skip
    assert stories[""] >= 20


def test_two_cases_of_twelve_cost_what_twenty_four_pieces_cost(division: Division) -> None:
    line = division.order(0).lines[0]
    item = next(i for i in division.items if i.code == line.item)
    assert (line.quantity, line.unit, line.price) == (2, "CS", Decimal("24.00"))
    assert item.factor == 12
    assert line.net == Decimal("48.00") == line.quantity * item.factor * item.price


def test_odd_cents_differ_between_lines_and_document(division: Division) -> None:
    order = division.order(1)
    per_line = sum(cents(line.net * line.tax_rate / 100) for line in order.lines)
    assert abs(per_line - order.tax) == Decimal("0.01")


def test_the_closed_period_order_was_completed_before_the_lock_date(division: Division) -> None:
    order = next(o for o in division.orders() if o.story == "closed period")
    assert order.completed is not None
    assert order.completed <= division.tables.lock_date


def test_journals_balance_and_receipts_add_up(division: Division) -> None:
    for journal in division.journals:
        assert sum(amount for _, _, amount in journal.lines) == 0
    for receipt in division.receipts:
        assert sum(s.amount for s in receipt.settled) + receipt.unapplied == receipt.amount


def test_the_sister_company_sells_in_two_currencies() -> None:
    uk = build("S").uk
    assert {c.currency for c in uk.customers} == {"GBP", "EUR"}
    assert any(o.currency == "EUR" and o.rate == Decimal("0.85") for o in uk.orders())


def test_size_l_has_the_promised_counts_without_making_all_orders() -> None:
    us = build("L").us
    assert (us.scale.customers, us.scale.items, us.scale.orders) == (50_000, 20_000, 200_000)
    assert len({i.code for i in us.items}) == 20_000

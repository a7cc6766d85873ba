"""Another day at the sample company, put into the emulated SYSPRO over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connectors.emulation.serve import Running, load, start_in_thread
from studio.catalog.models import Connection
from studio.sandbox.day import Company, another_day, first_open_day


@pytest.fixture(scope="module")
def syspro() -> Iterator[Running]:
    running = start_in_thread(load("syspro").make("S", 1, None, None, True))
    yield running
    running.stop()


def erp(running: Running) -> Connection:
    hello = running.hello()
    return Connection(system="syspro", name="SYSPRO US", base_url=hello["url"], company="EDU1")


def test_a_first_day_brings_bills_and_waits_for_an_order_to_imitate(syspro: Running) -> None:
    came = another_day(erp(syspro), bills=2)

    assert (came.orders, came.credit_notes) == ((), ())
    assert came.bills == ("DAY-9000", "DAY-9001")


def test_a_day_brings_what_is_like_what_went_through(syspro: Running) -> None:
    company = Company(syspro.hello()["url"], "EDU1")
    template = next(r for r in company.rows("SorMaster") if r["OrderStatus"] == "9")
    form = {"SalesOrder": template["SalesOrder"], "InvoiceDocId": "77"}
    company.load({"CusSorMaster+": [form]})

    came = another_day(erp(syspro), orders=2, credit_notes=1, bills=1)
    again = another_day(erp(syspro), orders=1, credit_notes=0, bills=0)

    rows = {r["SalesOrder"].lstrip("0"): r for r in company.rows("SorMaster")}
    assert [rows[n]["DocumentType"] for n in came.orders] == ["O", "O"]
    assert {rows[n]["Customer"] for n in came.orders} == {template["Customer"]}
    assert not set(again.orders) & set(came.orders)
    lines = company.rows("SorDetail")
    count = sum(r["SalesOrder"] == template["SalesOrder"] for r in lines)
    assert sum(r["SalesOrder"].lstrip("0") == came.orders[0] for r in lines) == count
    credited = [r for r in rows.values() if r["LastInvoice"].lstrip("0") == came.credit_notes[0]]
    assert [r["DocumentType"] for r in credited] == ["C"]
    owed = {r["Invoice"].lstrip("0"): r for r in company.rows("ArInvoice")}
    (like,) = (r for r in owed.values() if r.get("SalesOrder") == template["SalesOrder"])
    ours = [r for r in owed.values() if r.get("SalesOrder", "").lstrip("0") in came.orders]
    assert [r["CurrencyValue"] for r in ours] == [like["CurrencyValue"]] * 2
    assert owed[came.credit_notes[0]]["DocumentType"] == "C"
    assert owed[came.credit_notes[0]]["InvoiceBal1"] == -like["CurrencyValue"]
    bill = next(r for r in company.rows("ApInvoice") if r["Invoice"] == came.bills[0])
    assert bill["MthInvBal1"] == bill["OrigInvValue"]


def test_bills_are_dated_in_a_period_that_is_open(syspro: Running) -> None:
    company = Company(syspro.hello()["url"], "EDU1")
    first = date(2026, 4, 1)
    seeded = {r["Invoice"]: r for r in company.rows("ApInvoice")}
    assert any(str(r["InvoiceDate"])[:10] < first.isoformat() for r in seeded.values())

    came = another_day(erp(syspro), bills=12, first_open=first)

    made = [r for r in company.rows("ApInvoice") if r["Invoice"] in came.bills]
    assert len(made) == 12
    for row in made:
        dated, due = (date.fromisoformat(str(row[n])[:10]) for n in ("InvoiceDate", "DueDate"))
        assert dated >= first
        assert due >= dated
        assert (int(row["InvoiceYear"]), int(row["InvoiceMonth"])) == (dated.year, dated.month)


@pytest.mark.django_db
def test_the_first_open_day_is_that_of_the_books_a_company_is_posted_to(world: Any) -> None:
    assert first_open_day(world.erp) is None
    look = world.books.snapshots.get()
    look.content = {**look.content, "facts": {"lock_date": "2026-03-31"}}
    look.save()

    assert first_open_day(world.erp) == date(2026, 4, 1)


@pytest.mark.django_db
def test_the_command_says_what_is_missing() -> None:
    with pytest.raises(CommandError, match="make run"):
        call_command("another_day")

"""Another day at the sample company: orders are completed, suppliers send invoices, goods come back.

What comes is like what came before, under new numbers, and is put into the emulated SYSPRO through its
control page; how it gets from there into the books is the studio's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx

from studio.catalog.models import Connection
from studio.flows.bundle import company_facts
from studio.flows.models import Flow

SECONDS = 60.0
# Numbers of their own, far from those of the seeded company.
FIRST_ORDER, FIRST_INVOICE, FIRST_BILL = 500_000, 700_000, 9_000
MADE = "DAY-"
COMPLETED = "9"
# Dates of a supplier's invoice that belong together.
BILL_DATES = ("JournalDate", "InvoiceDate", "DueDate")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Came:
    """Numbers of what one day brought, as people write them."""

    orders: tuple[str, ...] = ()
    credit_notes: tuple[str, ...] = ()
    bills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order and the number of the invoice that SYSPRO gave it."""

    order: str
    invoice: str


class Company:
    """One company in the emulated SYSPRO, seen and filled through ``/_control``.

    Args:
        url: address of the emulator.
        company: id of the SYSPRO company.

    Raises:
        httpx.HTTPError: the emulator does not answer or refuses the rows.
    """

    def __init__(self, url: str, company: str) -> None:
        self._url, self._company = url, company

    def rows(self, table: str) -> list[Row]:
        """All rows of a table."""
        answer = httpx.get(
            f"{self._url}/_control/documents",
            params={"entity": f"{self._company}.{table}"},
            timeout=SECONDS,
            trust_env=False,
        )
        found: list[Row] = answer.raise_for_status().json()["documents"]
        return found

    def load(self, tables: dict[str, list[Row]]) -> None:
        """Put rows by table as they are; SYSPRO stamps them anew."""
        for row in (row for rows in tables.values() for row in rows):
            row.pop("TimeStamp", None)
        httpx.post(
            f"{self._url}/_control/load",
            json={f"{self._company}.{table}": rows for table, rows in tables.items()},
            timeout=SECONDS,
            trust_env=False,
        ).raise_for_status()

    def written_back(self) -> list[Row]:
        """Completed orders whose number in the books stands in SYSPRO, hence went through."""
        done = {f["SalesOrder"] for f in self.rows("CusSorMaster+") if f.get("InvoiceDocId")}
        found = [row for row in self.rows("SorMaster") if row["SalesOrder"] in done]
        return sorted(found, key=lambda row: str(row["SalesOrder"]))

    def order_like(
        self,
        template: Row,
        lines: Sequence[Row],
        number: int,
        *,
        kind: str = "O",
        invoices: Sequence[Row] = (),
    ) -> Ordered:
        """A new completed order (``kind`` O) or credit note (C) with the lines of an earlier one.

        Args:
            template: the earlier order.
            lines: lines of all orders.
            number: of the new order.
            kind: ``O`` or ``C``.
            invoices: invoices of all orders; the new order gets one like the template's, unpaid unless
                it was sold for cash.
        """
        made = Ordered(f"{number:06d}", f"{number + FIRST_INVOICE - FIRST_ORDER:06d}")
        header = {
            **template,
            "DocumentType": kind,
            "LastInvoice": made.invoice.zfill(len(template["LastInvoice"])),
        }
        mine = [dict(row) for row in lines if row["SalesOrder"] == template["SalesOrder"]]
        owed = [
            _owed(row, header)
            for row in invoices
            if row.get("SalesOrder") == template["SalesOrder"]
        ]
        for row in (header, *mine, *owed):
            row["SalesOrder"] = made.order.zfill(len(template["SalesOrder"]))
        self.load({"SorMaster": [header], "SorDetail": mine, "ArInvoice": owed})
        return made

    def bill_like(self, template: Row, number: int, first_open: date | None = None) -> str:
        """A new invoice of a supplier like an earlier one, unpaid, and not dated before ``first_open``."""
        made = f"{MADE}{number}"
        row = {**template, **_not_before(template, first_open)}
        self.load({"ApInvoice": [{**row, "Invoice": made, "MthInvBal1": template["OrigInvValue"]}]})
        return made


def first_open_day(erp: Connection) -> date | None:
    """The day after the last closed one of all books this company is posted to; None where none is closed."""
    books = Connection.objects.filter(pk__in=Flow.between.filter(source=erp).values("target"))
    closed = [str(company_facts(one).get("lock_date") or "") for one in books]
    last = max(closed, default="")
    return date.fromisoformat(last) + timedelta(days=1) if last else None


def _not_before(bill: Row, first_open: date | None) -> Row:
    """The dates of a bill that lies in a closed period, moved together until it is dated on the first open day."""
    dated = date.fromisoformat(str(bill["InvoiceDate"])[:10])
    if first_open is None or dated >= first_open:
        return {}
    by = first_open - dated
    moved = {n: date.fromisoformat(str(bill[n])[:10]) + by for n in BILL_DATES if bill.get(n)}
    return {
        **{name: day.isoformat() for name, day in moved.items()},
        "InvoiceYear": first_open.year,
        "InvoiceMonth": first_open.month,
    }


def _owed(template: Row, order: Row) -> Row:
    """The invoice that SYSPRO writes when an order is completed."""
    sign = -1 if order["DocumentType"] == "C" else 1
    value = sign * abs(template["CurrencyValue"])
    return {
        **template,
        "Invoice": order["LastInvoice"].zfill(len(template["Invoice"])),
        "DocumentType": "C" if sign < 0 else "I",
        "CurrencyValue": value,
        "InvoiceBal1": 0 if order.get("CashCredit") == "CA" else value,
        "TaxPortion": sign * abs(template["TaxPortion"]),
        "NextPaymEntry": 0,
    }


def another_day(
    connection: Connection,
    *,
    orders: int = 3,
    credit_notes: int = 1,
    bills: int = 2,
    first_open: date | None = None,
) -> Came:
    """Let one more day pass in a SYSPRO company of the sample group.

    Args:
        connection: the company; its address must be that of a running emulator.
        orders: completed orders that come; 0 where none was written back yet, for they are like those.
        credit_notes: credit notes that come, likewise.
        bills: supplier invoices that come.
        first_open: the earliest day they are dated (``first_open_day``): a supplier sends nothing into books
            that are closed, and orders are like those that went through.

    Raises:
        httpx.HTTPError: the emulator does not answer.
    """
    company = Company(connection.base_url, connection.company)
    known, lines = company.written_back(), company.rows("SorDetail")
    invoices = company.rows("ArInvoice")
    taken = [int(row["SalesOrder"]) for row in company.rows("SorMaster")]
    number = max(FIRST_ORDER, *taken) + 1 if taken else FIRST_ORDER
    made = []
    for index in range((orders + credit_notes) if known else 0):
        kind = "O" if index < orders else "C"
        template = known[(number + index) % len(known)]
        one = company.order_like(template, lines, number + index, kind=kind, invoices=invoices)
        made.append(one)
    held = company.rows("ApInvoice")
    mine = sum(str(row["Invoice"]).startswith(MADE) for row in held)
    theirs = [row for row in held if not str(row["Invoice"]).startswith(MADE)]
    sent = [
        company.bill_like(theirs[(mine + n) % len(theirs)], FIRST_BILL + mine + n, first_open)
        for n in range(bills if theirs else 0)
    ]
    return Came(
        orders=tuple(m.order for m in made[:orders]),
        credit_notes=tuple(m.invoice for m in made[orders:]),
        bills=tuple(sent),
    )

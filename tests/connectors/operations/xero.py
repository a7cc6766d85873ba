"""Xero: every entity of the issue with a minimal body (xero.md sections 13 to 22)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.ports import Draft
from engine.schema.model import JsonValue, Record
from tests.connectors.operations.plan import Plan, World

DAY = "2026-06-01"


def _line(amount: str = "100.00", **more: JsonValue) -> Record:
    return {
        "Description": f"Goods for {amount}", "Quantity": Decimal(1),
        "UnitAmount": Decimal(amount), "AccountCode": "200", "TaxType": "OUTPUT2", **more,
    }  # fmt: skip


def _cost() -> Record:
    return _line("10.00", AccountCode="429", TaxType="INPUT2")


def contact(world: World) -> Record:
    """The contact all documents are for."""
    if "contact" not in world.memory:
        made = world.connector.create(Draft("Contact", {"Name": "Operations"}, "op-contact"))
        world.memory["contact"] = made.key
    return {"ContactID": world.memory["contact"]}


def _document(kind: str = "", number: str = "", buys: bool = False, **more: JsonValue) -> Any:
    def body(world: World, n: int) -> Record:
        lines: JsonValue = [_cost() if buys else _line()]
        said: Record = {"Contact": contact(world), "Date": DAY, "LineItems": lines, **more}
        if kind:
            said["Type"] = kind
        if number:
            said[number] = f"OP-{n}"
        return said

    return body


_invoice = _document("ACCREC", "InvoiceNumber", Status="AUTHORISED", DueDate="2026-07-01")


def _invoice_key(world: World) -> str:
    n = world.number()
    return world.connector.create(Draft("Invoice", _invoice(world, n), f"op-paid-{n}")).key


def _payment(world: World, n: int) -> Record:
    return {
        "Invoice": {"InvoiceID": _invoice_key(world)}, "Account": {"Code": "090"},
        "Date": "2026-06-20", "Amount": Decimal("10.00"), "Reference": f"OP-{n}",
    }  # fmt: skip


def _batch(world: World, n: int) -> Record:
    bank = world.emulator.books.account("090")["AccountID"]
    paid: Record = {"Invoice": {"InvoiceID": _invoice_key(world)}, "Amount": Decimal("10.00")}
    return {
        "Account": {"AccountID": bank}, "Date": "2026-06-20", "Reference": f"OP-{n}",
        "Payments": [paid],
    }  # fmt: skip


def _bank(kind: str) -> Any:
    def body(world: World, n: int) -> Record:
        said: Record = {
            "Type": kind, "BankAccount": {"Code": "090"}, "Contact": contact(world), "Date": DAY,
            "LineItems": [{**_line("10.00"), "TaxType": "NONE"}],
        }  # fmt: skip
        if kind == "RECEIVE":
            said["Reference"] = f"OP-{n}"
        if kind == "RECEIVE-OVERPAYMENT":
            said["LineItems"] = [{"Description": "too much", "Quantity": Decimal(1),
                                  "UnitAmount": Decimal("10.00")}]  # fmt: skip
        return said

    return body


def _born(entity: str, kind: str) -> Any:
    def made(world: World, n: int) -> str:
        before = {d[f"{entity}ID"] for d in world.emulator.store.all(entity)}
        world.connector.create(Draft("BankTransaction", _bank(kind)(world, n), f"op-{kind}-{n}"))
        after = {str(d[f"{entity}ID"]) for d in world.emulator.store.all(entity)}
        return (after - before).pop()

    return made


def _transfer(_w: World, n: int) -> Record:
    return {
        "FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"},
        "Amount": Decimal("12.00"), "Date": DAY, "Reference": f"OP-{n}",
    }  # fmt: skip


def _journal(_w: World, n: int) -> Record:
    return {
        "Narration": f"Operation {n}", "Date": DAY, "Status": "POSTED",
        "JournalLines": [
            {"LineAmount": Decimal("5.00"), "AccountCode": "429"},
            {"LineAmount": Decimal("-5.00"), "AccountCode": "477"},
        ],
    }  # fmt: skip


def _rate(_w: World, n: int) -> Record:
    return {
        "Name": f"Operation {n}",
        "TaxComponents": [{"Name": "a", "Rate": Decimal("7.5")}],
    }


def _two_categories_at_most(world: World) -> None:
    for held in world.emulator.store.all("TrackingCategory")[1:]:
        world.emulator.store.delete("TrackingCategory", held["TrackingCategoryID"])
    for held in world.emulator.store.all("TrackingCategory"):
        if held["Name"].startswith(("Operation", "Changed")):
            world.emulator.store.delete("TrackingCategory", held["TrackingCategoryID"])


_CURRENCIES = ("USD", "CAD", "CHF", "NOK", "SEK", "DKK", "JPY", "NZD", "AUD", "SGD", "ZAR", "PLN")


def _currency(_w: World, n: int) -> Record:
    return {"Code": _CURRENCIES[n % len(_CURRENCIES)]}


def _free_currencies(world: World) -> None:
    for held in world.emulator.store.all("Currency"):
        if held["Code"] in _CURRENCIES:
            world.emulator.store.delete("Currency", held["Code"])


def _reference(_w: World, n: int) -> Record:
    return {"Reference": f"Changed {n}"}


def _op(n: int) -> str:
    return f"OP-{n}"


def _name(n: int) -> str:
    return f"Operation {n}"


PLANS: dict[str, Plan] = {
    "Contact": Plan(
        body=lambda _w, n: {"Name": f"Operation {n}"}, edit=lambda _w, n: {"FirstName": f"A{n}"},
        find="Name", same=("Name",), ends=("deactivate",), reference=_name, writes="/Contacts", webhook=True,
    ),
    "Account": Plan(
        body=lambda _w, n: {"Code": f"7{n:04d}", "Name": f"Operation {n}", "Type": "EXPENSE"},
        edit=lambda _w, n: {"Name": f"Changed {n}"}, find="Code", same=("Code", "Name"),
        ends=("delete", "deactivate", "reactivate"), reference=lambda n: f"7{n:04d}",
        writes="/Accounts",
    ),
    "Item": Plan(
        body=lambda _w, n: {"Code": f"OP-{n}", "Name": "Thing"},
        edit=lambda _w, n: {"Name": f"Changed {n}"}, find="Code", same=("Code",),
        ends=("delete", "deactivate", "reactivate"), reference=_op, writes="/Items",
    ),
    "TaxRate": Plan(
        body=_rate, edit=lambda w, n: {**_rate(w, n), "Name": f"Changed {n}"}, find="Name",
        same=("Name",), ends=("delete",), reference=_name, writes="/TaxRates",
    ),
    "TrackingCategory": Plan(
        body=lambda _w, n: {"Name": f"Operation {n}"}, edit=lambda _w, n: {"Name": f"Changed {n}"},
        find="Name", same=("Name",), ends=("delete", "deactivate", "reactivate"), reference=_name,
        ready=_two_categories_at_most, writes="/TrackingCategories", skips=("batch",),
    ),
    "Currency": Plan(
        body=_currency, find="Code", same=("Code",), ready=_free_currencies,
        reference=lambda n: _CURRENCIES[n % len(_CURRENCIES)], writes="/Currencies",
    ),
    "Organisation": Plan(find="Name"),
    "Invoice": Plan(
        body=_invoice, edit=_reference, find="InvoiceNumber", same=("InvoiceNumber", "Date"),
        ends=("void",), told="void", reference=_op, writes="/Invoices", webhook=True,
    ),
    "Invoice (bill)": Plan(
        body=_document("ACCPAY", "InvoiceNumber", buys=True, Status="DRAFT", DueDate="2026-07-01"),
        edit=lambda _w, n: {"DueDate": "2026-07-09"}, find="InvoiceNumber",
        same=("InvoiceNumber", "Date"), ends=("delete",), told="delete", reference=_op, writes="/Invoices",
        webhook=True,
    ),
    "CreditNote": Plan(
        body=_document("ACCRECCREDIT", "CreditNoteNumber", Status="AUTHORISED"), edit=_reference,
        find="CreditNoteNumber", same=("CreditNoteNumber",), ends=("void",), told="void", reference=_op,
        writes="/CreditNotes", webhook=True,
    ),
    "Payment": Plan(
        body=_payment, find="Reference", same=("Reference", "Amount"), ends=("delete",), told="delete",
        reference=_op, writes="/Payments",
    ),
    "BatchPayment": Plan(
        body=_batch, find="Reference", same=("Reference",), ends=("delete",), told="delete", reference=_op,
        writes="/BatchPayments",
    ),
    "Overpayment": Plan(find="Type", made=_born("Overpayment", "RECEIVE-OVERPAYMENT")),
    "Prepayment": Plan(find="Type", made=_born("Prepayment", "RECEIVE-PREPAYMENT")),
    "BankTransaction": Plan(
        body=_bank("RECEIVE"), edit=_reference, find="Reference", same=("Reference",),
        ends=("delete",), told="delete", reference=_op, writes="/BankTransactions",
    ),
    "BankTransfer": Plan(
        body=_transfer, find="Reference", same=("Amount",), ends=("delete",), told="delete", reference=_op,
        writes="/BankTransfers",
    ),
    "ManualJournal": Plan(
        body=_journal, edit=lambda _w, n: {"Narration": f"Changed {n}"}, find="Narration",
        same=("Narration",), ends=("void",), told="void", reference=_name, writes="/ManualJournals",
    ),
    "PurchaseOrder": Plan(
        body=_document("", "PurchaseOrderNumber", buys=True), edit=_reference,
        find="PurchaseOrderNumber", same=("PurchaseOrderNumber",), ends=("delete",), told="delete", reference=_op,
        writes="/PurchaseOrders",
    ),
    "Quote": Plan(
        body=_document("", "QuoteNumber"),
        edit=lambda w, n: {"Title": f"Changed {n}", "Contact": contact(w), "Date": DAY,
                           "LineItems": [_line()]},
        find="QuoteNumber", same=("QuoteNumber",), ends=("delete",), told="delete", reference=_op,
        writes="/Quotes",
    ),
    "Journal": Plan(find="SourceType"),
}  # fmt: skip

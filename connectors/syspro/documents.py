"""Documents through transaction objects: payments, invoices, journals (reference 3.10-3.13)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.syspro import orders, translate
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.xml import Node, write
from engine.errors import OutcomeUnknown, RecordMissing, ValueRefused
from engine.ports import Draft
from engine.schema.model import JsonValue, Record

Poster = Callable[[Rows, Record, Draft], str]

REFERENCES = {
    "SorMaster": "CustomerPoNumber",
    "ArInvoicePay": "Reference",
    "ArInvoice": "Invoice",
    "ApInvoice": "Invoice",
    "GenJournalCtl": "Reference",
}
"""The column by which a posted document is found again."""


def _text(data: Record, name: str, otherwise: str = "") -> str:
    return translate.shown(data.get(name)) or otherwise


def _need(data: Record, name: str, call: str) -> str:
    text = _text(data, name)
    if not text:
        raise ValueRefused(system="syspro", call=call, field=name, detail="A value is needed.")
    return text


def _amount(value: JsonValue) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(translate.shown(value) or "0")


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v not in ("", None, [])}


def _parameters(root: str, **options: str) -> str:
    usual = {"PostingPeriod": "C", "IgnoreWarnings": "N", "ApplyIfEntireDocumentValid": "Y"}
    return write(root, {"Parameters": {**usual, "ValidateOnly": "N", **options}})


def post_payment(rows: Rows, data: Record, draft: Draft) -> str:
    """ARSTPY: a receipt on one or more documents; what is left over becomes unapplied.

    ``data``: Customer, TrnValue (money received), JournalDate, Reference, Bank, InvoiceNotation, and
    ``Allocations``: a list of Invoice, DocumentType, TrnValue (what it takes off the document, discount
    included), DiscValue, PostConvRate, AdjustValue (a small difference closed with it) and GlCode. A
    credit note is used with a negative value (unverified).
    """
    call = "post payment"
    customer = _need(data, "Customer", call)
    reference = _text(data, "Reference", draft.reference)[:30]
    listed = _allocations(data)
    applied = sum((_cash(a) for a in listed), Decimal(0))
    money = Decimal(0) if listed == [data] else abs(_amount(data.get("TrnValue")))
    total = money or applied
    notation = _text(data, "InvoiceNotation", reference)[:50]
    payment = _payment(
        (customer, reference, notation),
        total,
        [_to_pay(a) for a in listed if _amount(a.get("TrnValue"))],
    ) | _filled(
        {
            "PaymentDate": _text(data, "JournalDate"),
            "Bank": _text(data, "Bank"),
            "PaymentType": _text(data, "PaymentType", "O"),
        }
    )
    items: list[dict[str, Any]] = [{"Payment": payment}] if total or listed else []
    adjusted = [_to_adjust(a, reference, notation) for a in listed if _amount(a.get("AdjustValue"))]
    if adjusted:
        items.append({"Adjustments": {"Customer": customer, "InvoiceToAdjust": adjusted}})
    # U: what is not distributed becomes an unapplied payment instead of an error.
    options = _parameters("PostArPayment", AutoCorrectPaymentValue="N" if applied == total else "U")
    body = write("PostArPayment", {"Item": items})
    rows.client.post("ARSTPY", (options, body), call)
    return _look_up(rows, "ArInvoicePay", "Reference", (reference, customer), call)


def reverse_payment(rows: Rows, draft: Draft) -> str:
    """ARSTPY: a posted receipt taken back by its opposite; returns the key of the opposite posting.

    The reference documents no reversal; the opposite amounts on the same documents are what operators
    enter for a dishonoured payment (unverified). The opposite carries ``R:`` and the receipt's reference,
    and is searched first, so that a second try posts nothing.

    Raises:
        RecordMissing: no posting carries the reference.
    """
    call = "reverse payment"
    opposite = f"R:{draft.reference}"[:30]
    posted = rows.find("ArInvoicePay", [Test("Reference", "EQ", draft.reference)], limit=500)
    if not posted:
        raise RecordMissing(
            system="syspro", call=call, detail=f"No posting carries {draft.reference}."
        )
    customer = translate.shown(posted[0].get("Customer"))
    if not rows.find("ArInvoicePay", [Test("Reference", "EQ", opposite)], limit=1):
        paid = [row for row in posted if row.get("TrnType") != "A"]
        lines = [
            {
                "TransactionType": _text(row, "DocumentType", "I"),
                "Invoice": _text(row, "Invoice"),
                "GrossPaymentValue": _amount(row.get("TrnValue")),
                "DiscountValue": _amount(row.get("DiscValue")),
            }
            for row in paid
        ]
        total = sum(
            (_amount(r.get("TrnValue")) - _amount(r.get("DiscValue")) for r in paid), Decimal(0)
        )
        payment = _payment((customer, opposite, f"Reverses {draft.reference}"[:50]), total, lines)
        adjusted = [
            _to_adjust({**row, "AdjustValue": _amount(row.get("TrnValue"))}, opposite, opposite)
            for row in posted
            if row.get("TrnType") == "A"
        ]
        items: list[dict[str, Any]] = [{"Payment": payment}]
        if adjusted:
            items.append({"Adjustments": {"Customer": customer, "InvoiceToAdjust": adjusted}})
        options = _parameters("PostArPayment", AutoCorrectPaymentValue="N")
        rows.client.post("ARSTPY", (options, write("PostArPayment", {"Item": items})), call)
    return _look_up(rows, "ArInvoicePay", "Reference", (opposite, customer), call)


def _allocations(data: Record) -> list[Record]:
    allocations = data.get("Allocations")
    if isinstance(allocations, list) and allocations:
        return [a for a in allocations if isinstance(a, dict)]
    return [data] if data.get("Invoice") else []


def _cash(allocation: Record) -> Decimal:
    """Money of the payment that goes to a document."""
    discount = abs(_amount(allocation.get("DiscValue")))
    return _amount(allocation.get("TrnValue")) - discount


def _payment(who: tuple[str, str, str], total: Decimal, lines: list[dict[str, Any]]) -> Record:
    customer, reference, notation = who
    return _filled(
        {
            "Customer": customer,
            "PaymentValue": total,
            "Reference": reference,
            "JournalNotation": notation,
            "InvoiceToPay": lines,
        }
    )


def _to_pay(allocation: Record) -> dict[str, Any]:
    return _filled(
        {
            "TransactionType": _text(allocation, "DocumentType", "I"),
            "Invoice": _text(allocation, "Invoice"),
            "GrossPaymentValue": _amount(allocation.get("TrnValue")),
            "DiscountValue": abs(_amount(allocation.get("DiscValue"))),
            "ExchangeRateToUse": _text(allocation, "PostConvRate"),
        }
    )


def _to_adjust(allocation: Record, reference: str, notation: str) -> dict[str, Any]:
    """A difference written off: the value is added to the balance, so it goes out negative (unverified)."""
    return _filled(
        {
            "TransactionType": _text(allocation, "DocumentType", "I"),
            "Invoice": _text(allocation, "Invoice"),
            "AdjustmentValue": -_amount(allocation.get("AdjustValue")),
            "AdjustmentLedgerCode": _text(allocation, "GlCode"),
            "Reference": reference,
            "JournalNotation": notation,
        }
    )


def post_invoice(rows: Rows, data: Record, draft: Draft) -> str:
    """ARSTIN: an invoice (I), credit (C) or debit note (D) without an order."""
    call = "post invoice"
    kind = _text(data, "DocumentType", "I")
    customer = _need(data, "Customer", call)
    item = _filled(
        {
            "TransactionType": kind,
            "Customer": customer,
            "GenerateInvoiceNumber": "N",
            "Invoice": _text(data, "Invoice", draft.reference),
            "InvoiceDate": _text(data, "InvoiceDate"),
            "Reference": _text(data, "CustomerPoNumber")[:30],
            "InvoiceValue": abs(_amount(data.get("CurrencyValue"))),
            "TaxValue": abs(_amount(data.get("TaxPortion"))),
            "ProductClass": _text(data, "ProductClass"),
            "InvoiceTerms": _text(data, "TermsCode"),
        }
    )
    body = write("PostArInvoices", {"Item": item})
    answer = rows.client.post("ARSTIN", (_parameters("PostArInvoices"), body), call)
    number = _first(answer, "Invoice") or item.get("Invoice", "")
    return f"{customer}|{number}|{kind}"


def post_bill(rows: Rows, data: Record, draft: Draft) -> str:
    """APSTIN: a supplier's invoice, or credit note where ``OrigInvValue`` is negative.

    ``Distribution``: list of GlCode and Value (net).
    """
    call = "post supplier invoice"
    supplier = _need(data, "Supplier", call)
    invoice = _text(data, "Invoice", draft.reference)
    split = data.get("Distribution")
    lines = [x for x in split if isinstance(x, dict)] if isinstance(split, list) else []
    item = _filled(
        {
            "Supplier": supplier,
            "TransactionCode": "C" if _amount(data.get("OrigInvValue")) < 0 else "I",
            "Invoice": invoice,
            "TransactionValue": abs(_amount(data.get("OrigInvValue"))),
            "InvoiceDate": _text(data, "InvoiceDate"),
            "DueDate": _text(data, "DueDate"),
            "TaxBasis": "E",
            "TaxCode": _text(data, "FirstTaxCode"),
            "TaxValue": abs(_amount(data.get("TaxValue"))),
            "TransactionReference": _text(data, "Reference", draft.reference)[:30],
            "JournalNotation": _text(data, "Reference", draft.reference)[:30],
            "LedgerDistribution": [
                {"LedgerCode": _text(x, "GlCode"), "LedgerValue": abs(_amount(x.get("Value")))}
                for x in lines
            ],
        }
    )
    body = write("PostApInvoice", {"Item": item})
    rows.client.post("APSTIN", (_parameters("PostApInvoice"), body), call)
    return f"{supplier}|{invoice}"


def post_journal(rows: Rows, data: Record, draft: Draft) -> str:
    """GENTJL: a ledger journal; ``GenJournalDetail``: list of GlCode, EntryValue, Comment."""
    call = "post journal"
    entries = data.get("GenJournalDetail")
    lines = [x for x in entries if isinstance(x, dict)] if isinstance(entries, list) else []
    reference = _text(data, "Reference", draft.reference)[:30]
    item = _filled(
        {
            "JournalType": "N",
            "AuthorizeJournal": "A",
            "PostJournal": "Y",
            "CancelJournal": "N",
            "HoldJournal": "N",
            "JournalDate": _need(data, "JournalDate", call),
            "JournalReference": reference,
            "Notation": _text(data, "Notation"),
            "PostingPeriod": _text(data, "GlPeriod"),
            "PostingYear": _text(data, "GlYear"),
            "JournalDetails": [
                _filled(
                    {
                        "LedgerCode": _text(x, "GlCode"),
                        "Reference": _text(x, "Reference", reference)[:30],
                        "EntryAmount": _amount(x.get("EntryValue")),
                        "Comment": _text(x, "Comment")[:50],
                    }
                )
                for x in lines
            ],
        }
    )
    body = write("PostGlJournal", {"Item": item})
    options = write("PostGlJournal", {"Parameters": {"ActionType": "A", "IgnoreWarnings": "N",
                                                     "ApplyIfEntireDocumentValid": "Y",
                                                     "ValidateOnly": "N"}})  # fmt: skip
    answer = rows.client.post("GENTJL", (options, body), call)
    parts = [_first(answer, n).lstrip("0") for n in ("GlYear", "GlPeriod", "GlJournal")]
    if not all(parts):
        raise OutcomeUnknown(system="syspro", call=call, detail="The answer names no journal.")
    return "|".join(parts)


def _first(answer: Node, tag: str) -> str:
    # GlJournal is both a group and the number inside it.
    return next((n.text for n in answer.anywhere(tag) if n.text and not n.children), "")


def _look_up(rows: Rows, table: str, column: str, wanted: tuple[str, str], call: str) -> str:
    from connectors.syspro.facts import tables

    reference, customer = wanted
    found = rows.find(table, [Test(column, "EQ", reference)], limit=50)
    shown = rows.rules.show(tables()[table].columns[0], table, customer)
    mine = [r for r in found if translate.shown(r.get("Customer")) in (customer, shown)]
    if not mine:
        raise OutcomeUnknown(
            system="syspro", call=call, detail=f"No posting carries the reference {reference}."
        )
    return translate.key_of(tables()[table], mine[0])


DOCUMENTS: dict[str, Poster] = {
    "SorMaster": orders.create,
    "ArInvoicePay": post_payment,
    "ArInvoice": post_invoice,
    "ApInvoice": post_bill,
    "GenJournalCtl": post_journal,
}

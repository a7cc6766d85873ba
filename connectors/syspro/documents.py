"""Documents through transaction objects: receipts, invoices, journals (reference 3.10-3.13)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.syspro import orders, translate
from connectors.syspro.drafted import (
    allocations,
    amount,
    cash,
    filled,
    need,
    parameters,
    posted_key,
    text,
)
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.supplier_payments import post_supplier_payment
from connectors.syspro.xml import Node, write
from engine.errors import OutcomeUnknown, RecordMissing
from engine.ports import Draft
from engine.schema.model import Record

Poster = Callable[[Rows, Record, Draft], str]

REFERENCES = {
    "SorMaster": "CustomerPoNumber",
    "ArInvoicePay": "Reference",
    "ArInvoice": "Invoice",
    "ApInvoice": "Invoice",
    "ApInvoicePay": "PaymentReference",
    "GenJournalCtl": "Reference",
}
"""The column by which a posted document is found again."""


def post_payment(rows: Rows, data: Record, draft: Draft) -> str:
    """ARSTPY: a receipt on one or more documents; what is left over becomes unapplied.

    ``data``: Customer, TrnValue (money received), JournalDate, Reference, Bank, InvoiceNotation, and
    ``Allocations``: a list of Invoice, DocumentType, TrnValue (what it takes off the document, discount
    included), DiscValue, PostConvRate, AdjustValue (a small difference closed with it) and GlCode. A
    credit note is used with a negative value (unverified).
    """
    call = "post payment"
    customer = need(data, "Customer", call)
    reference = text(data, "Reference", draft.reference)[:30]
    listed = allocations(data)
    applied = sum((cash(a) for a in listed), Decimal(0))
    money = Decimal(0) if listed == [data] else abs(amount(data.get("TrnValue")))
    total = money or applied
    notation = text(data, "InvoiceNotation", reference)[:50]
    payment = _payment(
        (customer, reference, notation),
        total,
        [_to_pay(a) for a in listed if amount(a.get("TrnValue"))],
    ) | filled(
        {
            "PaymentDate": text(data, "JournalDate"),
            "Bank": text(data, "Bank"),
            "PaymentType": text(data, "PaymentType", "O"),
        }
    )
    items: list[dict[str, Any]] = [{"Payment": payment}] if total or listed else []
    adjusted = [_to_adjust(a, reference, notation) for a in listed if amount(a.get("AdjustValue"))]
    if adjusted:
        items.append({"Adjustments": {"Customer": customer, "InvoiceToAdjust": adjusted}})
    # U: what is not distributed becomes an unapplied payment instead of an error.
    options = parameters("PostArPayment", AutoCorrectPaymentValue="N" if applied == total else "U")
    body = write("PostArPayment", {"Item": items})
    rows.client.post("ARSTPY", (options, body), call)
    return posted_key(rows, "ArInvoicePay", "Reference", (reference, customer), call)


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
                "TransactionType": text(row, "DocumentType", "I"),
                "Invoice": text(row, "Invoice"),
                "GrossPaymentValue": amount(row.get("TrnValue")),
                "DiscountValue": amount(row.get("DiscValue")),
            }
            for row in paid
        ]
        total = sum(
            (amount(r.get("TrnValue")) - amount(r.get("DiscValue")) for r in paid), Decimal(0)
        )
        payment = _payment((customer, opposite, f"Reverses {draft.reference}"[:50]), total, lines)
        adjusted = [
            _to_adjust({**row, "AdjustValue": amount(row.get("TrnValue"))}, opposite, opposite)
            for row in posted
            if row.get("TrnType") == "A"
        ]
        items: list[dict[str, Any]] = [{"Payment": payment}]
        if adjusted:
            items.append({"Adjustments": {"Customer": customer, "InvoiceToAdjust": adjusted}})
        options = parameters("PostArPayment", AutoCorrectPaymentValue="N")
        rows.client.post("ARSTPY", (options, write("PostArPayment", {"Item": items})), call)
    return posted_key(rows, "ArInvoicePay", "Reference", (opposite, customer), call)


def _payment(who: tuple[str, str, str], total: Decimal, lines: list[dict[str, Any]]) -> Record:
    customer, reference, notation = who
    return filled(
        {
            "Customer": customer,
            "PaymentValue": total,
            "Reference": reference,
            "JournalNotation": notation,
            "InvoiceToPay": lines,
        }
    )


def _to_pay(allocation: Record) -> dict[str, Any]:
    return filled(
        {
            "TransactionType": text(allocation, "DocumentType", "I"),
            "Invoice": text(allocation, "Invoice"),
            "GrossPaymentValue": amount(allocation.get("TrnValue")),
            "DiscountValue": abs(amount(allocation.get("DiscValue"))),
            "ExchangeRateToUse": text(allocation, "PostConvRate"),
        }
    )


def _to_adjust(allocation: Record, reference: str, notation: str) -> dict[str, Any]:
    """A difference written off: the value is added to the balance, so it goes out negative (unverified)."""
    return filled(
        {
            "TransactionType": text(allocation, "DocumentType", "I"),
            "Invoice": text(allocation, "Invoice"),
            "AdjustmentValue": -amount(allocation.get("AdjustValue")),
            "AdjustmentLedgerCode": text(allocation, "GlCode"),
            "Reference": reference,
            "JournalNotation": notation,
        }
    )


def post_invoice(rows: Rows, data: Record, draft: Draft) -> str:
    """ARSTIN: an invoice (I), credit (C) or debit note (D) without an order."""
    call = "post invoice"
    kind = text(data, "DocumentType", "I")
    customer = need(data, "Customer", call)
    item = filled(
        {
            "TransactionType": kind,
            "Customer": customer,
            "GenerateInvoiceNumber": "N",
            "Invoice": text(data, "Invoice", draft.reference),
            "InvoiceDate": text(data, "InvoiceDate"),
            "Reference": text(data, "CustomerPoNumber")[:30],
            "InvoiceValue": abs(amount(data.get("CurrencyValue"))),
            "TaxValue": abs(amount(data.get("TaxPortion"))),
            "ProductClass": text(data, "ProductClass"),
            "InvoiceTerms": text(data, "TermsCode"),
        }
    )
    body = write("PostArInvoices", {"Item": item})
    answer = rows.client.post("ARSTIN", (parameters("PostArInvoices"), body), call)
    number = _first(answer, "Invoice") or item.get("Invoice", "")
    return f"{customer}|{number}|{kind}"


def post_bill(rows: Rows, data: Record, draft: Draft) -> str:
    """APSTIN: a supplier's invoice, or credit note where ``OrigInvValue`` is negative.

    ``Distribution``: list of GlCode and Value (net).
    """
    call = "post supplier invoice"
    supplier = need(data, "Supplier", call)
    invoice = text(data, "Invoice", draft.reference)
    split = data.get("Distribution")
    lines = [x for x in split if isinstance(x, dict)] if isinstance(split, list) else []
    item = filled(
        {
            "Supplier": supplier,
            "TransactionCode": "C" if amount(data.get("OrigInvValue")) < 0 else "I",
            "Invoice": invoice,
            "TransactionValue": abs(amount(data.get("OrigInvValue"))),
            "InvoiceDate": text(data, "InvoiceDate"),
            "DueDate": text(data, "DueDate"),
            "TaxBasis": "E",
            "TaxCode": text(data, "FirstTaxCode"),
            "TaxValue": abs(amount(data.get("TaxValue"))),
            "TransactionReference": text(data, "Reference", draft.reference)[:30],
            "JournalNotation": text(data, "Reference", draft.reference)[:30],
            "LedgerDistribution": [
                {"LedgerCode": text(x, "GlCode"), "LedgerValue": abs(amount(x.get("Value")))}
                for x in lines
            ],
        }
    )
    body = write("PostApInvoice", {"Item": item})
    rows.client.post("APSTIN", (parameters("PostApInvoice"), body), call)
    return f"{supplier}|{invoice}"


def post_journal(rows: Rows, data: Record, draft: Draft) -> str:
    """GENTJL: a ledger journal; ``GenJournalDetail``: list of GlCode, EntryValue, Comment."""
    call = "post journal"
    entries = data.get("GenJournalDetail")
    lines = [x for x in entries if isinstance(x, dict)] if isinstance(entries, list) else []
    reference = text(data, "Reference", draft.reference)[:30]
    item = filled(
        {
            "JournalType": "N",
            "AuthorizeJournal": "A",
            "PostJournal": "Y",
            "CancelJournal": "N",
            "HoldJournal": "N",
            "JournalDate": need(data, "JournalDate", call),
            "JournalReference": reference,
            "Notation": text(data, "Notation"),
            "PostingPeriod": text(data, "GlPeriod"),
            "PostingYear": text(data, "GlYear"),
            "JournalDetails": [
                filled(
                    {
                        "LedgerCode": text(x, "GlCode"),
                        "Reference": text(x, "Reference", reference)[:30],
                        "EntryAmount": amount(x.get("EntryValue")),
                        "Comment": text(x, "Comment")[:50],
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


DOCUMENTS: dict[str, Poster] = {
    "SorMaster": orders.create,
    "ArInvoicePay": post_payment,
    "ArInvoice": post_invoice,
    "ApInvoice": post_bill,
    "ApInvoicePay": post_supplier_payment,
    "GenJournalCtl": post_journal,
}

"""Payments to suppliers through APSTPM (named in reference 3; its elements are unverified).

A/P keeps no money on account: what is paid is distributed to invoices completely.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.syspro import translate
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
from connectors.syspro.xml import write
from engine.errors import RecordMissing, ValueRefused
from engine.ports import Draft
from engine.schema.model import Record

_TABLE, _REFERENCE = "ApInvoicePay", "PaymentReference"
_LONGEST = 50


def post_supplier_payment(rows: Rows, data: Record, draft: Draft) -> str:
    """One payment of one or more invoices.

    ``data``: Supplier, TrnValue (money paid), JournalDate, PaymentReference, PaymentNumber, Bank,
    PostConvRate, and ``Allocations``: a list of Invoice, TrnValue (what it takes off the invoice, discount
    included; negative uses a credit note) and DiscValue.

    Raises:
        ValueRefused: nothing to pay, or not all of it is distributed.
    """
    call = "post supplier payment"
    supplier = need(data, "Supplier", call)
    reference = text(data, _REFERENCE, draft.reference)[:_LONGEST]
    listed = allocations(data)
    paid = sum((cash(a) for a in listed), Decimal(0))
    money = paid if listed == [data] else abs(amount(data.get("TrnValue")))
    if not listed or money != paid:
        words = (
            f"{money} are paid, {paid} are distributed to invoices; A/P keeps nothing on account."
        )
        raise ValueRefused(system="syspro", call=call, field="TrnValue", detail=words)
    lines = [
        _line(a, amount(a.get("TrnValue")), abs(amount(a.get("DiscValue"))))
        for a in listed
        if amount(a.get("TrnValue"))
    ]
    return _post(rows, data, (supplier, reference), (paid, lines), call)


def reverse_supplier_payment(rows: Rows, draft: Draft) -> str:
    """A posted payment taken back by its opposite; returns the key of the opposite posting.

    No public document tells of a reversal by a business object (voiding is a step of the payment cycle);
    the opposite amounts on the same invoices leave the same balances (unverified). The opposite carries
    ``R:`` and the payment's reference and is searched first, so that a second try posts nothing.

    Raises:
        RecordMissing: no posting carries the reference.
    """
    call = "reverse supplier payment"
    opposite = f"R:{draft.reference}"[:_LONGEST]
    posted = rows.find(_TABLE, [Test(_REFERENCE, "EQ", draft.reference)], limit=500)
    if not posted:
        words = f"No posting carries {draft.reference}."
        raise RecordMissing(system="syspro", call=call, detail=words)
    supplier = translate.shown(posted[0].get("Supplier"))
    if not rows.find(_TABLE, [Test(_REFERENCE, "EQ", opposite)], limit=1):
        lines, paid = _opposite(posted)
        bank = {"Bank": text(draft.data, "Bank"), "PostConvRate": posted[0].get("PostConvRate")}
        return _post(rows, bank, (supplier, opposite), (paid, lines), call)
    return posted_key(rows, _TABLE, _REFERENCE, (opposite, supplier), call)


def _opposite(posted: list[Record]) -> tuple[list[dict[str, Any]], Decimal]:
    """The lines that take the entries of a payment back, and the money in them (not positive)."""
    values: dict[str, list[Decimal]] = {}
    for row in posted:
        # A discount is an entry of its own beside the payment of the same invoice.
        held = values.setdefault(text(row, "Invoice"), [Decimal(0), Decimal(0)])
        held[row.get("TrnType") != "P"] += amount(row.get("TrnValue"))
    lines = [_line({"Invoice": i}, paid + disc, disc) for i, (paid, disc) in values.items()]
    return lines, sum((paid for paid, _ in values.values()), Decimal(0))


def _line(allocation: Record, gross: Decimal, discount: Decimal) -> dict[str, Any]:
    return filled(
        {
            "Invoice": text(allocation, "Invoice"),
            "GrossPaymentValue": gross,
            "DiscountValue": discount,
        }
    )


def _post(
    rows: Rows,
    data: Record,
    who: tuple[str, str],
    what: tuple[Decimal, list[dict[str, Any]]],
    call: str,
) -> str:
    """Post the document and find what it made; ``who``: supplier, reference; ``what``: money, lines."""
    supplier, reference = who
    item = filled(
        {
            "Supplier": supplier,
            "Bank": text(data, "Bank"),
            "PaymentReference": reference,
            "PaymentNumber": text(data, "PaymentNumber")[:15],
            "PaymentDate": text(data, "JournalDate"),
            "PaymentValue": what[0],
            "ExchangeRate": text(data, "PostConvRate"),
            "InvoiceToPay": what[1],
        }
    )
    body = write("PostApManualPayment", {"Item": item})
    rows.client.post("APSTPM", (parameters("PostApManualPayment"), body), call)
    return posted_key(rows, _TABLE, _REFERENCE, (reference, supplier), call)

"""Allocations: credit notes, overpayments and prepayments applied to invoices, and undone."""

from __future__ import annotations

from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import payments
from connectors.xero.emulator.books import KEYS, Books
from connectors.xero.emulator.errors import MissingError, RefusedError
from connectors.xero.emulator.money import ZERO, cents


def _check(books: Books, entity: str, source: Doc, invoice: Doc, raw: dict[str, Any]) -> None:
    amount = cents(raw.get("Amount") or ZERO)
    faults = []
    if source["Status"] != "AUTHORISED":
        faults.append(f"{entity} must be AUTHORISED to be allocated")
    if invoice["Status"] != "AUTHORISED":
        faults.append("Credits can only be allocated to Authorised documents")
    if amount <= 0:
        faults.append("Allocation amount must be greater than zero")
    if amount > payments.outstanding(entity, source):
        faults.append("Allocation amount exceeds the remaining credit")
    if amount > invoice["AmountDue"]:
        faults.append("Allocation amount exceeds the amount outstanding on this document")
    if source["Contact"]["ContactID"] != invoice["Contact"]["ContactID"]:
        faults.append("The contact of the credit and of the invoice do not match")
    if source["CurrencyCode"] != invoice["CurrencyCode"]:
        faults.append("The currency of the credit and of the invoice do not match")
    if payments.is_sales(source) != payments.is_sales(invoice):
        faults.append("The credit and the invoice are not of the same type")
    if faults:
        raise RefusedError(*faults)


def _invoice(books: Books, raw: dict[str, Any]) -> Doc:
    sent = raw.get("Invoice") or {}
    if sent.get("InvoiceID"):
        return books.get("Invoice", sent["InvoiceID"])
    same = books.numbered("Invoice", sent["InvoiceNumber"]) if sent.get("InvoiceNumber") else []
    live = [d for d in same if d["Status"] not in {"DELETED", "VOIDED"}]
    if not live:
        raise RefusedError("An allocation needs a valid Invoice")
    return live[0]


def allocate(books: Books, entity: str, key: str, raw: dict[str, Any]) -> Doc:
    """Apply part of a credit to an invoice; answers the allocation.

    Raises:
        MissingError: unknown credit or invoice identifier.
        RefusedError: the vendor would refuse.
    """
    source = books.get(entity, key)
    invoice = _invoice(books, raw)
    _check(books, entity, source, invoice, raw)
    day = max(source["Date"][:10], invoice["Date"][:10])
    books.check_open(day)
    made = {
        "AllocationID": books.new_id(),
        "Amount": cents(raw["Amount"]),
        "Date": day,
        "Invoice": {
            "InvoiceID": invoice["InvoiceID"],
            "InvoiceNumber": invoice["InvoiceNumber"],
        },
    }
    mark = {"AllocationID": made["AllocationID"], "Amount": made["Amount"], "Date": day}
    payments.settle(
        books,
        entity,
        {
            **source,
            "_applied": [*source["_applied"], mark],
            "Allocations": [*source["Allocations"], made],
        },
    )
    entry = {**mark, "entity": entity, "key": source[KEYS[entity]]}
    payments.settle(books, "Invoice", {**invoice, "_applied": [*invoice["_applied"], entry]})
    return made


def undo(books: Books, entity: str, key: str, allocation: str) -> Doc:
    """Take an allocation back."""
    source = books.get(entity, key)
    found = next((a for a in source["Allocations"] if a["AllocationID"] == allocation), None)
    if found is None:
        raise MissingError(allocation)

    def without(rows: list[Doc]) -> list[Doc]:
        return [r for r in rows if r["AllocationID"] != allocation]

    invoice = books.get("Invoice", found["Invoice"]["InvoiceID"])
    payments.settle(books, "Invoice", {**invoice, "_applied": without(invoice["_applied"])})
    left = {
        "_applied": without(source["_applied"]),
        "Allocations": without(source["Allocations"]),
    }
    payments.settle(books, entity, {**source, **left})
    told = {n: found[n] for n in ("Amount", "Date", "Invoice")}
    return {"AllocationId": allocation, "IsDeleted": True, **told}

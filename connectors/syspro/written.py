"""What the transactions that post payments write, beyond the columns that the catalogue marks as written.

A receipt's table holds one row per document it settles, and no single column names its business object;
what ``documents.py`` takes is described here, so that a mapping to it can be checked like any other.
"""

from __future__ import annotations

from dataclasses import replace

from engine.schema.model import FieldSchema, FieldType, Visibility

_LIST, _TEXT, _MONEY = FieldType.ARRAY, FieldType.STRING, FieldType.DECIMAL


def _extra(
    path: str, label: str, kind: FieldType, length: int | None = None, *, scale: int | None = None
) -> FieldSchema:
    return FieldSchema(
        path=path,
        label=label,
        type=kind,
        length=length,
        scale=scale,
        visibility=Visibility.SEEN,
        description=f"{label} (taken by the posting, not a column of the table)",
    )


COLUMNS: dict[str, frozenset[str]] = {
    "ArInvoicePay": frozenset(
        ("Customer", "JournalDate", "Reference", "TrnValue", "InvoiceNotation")
    ),
    "ApInvoicePay": frozenset(
        ("Supplier", "JournalDate", "PaymentReference", "PaymentNumber", "TrnValue", "PostConvRate")
    ),
}
"""Columns that the posting of a document fills from what it is given."""

EXTRA: dict[str, tuple[FieldSchema, ...]] = {
    "ArInvoicePay": (
        _extra("Bank", "Bank", _TEXT, 15),
        _extra("PaymentType", "Payment type", _TEXT, 1),
        _extra("Allocations", "Documents settled", _LIST),
        _extra("Allocations[].Invoice", "Document", _TEXT, 20),
        _extra("Allocations[].DocumentType", "Document type", _TEXT, 1),
        _extra("Allocations[].TrnValue", "Value settled", _MONEY, scale=2),
        _extra("Allocations[].DiscValue", "Discount in it", _MONEY, scale=2),
        _extra("Allocations[].PostConvRate", "Exchange rate", _MONEY, scale=6),
        _extra("Allocations[].AdjustValue", "Difference written off", _MONEY, scale=2),
        _extra("Allocations[].GlCode", "Account of the difference", _TEXT, 35),
    ),
    "ApInvoicePay": (
        _extra("Bank", "Bank", _TEXT, 15),
        _extra("Allocations", "Invoices settled", _LIST),
        _extra("Allocations[].Invoice", "Invoice", _TEXT, 20),
        _extra("Allocations[].TrnValue", "Value settled", _MONEY, scale=2),
        _extra("Allocations[].DiscValue", "Discount in it", _MONEY, scale=2),
    ),
}
"""Fields that a posting takes and no column shows."""


def with_written(table: str, fields: list[FieldSchema]) -> list[FieldSchema]:
    """The fields of a table as a mapping to it sees them."""
    columns = COLUMNS.get(table, frozenset())
    own = [replace(f, read_only=False) if f.path in columns else f for f in fields]
    return [*own, *EXTRA.get(table, ())]

"""Stored and presented keys: numeric keys are padded with zeros over the whole column (6.4)."""

from __future__ import annotations

# Columns that hold a numbered key, with stored width and presented width. Customers and suppliers
# are numbered in one company and named in the other: all-digit values are numbers.
WIDTHS: dict[str, tuple[int, int]] = {
    "Customer": (15, 7),
    "Supplier": (15, 7),
    "SalesOrder": (20, 6),
    "Invoice": (20, 6),
    "LastInvoice": (20, 6),
    "InvoiceNumber": (20, 6),
}


def stored(column: str, value: str) -> str:
    """The key as the database holds it."""
    bare = value.strip()
    width = WIDTHS.get(column)
    return bare.zfill(width[0]) if width and bare.isdigit() else bare


def presented(column: str, value: str) -> str:
    """The key as query objects show it."""
    width = WIDTHS.get(column)
    if width and value.isdigit():
        return value.lstrip("0").zfill(width[1])
    return value

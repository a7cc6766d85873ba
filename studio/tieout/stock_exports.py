"""A comparison of quantities in a spreadsheet: every item, its warehouses, and what its difference is made of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from openpyxl import Workbook

from engine.canon.totals import cents
from studio.tieout.models import StockComparison, StockRow
from studio.tieout.paper import as_text, csv_of
from studio.tieout.reasons import WORDS

Line = tuple[Any, ...]
COLUMNS = (
    "part", "item", "name", "unit", "warehouse or reason", "source", "target", "difference", "unit cost",
    "value", "currency", "note",
)  # fmt: skip
ITEM, WAREHOUSE, REASON = "item", "warehouse", "reason"


def plain(quantity: Decimal | None) -> Decimal | None:
    """A quantity without a column's trailing zeros."""
    if quantity is None:
        return None
    return (
        quantity.quantize(Decimal(1))
        if quantity == quantity.to_integral()
        else quantity.normalize()
    )


def lines_of(comparison: StockComparison) -> Iterator[Line]:
    """One line per item, then one per warehouse of it and one per named part of its difference.

    One table, so that a spreadsheet can filter it: ``part`` tells the three apart. The books keep one
    quantity per item, so a warehouse has no target.
    """
    words = {str(why): str(said) for why, said in WORDS.items()}
    currency = comparison.currency
    for row in comparison.rows.prefetch_related("parts").iterator(chunk_size=500):
        head = (row.item, row.name, row.unit)
        yield (
            ITEM, *head, "", plain(row.source), plain(row.target), plain(row.difference),
            plain(row.unit_cost), row.value, currency, row.note,
        )  # fmt: skip
        for one in row.warehouses:
            held, cost = Decimal(one["on_hand"]), Decimal(one["unit_cost"])
            yield (
                WAREHOUSE, *head, one["warehouse"], plain(held), None, None, plain(cost),
                cents(held * cost), currency, "",
            )  # fmt: skip
        yield from _reasons(row, words, currency)


def _reasons(row: StockRow, words: dict[str, str], currency: str) -> Iterator[Line]:
    for part in row.parts.all():
        value = cents(part.quantity * row.unit_cost)
        yield (
            REASON, row.item, row.name, row.unit, words.get(part.why, part.why), None, None,
            plain(part.quantity), plain(row.unit_cost), value, currency, "",
        )  # fmt: skip


def as_csv(comparison: StockComparison) -> bytes:
    """The whole comparison; UTF-8."""
    return csv_of(COLUMNS, lines_of(comparison))


def as_xlsx(comparison: StockComparison) -> bytes:
    """The whole comparison on one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Stock levels")
    sheet.append(COLUMNS)
    for line in lines_of(comparison):
        sheet.append([as_text(value) for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMS = {"csv": as_csv, "xlsx": as_xlsx}

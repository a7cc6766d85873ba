"""A comparison of quantities in a spreadsheet and on paper: every item, and what its difference is made of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from engine.canon.totals import cents
from studio.core.paper import as_text, csv_of, made, moment, safe, styles, table
from studio.tieout.models import StockComparison, StockRow
from studio.tieout.reasons import WORDS
from studio.tieout.signing import signature

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


def as_pdf(comparison: StockComparison) -> bytes:
    """One document to file: who compared what, the sum of the differences, each item that differs, the signature.

    Warehouses are left to the spreadsheet: the books keep one quantity per item, and that is what is signed.
    """
    said, one = styles(), comparison
    small, second = said.small, said.second
    done = one.finished_at or one.created_at
    story: list[Flowable] = [
        Paragraph(f"Stock levels: {safe(one.flow.name)}", said.head),
        Paragraph(
            f"{safe(one.flow.source)} against {safe(one.flow.target)} · compared {moment(done)} · "
            f"asked by {safe(one.asked_by)}",
            small,
        ),
        Paragraph("Control totals", second),
        table(
            [
                ("Items", "Differ", f"Worth ({one.currency})", f"Unexplained ({one.currency})"),
                (str(one.items), str(one.apart), f"{one.residual:,.2f}", f"{one.unexplained:,.2f}"),
            ],
            said,
            (30, 30, 50, 60),
        ),
        Paragraph("Items that differ", second),
    ]
    body = differing(one, small)
    story.append(
        table(body, said, (75, 25, 25, 20, 25)) if len(body) > 1 else Paragraph("None.", small)
    )
    story += [Paragraph("Signature", second), Paragraph(signature(one), small), Spacer(1, 4 * mm)]
    return made(
        story,
        said,
        title=f"Stock levels {one.flow.name}",
        author=one.signed_by or "Mapping studio",
        foot=str(one.uuid),
    )


def differing(comparison: StockComparison, small: ParagraphStyle) -> list[Line]:
    """Item with what its difference is made of, both quantities, the difference and its value."""
    words = {str(why): str(said) for why, said in WORDS.items()}
    body: list[Line] = [("Item and reasons", "Source", "Target", "Difference", "Worth")]
    for row in comparison.rows.exclude(difference=0).prefetch_related("parts"):
        parts = "; ".join(
            f"{words.get(p.why, p.why)} {plain(p.quantity):f}" for p in row.parts.all()
        )
        shown = ("–" if q is None else f"{q:,f}" for q in (plain(row.source), plain(row.target)))
        body.append(
            (
                Paragraph(f"<b>{safe(row.item)}</b> {safe(row.unit)}<br/>{safe(parts)}", small),
                *shown,
                f"{plain(row.difference):,f}",
                f"{row.value:,.2f}",
            )
        )
    return body


FORMS = {"csv": as_csv, "xlsx": as_xlsx, "pdf": as_pdf}

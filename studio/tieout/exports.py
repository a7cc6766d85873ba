"""A tie-out on paper and in a spreadsheet: control totals, and every difference by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import reportlab
from openpyxl import Workbook
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from studio.tieout.models import TieOut

Row = tuple[Any, ...]
COLUMNS = ("kind", "record", "amount", "currency")
TOTAL, DIFFERENCE = "control total", "difference"
PLACES = ("source", "ledger", "target")
MEASURES = ("count", "net", "tax", "gross")
INK, LINE = colors.HexColor("#1b2330"), colors.HexColor("#c9ced6")


def rows_of(tie: TieOut, labels: Mapping[str, Any]) -> list[Row]:
    """Kind in words, record, amount, currency of every named difference."""
    return [
        (str(labels.get(d.kind, d.kind)), d.record_key, d.amount, tie.currency)
        for d in tie.differences.all()
    ]


def as_text(value: Any) -> Any:
    """A record's own text never becomes a formula in a spreadsheet."""
    dangerous = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if dangerous else value


def plain(quantity: Decimal | None) -> Decimal | None:
    """A quantity without a column's trailing zeros."""
    if quantity is None:
        return None
    return (
        quantity.quantize(Decimal(1))
        if quantity == quantity.to_integral()
        else quantity.normalize()
    )


def totals_of(tie: TieOut) -> list[Row]:
    """Place in words, and number of documents, net, tax and gross there; None where it was not kept."""
    names = dict(zip(PLACES, (tie.flow.source, "Our ledger", tie.flow.target), strict=True))
    found: list[Row] = []
    for place in PLACES:
        said = tie.totals.get(place, {})
        amounts = (Decimal(said[m]) if m in said else None for m in MEASURES[1:])
        found.append((str(names[place]), said.get("count"), *amounts))
    return found


def as_csv(tie: TieOut, rows: list[Row]) -> bytes:
    """The control totals, one measure of one place a line, then the named differences; UTF-8.

    One table, so that a spreadsheet can filter it: ``part`` tells the two apart.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("part", *COLUMNS))
    for place, *values in totals_of(tie):
        for measure, value in zip(MEASURES, values, strict=True):
            unit = "" if measure == "count" else tie.currency
            writer.writerow([TOTAL, measure, as_text(place), value, unit])
    writer.writerow([TOTAL, "source less target", "", tie.residual, tie.currency])
    writer.writerow([TOTAL, "not explained", "", tie.unexplained, tie.currency])
    writer.writerows([DIFFERENCE, *(as_text(v) for v in row)] for row in rows)
    return text.getvalue().encode()


def as_xlsx(tie: TieOut, rows: list[Row]) -> bytes:
    """The differences below the residual on the first sheet, the control totals on the second."""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has no sheet")
    sheet.title = "Differences"
    sheet.append(["Flow", as_text(tie.flow.name), "Residual", tie.residual])
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append([as_text(v) for v in row])
    totals = book.create_sheet("Control totals")
    totals.append(["place", *MEASURES, "currency"])
    for row in totals_of(tie):
        totals.append([*(as_text(v) for v in row), tie.currency])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_pdf(tie: TieOut, rows: list[Row]) -> bytes:
    """One document to file: who compared what, the totals in three places, the differences, the signature."""
    regular, bold = _fonts()
    small = ParagraphStyle("small", fontName=regular, fontSize=9, leading=12, textColor=INK)
    head = ParagraphStyle("head", fontName=bold, fontSize=15, leading=20, textColor=INK)
    second = ParagraphStyle("second", parent=head, fontSize=11, leading=16, spaceBefore=6 * mm)
    period = f"{tie.period_from or 'beginning'} to {tie.period_to or 'now'}"
    story: list[Flowable] = [
        Paragraph(f"Tie-out: {_safe(tie.flow.name)}", head),
        Paragraph(
            f"{_safe(tie.flow.source)} against {_safe(tie.flow.target)} · {tie.currency} · {period} · "
            f"compared {tie.created_at:%Y-%m-%d %H:%M} UTC",
            small,
        ),
        Paragraph("Control totals", second),
        _table(_totals(tie), regular, bold, (50, 30, 30, 30, 30)),
        Paragraph(f"Differences: {tie.residual:,.2f} {tie.currency}", second),
    ]
    if rows:
        body = [("Why", "Record", f"Amount ({tie.currency})")]
        body += [(Paragraph(_safe(k), small), _cut(r), f"{a:,.2f}") for k, r, a, _ in rows]
        body.append(("Sum", "", f"{sum(r[2] for r in rows):,.2f}"))
        story.append(_table(body, regular, bold, (80, 55, 35), last_bold=True))
    else:
        story.append(Paragraph("None.", small))
    story += [Paragraph("Signature", second), Paragraph(_signature(tie), small), Spacer(1, 4 * mm)]
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=f"Tie-out {tie.flow.name} {tie.currency}",
        author=tie.signed_by or "Mapping studio",
        leftMargin=20 * mm,
        rightMargin=20 * mm,
    )

    def foot(canvas: Any, _document: Any) -> None:
        canvas.setFont(regular, 8)
        canvas.drawRightString(190 * mm, 10 * mm, f"{tie.uuid} · page {canvas.getPageNumber()}")

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


FORMS = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (as_pdf, "application/pdf"),
}


def _fonts() -> tuple[str, str]:
    """The package's own fonts, embedded so that the paper looks the same everywhere."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in ("Vera", "VeraBd"):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    return "Vera", "VeraBd"


def _safe(text: Any) -> str:
    """Text of records is never markup."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int = 28) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _totals(tie: TieOut) -> list[Row]:
    found: list[Row] = [("", *(m.capitalize() for m in MEASURES))]
    for place, count, *amounts in totals_of(tie):
        shown = ("" if a is None else f"{a:,.2f}" for a in amounts)
        found.append((_cut(place), "" if count is None else str(count), *shown))
    return found


def _table(
    rows: list[Row], regular: str, bold: str, widths: tuple[int, ...], *, last_bold: bool = False
) -> Table:
    style = [
        ("FONT", (0, 0), (-1, -1), regular, 9),
        ("FONT", (0, 0), (-1, 0), bold, 9),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("ALIGN", (-1, 0), (-1, -1), "RIGHT"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    if last_bold:
        style.append(("FONT", (0, -1), (-1, -1), bold, 9))
    else:
        style.append(("ALIGN", (1, 0), (-1, -1), "RIGHT"))
    return Table(
        rows,
        colWidths=[w * mm for w in widths],
        repeatRows=1,
        style=TableStyle(style),
        hAlign="LEFT",
    )


def _signature(tie: TieOut) -> str:
    if not tie.signed_at:
        return "Not signed."
    note = f" “{_safe(tie.sign_note)}”" if tie.sign_note else ""
    return f"Signed by {_safe(tie.signed_by)}, {tie.signed_at:%Y-%m-%d %H:%M} UTC.{note}"

"""What papers and exports share: cells that are no formulas, text that is no markup, tables and pages on paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import reportlab
from django.http import Http404, HttpResponse
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, SimpleDocTemplate, Table, TableStyle

from engine.canon.days import spoken_day

Row = tuple[Any, ...]
# Content type of each form of a download.
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
INK, LINE = colors.HexColor("#1b2330"), colors.HexColor("#c9ced6")


class Styles(NamedTuple):
    """Fonts and paragraph styles of every paper."""

    regular: str
    bold: str
    small: ParagraphStyle
    head: ParagraphStyle
    second: ParagraphStyle


def styles() -> Styles:
    """With the package's own fonts, embedded so that the paper looks the same everywhere."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in ("Vera", "VeraBd"):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    head = ParagraphStyle("head", fontName="VeraBd", fontSize=15, leading=20, textColor=INK)
    return Styles(
        "Vera",
        "VeraBd",
        ParagraphStyle("small", fontName="Vera", fontSize=9, leading=12, textColor=INK),
        head,
        ParagraphStyle("second", parent=head, fontSize=11, leading=16, spaceBefore=6 * mm),
    )


def moment(when: datetime) -> str:
    """A moment on paper, which has no reader's time zone: 31 Mar 2026 14:05 UTC."""
    there = when.astimezone(UTC)
    return f"{spoken_day(there.date())} {there:%H:%M} UTC"


def as_text(value: Any) -> Any:
    """A record's own text never becomes a formula in a spreadsheet."""
    dangerous = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if dangerous else value


def csv_of(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A table with its head; UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([as_text(value) for value in row] for row in rows)
    return text.getvalue().encode()


def download(name: str, form: str, makers: Mapping[str, Callable[[], bytes]]) -> HttpResponse:
    """The answer that saves a file of that name.

    Raises:
        Http404: nothing is made in that form.
    """
    if form not in makers:
        raise Http404
    response = HttpResponse(makers[form](), content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def safe(text: Any) -> str:
    """Text of records is never markup."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int = 28) -> str:
    """Text that fits into a cell that does not wrap."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def table(
    rows: list[Row], said: Styles, widths: tuple[int, ...], *, last_bold: bool = False
) -> Table:
    """A table whose head repeats on every page; the last column, of amounts, stands right.

    Args:
        rows: with the head.
        said: fonts.
        widths: of the columns, in millimetres.
        last_bold: the last row is a sum; without one all but the first column are amounts.
    """
    style = [
        ("FONT", (0, 0), (-1, -1), said.regular, 9),
        ("FONT", (0, 0), (-1, 0), said.bold, 9),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("ALIGN", (-1, 0), (-1, -1), "RIGHT"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    if last_bold:
        style.append(("FONT", (0, -1), (-1, -1), said.bold, 9))
    else:
        style.append(("ALIGN", (1, 0), (-1, -1), "RIGHT"))
    return Table(
        rows,
        colWidths=[w * mm for w in widths],
        repeatRows=1,
        style=TableStyle(style),
        hAlign="LEFT",
    )


def made(
    story: list[Flowable], said: Styles, *, title: str, author: str, foot: str, same: bool = False
) -> bytes:
    """The pages of a paper as PDF; each says what it belongs to and its number.

    Args:
        story: what stands on it.
        said: fonts.
        title: kept in the file.
        author: kept in the file.
        foot: what every page says it belongs to.
        same: the same story is the same bytes whenever it is made; the file keeps no time then.
    """
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, title=title, author=author, leftMargin=20 * mm, rightMargin=20 * mm,
        invariant=same,
    )  # fmt: skip

    def write_foot(canvas: Any, _document: Any) -> None:
        canvas.setFont(said.regular, 8)
        canvas.drawRightString(190 * mm, 10 * mm, f"{foot} · page {canvas.getPageNumber()}")

    document.build(story, onFirstPage=write_foot, onLaterPages=write_foot)
    return out.getvalue()

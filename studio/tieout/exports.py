"""A tie-out on paper and in a spreadsheet: control totals, and every difference by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from engine.canon.days import spoken_day
from engine.canon.money import spoken
from studio.core.paper import Row, as_text, cut, made, moment, safe, styles, table
from studio.tieout.models import PENDING, Difference, TieOut
from studio.tieout.signing import period_of, signature
from studio.tieout.subjects import About, about

COLUMNS = ("kind", "record", "customer", "date", "amount", "currency")
ABOUT, TOTAL, DIFFERENCE = "about", "control total", "difference"
AMOUNT = COLUMNS.index("amount")
MONEY, DAY = "#,##0.00", "yyyy-mm-dd"
PLACES = ("source", "ledger", "target")
MEASURES = ("count", "net", "tax", "gross")


def rows_of(tie: TieOut, labels: Mapping[str, Any]) -> list[Row]:
    """Kind in words, record, customer, date, amount, currency of every named difference.

    The kind carries what else is known of it; customer and date are empty where no record of ours knows them.
    """
    differences = list(tie.differences.all())
    known = about(d.subject for d in differences)
    rows = []
    for d in differences:
        kind = [str(labels.get(d.kind, d.kind)), *_besides(d, tie)]
        who = known.get(d.subject, About())
        rows.append((": ".join(kind), d.record_key, who.party, who.on, d.amount, tie.currency))
    return rows


def verdict_of(tie: TieOut) -> str:
    """What the comparison came to, in one sentence."""
    if tie.unexplained:
        return (
            f"The two sides do not tie: {spoken(tie.unexplained, tie.currency)} has no lawful "
            "explanation."
        )
    if not tie.green:
        return "The two sides do not tie: a difference is to be put right or answered for."
    named = set(tie.differences.values_list("kind", flat=True))
    if named & PENDING:
        return "The difference is explained, but not over: not all is posted or settled."
    if named:
        return "Every cent of the difference has a name."
    return "Both sides tie to the cent."


def head_of(tie: TieOut) -> list[tuple[str, str]]:
    """What every form of it says first: what was compared, when, with which result, and who signed."""
    return [
        ("flow", str(tie.flow.name)),
        ("source", str(tie.flow.source)),
        ("target", str(tie.flow.target)),
        ("currency", tie.currency),
        ("period", period_of(tie)),
        ("verdict", verdict_of(tie)),
        *(("not compared", said) for said in aside_of(tie)),
        ("compared", moment(tie.created_at)),
        ("signature", signature(tie)),
    ]


def aside_of(tie: TieOut) -> list[str]:
    """What the source has and the flow leaves out, a sentence for each reason; nothing in older comparisons."""
    return [
        f"{row['count']} of the source, {spoken(Decimal(row['gross']), tie.currency)}: {row['said']}"
        for row in tie.totals.get("aside", [])
    ]


def _besides(one: Difference, tie: TieOut) -> Iterator[str]:
    """The reason that somebody gave, and the tax or the days where the two sides say otherwise."""
    if reason := one.detail.get("reason"):
        yield str(reason)
    if "tax" in one.detail:
        yield f"tax {spoken(Decimal(one.detail['tax']), tie.currency)} apart"
    if "target_on" in one.detail:
        here, there = (spoken_day(one.detail[k]) for k in ("source_on", "target_on"))
        yield f"{here} in {tie.flow.source}, {there} in {tie.flow.target}"


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
    """What was compared, the control totals, one measure of one place a line, the differences; UTF-8.

    One table, so that a spreadsheet can filter it: ``part`` tells the three apart.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("part", *COLUMNS))
    for name, said in head_of(tie):
        writer.writerow([ABOUT, name, as_text(said), "", "", "", ""])
    for place, *values in totals_of(tie):
        for measure, value in zip(MEASURES, values, strict=True):
            unit = "" if measure == "count" else tie.currency
            writer.writerow([TOTAL, measure, as_text(place), "", "", value, unit])
    writer.writerow([TOTAL, "source less target", "", "", "", tie.residual, tie.currency])
    writer.writerow([TOTAL, "not explained", "", "", "", tie.unexplained, tie.currency])
    writer.writerows([DIFFERENCE, *(as_text(v) for v in row)] for row in rows)
    return text.getvalue().encode()


def as_xlsx(tie: TieOut, rows: list[Row]) -> bytes:
    """What was compared and the differences on the first sheet, the control totals on the second."""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has no sheet")
    sheet.title = "Differences"
    for name, said in head_of(tie):
        sheet.append([name.capitalize(), as_text(said)])
    for name, amount in (("Difference", tie.residual), ("Not explained", tie.unexplained)):
        sheet.append([name, amount])
        sheet.cell(sheet.max_row, 2).alignment = Alignment(horizontal="left")
    sheet.append([])
    sheet.append(list(COLUMNS))
    heads = [sheet.max_row]
    for row in rows:
        sheet.append([as_text(v) for v in row])
    totals = book.create_sheet("Control totals")
    totals.append(["place", *MEASURES, "currency"])
    for row in totals_of(tie):
        totals.append([*(as_text(v) for v in row), tie.currency])
    for one, widths, head in ((sheet, WIDTHS, heads[0]), (totals, (34, *(16,) * 5), 1)):
        _formatted(one, widths, head)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# Of the columns of the differences, in characters.
WIDTHS = (44, 30, 34, 12, 16, 10)


def _formatted(sheet: Worksheet, widths: Sequence[int], head: int) -> None:
    """Amounts with two decimals, days as days, a head that stands out."""
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for cell in sheet[head]:
        cell.font = Font(bold=True)
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, Decimal):
                cell.number_format = MONEY
            elif isinstance(cell.value, date):
                cell.number_format = DAY


def as_pdf(tie: TieOut, rows: list[Row]) -> bytes:
    """One document to file: who compared what, the totals in three places, the differences, the signature."""
    said = styles()
    small, second = said.small, said.second
    story: list[Flowable] = [
        Paragraph(f"Tie-out: {safe(tie.flow.name)}", said.head),
        Paragraph(
            f"{safe(tie.flow.source)} against {safe(tie.flow.target)} · {tie.currency} · "
            f"{period_of(tie)} · compared {moment(tie.created_at)}",
            small,
        ),
        Paragraph(f"<b>{safe(verdict_of(tie))}</b>", small),
        Paragraph("Control totals", second),
        table(_totals(tie), said, (50, 30, 30, 30, 30)),
        Paragraph(f"Differences: {tie.residual:,.2f} {tie.currency}", second),
    ]
    if rows:
        body: list[Row] = [("Why", "Record", "Customer", "Date", f"Amount ({tie.currency})")]
        for kind, record, party, on, amount, _ in rows:
            why, who = Paragraph(safe(kind), small), Paragraph(safe(party), small)
            day = spoken_day(on) if on else ""
            body.append((why, cut(record, 18), who, day, f"{amount:,.2f}"))
        body.append(("Sum", "", "", "", f"{sum(r[AMOUNT] for r in rows):,.2f}"))
        story.append(table(body, said, (52, 33, 38, 22, 30), last_bold=True))
    else:
        story.append(Paragraph("None.", small))
    if left := aside_of(tie):
        story.append(Paragraph("Not compared", second))
        story += [Paragraph(safe(said), small) for said in left]
    story += [Paragraph("Signature", second), Paragraph(signature(tie), small), Spacer(1, 4 * mm)]
    return made(
        story,
        said,
        title=f"Tie-out {tie.flow.name} {tie.currency}",
        author=tie.signed_by or "Mapping studio",
        foot=str(tie.uuid),
    )


FORMS = {"csv": as_csv, "xlsx": as_xlsx, "pdf": as_pdf}


def _totals(tie: TieOut) -> list[Row]:
    found: list[Row] = [("", *(m.capitalize() for m in MEASURES))]
    for place, count, *amounts in totals_of(tie):
        shown = ("" if a is None else f"{a:,.2f}" for a in amounts)
        found.append((cut(place), "" if count is None else str(count), *shown))
    return found

"""A tie-out on paper and in a spreadsheet: control totals, and every difference by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from engine.canon.days import spoken_day
from studio.core.paper import Row, as_text, cut, made, moment, safe, styles, table
from studio.tieout.models import Difference, TieOut
from studio.tieout.signing import signature

COLUMNS = ("kind", "record", "amount", "currency")
TOTAL, DIFFERENCE = "control total", "difference"
PLACES = ("source", "ledger", "target")
MEASURES = ("count", "net", "tax", "gross")


def rows_of(tie: TieOut, labels: Mapping[str, Any]) -> list[Row]:
    """Kind in words, record, amount, currency of every named difference; with what else is known of it."""
    return [
        (": ".join(said), d.record_key, d.amount, tie.currency)
        for d in tie.differences.all()
        if (said := [str(labels.get(d.kind, d.kind)), *_besides(d, tie)])
    ]


def _besides(one: Difference, tie: TieOut) -> Iterator[str]:
    """The reason that somebody gave, and the days where the two sides date a document otherwise."""
    if reason := one.detail.get("reason"):
        yield str(reason)
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
    said = styles()
    small, second = said.small, said.second
    since = spoken_day(tie.period_from) if tie.period_from else "beginning"
    period = f"{since} to {spoken_day(tie.period_to) if tie.period_to else 'now'}"
    story: list[Flowable] = [
        Paragraph(f"Tie-out: {safe(tie.flow.name)}", said.head),
        Paragraph(
            f"{safe(tie.flow.source)} against {safe(tie.flow.target)} · {tie.currency} · {period} · "
            f"compared {moment(tie.created_at)}",
            small,
        ),
        Paragraph("Control totals", second),
        table(_totals(tie), said, (50, 30, 30, 30, 30)),
        Paragraph(f"Differences: {tie.residual:,.2f} {tie.currency}", second),
    ]
    if rows:
        body = [("Why", "Record", f"Amount ({tie.currency})")]
        body += [(Paragraph(safe(k), small), cut(r), f"{a:,.2f}") for k, r, a, _ in rows]
        body.append(("Sum", "", f"{sum(r[2] for r in rows):,.2f}"))
        story.append(table(body, said, (80, 55, 35), last_bold=True))
    else:
        story.append(Paragraph("None.", small))
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

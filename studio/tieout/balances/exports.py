"""Open balances on paper and in a spreadsheet: both sides, the parties, every document with its reasons."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from reportlab.platypus import Flowable, Paragraph

from studio.core.paper import Row, as_text, csv_of, cut, made, moment, safe, styles, table
from studio.tieout.labels import KINDS, OPEN_LABELS
from studio.tieout.models import Balance, OpenDifference, OpenDocument
from studio.tieout.subjects import OURS, flows_of

COLUMNS = (
    "party",
    "source code",
    "target key",
    "document",
    "source number",
    "target number",
    "date",
    "open at source",
    "open at target",
    "difference",
    "why",
    "currency",
)


def rows_of(balance: Balance) -> Iterator[Row]:
    """One line a reason; a document without a difference has one line, its amounts stand once."""
    documents = OpenDocument.objects.filter(party__balance=balance).select_related("party")
    flows = flows_of(OpenDifference.objects.filter(document__party__balance=balance))
    for one in documents.order_by("party__label", "party_id", "id").prefetch_related("differences"):
        named = [(d.amount, _why(d, flows)) for d in one.differences.all()]
        for number, (amount, why) in enumerate(named or [(Decimal(0), "")]):
            yield (
                one.party.label,
                one.party.source_code,
                one.party.target_key,
                str(KINDS.get(one.kind, one.kind)),
                one.source_number,
                one.target_number,
                one.on,
                one.source_open if number == 0 else None,
                one.target_open if number == 0 else None,
                amount,
                why,
                balance.currency,
            )


def _why(one: OpenDifference, flows: Mapping[str, str]) -> str:
    """The name of a difference, with the flow where it is a flow's own doing."""
    flow = flows.get(one.subject, "") if one.kind in OURS else ""
    return ": ".join([str(OPEN_LABELS.get(one.kind, one.kind)), *([flow] if flow else [])])


def _head(balance: Balance) -> list[tuple[str, Decimal]]:
    return [
        (str(balance.reading.source), balance.source_open),
        (str(balance.reading.target), balance.target_open),
        ("Source less target", balance.difference),
        ("Not explained", balance.unexplained),
    ]


def as_csv(balance: Balance) -> bytes:
    """One line a reason of a document; UTF-8."""
    return csv_of(COLUMNS, rows_of(balance))


def as_xlsx(balance: Balance) -> bytes:
    """Documents on the first sheet, parties on the second, what both sides say on the third."""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has no sheet")
    sheet.title = "Documents"
    sheet.append(list(COLUMNS))
    for row in rows_of(balance):
        sheet.append([as_text(value) for value in row])
    parties = book.create_sheet("Parties")
    parties.append(["party", "source code", "target key", "source", "target", "difference"])
    for one in balance.parties.order_by("label", "id"):
        values = (one.label, one.source_code, one.target_key, one.source_open, one.target_open)
        parties.append([*(as_text(v) for v in values), one.difference])
    totals = book.create_sheet("Totals")
    for label, amount in _head(balance):
        totals.append([as_text(label), amount, balance.currency])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_pdf(balance: Balance) -> bytes:
    """One document to file: what both sides say, and every document that differs, with the reason."""
    said = styles()
    small, second = said.small, said.second
    reading = balance.reading
    read = reading.read_at or balance.created_at
    story: list[Flowable] = [
        Paragraph(f"{safe(balance.get_area_display())} in {balance.currency}", said.head),
        Paragraph(
            f"{safe(reading.source)} against {safe(reading.target)} · read {moment(read)}",
            small,
        ),
        Paragraph("What is open", second),
        table(
            [
                ("", f"Amount ({balance.currency})"),
                *((cut(k), f"{a:,.2f}") for k, a in _head(balance)),
            ],
            said,
            (120, 50),
        ),
        Paragraph("Documents that differ", second),
    ]
    body: list[Any] = [("Party", "Document", "Why", "Amount")]
    apart = [row for row in rows_of(balance) if row[9]]
    body += [
        (
            Paragraph(safe(row[0]), small),
            cut(str(row[4] or row[5]), 18),
            Paragraph(safe(row[10]), small),
            f"{row[9]:,.2f}",
        )
        for row in apart
    ]
    if apart:
        body.append(("Sum", "", "", f"{sum(row[9] for row in apart):,.2f}"))
        story.append(table(body, said, (55, 35, 50, 30), last_bold=True))
    else:
        story.append(Paragraph("None.", small))
    title = f"{balance.get_area_display()} {balance.currency}"
    return made(story, said, title=title, author="Mapping studio", foot=str(balance.uuid))


FORMS = {"csv": as_csv, "xlsx": as_xlsx, "pdf": as_pdf}

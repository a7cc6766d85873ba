"""The source document on paper: what was read, what it amounts to, and who answers for the translation.

``said_about`` writes down everything the paper says as plain values, once; ``paper_of`` makes the pages of
them and of nothing else, so that the same values are the same bytes whenever they are made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from connectors.http.jsontext import dump, load
from engine.canon.money import spoken
from studio.core.paper import Row, Styles, cut, made, safe, styles, table
from studio.flows.evidence import flat, place_words
from studio.flows.models import Delivery, InboxItem
from studio.mapping.models import MappingVersion

KIND = "application/pdf"
# Fields of the record that are printed; a record of a thousand lines is looked at in the studio.
MOST_FIELDS = 400
_TOTALS = ("net_total", "tax_total", "gross_total")
# A row has to fit on a page.
_NAME, _VALUE = 80, 1500


def said_about(posted: Delivery) -> dict[str, Any]:
    """Everything the paper of a posting's source document says; plain values, in order."""
    item, flow = posted.item, posted.flow
    document = str(posted.version.content["design"]["document"])
    fields = flat(load(item.payload)["data"])
    said: dict[str, Any] = {
        "document": document.replace("_", " ").capitalize(),
        "number": str(item.canonical.get("number") or item.key),
        "source": flow.source.name,
        "target": flow.target.name,
        "flow": flow.name,
        "entity": item.entity,
        "key": item.key,
        "read_at": f"{item.created_at:%Y-%m-%d %H:%M:%S}",
        "head": [
            [place_words(path).capitalize(), _short(value)]
            for path, value in flat(
                {
                    k: v
                    for k, v in item.canonical.items()
                    if not isinstance(v, list) and k not in _TOTALS
                }
            )
        ],
        "lines": [line_of(n, one) for n, one in enumerate(_lines(item), start=1)],
        "money": {
            "net": str(item.net),
            "tax": str(item.tax),
            "gross": str(item.amount),
            "currency": item.currency,
        },
        "record": [[cut(path, 200), _short(value)] for path, value in fields[:MOST_FIELDS]],
        "left_out": max(0, len(fields) - MOST_FIELDS),
        "approved": _approvals(posted),
        "hash": item.payload_hash,
    }
    digest = hashlib.sha256(dump(said)).hexdigest()[:8]
    said["name"] = file_name(f"{said['document']} {said['number']}", digest)
    return said


def file_name(words: str, digest: str) -> str:
    """A name that every vendor takes and that says which content it is."""
    plain = re.sub(r"[^\w .-]", "_", words, flags=re.ASCII).strip(" .")
    return f"{plain[:_NAME].rstrip(' .')} ({digest}).pdf"


def _short(value: Any) -> str:
    return cut(str(value), _VALUE)


def _lines(item: InboxItem) -> list[dict[str, Any]]:
    return [one for one in item.canonical.get("lines") or [] if isinstance(one, dict)]


def line_of(number: int, line: Mapping[str, Any]) -> list[str]:
    """Number, what it is, quantity, price and amount of one line, as texts."""
    words = [line.get("item"), line.get("description"), line.get("account"), line.get("tax_code")]
    amount = line.get("net_amount")
    if amount is None and (line.get("debit") or line.get("credit")):
        # A journal's line is a debit or a credit; the other of the two may be a written zero.
        debit, credit = (Decimal(str(line.get(side) or 0)) for side in ("debit", "credit"))
        amount = debit - credit
    return [
        str(line.get("number") or number),
        _short(" · ".join(str(w) for w in words if w)),
        " ".join(str(v) for v in (line.get("quantity"), line.get("unit")) if v is not None),
        *("" if v is None else str(v) for v in (line.get("unit_price"), amount)),
    ]


def _approvals(posted: Delivery) -> list[list[str]]:
    """What translated the record, who published it, and who approved its rows."""
    content, version = posted.version.content, posted.version
    found = [[f"Flow, version {version.number}", f"published by {version.published_by}"]]
    pins = [content.get("inbound"), content.get("outbound", {}).get(posted.entity)]
    versions = MappingVersion.objects.select_related("mapping").in_bulk(
        [pin["version"] for pin in pins if pin and "version" in pin]
    )
    for pin in pins:
        one = versions.get(pin.get("version")) if pin else None
        if one is None:
            continue
        people = {
            str(said[role])
            for said in one.approvals.values()
            if isinstance(said, dict)
            for role in ("by", "second")
            if said.get(role)
        }
        mapping = one.mapping
        words = f"{mapping.entity} {mapping.get_direction_display().lower()}, version {one.number}"
        by = f"; rows approved by {', '.join(sorted(people))}" if people else ""
        found.append([f"Mapping of {words}", f"published by {one.published_by}{by}"])
    return found


# --- the pages --------------------------------------------------------------------------------------


def paper_of(said: Mapping[str, Any]) -> bytes:
    """The paper as PDF; the same values are the same bytes."""
    fonts = styles()
    small, second = fonts.small, fonts.second
    money = said["money"]
    title = f"{said['document']} {said['number']}"
    story: list[Flowable] = [
        Paragraph(safe(title), fonts.head),
        Paragraph(
            f"As it was read from {safe(said['source'])} ({safe(said['entity'])} {safe(said['key'])}) on "
            f"{said['read_at']} UTC, and posted to {safe(said['target'])} by “{safe(said['flow'])}”.",
            small,
        ),
        Spacer(1, 4 * mm),
        _pairs(said["head"], fonts),
    ]
    if said["lines"]:
        story += [Paragraph("Lines", second), _table_of_lines(said["lines"], fonts)]
    totals = [
        (words, _money(money[name], money["currency"]))
        for name, words in (("net", "Before tax"), ("tax", "Tax"), ("gross", "Total"))
    ]
    story += [
        Paragraph("Money", second),
        table([("", "Amount"), *totals], fonts, (60, 50), last_bold=True),
        Paragraph("Who answers for the translation", second),
        _pairs(said["approved"], fonts),
        Paragraph(f"The record as {safe(said['source'])} gave it", second),
        _pairs(said["record"], fonts),
    ]
    if said["left_out"]:
        story.append(Paragraph(f"{said['left_out']} more fields are in the studio.", small))
    story += [
        Paragraph("Content", second),
        Paragraph(f"SHA-256 of the record as it was read: {said['hash']}", small),
    ]
    return made(
        story, fonts, title=title, author="Mapping studio", foot=str(said["hash"])[:16], same=True
    )


def _pairs(rows: list[list[str]], fonts: Styles) -> Flowable:
    """Names and values below each other; both may be long."""
    body: list[Row] = [("Field", Paragraph("Value", _bold(fonts)))]
    body += [tuple(Paragraph(safe(text), fonts.small) for text in row) for row in rows]
    return table(body, fonts, (60, 110), last_bold=False)


def _bold(fonts: Styles) -> ParagraphStyle:
    """For the head of a column that stands left."""
    return ParagraphStyle("column", parent=fonts.small, fontName=fonts.bold)


def _table_of_lines(rows: list[list[str]], fonts: Styles) -> Flowable:
    body: list[Row] = [("Line", Paragraph("What", _bold(fonts)), "Quantity", "Price", "Amount")]
    body += [
        (number, Paragraph(safe(what), fonts.small), quantity, _figure(price), _figure(amount))
        for number, what, quantity, price, amount in rows
    ]
    return table(body, fonts, (14, 80, 28, 24, 24))


def _figure(text: str) -> str:
    """A number with its thousands apart and all its digits."""
    try:
        return f"{Decimal(text):,f}" if text else ""
    except InvalidOperation:
        return text


def _money(text: str, currency: str) -> str:
    return spoken(Decimal(text), currency)

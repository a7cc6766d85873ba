"""Totals that a document does not carry are the sums of its parts, to the cent.

Tax is computed per code and rate on the sum of the lines and rounded half up, as ERPs do; the cents
are then shared out over the lines by cumulative rounding, so that the lines' tax adds up exactly to
the document's whatever the target's own rounding habit is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Two places, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _number(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))


@dataclass(frozen=True, slots=True)
class Sums:
    """The three amounts every document is counted by.

    Of a journal ``gross`` is the sum of its debits and ``net`` that of its credits, so that ``tax``,
    their difference, is zero. Of a stock level all is the value of the difference that is adjusted.
    """

    gross: Decimal
    net: Decimal
    tax: Decimal


def sums_of(document: Mapping[str, Any], kind: str) -> Sums:
    """The amounts of a completed document of a canonical kind; zero where it has none."""
    if kind == "journal":
        debit = _number(document.get("debit_total")) or Decimal(0)
        credit = _number(document.get("credit_total")) or Decimal(0)
        return Sums(debit, credit, debit - credit)
    if kind == "payment":
        paid = _number(document.get("amount")) or Decimal(0)
        return Sums(paid, paid, Decimal(0))
    if kind == "stock_level":
        moved = _number(document.get("difference_value")) or Decimal(0)
        return Sums(moved, moved, Decimal(0))
    net = _number(document.get("net_total")) or Decimal(0)
    tax = _number(document.get("tax_total")) or Decimal(0)
    return Sums(_number(document.get("gross_total")) or net + tax, net, tax)


def complete(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """The document of a canonical kind with its totals (and line taxes) filled in.

    What the document carries is kept; only what is missing is derived. A document without lines is
    returned as it is.
    """
    lines = [dict(line) for line in document.get("lines") or []]
    if not lines:
        return document
    if kind == "journal":
        return _both_sides(document, lines)
    groups: dict[tuple[str, Decimal], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        if _number(line.get("tax_amount")) is None:
            rate = _number(line.get("tax_rate")) or Decimal(0)
            groups[(str(line.get("tax_code") or ""), rate)].append(line)
    for (_, rate), members in groups.items():
        _share(members, rate)
    filled = {**document, "lines": lines}
    net = sum((_number(line.get("net_amount")) or Decimal(0) for line in lines), Decimal(0))
    tax = sum((_number(line.get("tax_amount")) or Decimal(0) for line in lines), Decimal(0))
    if _number(document.get("net_total")) is None:
        filled["net_total"] = net
    if _number(document.get("tax_total")) is None:
        filled["tax_total"] = tax
    if _number(document.get("gross_total")) is None:
        filled["gross_total"] = Decimal(filled["net_total"]) + Decimal(filled["tax_total"])
    return filled


def _both_sides(document: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    filled = dict(document)
    for total, side in (("debit_total", "debit"), ("credit_total", "credit")):
        if _number(document.get(total)) is None:
            amounts = (_number(line.get(side)) or Decimal(0) for line in lines)
            filled[total] = sum(amounts, Decimal(0))
    return filled


def _share(lines: list[dict[str, Any]], rate: Decimal) -> None:
    """Give each line its part of the group's tax; the parts add up to the group's rounded tax."""
    running, given = Decimal(0), Decimal(0)
    for line in lines:
        running += _number(line.get("net_amount")) or Decimal(0)
        due = cents(running * rate / 100)
        line["tax_amount"] = due - given
        given = due

"""Amounts of a target's document, by the design's plan of where the target says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from engine.canon.totals import Sums
from studio.flows.places import first

ZERO = Decimal(0)


def amount_at(record: Mapping[str, Any], plan: str | Mapping[str, Any]) -> Decimal | None:
    """One amount of a target's document; None where the document does not say it.

    Args:
        record: the document as the target says it.
        plan: a path, or ``{each: list, sum: path inside, where: {path inside: value}, sign: debit}``
            for targets that state no total. With ``sign`` only positive (``debit``) or negative
            (``credit``) amounts count, as positive ones.
    """
    if isinstance(plan, str):
        value = first(dict(record), plan)
        return Decimal(str(value)) if value not in (None, "") else None
    rows = first(dict(record), plan["each"])
    if not isinstance(rows, list):
        return None
    return sum(_chosen(rows, plan), ZERO)


def _chosen(rows: list[Any], plan: Mapping[str, Any]) -> Iterator[Decimal]:
    where: Mapping[str, Any] = plan.get("where", {})
    sign = {"debit": 1, "credit": -1}.get(str(plan.get("sign", "")))
    for row in rows:
        value = first(row, plan["sum"])
        if value in (None, "") or any(first(row, p) != wanted for p, wanted in where.items()):
            continue
        amount = Decimal(str(value))
        if sign is None:
            yield amount
        elif amount * sign > 0:
            yield amount * sign


def amounts_of(record: Mapping[str, Any], plan: Mapping[str, Any]) -> Sums:
    """Gross, net and tax of a target's document; a plan names gross and one of the other two."""
    gross = amount_at(record, plan["gross"]) or ZERO
    if "net" in plan:
        net = amount_at(record, plan["net"]) or ZERO
        return Sums(gross, net, gross - net)
    tax = amount_at(record, plan["tax"]) or ZERO
    return Sums(gross, gross - tax, tax)

"""Several lines become one: amounts and quantities are added up, nothing is lost on the way.

Lines are only put together where the result says the same: tax, unit and kind are equal, and quantity
times price still is the amount. A line that would need a rounded price stays on its own, so the sums
of the document are the same before and after to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from engine.schema.model import Record

# What must be equal besides the fields a person chose: tax and unit decide what an amount means.
ALWAYS = ("kind", "unit", "tax_code", "tax_rate", "discount_percent")
ADDED = ("quantity", "net_amount", "tax_amount", "discount_amount")
MOST_PLACES = 6


def combine_lines(
    document: Record, by: Sequence[str]
) -> tuple[Record, tuple[tuple[int, ...], ...]]:
    """The document with lines put together that agree in ``by``.

    Args:
        document: a canonical document with ``lines``.
        by: names of line fields that must be equal, e.g. ``item``, ``unit_price``.

    Returns:
        The document, and for each line of it the positions of the lines it was made of.
    """
    lines: list[dict[str, Any]] = [dict(x) for x in document.get("lines") or []]  # type: ignore[union-attr,arg-type]
    groups: dict[Any, list[int]] = {}
    for position, line in enumerate(lines):
        alone = position if line.get("kind") == "comment" else None
        key = (alone, *(_comparable(line.get(name)) for name in (*by, *ALWAYS)))
        groups.setdefault(key, []).append(position)
    made = [part for members in groups.values() for part in _merged(lines, members)]
    made.sort(key=lambda pair: pair[1][0])
    numbered = [
        {**line, "number": n} if line.get("number") is not None else line
        for n, (line, _) in enumerate(made, start=1)
    ]
    combined: dict[str, Any] = {**document, "lines": numbered}
    return combined, tuple(members for _, members in made)


def _comparable(value: Any) -> str:
    number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return format(Decimal(value).normalize(), "f") if number else str(value or "")


def _merged(
    lines: list[dict[str, Any]], members: list[int]
) -> Iterator[tuple[dict[str, Any], tuple[int, ...]]]:
    """One line of all members, or each of them where that would need a rounded price."""
    together = _together([lines[m] for m in members]) if len(members) > 1 else None
    if together is not None:
        yield together, tuple(members)
        return
    for one in members:
        yield lines[one], (one,)


def _together(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    first = lines[0]
    made = {k: v for k, v in first.items() if all(line.get(k) == v for line in lines[1:])}
    for name in ADDED:
        values = [line.get(name) for line in lines]
        if any(v not in (None, "") for v in values):
            made[name] = sum((_number(v) for v in values), Decimal(0))
    texts = list(
        dict.fromkeys(str(line["description"]) for line in lines if line.get("description"))
    )
    if texts:
        made["description"] = "; ".join(texts)
    if "number" in first:
        made["number"] = first["number"]
    if any(line.get("unit_price") is not None for line in lines) and "unit_price" not in made:
        price = _price(lines, _number(made.get("quantity")))
        if price is None:
            return None
        made["unit_price"] = price
    return made


def _price(lines: list[dict[str, Any]], quantity: Decimal) -> Decimal | None:
    """The price that gives the same amount for the whole quantity, None where it would be rounded."""
    amount = sum(
        (_number(x.get("quantity")) * _number(x.get("unit_price")) for x in lines), Decimal(0)
    )
    if not quantity:
        return None
    price = (amount / quantity).quantize(Decimal(1).scaleb(-MOST_PLACES))
    return price.normalize() if price * quantity == amount else None


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)

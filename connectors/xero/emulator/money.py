"""Amounts as Xero computes them: per line, half up, tax of a document = sum of line taxes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from connectors.xero.emulator.errors import RefusedError

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def cents(value: Decimal, places: Decimal = CENT) -> Decimal:
    """Half up to ``places``; amounts beyond any ledger are refused."""
    try:
        return value.quantize(places, ROUND_HALF_UP)
    except DecimalException as error:
        raise RefusedError("Amount is out of range") from error


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of a document."""

    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    discount: Decimal


def line_amount(line: dict[str, Any], unit_places: int) -> None:
    """Fill ``Quantity``, ``UnitAmount`` and ``LineAmount`` of a line from what was given.

    Raises:
        RefusedError: a given line amount that contradicts quantity times price.
    """
    quantity, unit, given = line.get("Quantity"), line.get("UnitAmount"), line.get("LineAmount")
    if quantity is None and unit is None and given is None:
        return  # a description-only line
    places = Decimal(1).scaleb(-unit_places)
    if unit is not None:
        unit = line["UnitAmount"] = cents(unit, places)
    if quantity is None:
        divisor = unit if unit and given is not None else None
        quantity = cents(given / divisor, Decimal("0.0001")) if divisor and given else Decimal(1)
        line["Quantity"] = quantity
    if unit is None:
        share = (given or ZERO) / quantity if quantity else ZERO
        unit = line["UnitAmount"] = cents(share, places)
    expected = _expected(line, quantity, unit)
    if given is None:
        line["LineAmount"] = expected
        return
    line["LineAmount"] = cents(given)
    tolerance = max(CENT, abs(quantity) * places / 2)
    if abs(line["LineAmount"] - expected) > tolerance:
        raise RefusedError(
            f"The line total {line['LineAmount']} does not match the expected line total {expected}"
        )


def _expected(line: dict[str, Any], quantity: Decimal, unit: Decimal) -> Decimal:
    gross = quantity * unit
    if line.get("DiscountRate"):
        return cents(gross * (100 - line["DiscountRate"]) / 100)
    if line.get("DiscountAmount"):
        return cents(gross - line["DiscountAmount"])
    return cents(gross)


def line_tax(line: dict[str, Any], rate: Decimal, amounts: str) -> None:
    """Set ``TaxAmount``: as sent, or computed and rounded on this line alone."""
    kind = amounts.lower()
    if "LineAmount" not in line:
        return
    if kind == "notax":
        line["TaxAmount"] = ZERO
    elif line.get("TaxAmount") is not None:
        line["TaxAmount"] = cents(line["TaxAmount"])
    elif kind == "inclusive":
        line["TaxAmount"] = cents(line["LineAmount"] * rate / (100 + rate))
    else:
        line["TaxAmount"] = cents(line["LineAmount"] * rate / 100)


def totals(lines: list[dict[str, Any]], amounts: str) -> Totals:
    """Totals of finished lines."""
    net = sum((line.get("LineAmount", ZERO) for line in lines), ZERO)
    tax = sum((line.get("TaxAmount", ZERO) for line in lines), ZERO)
    if amounts.lower() == "inclusive":
        net -= tax
    discount = sum((_discount(line) for line in lines), ZERO)
    return Totals(net, tax, net + tax, discount)


def _discount(line: dict[str, Any]) -> Decimal:
    if not (line.get("DiscountRate") or line.get("DiscountAmount")):
        return ZERO
    gross = line.get("Quantity", ZERO) * line.get("UnitAmount", ZERO)
    return cents(gross - line.get("LineAmount", ZERO))

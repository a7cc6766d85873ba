"""The rounding solver: the least intrusive lawful device that makes the target's totals ours.

Devices, least intrusive first: unit prices with more digits, a quantity split over two prices, the
tax of a line given instead of computed, and a rounding line. The money moved is never more than the
tolerance; where nothing lawful fits, the document stays as it is and the difference is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from engine.canon.money import QUANTA, ZERO, round_down, round_half_up, spoken
from engine.canon.tax import (
    Prediction,
    TaxedLine,
    TaxModel,
    Totals,
    compare,
    exact_tax,
    line_amount,
    predict,
)


class Device(StrEnum):
    """Ways to make totals tie, least intrusive first."""

    FINE_PRICE = "unit price with more digits"
    SPLIT = "quantity split over two prices"
    TAX = "tax of the line given"
    ROUNDING = "rounding line"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the source says.

    Attributes:
        lines: lines as they would be sent without any device.
        amounts: amount of each line in the source, in the same order.
        totals: totals of the source.
        inclusive: amounts include tax.
    """

    lines: tuple[TaxedLine, ...]
    amounts: tuple[Decimal, ...]
    totals: Totals
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What the company allows.

    Attributes:
        tolerance: most money that tax overrides and the rounding line together may move.
        devices: allowed devices.
    """

    tolerance: Decimal = Decimal("0.05")
    devices: tuple[Device, ...] = tuple(Device)


@dataclass(frozen=True, slots=True)
class Solution:
    """How the document is sent.

    Attributes:
        solved: the target will show the source's totals.
        lines: what to send.
        rounding: amount of the rounding line, zero for none.
        devices: what was used, none if nothing was needed.
        totals: what the target will show, the rounding line included.
        moved: money moved by overrides and rounding line, at most the tolerance.
        explanation: for the accountant.
    """

    solved: bool
    lines: tuple[TaxedLine, ...]
    rounding: Decimal
    devices: tuple[Device, ...]
    totals: Totals
    moved: Decimal
    explanation: str


Lines = tuple[TaxedLine, ...]
Step = Callable[[Wanted, Lines, TaxModel], Lines | None]

_PLANS: tuple[tuple[Device, ...], ...] = (
    (),
    (Device.FINE_PRICE,),
    (Device.SPLIT,),
    (Device.FINE_PRICE, Device.SPLIT),
    (Device.TAX,),
    (Device.FINE_PRICE, Device.TAX),
    (Device.SPLIT, Device.TAX),
    (Device.FINE_PRICE, Device.SPLIT, Device.TAX),
    (Device.ROUNDING,),
    (Device.FINE_PRICE, Device.ROUNDING),
    (Device.SPLIT, Device.ROUNDING),
    (Device.FINE_PRICE, Device.SPLIT, Device.ROUNDING),
)


def solve(wanted: Wanted, model: TaxModel, policy: Policy | None = None) -> Solution:
    """Find the first plan whose predicted totals are the source's.

    With a rounding line only the gross total has to tie; the line itself carries no tax.
    """
    policy = policy or Policy()
    for devices in _PLANS:
        if all(d in policy.devices for d in devices):
            found = _try(wanted, model, policy, devices)
            if found is not None:
                return found
    plain = predict(wanted.lines, model, inclusive=wanted.inclusive)
    gap = compare(wanted.totals, plain.totals)
    return Solution(
        solved=False, lines=wanted.lines, rounding=ZERO, devices=(), totals=plain.totals, moved=ZERO,
        explanation=f"The target will show {spoken(plain.totals.gross)} instead of {spoken(wanted.totals.gross)} "
        f"({gap.gross:+}); nothing within the tolerance of {policy.tolerance} makes it tie.",
    )  # fmt: skip


def _try(
    wanted: Wanted, model: TaxModel, policy: Policy, devices: tuple[Device, ...]
) -> Solution | None:
    lines = wanted.lines
    rounding, moved = ZERO, ZERO
    for device in devices:
        if device is Device.ROUNDING:
            rounding = wanted.totals.gross - _predict(wanted, lines, model).totals.gross
            moved += abs(rounding)
            continue
        changed = _STEPS[device](wanted, lines, model)
        if changed is None:
            return None
        if device is Device.TAX:
            moved += _override_cost(wanted, lines, changed, model)
        lines = changed
    made = _predict(wanted, lines, model).totals
    totals = Totals(made.net + rounding, made.tax, made.gross + rounding)
    ties = totals.gross == wanted.totals.gross if rounding else totals == wanted.totals
    if not ties or moved > policy.tolerance:
        return None
    return Solution(
        solved=True,
        lines=lines,
        rounding=rounding,
        devices=devices,
        totals=totals,
        moved=moved,
        explanation=_words(wanted, model, devices, moved),
    )


def _predict(wanted: Wanted, lines: Sequence[TaxedLine], model: TaxModel) -> Prediction:
    return predict(lines, model, inclusive=wanted.inclusive)


def _fine_price(wanted: Wanted, lines: Lines, model: TaxModel) -> Lines | None:
    """More digits in the unit price of lines whose amount is not the source's."""
    if model.fine_places is None or len(lines) != len(wanted.amounts):
        return None
    changed = False
    made: list[TaxedLine] = []
    for line, amount in zip(lines, wanted.amounts, strict=True):
        if line_amount(line, model) == amount or not line.quantity or line.discount_percent:
            made.append(line)
            continue
        price = round_half_up(amount / line.quantity, model.fine_places)
        for candidate in (line.unit_price, price):
            fine = replace(line, unit_price=candidate, fine=True)
            if line_amount(fine, model) == amount:
                made.append(fine)
                changed = True
                break
        else:
            made.append(line)
    return tuple(made) if changed else None


def _split(wanted: Wanted, lines: Lines, model: TaxModel) -> Lines | None:
    """A whole quantity in two lines, some units one smallest price step dearer."""
    if len(lines) != len(wanted.amounts):
        return None
    changed = False
    made: list[TaxedLine] = []
    for line, amount in zip(lines, wanted.amounts, strict=True):
        parts = _parts(line, amount, model) if line_amount(line, model) != amount else None
        made += parts or [line]
        changed = changed or parts is not None
    return tuple(made) if changed else None


def _parts(line: TaxedLine, amount: Decimal, model: TaxModel) -> list[TaxedLine] | None:
    count = line.quantity
    if count != count.to_integral_value() or count < 2 or line.discount_percent or amount < 0:
        return None
    step = QUANTA[model.places]
    low = round_down(amount / count, model.places)
    dearer = (amount - low * count) / step
    if dearer != dearer.to_integral_value() or not 0 < dearer < count:
        return None
    return [
        replace(line, quantity=count - dearer, unit_price=low),
        replace(line, quantity=dearer, unit_price=low + step),
    ]


def _tax(wanted: Wanted, lines: Lines, model: TaxModel) -> Lines | None:
    """Give the tax of as few lines as possible, one smallest unit each, largest tax first."""
    if not model.override:
        return None
    made = _predict(wanted, lines, model)
    gap = wanted.totals.tax - made.totals.tax
    taxable = [i for i, line in enumerate(lines) if line.rate]
    if not gap or not taxable:
        return None
    unit = QUANTA[model.places].copy_sign(gap)
    steps = int((gap / unit).to_integral_value())
    if unit * steps != gap:
        return None
    # Where tax is rounded over the document, computed shares must not change the rounding: give all.
    given = {i: _rounded_tax(wanted, lines[i], made.amounts[i], model) for i in taxable}
    base = sum(given.values(), ZERO)
    order = sorted(taxable, key=lambda i: (-abs(made.taxes[i]), i))
    steps = int(((wanted.totals.tax - base) / unit).to_integral_value())
    unit, steps = (unit, steps) if steps >= 0 else (-unit, -steps)
    touched = set()
    for turn in range(steps):
        index = order[turn % len(order)]
        given[index] += unit
        touched.add(index)
    whole = model.rounding != "line"
    return tuple(
        replace(line, tax=given[i]) if i in given and (whole or i in touched) else line
        for i, line in enumerate(lines)
    )


def _rounded_tax(wanted: Wanted, line: TaxedLine, amount: Decimal, model: TaxModel) -> Decimal:
    return model.round(exact_tax(amount, line.rate, inclusive=wanted.inclusive), model.places)


def _override_cost(wanted: Wanted, before: Lines, after: Lines, model: TaxModel) -> Decimal:
    """How far the tax of the document was moved from what the target computes."""
    old = _predict(wanted, before, model).totals.tax
    return abs(_predict(wanted, after, model).totals.tax - old)


_STEPS: dict[Device, Step] = {
    Device.FINE_PRICE: _fine_price,
    Device.SPLIT: _split,
    Device.TAX: _tax,
}


def _words(wanted: Wanted, model: TaxModel, devices: tuple[Device, ...], moved: Decimal) -> str:
    if not devices:
        return "The target computes the same totals."
    plain = _predict(wanted, wanted.lines, model).totals
    used = ", ".join(d.value for d in devices)
    return (
        f"The target would show {spoken(plain.gross)} (tax {spoken(plain.tax)}) instead of "
        f"{spoken(wanted.totals.gross)} (tax {spoken(wanted.totals.tax)}); made to tie by: {used}"
        + (f"; {moved} moved." if moved else ".")
    )

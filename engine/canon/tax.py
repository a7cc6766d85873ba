"""What a target will compute: line amounts, tax and totals under its rounding rules, as pure functions.

The models are behaviours, not vendors. Facts behind them: one cloud ledger rounds tax on every line and
adds up (25.06, 25.61, 25.63 at 15 % give 11.44, not 11.45); another rounds once per tax rate of the
document; both round half up to the cent and compute ``quantity x price`` before that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from engine.canon.money import ZERO, round_half_even, round_half_up

HUNDRED = Decimal(100)


class Rounding(StrEnum):
    """Where tax is rounded."""

    LINE = "line"
    RATE = "rate"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class TaxModel:
    """How a target computes a document.

    Attributes:
        rounding: tax is rounded per line, per rate over the document, or once.
        even: half goes to the even neighbour instead of up.
        price_places: digits it keeps of a unit price by default; None for all of them.
        fine_places: digits it keeps on request, or None where it cannot.
        override: a tax amount that is sent is used as it is.
        places: digits of an amount in the document's currency.
    """

    rounding: Rounding = Rounding.LINE
    even: bool = False
    price_places: int | None = None
    fine_places: int | None = None
    override: bool = False
    places: int = 2

    @property
    def round(self) -> Callable[[Decimal, int], Decimal]:
        """The rounding function."""
        return round_half_even if self.even else round_half_up


LINE_ROUNDED = TaxModel(Rounding.LINE, price_places=2, fine_places=4, override=True)
RATE_ROUNDED = TaxModel(Rounding.RATE, override=True)
DOCUMENT_ROUNDED = TaxModel(Rounding.DOCUMENT)


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line as it is sent.

    Attributes:
        quantity: in units.
        unit_price: price per unit; gross where amounts include tax.
        rate: tax in percent.
        discount_percent: off the line.
        amount: line amount; where None the target computes it from the others.
        tax: tax on the line; only used where the model takes overrides.
        fine: ask for the finer unit price.
    """

    quantity: Decimal
    unit_price: Decimal
    rate: Decimal = ZERO
    discount_percent: Decimal = ZERO
    amount: Decimal | None = None
    tax: Decimal | None = None
    fine: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Net, tax and gross of a document."""

    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the target will show.

    Attributes:
        amounts: line amounts (gross where amounts include tax).
        taxes: tax per line; with rounding per rate or document these are exact, unrounded shares.
        totals: totals of the document.
    """

    amounts: tuple[Decimal, ...]
    taxes: tuple[Decimal, ...]
    totals: Totals


def line_amount(line: TaxedLine, model: TaxModel) -> Decimal:
    """Quantity x price after discount, rounded as the target does."""
    if line.amount is not None:
        return line.amount
    places = model.fine_places if line.fine else model.price_places
    price = line.unit_price if places is None else model.round(line.unit_price, places)
    gross = line.quantity * price
    return model.round(gross * (HUNDRED - line.discount_percent) / HUNDRED, model.places)


def exact_tax(amount: Decimal, rate: Decimal, *, inclusive: bool) -> Decimal:
    """Tax on an amount, or inside it, before rounding."""
    return amount * rate / (HUNDRED + rate if inclusive else HUNDRED)


def predict(lines: Sequence[TaxedLine], model: TaxModel, *, inclusive: bool = False) -> Prediction:
    """Compute the document as the target will.

    Args:
        lines: what is sent.
        model: the target's rules.
        inclusive: amounts include tax.
    """
    amounts = tuple(line_amount(line, model) for line in lines)
    exact = [
        exact_tax(a, line.rate, inclusive=inclusive) for a, line in zip(amounts, lines, strict=True)
    ]
    taken = [line.tax if model.override else None for line in lines]
    if model.rounding is Rounding.LINE:
        taxes = [
            model.round(e, model.places) if t is None else t
            for e, t in zip(exact, taken, strict=True)
        ]
        tax = sum(taxes, ZERO)
    else:
        taxes = [e if t is None else t for e, t in zip(exact, taken, strict=True)]
        tax = _grouped(lines, exact, taken, model)
    summed = sum(amounts, ZERO)
    net = summed - tax if inclusive else summed
    return Prediction(amounts, tuple(taxes), Totals(net, tax, net + tax))


def _grouped(
    lines: Sequence[TaxedLine],
    exact: Sequence[Decimal],
    taken: Sequence[Decimal | None],
    model: TaxModel,
) -> Decimal:
    """Tax rounded once per rate, or once; overridden lines count as they are."""
    groups: dict[Decimal, Decimal] = {}
    fixed = ZERO
    for line, share, override in zip(lines, exact, taken, strict=True):
        if override is not None:
            fixed += override
            continue
        key = line.rate if model.rounding is Rounding.RATE else ZERO
        groups[key] = groups.get(key, ZERO) + share
    return fixed + sum((model.round(g, model.places) for g in groups.values()), ZERO)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a target's totals are not those we want; all zero when they agree."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def __bool__(self) -> bool:
        return bool(self.net or self.tax or self.gross)


def compare(wanted: Totals, found: Totals) -> Difference:
    """Found less wanted, for net, tax and gross."""
    return Difference(found.net - wanted.net, found.tax - wanted.tax, found.gross - wanted.gross)


def with_tax(line: TaxedLine, tax: Decimal) -> TaxedLine:
    """The line with its tax given instead of computed."""
    return replace(line, tax=tax)

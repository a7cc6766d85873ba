"""Proof that two systems have the same of an item: named parts that add up to the difference exactly.

The difference of an item is what the source has minus what the target has, both in the item's stocking
unit. What has left the source and is still on its way to the target explains a part of it; where the
target keeps no quantity, or the two cannot be compared, one name explains all of it. What is left without
a name is ``unexplained``, and only that may be adjusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Why(StrEnum):
    """Why the two sides differ."""

    IN_FLIGHT = "in_flight"
    CASE = "case"
    DRAFT = "draft"
    ADJUSTING = "adjusting"
    SHARED = "shared"
    MOVING = "moving"
    NOT_LINKED = "not_linked"
    NOT_TRACKED = "not_tracked"
    UNIT_DIFFERS = "unit_differs"
    ADJUSTED = "adjusted"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Level:
    """One item on both sides, in its stocking unit.

    Attributes:
        source: what the source has; None where it does not know the item.
        target: what the target has; None where it keeps no quantity or nothing is linked.
        linked: the item is one record at the target.
        tracked: the target keeps a quantity of it.
        convertible: the target's unit can be converted into the stocking unit.
        moves: what is on its way, by the name that it explains the difference under.
        shared: what other items have that are the same record at the target; negative where this is
            one of them and its quantity is counted with another one.
        settled: nothing came or went while both sides were read.
    """

    source: Decimal | None
    target: Decimal | None
    linked: bool = True
    tracked: bool = True
    convertible: bool = True
    moves: Mapping[Why, Decimal] = field(default_factory=dict)
    shared: Decimal = ZERO
    settled: bool = True

    @property
    def difference(self) -> Decimal:
        """Source minus target."""
        return (self.source or ZERO) - (self.target or ZERO)


def explain(level: Level) -> dict[Why, Decimal]:
    """The named parts of an item's difference, none of them zero; they add up to it."""
    whole = _one_name(level)
    if whole is not None:
        parts = {whole: level.difference}
    else:
        parts = {**level.moves, Why.SHARED: -level.shared}
        rest = level.difference - sum(parts.values(), ZERO)
        parts[Why.UNEXPLAINED if level.settled else Why.MOVING] = rest
    return {why: quantity for why, quantity in parts.items() if quantity != 0}


def _one_name(level: Level) -> Why | None:
    """The name that explains everything, where the two cannot be compared."""
    if level.source is None or not level.linked:
        return Why.NOT_LINKED
    if not level.tracked:
        return Why.NOT_TRACKED
    return None if level.convertible else Why.UNIT_DIFFERS

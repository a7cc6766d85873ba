"""One item as each side has it, and what their comparison found."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.mapping import UnitRow
from engine.ports import SourceRecord
from engine.runtime.quantities import ZERO, Level, Why
from engine.schema.model import Record


@dataclass(slots=True)
class Held:
    """One item as a side has it; quantities in the unit that the side keeps."""

    key: str
    code: str
    document: Record
    record: SourceRecord

    def number(self, name: str) -> Decimal | None:
        """A quantity or an amount of the document, None where it has none."""
        value = self.document.get(name)
        return None if value in (None, "") else Decimal(str(value))

    @property
    def tracked(self) -> bool:
        """Whether the side keeps a quantity of the item."""
        said = self.document.get("tracked")
        return self.number("on_hand") is not None if said is None else bool(said)

    @property
    def unit_cost(self) -> Decimal:
        """What one unit costs: the average where the side says a value, else the cost it says."""
        value, on_hand = self.number("value"), self.number("on_hand")
        if value and on_hand:
            return (value / on_hand).quantize(Decimal("0.000001"))
        return self.number("unit_cost") or ZERO


@dataclass(slots=True)
class Compared:
    """One item on both sides with the parts of its difference.

    ``shown`` is the item as people know it: the source's, the target's where the source has none.
    """

    shown: Held
    target: Held | None
    level: Level
    parts: dict[Why, Decimal]
    unit: str = ""
    per_unit: UnitRow | None = None
    note: str = ""

    @property
    def cost(self) -> Decimal:
        """Cost of one stocking unit."""
        return self.shown.unit_cost

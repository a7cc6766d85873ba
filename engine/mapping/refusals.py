"""Why a mapping cannot be compiled: the place, one sentence, and what would fix it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import MappingRefused


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, for the integrator.

    Attributes:
        place: where in the mapping, e.g. ``lines › unit_price, column 8``.
        sentence: what is wrong.
        fix: what to do about it.
        target: target path it concerns, or empty; lets a page jump to the row.
        table: name of a lookup table that does not exist, or empty; lets a page offer to make it.
    """

    place: str
    sentence: str
    fix: str = ""
    target: str = ""
    table: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" + (f" {self.fix}" if self.fix else "")


class Unreadable(Exception):
    """A text that is not an expression; caught at the border and turned into a refusal."""

    def __init__(self, sentence: str, fix: str, line: int, column: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix
        self.line = line
        self.column = column

    def refusal(self, place: str = "", target: str = "") -> Refusal:
        """The same as a refusal at ``place``."""
        spot = (
            f"line {self.line} column {self.column}" if self.line > 1 else f"column {self.column}"
        )
        return Refusal(f"{place}, {spot}" if place else spot, self.sentence, self.fix, target)


def refused(refusals: list[Refusal]) -> MappingRefused:
    """The exception that carries them all."""
    return MappingRefused(problems=tuple(str(r) for r in refusals))

"""Two hops side by side: source field | canonical field | target field, one line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studio.mapping.models import Mapping, MappingRow
from studio.mapping.queries import word_of
from studio.mapping.rows import read_by


@dataclass(frozen=True, slots=True)
class Hop:
    """One row of a hop as far as the line needs it."""

    row: MappingRow
    expression: str
    confidence: float

    @property
    def sure(self) -> float:
        """Approved rows are decided; the others are as sure as the machine."""
        return 1.0 if self.row.state == "approved" else self.confidence


@dataclass(frozen=True, slots=True)
class Line:
    """One target field and the way its value comes."""

    target: Hop
    canonical: str
    source: Hop | None

    @property
    def confidence(self) -> float:
        """The weaker of the two."""
        return min(self.target.sure, self.source.sure if self.source else 0.0)

    @property
    def state(self) -> str:
        """Approved only when both hops are."""
        hops = [h for h in (self.target, self.source) if h is not None]
        if all(h.row.state == "approved" for h in hops):
            return "approved"
        return "open"

    @property
    def word(self) -> str:
        """Band of the weaker confidence."""
        return word_of(self.confidence)


def lines_of(inbound: Mapping, outbound: Mapping) -> list[Line]:
    """Every target field that is filled, with the canonical field and the source behind it."""
    by_path: dict[str, Hop] = {}
    for hop in _hops(inbound):
        by_path.setdefault(hop.row.target_path.replace("[]", ""), hop)
    found = []
    for hop in _hops(outbound):
        paths = read_by(hop.expression, hop.row.block, outbound.blocks)
        if not paths:
            found.append(Line(hop, "", None))
        found.extend(Line(hop, path, by_path.get(path)) for path in paths)
    return found


def _hops(mapping: Mapping) -> Iterator[Hop]:
    for row in mapping.rows.exclude(state__in=["do_not_map", "rejected"]):
        best = max(row.candidates, key=lambda c: float(c["confidence"]), default=None)
        text = row.expression or (str(best["expression"]) if best else "")
        if text:
            yield Hop(row, text, float(best["confidence"]) if best else 0.0)

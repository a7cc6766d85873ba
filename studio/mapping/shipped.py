"""The mappings that come with the product: starting points, never approvals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.mapping import dump, parse

FOLDER = Path(__file__).parent / "starters"
CANONICAL = "canonical"


@dataclass(frozen=True, slots=True)
class Starter:
    """One shipped mapping document in canonical form."""

    name: str
    document: dict[str, Any]

    @property
    def direction(self) -> str:
        """``inbound`` (to the canonical model) or ``outbound``."""
        return "inbound" if self.document["target"]["system"] == CANONICAL else "outbound"

    @property
    def system(self) -> str:
        """The system on the other side of the canonical model."""
        side = "source" if self.direction == "inbound" else "target"
        return str(self.document[side]["system"])

    @property
    def entity(self) -> str:
        """The system's entity."""
        side = "source" if self.direction == "inbound" else "target"
        return str(self.document[side]["entity"])

    @property
    def canonical(self) -> str:
        """The canonical document."""
        side = "target" if self.direction == "inbound" else "source"
        return str(self.document[side]["entity"])


@cache
def starters() -> tuple[Starter, ...]:
    """All shipped mappings, by file name.

    Raises:
        MappingRefused: a shipped file cannot be read (a bug).
    """
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        document = dump(parse(file.read_text(encoding="utf-8")))
        found.append(Starter(document["mapping"], document))
    return tuple(found)


def starters_of(system: str) -> tuple[Starter, ...]:
    """The shipped mappings of one system, both directions."""
    return tuple(s for s in starters() if s.system == system)

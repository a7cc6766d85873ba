"""Optional second read routes beside e.net: SQL Server (through SQLAlchemy) and OData (reference 1.5).

A route reads tables and nothing else; business objects, key rules, custom-form definitions and every
write stay with e.net (writing by SQL breaks audit and control totals). Rows come as the same elements
that COMFND answers, so everything above is the same whichever route was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from connectors.syspro.facts import Column
from connectors.syspro.xml import Node
from engine.schema.model import FieldType


@dataclass(frozen=True, slots=True)
class Test:
    """``column`` ``op`` ``value`` with the value in stored form; ``word`` joins it to the former."""

    column: str
    op: str
    value: str
    word: str = "And"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows that are asked for.

    Attributes:
        table: exact name.
        tests: conditions; And binds before Or.
        order: columns to order by.
        limit: rows at most.
        columns: what to answer; empty for all that the route sees.
    """

    table: str
    tests: Sequence[Test] = ()
    order: Sequence[str] = ()
    limit: int = 100
    columns: Sequence[str] = ()

    def groups(self) -> list[list[Test]]:
        """The conditions as alternatives of things that must hold together."""
        made: list[list[Test]] = []
        for n, one in enumerate(self.tests):
            if n == 0 or one.word == "Or":
                made.append([])
            made[-1].append(one)
        return made


def digits(value: Decimal, column: Column | None) -> str:
    """A number with the decimals of its column, as COMFND writes it."""
    if column is None or column.type is not FieldType.DECIMAL:
        return format(value, "f")
    return f"{value:.{2 if column.scale is None else column.scale}f}"


class Route(Protocol):
    """A way to read rows of tables."""

    def rows(self, wanted: Wanted, known: Mapping[str, Column]) -> list[Node]:
        """The rows, each with an element per column, texts as SYSPRO's own answers have them.

        Args:
            wanted: what to read.
            known: columns of the table as the catalogue has them.

        Raises:
            RemoteFault: unreachable, refused, or there is no such table or column.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...

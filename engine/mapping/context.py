"""What a mapping is given besides the record, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from engine.issue import Issue
from engine.schema.model import JsonValue, Record

Value = str | Decimal | int | bool | None


@dataclass(frozen=True, slots=True)
class LookupRow:
    """One row of a lookup table; valid from ``since`` until before ``until`` (ISO dates or empty)."""

    code: str
    value: Value
    since: str = ""
    until: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """How many stock units one unit of an item is: ``quantity x factor``, or divided by it."""

    factor: Decimal
    divide: bool = False


class LookupTable:
    """A code translation with effective dates.

    Later rows win over earlier ones where their dates overlap. ``at`` is a plain dict, kept per
    date segment, so a compiled mapping pays one dict access per lookup.
    """

    __slots__ = ("_dates", "_plain", "_segments", "rows")

    def __init__(self, rows: list[LookupRow] | Map[str, Value]) -> None:
        if isinstance(rows, Map):
            rows = [LookupRow(code, value) for code, value in rows.items()]
        self.rows: tuple[LookupRow, ...] = tuple(rows)
        edges = {d for r in self.rows for d in (r.since, r.until) if d}
        self._dates = sorted(edges)
        self._segments: dict[str, dict[str, Value]] = {}
        self._plain = {r.code: r.value for r in self.rows} if not edges else None

    def at(self, day: str) -> dict[str, Value]:
        """Code -> value as valid on ``day`` (ISO date; empty: only rows without dates)."""
        if self._plain is not None:
            return self._plain
        segment = max((d for d in self._dates if d <= day), default="")
        found = self._segments.get(segment)
        if found is None:
            found = {r.code: r.value for r in self.rows if _valid(r, day)}
            self._segments[segment] = found
        return found

    def row(self, code: str, day: str) -> LookupRow | None:
        """The row that answers for ``code`` on ``day``."""
        fitting = [r for r in self.rows if r.code == code and _valid(r, day)]
        return fitting[-1] if fitting else None


def _valid(row: LookupRow, day: str) -> bool:
    return row.since <= day and (not row.until or day < row.until)


@dataclass(slots=True)
class Context:
    """Everything outside the record that a mapping may read.

    Attributes:
        lookups: table name -> table (a ``LookupTable``, or a dict code -> value).
        links: canonical kind -> code -> key at the target, from approved cross-references.
        units: item code -> unit -> factor to the stock unit.
        facts: named facts for ``FACT`` (base currency, company name, …).
        today: ISO date of the run; lookups are read at it unless the mapping says otherwise.
    """

    lookups: Map[str, LookupTable | Map[str, Value]] = field(default_factory=dict)
    links: Map[str, Map[str, str]] = field(default_factory=dict)
    units: Map[str, Map[str, UnitRow]] = field(default_factory=dict)
    facts: Map[str, Value] = field(default_factory=dict)
    today: str = ""

    def row(self, name: str, code: str, day: str) -> LookupRow | None:
        """The row of a table that answers for a code; plain dicts have no rows to name."""
        found = self.lookups.get(name)
        return found.row(code, day) if isinstance(found, LookupTable) else None

    def rows(self, name: str, day: str) -> Map[str, Value]:
        """Code -> value of the table on ``day``."""
        found = self.lookups.get(name)
        if found is None:
            return {}
        return found.at(day) if isinstance(found, LookupTable) else found


class Need(NamedTuple):
    """A reference or code nobody has translated yet: what to ask a person for."""

    kind: str
    code: str
    label: str = ""


class Read(NamedTuple):
    """A source value that was used: concrete path (``lines[2].price``) and value."""

    path: str
    value: JsonValue


class Used(NamedTuple):
    """A lookup row, link or unit that was used; ``kind`` is ``lookup``, ``link`` or ``unit``."""

    kind: str
    table: str
    code: str
    value: Value
    row: str = ""


class FieldTrace(NamedTuple):
    """Where one target value came from.

    Attributes:
        target: concrete target path.
        value: the value delivered.
        expression: the expression that made it.
        reads: source paths with their values, in the order read.
        steps: the calculation in words, innermost first.
        used: lookup rows and links.
    """

    target: str
    value: JsonValue
    expression: str
    reads: tuple[Read, ...] = ()
    steps: tuple[str, ...] = ()
    used: tuple[Used, ...] = ()


class Result(NamedTuple):
    """What a mapping made of one record.

    Attributes:
        record: the target record; fields without a value are absent.
        issues: faults found, one per field.
        trace: per target path where the value came from, if asked for.
        needs: references that could not be resolved.
        actions: actions the record's state calls for, in the mapping's order.
    """

    record: Record
    issues: tuple[Issue, ...] = ()
    trace: tuple[FieldTrace, ...] | None = None
    needs: tuple[Need, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether an issue stops the record."""
        return any(i.blocks for i in self.issues)


Raw = dict[str, Any]

"""Builds statements of Intuit's query language; every value is quoted, every page is ordered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.qbo.facts import PAGE

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*\Z")
_OPERATORS = frozenset({"=", "<", ">", "<=", ">=", "LIKE"})


def quote(value: str) -> str:
    r"""A literal: single quotes, ``\`` and ``'`` escaped by ``\``; booleans stay bare."""
    if value in ("true", "false"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise ValueError(f"{text!r} is not a property name")
    return text


@dataclass(frozen=True, slots=True)
class Select:
    """A statement under construction; each method answers a new one.

    Example:
        ``Select("Customer").where("DisplayName", "=", "O'Brien").inactive_too().text()``
    """

    entity: str
    columns: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    ordering: tuple[str, ...] = ()
    start: int = 1
    rows: int = PAGE

    def where(self, path: str, operator: str, value: str) -> Select:
        """Add a condition; ``AND`` joins them (the language has no ``OR``)."""
        if operator not in _OPERATORS:
            raise ValueError(f"{operator!r} is not an operator")
        condition = f"{_name(path)} {operator} {quote(value)}"
        return replace(self, conditions=(*self.conditions, condition))

    def among(self, path: str, values: Sequence[str]) -> Select:
        """Add ``path IN (…)``; there must be at least one value."""
        if not values:
            raise ValueError("IN needs a value")
        listed = ", ".join(quote(v) for v in values)
        return replace(self, conditions=(*self.conditions, f"{_name(path)} IN ({listed})"))

    def inactive_too(self) -> Select:
        """Show inactive list records as well (they are hidden by default)."""
        return self.among("Active", ("true", "false"))

    def order(self, *paths: str) -> Select:
        """Order ascending by these properties."""
        return replace(self, ordering=tuple(_name(p) for p in paths))

    def page(self, start: int, rows: int) -> Select:
        """Rows ``start`` (from 1) to ``start + rows - 1``; at most 1000."""
        if start < 1 or not 1 <= rows <= PAGE:
            raise ValueError(f"page {start}/{rows} is out of range")
        return replace(self, start=start, rows=rows)

    def text(self) -> str:
        """The statement."""
        return self._text(", ".join(_name(c) for c in self.columns) or "*", paged=True)

    def count(self) -> str:
        """The statement that counts instead."""
        return self._text("COUNT(*)", paged=False)

    def _text(self, columns: str, *, paged: bool) -> str:
        text = f"SELECT {columns} FROM {_name(self.entity)}"  # noqa: S608 - names are checked
        if self.conditions:
            text += " WHERE " + " AND ".join(self.conditions)
        if not paged:
            return text
        if self.ordering:
            text += " ORDERBY " + ", ".join(self.ordering)
        return f"{text} STARTPOSITION {self.start} MAXRESULTS {self.rows}"

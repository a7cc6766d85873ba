"""What a business object sees: who asks, which company's tables, what that operator may not see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from connectors.syspro.emulator.answers import BusinessError, Piece, shown, tag
from connectors.syspro.emulator.keys import presented
from connectors.syspro.emulator.tables import Database, Row
from connectors.syspro.facts import Column, Table, tables
from connectors.syspro.xml import Node
from engine.schema.model import FieldType

_COST = (
    "UnitCost",
    "MUnitCost",
    "NMscChargeCost",
    "LastCostEntered",
    "CostValue",
    "MerchandiseCost",
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A SYSPRO operator; ``sees_costs`` False hides cost columns as operator security does."""

    code: str
    password: str
    sees_costs: bool = True
    unlicensed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A schema change somebody made at the site.

    ``rename``, ``removed``, ``hidden``, ``type`` (numbers come as text) or ``enum`` (a code that was
    not there before, ``to``).
    """

    entity: str
    field: str
    change: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """One call's surroundings.

    Attributes:
        db: tables of the company.
        company: id, name and local currency.
        operator: who asks.
        now: the emulator's time.
        changes: armed schema changes.
        quiet_orders: SORTOI answers a clean import without the order number (seen on SYSPRO 8).
        companies: all companies of the server.
        log: where ignored elements are noted.
    """

    db: Database
    company: CompanyFacts
    operator: Operator
    now: datetime
    changes: tuple[Change, ...] = ()
    quiet_orders: bool = False
    companies: tuple[CompanyFacts, ...] = ()
    log: list[str] = field(default_factory=list)

    def table(self, name: str) -> Table:
        """A table by exact name.

        Raises:
            BusinessError: there is none.
        """
        found = tables().get(name)
        if found is None:
            raise BusinessError("TableName", name, 990022, f"Table '{name}' not found")
        return found

    def columns(self, name: str) -> list[Column]:
        """The columns the operator sees, custom-form columns included."""
        own = self.table(name)
        seen = [c for c in own.columns if self._visible(name, c.name)]
        return seen + [self.form_column(name, f) for f in self.form_fields(name)]

    def column(self, table: str, name: str) -> Column:
        """A column the operator sees.

        Raises:
            BusinessError: it does not exist, or security hides it.
        """
        renamed = {
            c.to: c.field for c in self.changes if c.entity == table and c.change == "rename"
        }
        real = renamed.get(name, name)
        hidden = any(
            c.entity == table and c.field == real and c.change == "hidden" for c in self.changes
        )
        if hidden or (not self.operator.sees_costs and real in _COST):
            raise BusinessError("Column", name, 990021, f"Access to column '{name}' denied")
        gone = any(
            c.entity == table and c.field == name and c.change in ("removed", "rename")
            for c in self.changes
        )
        found = next((c for c in self.columns_known(table) if c.name == real), None)
        if found is None or gone:
            words = f"Column '{name}' not found in table '{table}'"
            raise BusinessError("Column", name, 990020, words)
        return found

    def columns_known(self, table: str) -> list[Column]:
        """All columns, whoever asks."""
        return [
            *self.table(table).columns,
            *(self.form_column(table, f) for f in self.form_fields(table)),
        ]

    def cells(self, table: str, row: Row, columns: Iterable[Column] | None = None) -> list[Piece]:
        """The row's values as elements, in stored form."""
        made = []
        for column in self.columns(table) if columns is None else columns:
            name = self.tag_of(table, column.name) if self.changes else column.name
            value = row.get(column.name)
            # Most columns of most rows are unset: their elements are written once.
            if value:
                text = self._drifted(table, column.name) or cell(column, value)
                made.append(f"<{name}>{escape(text)}</{name}>")
            else:
                made.append(_unset(name, column.type, column.scale))
        return [Piece("".join(made))]

    def _drifted(self, table: str, name: str) -> str:
        """What a column whose type or codes changed shows; empty where nothing changed."""
        for one in self.changes:
            if (one.entity, one.field) == (table, name) and one.change in ("type", "enum"):
                return one.to or {"type": "not a number", "enum": "?"}[one.change]
        return ""

    def tag_of(self, table: str, name: str) -> str:
        """The column's name as this site has it."""
        for one in self.changes:
            if one.entity == table and one.field == name and one.change == "rename":
                return one.to
        return name

    def form_fields(self, table: str) -> list[dict[str, Any]]:
        """Definitions of the custom fields of a form table."""
        form = self.db.store.get(f"{self.db.company}._forms", table)
        return list(form["fields"]) if form else []

    @staticmethod
    def form_column(table: str, definition: dict[str, Any]) -> Column:
        """A custom field as a column."""
        from connectors.syspro.emulator.forms import as_column

        return as_column(table, definition)

    def _visible(self, table: str, name: str) -> bool:
        if not self.operator.sees_costs and name in _COST:
            return False
        return not any(
            c.entity == table and c.field == name and c.change in ("removed", "hidden")
            for c in self.changes
        )

    def today(self) -> str:
        """The emulator's date."""
        return self.now.date().isoformat()


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """A company as its administrator set it up."""

    id: str
    name: str
    currency: str
    closed_to: date
    bank: str
    branch: str
    warehouse: str
    password: str
    next_order: int
    next_invoice: int


@cache
def _unset(name: str, kind: FieldType, scale: int | None) -> str:
    """The element of an unset column."""
    blank = Column(name, "", kind, None, scale, False, False, False, (), "", "", "", "")  # noqa: FBT003
    return tag(name, cell(blank, None)).text


def cell(column: Column, value: object) -> str:
    """A value as a table answer shows it (row versions as eight bytes)."""
    if column.name == "TimeStamp":
        return f"0x{int(str(value or 0)):016X}"
    return shown(column, value)


def show_key(column: str, value: object) -> str:
    """A key in presentation form."""
    return presented(column, str(value or ""))


BusinessObject = Callable[[Context, Node, Node | None], str]
"""Answers one call: context, data document, parameters document (None for queries)."""

"""Reading SYSPRO's company database by SQL (databases ``SysproCompany<ID>``, read only, 1.5).

Any database that SQLAlchemy speaks to will do: SQL Server at a site, SQLite for a copy of the
company. Identifiers are quoted as they are written, since SQL Server's collation is case-sensitive.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connectors.syspro.facts import Column
from connectors.syspro.routes import Test, Wanted, digits
from connectors.syspro.xml import Node
from engine.errors import PermissionMissing, RemoteFault, RemoteRejected, RemoteUnavailable
from engine.schema.model import FieldType

STAMP = "TimeStamp"
_COMPARE = {"EQ": "__eq__", "NE": "__ne__", "GT": "__gt__", "GE": "__ge__", "LT": "__lt__",
            "LE": "__le__"}  # fmt: skip


class SqlRoute:
    """Implements ``Route`` on one company's database.

    Args:
        url: SQLAlchemy address, such as ``mssql+pyodbc://reader:…@host/SysproCompanyA?driver=…``; it
            holds the password and is never shown.
    """

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, pool_pre_ping=True)
        self._columns: dict[str, tuple[str, ...]] = {}

    def close(self) -> None:
        """Close pooled connections."""
        self._engine.dispose()

    def rows(self, wanted: Wanted, known: Mapping[str, Column]) -> list[Node]:
        """See ``Route``."""
        call = f"read {wanted.table} by SQL"
        try:
            statement, names = self._statement(wanted, known, call)
            with self._engine.connect() as connection:
                found = connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise _fault(error, call) from None
        return [
            Node(
                "Row",
                children=tuple(
                    Node(n, text_of(v, known.get(n))) for n, v in zip(names, row, strict=True)
                ),
            )
            for row in found
        ]

    def statement(self, wanted: Wanted, known: Mapping[str, Column]) -> sa.Select[tuple[object]]:
        """The statement of a request, for those who want to look at it."""
        return self._statement(wanted, known, f"read {wanted.table} by SQL")[0]

    def _statement(
        self, wanted: Wanted, known: Mapping[str, Column], call: str
    ) -> tuple[sa.Select[tuple[object]], tuple[str, ...]]:
        there = self._there(wanted.table, call)
        names = tuple(wanted.columns) or there
        for name in (*names, *(t.column for t in wanted.tests), *wanted.order):
            if name not in there:
                raise RemoteRejected(
                    system="syspro", call=call, detail=f"Column {name} not found in {wanted.table}."
                )
        table = sa.table(wanted.table, *(sa.column(n) for n in there))
        made: sa.Select[tuple[object]] = sa.select(*(table.c[n] for n in names))
        groups = [
            sa.and_(*(_condition(table.c[t.column], t, known.get(t.column)) for t in group))
            for group in wanted.groups()
        ]
        if groups:
            made = made.where(sa.or_(*groups))
        if STAMP in wanted.order and self._engine.dialect.name == "mssql":
            # Rows of transactions that are still open have lower versions than those seen already.
            made = made.where(table.c[STAMP] < sa.func.MIN_ACTIVE_ROWVERSION())
        return made.order_by(*(table.c[n] for n in wanted.order)).limit(wanted.limit), names

    def _there(self, table: str, call: str) -> tuple[str, ...]:
        if table not in self._columns:
            inspector = sa.inspect(self._engine)
            if not inspector.has_table(table):
                raise RemoteRejected(system="syspro", call=call, detail=f"Table {table} not found.")
            self._columns[table] = tuple(str(c["name"]) for c in inspector.get_columns(table))
        return self._columns[table]


def _condition(
    column: sa.ColumnElement[object], test: Test, known: Column | None
) -> sa.ColumnElement[bool]:
    compare = getattr(column, _COMPARE[test.op])
    made: sa.ColumnElement[bool] = compare(_value(test, known))
    return made


def _value(test: Test, known: Column | None) -> object:
    """A stored value as the database compares it."""
    if test.column == STAMP:
        digits = test.value.lower().removeprefix("0x") or "0"
        return int(digits, 16).to_bytes(8, "big")
    kind = known.type if known is not None else FieldType.STRING
    try:
        if kind is FieldType.INTEGER:
            return int(test.value)
        if kind is FieldType.DECIMAL:
            return Decimal(test.value)
    except (ValueError, InvalidOperation):
        return test.value
    return test.value


def text_of(value: object, column: Column | None) -> str:
    """A database value as SYSPRO's own answers write it."""
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return "0x" + bytes(value).hex().upper().rjust(16, "0")
    if isinstance(value, date):  # a moment is a date too
        return value.isoformat()[:10]
    if isinstance(value, int | float | Decimal):
        return digits(Decimal(str(value)), column)
    return str(value).strip()


def _fault(error: SQLAlchemyError, call: str) -> RemoteFault:
    """What a database error means; its own words, never the address."""
    words = str(error.orig)[:300] if isinstance(error, DBAPIError) else type(error).__name__
    if "permission" in words.lower():
        return PermissionMissing(system="syspro", call=call, detail=words)
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return RemoteUnavailable(system="syspro", call=call, detail=words)
    return RemoteRejected(system="syspro", call=call, detail=words)

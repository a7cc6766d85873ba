"""A company's tables as a SQLite file, for those who read SYSPRO by SQL (1.5)."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from connectors.syspro.emulator.forms import as_column
from connectors.syspro.emulator.tables import Database
from connectors.syspro.facts import Column, tables
from engine.schema.model import FieldType

_TYPES = {
    FieldType.INTEGER: "INTEGER",
    FieldType.DECIMAL: "NUMERIC",
    FieldType.DATE: "DATE",
}


def write(db: Database, path: Path) -> None:
    """Write all tables of a company, custom forms included, into a new file."""
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as copy, copy:
        for table in tables().values():
            columns = [*table.columns, *_custom(db, table.name)]
            names = ", ".join(f'"{c.name}" {_kind(c)}' for c in columns)
            copy.execute(f'CREATE TABLE "{table.name}" ({names})')
            marks = ", ".join("?" * len(columns))
            copy.executemany(
                f'INSERT INTO "{table.name}" VALUES ({marks})',  # noqa: S608 - catalogue names
                ([_value(c, row.get(c.name)) for c in columns] for row in db.rows(table.name)),
            )


def _custom(db: Database, table: str) -> list[Column]:
    form = db.store.get(f"{db.company}._forms", table) or {"fields": []}
    return [as_column(table, field) for field in form["fields"]]


def _kind(column: Column) -> str:
    return "BLOB" if column.name == "TimeStamp" else _TYPES.get(column.type, "TEXT")


def _value(column: Column, value: object) -> object:
    if column.name == "TimeStamp":
        return int(str(value or 0)).to_bytes(8, "big")
    if column.type is FieldType.DECIMAL:
        return str(value or 0)
    if column.type is FieldType.INTEGER:
        return int(str(value or 0))
    if column.type is FieldType.DATE:
        return str(value) if value else None
    return str(value or "")

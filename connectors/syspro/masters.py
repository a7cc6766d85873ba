"""Master records through setup objects: customers, suppliers, stock, prices, small tables."""

from __future__ import annotations

from typing import Any

from connectors.syspro import translate
from connectors.syspro.facts import Column, Table, by_name, tables
from connectors.syspro.objects import MASTERS, SAME_OBJECT
from connectors.syspro.rows import Rows
from connectors.syspro.xml import XmlError, write
from engine.errors import ValueRefused
from engine.schema.model import JsonValue, Record


def writable(table: str, column: Column) -> bool:
    """Whether a setup object sets the column."""
    bo = MASTERS[table][0]
    if any(c.bo for c in by_name(table).values()):
        return column.bo == bo or column.key
    return column.name != "TimeStamp"


def parameters(root: str) -> str:
    """The usual parameters document of a setup object."""
    options = {"IgnoreWarnings": "Y", "ApplyIfEntireDocumentValid": "Y", "ValidateOnly": "N"}
    return write(root, {"Parameters": options})


class MasterWriter:
    """Adds, changes and deletes master records."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, table: Table, data: Record) -> str:
        """Add a record and what hangs inside it; returns its key.

        Raises:
            ValueRefused: a field cannot be set, or SYSPRO does not accept its value.
            DuplicateAtTarget: the key is taken.
        """
        if table.name not in MASTERS:
            raise ValueRefused(
                system="syspro",
                call=f"create {table.label}",
                field=table.name,
                detail="No business object creates this record.",
            )
        own, nested = self._parts(table, data)
        self._send("Add", table, own)
        key = translate.key_of(table, data)
        for name, children in nested.items():
            for child in children:
                inherited = {k: data.get(k) for k in table.keys if k in by_name(name)}
                self._send("Add", tables()[name], {**inherited, **child})
        return key

    def change(self, table: Table, key: str, data: Record) -> None:
        """Change the given fields of a record."""
        own, nested = self._parts(table, data)
        keys = dict(zip(table.keys, key.split("|"), strict=False))
        if own:
            self._send("Update", table, {**own, **keys})
        for name, children in nested.items():
            for child in children:
                inherited = {k: v for k, v in keys.items() if k in by_name(name)}
                self._send("Update", tables()[name], {**inherited, **child})

    def delete(self, table: Table, key: str) -> None:
        """Delete a record."""
        self._send("Delete", table, dict(zip(table.keys, key.split("|"), strict=False)))

    def _parts(self, table: Table, data: Record) -> tuple[Record, dict[str, list[Record]]]:
        own: Record = {}
        nested: dict[str, list[Record]] = {}
        for name, value in data.items():
            if isinstance(value, list):
                nested[name] = [v for v in value if isinstance(v, dict)]
            elif isinstance(value, dict) and name == SAME_OBJECT.get(table.name):
                own.update(value)
            else:
                own[name] = value
        return own, nested

    def _send(self, verb: str, table: Table, data: Record) -> None:
        bo, root = MASTERS[table.name]
        call = f"{verb.lower()} {table.label}"
        item: dict[str, Any] = {"Key": {}}
        for name, value in data.items():
            column, owner = self._column(table, name, call)
            if not column.key and not writable(owner, column):
                raise ValueRefused(
                    system="syspro", call=call, field=name, detail="SYSPRO keeps this field itself."
                )
            if value is None and verb == "Add":
                continue
            self._put(item, column, value, call)
        documents = (parameters(root), write(root, {"Item": item}))
        self._rows.client.setup(verb, bo, documents, call)

    def _column(self, table: Table, name: str, call: str) -> tuple[Column, str]:
        column = table.column(name)
        if column is not None:
            return column, table.name
        other = SAME_OBJECT.get(table.name)
        inner = tables()[other].column(name) if other else None
        if inner is None:
            raise ValueRefused(system="syspro", call=call, field=name, detail="No such field.")
        return inner, table.name

    @staticmethod
    def _put(item: dict[str, Any], column: Column, value: JsonValue, call: str) -> None:
        try:
            text = translate.outgoing(column, value)
        except XmlError as error:
            raise ValueRefused(
                system="syspro", call=call, field=column.name, detail=str(error)
            ) from None
        path = column.element.split("/")[1:] if column.element else []
        path = path or (["Key", column.name] if column.key else [column.name])
        here = item
        for part in path[:-1]:
            here = here.setdefault(part, {})
        here[path[-1]] = text

"""Between rows on the wire and typed records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from connectors.syspro.facts import Column, Table
from connectors.syspro.keys import KeyRules
from connectors.syspro.xml import Node, XmlError, number, text_of
from engine.errors import SurpriseAnswer
from engine.schema.model import FieldType, JsonValue, Record

_ISO = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})")


def typed(column: Column, text: str) -> JsonValue:
    """One value; blanks are None.

    Raises:
        XmlError: a number or date that is none.
    """
    bare = text.strip()
    if column.type in (FieldType.INTEGER, FieldType.DECIMAL):
        value = number(bare)
        if value is None or column.type is FieldType.DECIMAL:
            return value
        return int(value) if value == value.to_integral_value() else value
    if column.type is FieldType.DATE:
        found = _ISO.match(bare)
        if not bare or set(bare) <= set("0-/ "):
            return None
        if not found:
            raise XmlError("not a date")
        return "-".join(found.groups())
    return bare or None


def record(table: Table, columns: Mapping[str, Column], row: Node, rules: KeyRules) -> Record:
    """A row as a record with presented keys; columns nobody knows are kept as text.

    Args:
        table: the row's table.
        columns: its columns by name in lower case.
        row: the row.
        rules: how keys are shown.

    Raises:
        SurpriseAnswer: a value does not have its column's type.
    """
    made: Record = {}
    for cell in row.children:
        column = columns.get(cell.name)
        if column is None:
            made[cell.tag] = cell.text or None
            continue
        if not cell.text:
            made[column.name] = None
            continue
        try:
            value = typed(column, cell.text)
        except XmlError as error:
            raise SurpriseAnswer(
                system="syspro",
                call=f"read {table.name}",
                field=f"{table.name}.{column.name}",
                expected=column.type.value,
                detail=str(error),
            ) from None
        if isinstance(value, str):
            value = rules.show(column, table.name, value)
        made[column.name] = value
    return made


def key_of(table: Table, data: Record) -> str:
    """The record's key in presented form; parts of a composite key are joined with ``|``."""
    return "|".join(shown(data.get(k)) for k in table.keys)


def key_parts(table: Table, key: str, rules: KeyRules) -> list[str]:
    """The stored parts of a presented key."""
    texts = key.split("|") if len(table.keys) > 1 else [key]
    made = []
    for name, text in zip(table.keys, texts, strict=False):
        column = table.column(name)
        made.append(rules.store(column, table.name, text) if column else text)
    return made


def shown(value: JsonValue) -> str:
    """A scalar as text, None as empty."""
    return "" if value is None else text_of(value) if isinstance(value, str | int | Decimal) else ""


def outgoing(column: Column, value: JsonValue) -> str:
    """A value as SYSPRO reads it: dates and numbers plain, texts without what cp1252 lacks.

    Raises:
        XmlError: a text with characters that SYSPRO cannot hold, or a list or object.
    """
    if isinstance(value, list | dict):
        raise XmlError(f"{column.name} is a single value")
    text = shown(value)
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        raise XmlError(f"{column.name} has characters that SYSPRO cannot hold") from None
    return text

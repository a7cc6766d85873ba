"""Between rows on the wire and typed records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from connectors.syspro.facts import Column, Table
from connectors.syspro.keys import KeyRules
from connectors.syspro.xml import Node, XmlError, lower, number, text_of
from engine.errors import SurpriseAnswer
from engine.schema.model import FieldType, JsonValue, Record

_ISO = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})")
_NO_DATE = frozenset("0-/ ")

Reader = Callable[[str], JsonValue]
"""Text of a filled cell, without blanks at its ends -> value; raises XmlError for what it is not."""


def _integer(text: str) -> JsonValue:
    value = number(text)
    return int(value) if value is not None and value == value.to_integral_value() else value


def _date(text: str) -> JsonValue:
    if _NO_DATE.issuperset(text):
        return None
    found = _ISO.match(text)
    if not found:
        raise XmlError("not a date")
    return "-".join(found.groups())


_READERS: dict[FieldType, Reader] = {
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: number,
    FieldType.DATE: _date,
}


def reader(column: Column, table: str, rules: KeyRules) -> Reader:
    """How the cells of a column are read; keys come out as people know them."""
    plain = _READERS.get(column.type)
    if plain is not None:
        return plain
    if rules.shows(column, table):
        return lambda text: rules.show(column, table, text)
    return str


def record(table: Table, columns: Mapping[str, tuple[Column, Reader]], row: Node) -> Record:
    """A row as a record with presented keys; columns nobody knows are kept as text, blanks are None.

    Args:
        table: the row's table.
        columns: its columns and their readers by name in lower case.
        row: the row.

    Raises:
        SurpriseAnswer: a value does not have its column's type.
    """
    made: Record = {}
    for tag, text in row.cells():
        known = columns.get(lower(tag))
        if known is None:
            made[tag] = text or None
            continue
        column, read = known
        try:
            made[column.name] = read(text) if text else None
        except XmlError as error:
            raise SurpriseAnswer(
                system="syspro",
                call=f"read {table.name}",
                field=f"{table.name}.{column.name}",
                expected=column.type.value,
                detail=str(error),
            ) from None
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

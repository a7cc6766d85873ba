"""One record held against the entity it claims to be: typed as the schema says, or refused field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as fresh
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from engine.schema.model import EntitySchema, FieldSchema, FieldType, JsonValue, Record
from engine.schema.registration import LONGEST_KEY, Fault

# Characters of a key's parts are joined by it where a key has several.
BETWEEN_KEYS = "|"
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,20})?")


@dataclass(slots=True)
class _Node:
    """A field or what holds fields; ``many`` where it is a list."""

    many: bool = False
    field: FieldSchema | None = None
    inner: dict[str, _Node] = fresh(default_factory=dict)


class Reader:
    """Reads records of one entity; made once for a whole batch."""

    def __init__(self, entity: EntitySchema) -> None:
        self.entity = entity
        self._root = _Node()
        for one in entity.fields:
            self._plant(one)

    def _plant(self, one: FieldSchema) -> None:
        node = self._root
        for step in one.path.split("."):
            node = node.inner.setdefault(step.removesuffix("[]"), _Node())
            node.many = node.many or step.endswith("[]")
        node.field = one
        node.many = node.many or one.type is FieldType.ARRAY

    def read(self, raw: Any, place: str) -> tuple[Record, list[Fault]]:
        """The record typed as its schema says, and what is wrong with it.

        Args:
            raw: what was sent, numbers exact.
            place: how faults call the record: ``records[3]``.
        """
        faults: list[Fault] = []
        if not isinstance(raw, dict):
            return {}, [Fault(place, "A record is an object.")]
        found = _inside(self._root, raw, place, faults)
        if not faults and not 1 <= len(self.key_of(found)) <= LONGEST_KEY:
            faults.append(Fault(place, f"Its key is longer than {LONGEST_KEY} characters."))
        return found, faults

    def key_of(self, record: Mapping[str, JsonValue]) -> str:
        """The key of a record as text."""
        return BETWEEN_KEYS.join(str(value_at(record, path)) for path in self.entity.keys)


def value_at(record: Mapping[str, JsonValue], path: str) -> JsonValue:
    """The value at a path without lists; None where there is none."""
    value: JsonValue = dict(record)
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def moment_of(value: JsonValue) -> datetime | None:
    """When a ``changed_at`` says it was, aware; a day is its beginning in UTC."""
    if not isinstance(value, str):
        return None
    if len(value) == len("YYYY-MM-DD"):
        return datetime.combine(date.fromisoformat(value), time(), tzinfo=UTC)
    return datetime.fromisoformat(value)


def _inside(node: _Node, raw: Mapping[str, Any], place: str, faults: list[Fault]) -> Record:
    """The fields of one object."""
    for name in raw.keys() - node.inner.keys():
        where = f"{place}.{str(name)[:60]}"
        faults.append(
            Fault(where, "This field is not registered.", "Register it first, or leave it out.")
        )
    found: Record = {}
    for name, child in node.inner.items():
        value = raw.get(name)
        where = f"{place}.{name}"
        if value is None or value == "":
            _missing(child, where, faults)
        elif child.many:
            found[name] = _list(child, value, where, faults)
        else:
            found[name] = _one(child, value, where, faults)
    return found


def _missing(node: _Node, place: str, faults: list[Fault]) -> None:
    if node.field is None and not node.many:
        # Nobody registered the object itself: what is required in it is required.
        _inside(node, {}, place, faults)
    elif node.field is not None and node.field.required:
        faults.append(Fault(place, "It is required and is not there.", "Send a value."))


def _list(node: _Node, value: Any, place: str, faults: list[Fault]) -> list[JsonValue]:
    if not isinstance(value, list):
        faults.append(Fault(place, "This is no list."))
        return []
    if not value:
        _missing(node, place, faults)
    return [_one(node, one, f"{place}[{n}]", faults) for n, one in enumerate(value)]


def _one(node: _Node, value: Any, place: str, faults: list[Fault]) -> JsonValue:
    if node.inner:
        if isinstance(value, dict):
            return _inside(node, value, place, faults)
        faults.append(Fault(place, "This is no object."))
        return None
    if node.field is None or node.field.type in (FieldType.OBJECT, FieldType.ARRAY):
        # Registered without saying what is in it: kept as it came.
        kept: JsonValue = value
        return kept
    read = _READ[node.field.type](value, node.field)
    if isinstance(read, _Wrong):
        faults.append(Fault(place, read.sentence, read.fix))
        return None
    return read


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Why a value is none of its type."""

    sentence: str
    fix: str = ""


def _text(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    if not isinstance(value, str):
        return _Wrong("This is no text.", "Send it in quotes.")
    if one.length and len(value) > one.length:
        return _Wrong(f"It has {len(value)} characters; at most {one.length} are registered.")
    return value


def _whole(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return _Wrong("This is no whole number.")
    return value


def _decimal(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return _Wrong("This is no number.", "Send it like 12.50, or in quotes as “12.50”.")
    number = Decimal(value)
    digits = max(0, -int(number.normalize().as_tuple().exponent))
    if one.scale is not None and digits > one.scale:
        return _Wrong(f"It has {digits} digits after the point; {one.scale} are registered.")
    return number


def _flag(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    return value if isinstance(value, bool) else _Wrong("This is neither true nor false.")


def _day(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return _Wrong("This is no day.", "Write it YYYY-MM-DD.")


def _moment(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    fix = "Write it like 2026-11-28T09:30:00+00:00."
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return _Wrong("This is no moment.", fix)
    if moment.tzinfo is None:
        return _Wrong("It does not say in which zone.", fix)
    return moment.isoformat()


def _choice(value: Any, one: FieldSchema) -> JsonValue | _Wrong:
    codes = [code for code, _meaning in one.enum]
    if isinstance(value, str) and value in codes:
        return value
    return _Wrong("It has none of the registered values.", f"One of {', '.join(codes[:20])}.")


_READ: dict[FieldType, Callable[[Any, FieldSchema], JsonValue | _Wrong]] = {
    FieldType.STRING: _text,
    FieldType.REFERENCE: _text,
    FieldType.INTEGER: _whole,
    FieldType.DECIMAL: _decimal,
    FieldType.BOOLEAN: _flag,
    FieldType.DATE: _day,
    FieldType.DATETIME: _moment,
    FieldType.ENUM: _choice,
}

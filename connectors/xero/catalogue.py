"""The entities and fields of the Accounting API as facts: ``catalogue.json`` read once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.schema.model import EntitySchema, FieldSchema, FieldType

_TYPES = {
    "string": FieldType.STRING,
    "decimal": FieldType.DECIMAL,
    "integer": FieldType.INTEGER,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "array": FieldType.ARRAY,
    "object": FieldType.OBJECT,
}
_MONEY_SCALE = 4


@dataclass(frozen=True, slots=True)
class Resource:
    """Where an entity lives.

    Attributes:
        name: entity name, e.g. ``Invoice``.
        path: collection path below ``/api.xro/2.0/``, empty where there is none.
        list_key: key of the list in the envelope.
        key: field that identifies a record.
        paged: whether the list takes ``page`` and ``pageSize``.
    """

    name: str
    path: str
    list_key: str
    key: str
    paged: bool


@cache
def _data() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(Path(__file__).with_name("catalogue.json").read_text("utf-8"))
    return made


def version() -> str:
    """Version of the OpenAPI file that the facts come from."""
    return str(_data()["version"])


@cache
def resources() -> dict[str, Resource]:
    """Resources by entity name, only those with an endpoint."""
    return {
        e["name"]: Resource(e["name"], e["path"], e["list"], e["key"], e["paged"])
        for e in _data()["entities"]
        if e["path"]
    }


def _field(raw: dict[str, Any]) -> FieldSchema:
    enum = raw.get("e") or ()
    values = _data()["enums"][enum[1:]] if isinstance(enum, str) else enum
    kind = FieldType.ENUM if values else _TYPES[raw["t"]]
    if raw.get("f") and kind is FieldType.STRING:
        kind = FieldType.REFERENCE
    name = raw["n"]
    return FieldSchema(
        path=name,
        label=_label(name),
        type=kind,
        length=raw.get("l"),
        scale=_MONEY_SCALE if kind is FieldType.DECIMAL else None,
        required=bool(raw.get("q")),
        read_only=bool(raw.get("r")),
        enum=tuple((v, "") for v in values),
        references=raw.get("f", ""),
        description=raw.get("d", ""),
        key=bool(raw.get("k")),
    )


def _label(path: str) -> str:
    words = ""
    last = path.rsplit(".", 1)[-1].replace("[]", "")
    for at, letter in enumerate(last):
        if at and letter.isupper() and not last[at - 1].isupper():
            words += " "
        words += letter
    return words


@cache
def entities() -> tuple[EntitySchema, ...]:
    """All entities with their fields, as the catalogue knows them."""
    return tuple(
        EntitySchema(
            name=e["name"],
            label=e["label"],
            fields=tuple(_field(f) for f in e["fields"]),
            keys=(e["key"],),
        )
        for e in _data()["entities"]
    )


@cache
def field_types() -> dict[str, dict[str, FieldType]]:
    """Reduced types by entity and field path."""
    return {e.name: {f.path: f.type for f in e.fields} for e in entities()}


@cache
def _guids() -> frozenset[tuple[str, str]]:
    return frozenset(
        (e["name"], f["n"]) for e in _data()["entities"] for f in e["fields"] if f.get("g")
    )


def is_guid(entity: str, path: str) -> bool:
    """Whether a field holds a GUID (``where`` needs ``Guid("…")`` for it)."""
    return (entity, path) in _guids()

"""The schema that a sender registers: our own format, read strictly, because records are held against it.

A file of a schema is read tolerantly (``load``): it is looked at. What is registered is a contract, so a
type that we do not know is refused rather than taken for text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.schema.codec import from_json
from engine.schema.model import EntitySchema, FieldType, SystemSchema

MOST_ENTITIES = 50
MOST_FIELDS = 500
# Keys of records are columns of inbox rows and events.
LONGEST_NAME = 60
LONGEST_KEY = 80
HOLDERS = (FieldType.OBJECT, FieldType.ARRAY)
KEY_TYPES = (FieldType.STRING, FieldType.INTEGER, FieldType.REFERENCE, FieldType.ENUM)
MOMENTS = (FieldType.DATETIME, FieldType.DATE)
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")
# What a mapping can name without quotes; a list is marked by ``[]``.
_PATH = re.compile(r"[A-Za-z_]\w*(\[\])?(\.[A-Za-z_]\w*(\[\])?)*")


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why something that was sent cannot be taken.

    Attributes:
        place: where, as the sender wrote it: ``entities[0].keys``, ``records[3].lines[1].price``.
        sentence: what is wrong there.
        fix: what to send instead.
    """

    place: str
    sentence: str
    fix: str = ""


class NotTaken(ValueError):
    """What was sent cannot be taken; ``faults`` say where and why."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{f.place}: {f.sentence}" for f in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Registration:
    """What a sender said its records look like.

    Attributes:
        schema: entities and fields as in any snapshot.
        changed_at: entity -> field that says when a record last changed, where there is one.
    """

    schema: SystemSchema
    changed_at: Mapping[str, str]


def registered(raw: Mapping[str, Any], *, system: str) -> Registration:
    """Read a registration: the format of schema snapshots, and ``changed_at`` for an entity.

    Args:
        raw: ``version`` and ``entities``, each with ``name``, ``keys`` and ``fields``.
        system: the system the schema belongs to.

    Raises:
        NotTaken: it cannot be read, or records could not be told apart by it.
    """
    faults = list(_shape(raw))
    if faults:
        raise NotTaken(faults)
    schema = from_json({**raw, "system": system})
    changed = {str(e["name"]): str(e["changed_at"]) for e in raw["entities"] if e.get("changed_at")}
    for number, entity in enumerate(schema.entities):
        faults += _meaning(f"entities[{number}]", entity, changed.get(entity.name, ""))
    names = [e.name for e in schema.entities]
    faults += [
        Fault("entities", f"“{name}” is there twice.", "Give each entity a name of its own.")
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if faults:
        raise NotTaken(faults)
    entities = tuple(_with_keys(e, changed.get(e.name, "")) for e in schema.entities)
    return Registration(replace(schema, entities=entities), changed)


def _shape(raw: Mapping[str, Any]) -> Iterator[Fault]:
    """What keeps the schema from being read at all."""
    entities = raw.get("entities")
    if not isinstance(entities, list) or not 1 <= len(entities) <= MOST_ENTITIES:
        yield Fault(
            "entities",
            f"A schema has 1 to {MOST_ENTITIES} entities.",
            "Send a list, each with “name”, “keys” and “fields”.",
        )
        return
    for number, entity in enumerate(entities):
        place = f"entities[{number}]"
        if not isinstance(entity, dict) or not isinstance(entity.get("fields"), list):
            yield Fault(place, "An entity is an object with “name”, “keys” and “fields”.")
            continue
        if not _NAME.fullmatch(str(entity.get("name", ""))):
            yield Fault(
                f"{place}.name",
                "The name cannot be used.",
                f"Letters, digits and _, a letter first, at most {LONGEST_NAME}.",
            )
        keys = entity.get("keys")
        if not isinstance(keys, list) or not keys or not all(isinstance(k, str) for k in keys):
            yield Fault(
                f"{place}.keys",
                "Nothing says which record is which.",
                "Name the fields of the key.",
            )
        if len(entity["fields"]) > MOST_FIELDS:
            yield Fault(f"{place}.fields", f"These are more than {MOST_FIELDS} fields.")
        for index, field in enumerate(entity["fields"]):
            yield from _field_shape(f"{place}.fields[{index}]", field)


def _field_shape(place: str, field: Any) -> Iterator[Fault]:
    if not isinstance(field, dict):
        yield Fault(place, "A field is an object with “name” and “type”.")
        return
    if not isinstance(field.get("name"), str) or not _PATH.fullmatch(field["name"]):
        yield Fault(
            f"{place}.name",
            "The name cannot be used.",
            "Write it like total, customer.email or lines[].price.",
        )
    types = [t.value for t in FieldType]
    if field.get("type") not in types:
        yield Fault(f"{place}.type", "There is no such type.", f"One of {', '.join(types)}.")
    for name in ("length", "scale"):
        said = field.get(name)
        if said is not None and (not isinstance(said, int) or isinstance(said, bool) or said < 0):
            yield Fault(f"{place}.{name}", "This is no whole number.")
    for name in ("required", "key"):
        if not isinstance(field.get(name, False), bool):
            yield Fault(f"{place}.{name}", "This is neither true nor false.")
    enum = field.get("enum", [])
    pairs = isinstance(enum, list) and all(isinstance(p, list) and len(p) == 2 for p in enum)
    if not pairs or (field.get("type") == FieldType.ENUM.value and not enum):
        yield Fault(
            f"{place}.enum",
            "The values it may have are missing or cannot be read.",
            "A list of [code, meaning]; the meaning may be empty.",
        )


def _meaning(place: str, entity: EntitySchema, changed_at: str) -> Iterator[Fault]:
    """What keeps records from being told apart, or from being put in order."""
    paths = [f.path for f in entity.fields]
    for path in sorted({p for p in paths if paths.count(p) > 1}):
        yield Fault(f"{place}.fields", f"“{path}” is there twice.")
    for path in sorted({p for p in paths if any(q.startswith((f"{p}.", f"{p}[]")) for q in paths)}):
        held = entity.field(path)
        if held is not None and held.type not in HOLDERS:
            yield Fault(f"{place}.fields", f"“{path}” has a value and fields of its own.")
    for key in entity.keys:
        field = entity.field(key)
        if field is None or field.type not in KEY_TYPES or "[]" in key:
            yield Fault(
                f"{place}.keys",
                f"“{key}” cannot be a key.",
                f"A field of the record itself, {', '.join(t.value for t in KEY_TYPES)}.",
            )
    if changed_at:
        moment = entity.field(changed_at)
        if moment is None or moment.type not in MOMENTS or "[]" in changed_at:
            yield Fault(
                f"{place}.changed_at",
                f"“{changed_at}” does not say when a record changed.",
                "Name a field of the record itself that is a datetime (or a date).",
            )


def _with_keys(entity: EntitySchema, changed_at: str) -> EntitySchema:
    """Keys, and the moment by which versions are put in order, are always required."""
    fields = tuple(
        replace(
            one,
            key=one.key or one.path in entity.keys,
            required=one.required or one.path in entity.keys or one.path == changed_at,
        )
        for one in entity.fields
    )
    return replace(entity, fields=fields)

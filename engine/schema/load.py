"""Schema files and record samples to ``SystemSchema``; tolerant about the words a file uses.

Files written by different people call the same fact by different keys (``length``, ``max_length``,
``maxLength``; ``required``, ``required_on_create``; enumerations as a dict, as a list or as a list
of objects). All of them are read, for systems we have never seen too; what is unknown is ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from engine.schema.exports import ExportFileError, Upload, export_rows
from engine.schema.model import (
    EntitySchema,
    FieldSchema,
    FieldType,
    JsonValue,
    Record,
    SystemSchema,
)
from engine.schema.profile import guess_type, profile

# Records of an export that types and value profiles are guessed from.
_LOOKED_AT = 1000
_TYPES: dict[str, FieldType] = {
    **dict.fromkeys(
        ("", "string", "text", "str", "varchar", "char", "nvarchar", "uuid"), FieldType.STRING
    ),
    **dict.fromkeys(("any", "guid", "code", "option", "media", "blob", "html"), FieldType.STRING),
    **dict.fromkeys(
        ("integer", "int", "long", "bigint", "smallint", "int32", "int64"), FieldType.INTEGER
    ),
    **dict.fromkeys(
        ("decimal", "number", "float", "double", "money", "numeric"), FieldType.DECIMAL
    ),
    **dict.fromkeys(("currency", "monetary", "amount", "real"), FieldType.DECIMAL),
    **dict.fromkeys(("boolean", "bool", "bit", "flag", "checkbox"), FieldType.BOOLEAN),
    **dict.fromkeys(("date", "day", "msdate"), FieldType.DATE),
    **dict.fromkeys(("datetime", "timestamp", "msdatetime", "time"), FieldType.DATETIME),
    **dict.fromkeys(("enum", "selection", "choice", "picklist", "list"), FieldType.ENUM),
    **dict.fromkeys(("reference", "lookup", "many2one", "link", "relation"), FieldType.REFERENCE),
    **dict.fromkeys(("object", "complex", "struct", "record", "many2many"), FieldType.OBJECT),
    **dict.fromkeys(("array", "collection", "one2many"), FieldType.ARRAY),
}


SAMPLES_READ = 20
"""How many different sample values of a field are kept."""


class SchemaFileError(ValueError):
    """A schema file cannot be read; the message names the file and what to put right."""


def _first(raw: Mapping[str, Any], *names: str) -> Any:
    """The first of several keys that says something."""
    return next((raw[n] for n in names if raw.get(n) not in (None, "", [], {})), None)


def _flag(raw: Mapping[str, Any], *names: str) -> bool:
    return any(raw.get(n) in (True, "true", "yes", "Y", 1) for n in names)


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _enum(value: Any, shared: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if isinstance(value, str):
        value = shared.get(value, [])
    if isinstance(value, Mapping):
        return tuple((str(k), str(v or "")) for k, v in value.items())
    out: list[tuple[str, str]] = []
    for one in value if isinstance(value, Sequence) else ():
        if isinstance(one, Mapping):
            code = _first(one, "value", "code", "name", "id")
            out.append((str(code or ""), str(_first(one, "label", "meaning", "description") or "")))
        elif isinstance(one, (list, tuple)) and one:
            out.append((str(one[0]), str(one[1]) if len(one) > 1 else ""))
        else:
            out.append((str(one), ""))
    return tuple(out)


def _type(raw: Mapping[str, Any], enum: tuple[tuple[str, str], ...]) -> FieldType:
    said = str(_first(raw, "type", "data_type", "dataType", "field_type") or "").lower()
    kind = _TYPES.get(re.split(r"[(.]", said, maxsplit=1)[0].strip(), FieldType.STRING)
    form = str(raw.get("format") or "").lower()
    if kind is FieldType.STRING and form in ("date", "msdate", "date-time", "msdatetime"):
        return FieldType.DATE if form in ("date", "msdate") else FieldType.DATETIME
    if kind is FieldType.STRING and enum:
        return FieldType.ENUM
    return kind


def _references(value: Any) -> str:
    if isinstance(value, Mapping):
        entity = _first(value, "entity", "table", "name") or ""
        field = _first(value, "field", "column") or ""
        return f"{entity}.{field}" if field else str(entity)
    if isinstance(value, (list, tuple)):
        return str(value[0]) if value else ""
    return str(value or "")


def field_from(raw: Mapping[str, Any], shared: Mapping[str, Any] | None = None) -> FieldSchema:
    """One field of a schema file.

    Args:
        raw: the field as the file has it.
        shared: enumerations that the file lists once under ``enums``.
    """
    shared = shared or {}
    enum = _enum(_first(raw, "enum", "enum_ref", "options", "values_allowed", "choices"), shared)
    found = _first(raw, "values", "samples", "sample_values", "examples")
    values = [str(v) for v in found] if isinstance(found, list) else []
    length = _first(raw, "length", "max_length", "maxLength", "size", "max_length_unverified")
    kind = _type(raw, enum)
    path = str(_first(raw, "path", "name", "field", "id") or "")
    said = _first(raw, "label", "title", "caption", "display_name") or _first(raw, "name")
    return FieldSchema(
        path=path,
        label=str(said) if said and said != path else "",
        type=guess_type(values) if values and kind is FieldType.STRING else kind,
        length=_number(length),
        scale=_number(raw.get("scale")),
        required=_flag(raw, "required", "required_on_create", "mandatory"),
        read_only=_flag(raw, "read_only", "readOnly", "readonly", "computed", "calculated")
        or any(k.startswith("assigned_by") and v is True for k, v in raw.items()),
        enum=enum,
        references=_references(_first(raw, "references", "reference", "ref", "relation", "target")),
        description=str(_first(raw, "description", "help", "meaning", "comment", "doc") or ""),
        key=_flag(raw, "key", "primary_key", "is_key"),
        custom=_flag(raw, "custom", "user_defined", "is_custom"),
        profile=profile(values, keep=SAMPLES_READ) if values else None,
    )


def entity_from(raw: Mapping[str, Any], shared: Mapping[str, Any] | None = None) -> EntitySchema:
    """One entity of a schema file; a key list marks its fields as keys."""
    name = str(_first(raw, "name", "entity", "table", "id") or "")
    found = _first(raw, "fields", "columns", "properties", "attributes") or []
    rows: Iterable[Mapping[str, Any]]
    if isinstance(found, Mapping):
        rows = [
            {"name": k, **(v if isinstance(v, Mapping) else {"type": v})} for k, v in found.items()
        ]
    else:
        rows = [f if isinstance(f, Mapping) else {"name": str(f)} for f in found]
    fields: dict[str, FieldSchema] = {}
    for row in rows:
        one = field_from(row, shared)
        if one.path and one.path not in fields:
            fields[one.path] = one
    keys = _first(raw, "keys", "key", "primary_key", "unique_keys") or []
    keys = [keys] if isinstance(keys, str) else keys
    return EntitySchema(
        name=name,
        label=str(_first(raw, "label", "title", "caption") or ""),
        fields=tuple(fields.values()),
        keys=tuple(str(k) for k in keys if str(k) in fields),
        lines_of=str(_first(raw, "lines_of", "parent_entity", "parent") or ""),
        description=str(_first(raw, "description", "help", "doc") or ""),
    )


def schema_from(raw: Mapping[str, Any], *, system: str = "") -> SystemSchema:
    """A whole schema file that was read already.

    Raises:
        SchemaFileError: there are no entities in it.
    """
    found = _first(raw, "entities", "tables", "resources", "objects")
    if isinstance(found, Mapping):
        found = [
            {"name": k, **(v if isinstance(v, Mapping) else {"fields": v})}
            for k, v in found.items()
        ]
    if not isinstance(found, list) or not found:
        raise SchemaFileError(
            "no entities: the file needs a list “entities”, each with “name” and “fields”"
        )
    shared = raw.get("enums") if isinstance(raw.get("enums"), Mapping) else {}
    entities: dict[str, EntitySchema] = {}
    for one in found:
        entity = entity_from(one, shared)
        if not entity.name:
            raise SchemaFileError("an entity has no “name”")
        entities.setdefault(entity.name, entity)
    return SystemSchema(
        system=str(_first(raw, "system", "name") or system or "file"),
        version=str(_first(raw, "version", "minor_version", "api") or ""),
        entities=tuple(entities.values()),
    )


def load_schema(path: Path | Upload) -> SystemSchema:
    """Read a schema file (JSON) or an export of records (CSV: one entity named after the file).

    Raises:
        SchemaFileError: the file is missing, no JSON, no table, no schema or has no entities; the message
            says which.
    """
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return SystemSchema(system=path.stem, entities=(_export_entity(path),))
    try:
        with path.open("rb") as file:
            raw = json.loads(file.read().decode("utf-8-sig"))
    except OSError as error:
        raise SchemaFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise SchemaFileError(f"{path}: is not valid JSON ({error})") from error
    if isinstance(raw, list):
        raw = {"entities": raw}
    try:
        return schema_from(raw, system=path.parent.name)
    except SchemaFileError as error:
        raise SchemaFileError(f"{path}: {error}") from error
    except (AttributeError, TypeError, OverflowError, RecursionError) as error:
        # JSON of any other shape: a number for an entity, a list where fields are named.
        raise SchemaFileError(
            f"{path}: is JSON, but no schema: it needs a list “entities”, each with “name” and “fields”"
        ) from error


def _export_entity(path: Path | Upload) -> EntitySchema:
    try:
        with export_rows(path) as rows:
            head = next(rows, None)
            if head is None:
                raise SchemaFileError(f"{path}: the file is empty; a heading line is needed")
            some = [dict(zip_longest(head, row[: len(head)])) for row in islice(rows, _LOOKED_AT)]
    except ExportFileError as error:
        raise SchemaFileError(str(error)) from error
    return entity_from_records(path.stem, some or [dict.fromkeys(head)])


def entity_from_records(
    name: str, records: Sequence[Mapping[str, JsonValue]], *, sample: int = _LOOKED_AT
) -> EntitySchema:
    """An entity guessed from flat or nested records: paths, types and value profiles.

    Args:
        name: what to call it.
        records: any JSON-like records.
        sample: how many of them to look at.
    """
    columns: dict[str, list[JsonValue]] = {}
    for record in records[:sample]:
        for path, value in _flatten(record):
            columns.setdefault(path, []).append(value)
    fields = tuple(
        FieldSchema(path=path, type=guess_type(values), profile=profile(values))
        for path, values in columns.items()
    )
    return EntitySchema(name=name, fields=fields)


def _flatten(record: Mapping[str, JsonValue], prefix: str = "") -> Iterable[tuple[str, JsonValue]]:
    for name, value in record.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _flatten(value, f"{path}.")
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    yield from _flatten(one, f"{path}[].")
                else:
                    yield f"{path}[]", one
        else:
            yield path, value


def schema_from_records(system: str, tables: Mapping[str, Sequence[Record]]) -> SystemSchema:
    """A schema guessed from samples of several entities."""
    entities = tuple(entity_from_records(name, rows) for name, rows in tables.items())
    return SystemSchema(system=system, entities=entities)


def task_side(name: str, rows: Sequence[Mapping[str, Any]]) -> SystemSchema:
    """One side of a public schema-matching task: fields with ``id``, path, type and values."""
    fields = tuple(field_from({**row, "path": row["id"]}) for row in rows)
    return SystemSchema(system=name, entities=(EntitySchema(name="", fields=fields),))

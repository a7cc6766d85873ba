"""Schema snapshots to JSON and back, without loss; what the studio stores and diffs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine.schema.model import (
    EntitySchema,
    FieldSchema,
    FieldType,
    SystemSchema,
    ValueProfile,
    Visibility,
)


def _slim(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty; ``0`` and ``False`` of defaults are left out, too."""
    return {k: v for k, v in values.items() if v not in (None, "", (), [], {}, False)}


def to_json(schema: SystemSchema) -> dict[str, Any]:
    """A JSON-safe dict in the format of the schema files; :func:`from_json` reads it back."""
    return _slim(
        {
            "system": schema.system,
            "version": schema.version,
            "looked_as": schema.looked_as,
            "facts": dict(schema.facts),
            "entities": [_entity(e) for e in schema.entities],
        }
    )


def _entity(entity: EntitySchema) -> dict[str, Any]:
    return {
        "name": entity.name,
        **_slim(
            {
                "label": entity.label,
                "keys": list(entity.keys),
                "lines_of": entity.lines_of,
                "description": entity.description,
            }
        ),
        "fields": [_field(f) for f in entity.fields],
    }


def _field(one: FieldSchema) -> dict[str, Any]:
    plain = {
        "name": one.path,
        "label": one.label,
        "type": one.type.value,
        "length": one.length,
        "required": one.required,
        "read_only": one.read_only,
        "enum": [list(pair) for pair in one.enum],
        "references": one.references,
        "description": one.description,
        "key": one.key,
        "custom": one.custom,
        "visibility": one.visibility.value,
    }
    out = _slim(plain)
    if one.scale is not None:
        out["scale"] = one.scale
    if one.profile is not None:
        out["profile"] = asdict(one.profile)
    return out


def from_json(raw: Mapping[str, Any]) -> SystemSchema:
    """Read what :func:`to_json` wrote.

    Raises:
        KeyError: something essential is missing.
        ValueError: an unknown type or visibility.
    """
    return SystemSchema(
        system=raw["system"],
        version=raw.get("version", ""),
        entities=tuple(_read_entity(e) for e in raw.get("entities", ())),
        looked_as=raw.get("looked_as", ""),
        facts=dict(raw.get("facts", {})),
    )


def _read_entity(raw: Mapping[str, Any]) -> EntitySchema:
    return EntitySchema(
        name=raw["name"],
        label=raw.get("label", ""),
        fields=tuple(_read_field(f) for f in raw["fields"]),
        keys=tuple(raw.get("keys", ())),
        lines_of=raw.get("lines_of", ""),
        description=raw.get("description", ""),
    )


def _read_field(raw: Mapping[str, Any]) -> FieldSchema:
    seen = raw.get("profile")
    return FieldSchema(
        path=raw["name"],
        label=raw.get("label", ""),
        type=FieldType(raw["type"]),
        length=raw.get("length"),
        scale=raw.get("scale"),
        required=raw.get("required", False),
        read_only=raw.get("read_only", False),
        enum=tuple((str(code), str(meaning)) for code, meaning in raw.get("enum", ())),
        references=raw.get("references", ""),
        description=raw.get("description", ""),
        key=raw.get("key", False),
        custom=raw.get("custom", False),
        visibility=Visibility(raw.get("visibility", Visibility.CATALOGUE)),
        profile=_read_profile(seen) if seen is not None else None,
    )


def _read_profile(raw: Mapping[str, Any]) -> ValueProfile:
    return ValueProfile(
        **{**raw, "samples": tuple(raw["samples"]), "patterns": tuple(raw["patterns"])}
    )

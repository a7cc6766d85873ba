"""The two schemas a mapping stands between, and the fields of each side as the mapping sees them."""

from __future__ import annotations

from dataclasses import replace

from engine.canon.fields import canonical_schema
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.catalog.models import Connection, SchemaSnapshot
from studio.catalog.schemas import schema_of
from studio.mapping.models import Mapping


def latest_snapshot(connection: Connection) -> SchemaSnapshot | None:
    """The newest look at a connection, or None before the first."""
    return (
        SchemaSnapshot.objects.filter(connection=connection)
        .order_by("-number")
        .defer("content")
        .first()
    )


def snapshot_of(mapping: Mapping) -> SchemaSnapshot | None:
    """The snapshot the mapping was proposed on, else the newest."""
    return mapping.snapshot or latest_snapshot(mapping.connection)


def sides(mapping: Mapping, snapshot: SchemaSnapshot) -> tuple[SystemSchema, SystemSchema]:
    """Source and target schema of a mapping."""
    system = schema_of(snapshot)
    canonical = canonical_schema()
    return (system, canonical) if mapping.direction == "inbound" else (canonical, system)


def entities(mapping: Mapping) -> tuple[str, str]:
    """Source and target entity of a mapping."""
    pair = (mapping.entity, mapping.document)
    return pair if mapping.direction == "inbound" else (pair[1], pair[0])


def whole_entity(schema: SystemSchema, name: str) -> EntitySchema | None:
    """The entity with the rows that belong to it as lists inside: ``SorDetail[].MPrice``."""
    entity = schema.entity(name)
    if entity is None:
        return None
    nested = tuple(
        replace(one, path=f"{child.name}[].{one.path}")
        for child in schema.entities
        if child.lines_of == name
        for one in child.fields
    )
    return replace(entity, fields=entity.fields + nested) if nested else entity


def is_leaf(field: FieldSchema) -> bool:
    """Whether a field carries a value of its own rather than other fields."""
    return field.type not in (FieldType.OBJECT, FieldType.ARRAY)

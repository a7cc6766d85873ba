"""Snapshots as values, and the rows that pages show of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString
from pydantic import TypeAdapter

from engine.canon.money import CURRENCIES
from engine.schema.model import EntitySchema, FieldSchema, SystemSchema
from studio.catalog.models import Connection, SchemaSnapshot
from studio.core import charts

SCHEMA: TypeAdapter[SystemSchema] = TypeAdapter(SystemSchema)


@lru_cache(maxsize=16)
def _loaded(pk: int, content_hash: str) -> SystemSchema:
    content = SchemaSnapshot.objects.values_list("content", flat=True).get(pk=pk)
    return SCHEMA.validate_python(content)


def schema_of(snapshot: SchemaSnapshot) -> SystemSchema:
    """The snapshot as a value; kept in the process because snapshots never change."""
    return _loaded(snapshot.pk, snapshot.content_hash)


def base_currency_of(connection: Connection) -> str:
    """The currency in which the company says it keeps its books; empty where it was not heard yet."""
    said = connection.snapshots.values_list("content__facts__base_currency", flat=True).first()
    return said if said in CURRENCIES else ""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field as the explorer shows it."""

    field: FieldSchema
    entity: str
    fill: int
    samples: tuple[str, ...]
    chart: str = ""

    @property
    def size(self) -> str:
        """Length and scale in words."""
        one = self.field
        if one.scale is not None and one.length is not None:
            return f"{one.length},{one.scale}"
        return str(one.length or "")


def field_rows(entity: EntitySchema, text: str) -> list[FieldRow]:
    """Fields whose name, label or meaning contains the text."""
    found = []
    for one in entity.fields:
        if text and text not in f"{one.path} {one.label} {one.description}".lower():
            continue
        profile = one.profile
        fill = round(100 * profile.filled / profile.rows) if profile and profile.rows else 0
        shown = profile.samples[:4] if profile else ()
        found.append(
            FieldRow(
                one,
                entity.name,
                fill,
                shown,
                _chart(one),
            )
        )
    return found


def _chart(one: FieldSchema) -> SafeString:
    """How full a field is and how many of its values differ, as two bars."""
    profile = one.profile
    if profile is None or not profile.rows:
        return SafeString("")
    filled, distinct = profile.filled / profile.rows, profile.distinct / profile.rows
    label = f"{profile.filled} of {profile.rows} records have a value, {profile.distinct} different ones"
    if profile.low or profile.high:
        label += f", from {profile.low} to {profile.high}"
    return charts.profile(filled, distinct, label)


def differences(before: SchemaSnapshot, after: SchemaSnapshot) -> list[Any]:
    """Typed changes between two snapshots."""
    from engine.schema.drift import compare

    return list(compare(schema_of(before), schema_of(after)))

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from engine.schema.model import FieldType, JsonValue, SystemSchema, Visibility
from tests.connectors.contracts.subject import Subject

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def schema(reading: Subject) -> SystemSchema:
    return reading.connector.snapshot(sample=50)


def leaves(value: JsonValue, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path + "[]")
    elif value is not None:
        yield path


def test_a_snapshot_names_the_system_who_looked_and_the_company(
    reading: Subject, schema: SystemSchema
) -> None:
    assert schema.system == reading.system == reading.connector.system
    assert schema.looked_as
    assert schema.facts["name"].startswith("Halden")
    assert len(schema.facts["base_currency"]) == 3


def test_entity_names_and_field_paths_are_unique(schema: SystemSchema) -> None:
    names = [e.name for e in schema.entities]
    assert len(set(names)) == len(names) >= 20
    for entity in schema.entities:
        paths = [f.path for f in entity.fields]
        assert len(set(paths)) == len(paths), entity.name
        assert entity.keys


def test_every_field_of_a_record_is_described(reading: Subject, schema: SystemSchema) -> None:
    entity = schema.entity(reading.words.party)
    assert entity is not None
    known = {f.path for f in entity.fields}
    for record in reading.connector.changes(reading.words.party, limit=20).records:
        strange = {p.removesuffix("[]") for p in leaves(record.data)} - {
            k.removesuffix("[]") for k in known
        }
        assert not strange


def test_fields_carry_meaning_and_live_fields_a_profile(
    reading: Subject, schema: SystemSchema
) -> None:
    entity = schema.entity(reading.words.party)
    assert entity is not None
    name = entity.field(reading.words.name)
    assert name is not None
    assert name.description
    assert name.type is FieldType.STRING
    assert name.visibility is Visibility.SEEN
    assert name.profile is not None
    assert 0 < name.profile.filled <= name.profile.rows <= 50
    assert name.profile.samples


def test_two_snapshots_of_an_unchanged_company_are_equal(
    reading: Subject, schema: SystemSchema
) -> None:
    assert reading.connector.snapshot(sample=50) == schema


def test_values_have_the_type_their_field_says(reading: Subject, schema: SystemSchema) -> None:
    entity = schema.entity(reading.words.party)
    assert entity is not None
    allowed = {
        FieldType.INTEGER: int,
        FieldType.DECIMAL: (Decimal, int),
        FieldType.BOOLEAN: bool,
        FieldType.STRING: str,
    }
    types = {f.path: f.type for f in entity.fields if "." not in f.path}
    for record in reading.connector.changes(reading.words.party, limit=20).records:
        for path, value in record.data.items():
            if value is None:
                continue
            if types.get(path) in allowed:
                assert isinstance(value, allowed[types[path]]), path
            if types.get(path) is FieldType.DATE:
                date.fromisoformat(str(value))
            if types.get(path) is FieldType.DATETIME:
                assert datetime.fromisoformat(str(value)).tzinfo is not None

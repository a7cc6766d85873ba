"""A record is typed as its schema says, or refused where it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.schema.model import EntitySchema
from engine.schema.records import Reader, moment_of
from engine.schema.registration import NotTaken, registered


def entity(*fields: dict[str, Any], keys: tuple[str, ...] = ("id",)) -> EntitySchema:
    raw = {
        "name": "things",
        "keys": list(keys),
        "fields": [{"name": "id", "type": "string"}, *fields],
    }
    return registered({"entities": [raw]}, system="test").schema.entities[0]


def read(one: EntitySchema, **values: Any) -> tuple[dict[str, Any], dict[str, str]]:
    record, faults = Reader(one).read({"id": "1", **values}, "it")
    return record, {f.place: f.sentence for f in faults}


def test_every_type_is_read_exactly() -> None:
    one = entity(
        {"name": "price", "type": "decimal"},
        {"name": "count", "type": "integer"},
        {"name": "on", "type": "date"},
        {"name": "at", "type": "datetime"},
        {"name": "yes", "type": "boolean"},
        {"name": "tags[]", "type": "string"},
        {"name": "raw", "type": "object"},
    )

    record, faults = read(
        one, price="0.10", count=Decimal("3.0"), on="2026-11-28", at="2026-11-28T09:30:00Z",
        yes=False, tags=["a", "b"], raw={"any": [1]},
    )  # fmt: skip

    assert faults == {}
    assert record == {
        "id": "1", "price": Decimal("0.10"), "count": 3, "on": "2026-11-28",
        "at": "2026-11-28T09:30:00+00:00", "yes": False, "tags": ["a", "b"], "raw": {"any": [1]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("decimal", "1,5"),
        ("decimal", True),
        ("decimal", "1e5"),
        ("integer", Decimal("1.5")),
        ("integer", "7"),
        ("integer", True),
        ("boolean", 1),
        ("string", 7),
        ("date", "2026-02-30"),
        ("date", 20261128),
        ("datetime", "2026-11-28T09:30:00"),
        ("datetime", "soon"),
    ],
)
def test_what_is_none_of_its_type_is_refused(type_: str, value: Any) -> None:
    _record, faults = read(entity({"name": "x", "type": type_}), x=value)

    assert list(faults) == ["it.x"]


def test_required_inside_an_object_nobody_registered_is_required() -> None:
    one = entity({"name": "customer.id", "type": "string", "required": True})

    assert list(read(one)[1]) == ["it.customer.id"]
    assert list(read(one, customer={})[1]) == ["it.customer.id"]
    assert list(read(one, customer="BAY")[1]) == ["it.customer"]


def test_required_inside_an_optional_object_or_list_is_required_where_it_is() -> None:
    one = entity(
        {"name": "ship", "type": "object"},
        {"name": "ship.city", "type": "string", "required": True},
        {"name": "lines[].sku", "type": "string", "required": True},
    )

    assert read(one)[1] == {}
    assert list(read(one, ship={}, lines=[{"sku": "A"}, {}])[1]) == [
        "it.ship.city",
        "it.lines[1].sku",
    ]
    assert list(read(one, lines={"sku": "A"})[1]) == ["it.lines"]


def test_a_list_that_is_required_is_not_empty() -> None:
    one = entity(
        {"name": "lines", "type": "array", "required": True},
        {"name": "lines[].sku", "type": "string"},
    )

    assert list(read(one, lines=[])[1]) == ["it.lines"]


def test_a_key_may_have_several_parts_and_has_its_length() -> None:
    one = entity({"name": "year", "type": "integer"}, keys=("id", "year"))
    reader = Reader(one)

    record, faults = reader.read({"id": "W1", "year": 2026}, "it")
    _long, refused = reader.read({"id": "W" * 80, "year": 2026}, "it")

    assert (reader.key_of(record), faults) == ("W1|2026", [])
    assert refused[0].sentence == "Its key is longer than 80 characters."


def test_a_day_begins_when_it_does_in_utc() -> None:
    assert moment_of("2026-11-28") == datetime(2026, 11, 28, tzinfo=UTC)
    assert moment_of(None) is None


@pytest.mark.parametrize("raw", [{}, {"entities": "all"}, {"entities": [7]}, {"entities": [{"name": "x", "fields": [7], "keys": ["id"]}]}])  # fmt: skip
def test_what_is_no_schema_is_refused_in_words(raw: dict[str, Any]) -> None:
    with pytest.raises(NotTaken):
        registered(raw, system="test")

"""The connector of a system that sends its records: reads what arrived, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from connectors.config import ConnectionConfig, Services
from connectors.received import Arrival
from connectors.registry import open_connector
from engine.errors import RemoteRejected, RemoteUnavailable
from engine.ports import Action, Connector, Draft, SourceRecord
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

SCHEMA = SystemSchema(
    system="pushed",
    entities=(
        EntitySchema(
            name="orders",
            keys=("id",),
            fields=(
                FieldSchema("id"),
                FieldSchema("lines[].total", type=FieldType.DECIMAL),
                FieldSchema("note"),
            ),
        ),
        EntitySchema(name="customers", keys=("id",), fields=(FieldSchema("id"),)),
    ),
)


class Kept:
    """What a sender registered and sent."""

    def __init__(self, *numbers: int) -> None:
        self.registered: SystemSchema | None = SCHEMA
        self.arrivals = [Arrival(n, _order(n)) for n in numbers]

    def schema(self) -> SystemSchema | None:
        return self.registered

    def after(self, entity: str, number: int, limit: int) -> Sequence[Arrival]:
        found = [a for a in self.arrivals if a.record.entity == entity and a.number > number]
        return found[:limit]

    def one(self, entity: str, key: str) -> SourceRecord | None:
        return next((a.record for a in self.arrivals if a.record.key == key), None)


def _order(number: int) -> SourceRecord:
    lines = [{"total": Decimal(number)}, {"total": Decimal("0.50")}]
    return SourceRecord("orders", f"W{number}", str(number), {"id": f"W{number}", "lines": lines})


def opened(kept: Kept) -> Connector:
    config = ConnectionConfig(system="pushed", name="Webshop", base_url="")
    return open_connector(config, Services(received=kept))


def test_changes_go_on_where_the_cursor_stands() -> None:
    kept = Kept(2, 5, 9)
    shop = opened(kept)

    first = shop.changes("orders", limit=2)
    rest = shop.changes("orders", cursor=first.cursor, limit=2)
    kept.arrivals.append(Arrival(12, _order(12)))
    later = shop.changes("orders", cursor=rest.cursor, limit=2)

    assert [r.key for r in first.records] == ["W2", "W5"]
    assert (first.more, rest.more, [r.key for r in rest.records]) == (True, False, ["W9"])
    assert [r.key for r in later.records] == ["W12"]
    assert shop.changes("orders", cursor=later.cursor).cursor == later.cursor == "12"


def test_the_schema_is_what_was_registered_with_profiles_of_what_arrived() -> None:
    seen = opened(Kept(1, 2)).snapshot()

    orders, customers = seen.entities
    total, note = orders.field("lines[].total"), orders.field("note")
    assert total is not None
    assert total.profile is not None
    assert (total.profile.rows, total.profile.low, total.profile.high) == (4, "0.50", "2")
    assert note is not None
    assert note.profile is not None
    assert note.profile.filled == 0
    assert customers == SCHEMA.entities[1]


def test_before_the_schema_nothing_is_known() -> None:
    kept = Kept()
    kept.registered = None

    assert not opened(kept).check().ok
    with pytest.raises(RemoteUnavailable, match="Webshop"):
        opened(kept).snapshot()


def test_records_are_read_and_found() -> None:
    shop = opened(Kept(1, 2, 3))

    one = shop.read("orders", "W2")
    assert one is not None
    assert one.key == "W2"
    assert shop.read("orders", "W9") is None
    assert [r.key for r in shop.find("orders", {"lines[].total": "3"})] == ["W3"]
    assert len(shop.find("orders", {"lines[].total": "0.50"}, limit=2)) == 2


def test_nothing_is_written_to_it() -> None:
    shop, draft = opened(Kept()), Draft("orders", {}, "k", "r")

    for write in (shop.create, shop.update):
        with pytest.raises(RemoteRejected, match="nothing is written to it"):
            write(draft)
    with pytest.raises(RemoteRejected):
        shop.act(draft, Action.VOID)
    assert all(r.error for r in [*shop.create_many([draft]), *shop.update_many([draft])])
    assert shop.find_by_reference("orders", "r", "k") is None

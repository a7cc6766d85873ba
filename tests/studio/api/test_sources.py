"""A web shop registers its schema and sends its orders, by its own token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from studio.accounts.models import User, Workspace
from studio.api.exact import MOST_BYTES
from studio.api.tokens import make_token
from studio.catalog.ending import disconnect
from studio.catalog.models import Arrival, Connection, Registration
from studio.core.action import Actor
from studio.core.models import AuditEvent
from tests.studio.shop import SCHEMA, Shop, open_shop, order, schema
from tests.studio.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(integrator: Actor, workspace: Workspace) -> Shop:
    return open_shop(integrator, workspace)


@pytest.fixture
def ready(shop: Shop) -> Shop:
    assert shop.register().status_code == 200
    return shop


@pytest.mark.promise("F15")
def test_a_shop_registers_its_schema_and_it_is_a_snapshot_like_any(shop: Shop) -> None:
    said = shop.register().json()

    assert (said["number"], said["entity_count"], said["field_count"]) == (1, 1, 12)
    assert shop.client.get(f"{shop.url}schema/").json() == SCHEMA
    shop.connection.refresh_from_db()
    assert shop.connection.state == "live"
    line = AuditEvent.objects.get(key="source.registered")
    assert line.actor == "token: Webshop (Ivo Marsh)"
    assert line.data == {"name": "Webshop", "entities": ["orders"], "snapshot": 1}


def test_the_same_schema_again_is_the_same_snapshot_and_another_a_new_one(ready: Shop) -> None:
    assert ready.register().json()["number"] == 1
    assert ready.register(schema(coupon="string")).json()["number"] == 2


@pytest.mark.promise("F15")
def test_records_are_taken_once_however_often_they_are_sent(ready: Shop) -> None:
    first = ready.send(order("W-1"), order("W-2")).json()
    again = ready.send(order("W-1"), order("W-2"), order("W-3")).json()

    assert [r["outcome"] for r in first["records"]] == ["taken", "taken"]
    assert [(r["key"], r["outcome"]) for r in again["records"]] == [
        ("W-1", "known"),
        ("W-2", "known"),
        ("W-3", "taken"),
    ]
    assert (again["taken"], again["known"], again["late"]) == (1, 2, 0)
    assert Arrival.objects.count() == 3


def test_an_order_that_comes_late_does_not_replace_what_came_after_it(ready: Shop) -> None:
    ready.send(order(minute=5, status="shipped"))
    late = ready.send(order(minute=1, status="paid")).json()
    old = ready.send(order(minute=5, status="shipped")).json()
    newer = ready.send(order(minute=9, status="open")).json()

    assert late["records"][0]["outcome"] == "late"
    assert old["records"][0]["outcome"] == "known"
    assert newer["records"][0]["outcome"] == "taken"
    assert [a["newest"] for a in ready.arrivals(key="W-1001")] == [True, False, False]


def test_what_is_not_dated_is_in_the_order_of_arrival_and_may_come_back(shop: Shop) -> None:
    undated = schema()
    del undated["entities"][0]["changed_at"]
    shop.register(undated)

    outcomes = [
        shop.send(order(status=status)).json()["records"][0]["outcome"]
        for status in ("paid", "shipped", "shipped", "paid")
    ]
    together = shop.send(order("W-2", status="paid"), order("W-2", status="open"),
                         order("W-2", status="paid"), order("W-2", status="paid")).json()  # fmt: skip

    assert outcomes == ["taken", "taken", "known", "taken"]
    assert [r["outcome"] for r in together["records"]] == ["taken", "taken", "taken", "known"]
    assert Arrival.objects.filter(newest=True).count() == 2


def test_money_is_exact(ready: Shop) -> None:
    one = json.dumps(order()).replace('"80.00"', "12345678901234.10")
    body = f'{{"records": [{one}]}}'
    ready.client.post(f"{ready.url}push/orders/", body, content_type="application/json")

    assert '"total":12345678901234.10' in Arrival.objects.get().payload


@pytest.mark.promise("F15")
def test_a_bad_record_is_named_with_field_and_reason_and_nothing_of_the_batch_is_taken(
    ready: Shop,
) -> None:
    bad = order("W-2", status="lost", gift="yes", colour="red", updated_at="2026-11-20T10:00:00")
    bad["lines"][1] = {"sku": "", "qty": 1.5, "total": "1.005"}
    del bad["customer"], bad["placed_on"]

    said = ready.send(order("W-1"), bad)

    assert said.status_code == 400
    assert said["Content-Type"] == "application/problem+json"
    assert {p["place"]: p["sentence"] for p in said.json()["problems"]} == {
        "records[1].colour": "This field is not registered.",
        "records[1].updated_at": "It does not say in which zone.",
        "records[1].placed_on": "It is required and is not there.",
        "records[1].status": "It has none of the registered values.",
        "records[1].customer.id": "It is required and is not there.",
        "records[1].gift": "This is neither true nor false.",
        "records[1].lines[1].sku": "It is required and is not there.",
        "records[1].lines[1].qty": "This is no whole number.",
        "records[1].lines[1].total": "It has 3 digits after the point; 2 are registered.",
    }
    assert not Arrival.objects.exists()


def test_why_a_batch_was_refused_stays_here_without_what_it_said_until_one_is_taken(
    ready: Shop,
) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "batch-1"}
    ready.send(order(status="lost in the post"), **key)
    kept = Registration.objects.get().refused

    assert kept["faults"] == [["records[0].status", "It has none of the registered values."]]
    assert "lost in the post" not in json.dumps(kept)
    # Nothing was taken under the key, so it may be used again.
    assert ready.send(order(), **key).status_code == 200
    assert Registration.objects.get().refused == {}


def test_a_repeated_call_with_its_key_gets_the_first_answer(ready: Shop) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "batch-1"}
    first = ready.send(order(), **key)
    again = ready.send(order(), **key)

    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        (lambda e: e.update(keys=[]), "entities[0].keys", "Nothing says which record is which."),
        (lambda e: e.update(keys=["lines[].sku"]), "entities[0].keys", "“lines[].sku” cannot be a key."),
        (lambda e: e.update(changed_at="status"), "entities[0].changed_at", "“status” does not say when a record changed."),
        (lambda e: e.update(name="web orders"), "entities[0].name", "The name cannot be used."),
        (lambda e: e["fields"][0].update(type="uuid"), "entities[0].fields[0].type", "There is no such type."),
        (lambda e: e["fields"][3].pop("enum"), "entities[0].fields[3].enum", "The values it may have are missing or cannot be read."),
        (lambda e: e["fields"].append({"name": "status", "type": "string"}), "entities[0].fields", "“status” is there twice."),
        (lambda e: e["fields"].append({"name": "lines", "type": "string"}), "entities[0].fields", "“lines” has a value and fields of its own."),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_tell_records_apart_is_refused(
    shop: Shop, change: Callable[[dict[str, Any]], None], place: str, sentence: str
) -> None:
    body = schema()
    change(body["entities"][0])

    said = shop.register(body)

    assert said.status_code == 400
    assert (place, sentence) in {(p["place"], p["sentence"]) for p in said.json()["problems"]}
    assert not Registration.objects.exists()


def test_nothing_can_be_sent_before_the_schema_or_of_an_unknown_entity(shop: Shop) -> None:
    early = shop.send(order())
    shop.register()
    unknown = shop.send(order(), entity="basket")

    assert (early.status_code, early.json()["fix"]) == (409, "Register the schema first.")
    assert unknown.status_code == 400
    assert unknown.json()["problems"][0]["sentence"] == "“basket” is not registered."


@pytest.mark.parametrize("records", [[], [{}] * 501, "all"])
def test_a_batch_has_its_size(ready: Shop, records: Any) -> None:
    said = ready.client.post(f"{ready.url}push/orders/", {"records": records}, "json")

    assert said.json()["problems"][0]["sentence"] == "A batch has 1 to 500 records."


def test_a_body_has_its_size_and_must_be_json(ready: Shop) -> None:
    url = f"{ready.url}push/orders/"
    big = ready.client.post(url, b" " * (MOST_BYTES + 1), content_type="application/json")
    broken = ready.client.post(url, b'{"records": [', content_type="application/json")

    assert (big.status_code, big.json()["code"]) == (413, "too-large")
    assert broken.status_code == 400


@pytest.mark.promise("F15")
def test_a_senders_token_reaches_its_own_source_and_nothing_else(
    ready: Shop, integrator: Actor, workspace: Workspace
) -> None:
    other = open_shop(integrator, workspace, "CRM")
    other.register()
    other.send(order("C-1"))

    assert ready.client.get(other.url).status_code == 404
    assert (
        ready.client.post(f"{other.url}push/orders/", {"records": [order()]}, "json").status_code
        == 404
    )
    assert [s["name"] for s in ready.client.get("/api/v1/sources/").json()["results"]] == [
        "Webshop"
    ]
    assert ready.arrivals() == []
    for place in ("connections", "snapshots", "inbox-items", "audit-events", "flows"):
        assert ready.client.get(f"/api/v1/{place}/").status_code == 403
    assert ready.client.get("/api/schema/").status_code == 403


def test_another_scope_does_not_send(
    ready: Shop, ivo: User, ana: User, client_of: Callable[..., APIClient]
) -> None:
    connecting = client_of(ivo, "connect")

    assert connecting.get(ready.url).json()["name"] == "Webshop"
    for deed, body in (("register", SCHEMA), ("push/orders", {"records": [order()]})):
        assert connecting.post(f"{ready.url}{deed}/", body, "json").status_code == 403
        assert APIClient().post(f"{ready.url}{deed}/", body, "json").status_code == 401


def test_a_sender_has_one_scope_and_only_who_may_connect_makes_its_token(
    shop: Shop, integrator: Actor, accountant: Actor, workspace: Workspace, world: World
) -> None:
    with pytest.raises(ValidationError, match="Choose the one system"):
        make_token(integrator, workspace, "shop", ["send records"])
    with pytest.raises(ValidationError, match="only sends"):
        make_token(integrator, workspace, "shop", ["connect"], source=shop.connection)
    with pytest.raises(ValidationError, match="only sends"):
        make_token(integrator, workspace, "shop", (), source=world.books)
    with pytest.raises(ValidationError, match="does not carry"):
        make_token(accountant, workspace, "shop", (), source=shop.connection)


def test_nothing_is_taken_of_a_source_that_was_disconnected(ready: Shop, integrator: Actor) -> None:
    disconnect(integrator, ready.connection, "the shop moved")

    said = ready.send(order())

    assert (said.status_code, said.json()["sentence"]) == (
        409,
        "Webshop was disconnected here. Nothing of it is taken.",
    )


def test_a_system_that_is_asked_cannot_send(ready: Shop, world: World) -> None:
    assert (
        ready.client.post(
            f"/api/v1/sources/{world.books.uuid}/register/", SCHEMA, "json"
        ).status_code
        == 404
    )
    assert not Connection.objects.filter(system="pushed").exclude(pk=ready.connection.pk).exists()

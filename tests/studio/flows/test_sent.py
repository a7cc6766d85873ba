"""From a pushed order to an invoice in the books: through mapping, links, rehearsal and ledger like any other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connectors.ai.hash_embedder import HashEmbedder
from studio.accounts.models import User, Workspace
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.flows.masters import refresh_masters
from studio.flows.models import Cursor, Delivery, Flow, InboxItem
from studio.flows.pairing import next_steps, prepare_pair, start_pair
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.flows.sent import choices_for, start_sent
from studio.flows.sweep import wake_flows_of
from studio.linking.actions import Ends, add_link
from studio.linking.models import Party
from studio.mapping.actions import confirm, decide, publish
from studio.mapping.models import Mapping, MappingVersion
from studio.mapping.shipped import starters
from studio.triage.models import Case
from tests.studio.payments.books import Books, qbo_books
from tests.studio.shop import SCHEMA, Shop, open_shop, order, schema
from tests.studio.signing import go_live

__all__ = ["qbo_books"]
pytestmark = pytest.mark.django_db

# What the reviewer says of each field; the others stay open.
READ = {
    "order_number": "order_no",
    "number": "order_no",
    "date": "placed_on",
    "status": 'IF(status = "shipped", "completed", status)',
    "party": "customer.id",
    "party_name": "customer.name",
    "currency": "currency",
    "lines[].kind": '"non_stock"',
    "lines[].item": "line.sku",
    "lines[].description": "line.title",
    "lines[].quantity": "line.qty",
    "lines[].net_amount": "line.total",
    "lines[].tax_rate": "0",
    "lines[].tax_code": '"Z"',
}


@pytest.fixture
def shop(integrator: Actor, workspace: Workspace) -> Shop:
    made = open_shop(integrator, workspace)
    assert made.register().status_code == 200
    return made


def reviewed(integrator: Actor, accountant: Actor, mapping: Mapping) -> MappingVersion:
    """Decided by one person, confirmed by another, published."""
    for path, expression in READ.items():
        row = mapping.rows.get(target_path=path)
        decide(integrator, row, "approved", expression=expression)
        row.refresh_from_db()
        if row.risk:
            confirm(accountant, row)
    return publish(integrator, mapping)


@pytest.fixture
def live(qbo_books: Books, shop: Shop, integrator: Actor, accountant: Actor) -> Flow:
    """The orders of the shop become invoices: everything reviewed, rehearsed, signed and published."""
    books = qbo_books.books
    shop.send(order("W-0001", status="open"))
    start_sent(integrator, shop.connection, books, {"orders": "sales_order"})
    prepare_pair(shop.connection, books, HashEmbedder())
    mapping = Mapping.objects.get(connection=shop.connection)
    reviewed(integrator, accountant, mapping)
    known = {s.name: s for s in starters()}
    for name in ("order-to-qbo-invoice", "order-to-qbo-receipt"):
        outbound = Mapping.objects.get(connection=books, frame__mapping=name)
        MappingVersion.objects.create(
            mapping=outbound, number=1, document=known[name].document, content_hash=name,
            published_by="Ivo Marsh",
        )  # fmt: skip
    for kind, code, entity, field in (
        ("item", "LAMP", "Item", "Name"),
        ("item", "BULB", "Item", "Name"),
        ("customer", "BAY", "Customer", "DisplayName"),
    ):
        found = qbo_books.make(books, entity, _master(kind, field, code), code)
        add_link(qbo_books.actor, kind, Ends(shop.connection, code, books, found.key, code), origin="test")  # fmt: skip
    flow = Flow.objects.select_related("source", "target", "workspace").get(source=shop.connection)
    go_live(integrator, flow)
    flow.refresh_from_db()
    return flow


def _master(kind: str, field: str, code: str) -> dict[str, Any]:
    if kind == "customer":
        return {field: f"Shop customer {code}"}
    return {field: code, "Type": "Service", "IncomeAccountRef": {"value": "1"}}


def work(flow: Flow) -> None:
    """The workers, until all is quiet."""
    for _ in range(2):
        poll(flow)
        InboxItem.objects.filter(state="new").update(not_before=None)
        pump_flow(flow.pk)
        Delivery.objects.filter(flow=flow).update(not_before=None)
        pump_connection(flow.target_id)


@pytest.mark.promise("F15")
def test_a_pushed_order_becomes_one_invoice_though_it_is_sent_twice(
    live: Flow, shop: Shop, qbo_books: Books, client: Client, olga: User
) -> None:
    shop.send(order())
    work(live)
    shop.send(order())
    shop.send(order(), order("W-1002", status="open"))
    work(live)

    (invoice,) = qbo_books.find(qbo_books.books, "Invoice", DocNumber="W-1001")
    assert invoice.data["TotalAmt"] == Decimal("100.00")
    post = Delivery.objects.get(flow=live, step="post")
    assert (post.state, post.target_number) == ("done", "W-1001")

    client.force_login(olga)
    page = client.get(reverse("flows:explain", args=[post.uuid])).content.decode()
    for field in ("order_no", "customer.id", "line.total"):
        assert field in page

    (told,) = shop.arrivals(key="W-1001")
    assert told["outcomes"] == [
        {"flow": live.name, "state": "Handed to delivery", "why": "", "posted": ["W-1001"]}
    ]
    (waits,) = shop.arrivals(key="W-1002")
    assert waits["outcomes"][0]["state"] == "Filtered out"


def test_an_order_that_changes_is_read_again_and_one_that_comes_late_is_not(
    live: Flow, shop: Shop
) -> None:
    shop.send(order(minute=5, status="paid"))
    shop.send(order(minute=1, status="shipped"))
    work(live)
    assert not Delivery.objects.filter(flow=live, step="post").exists()

    shop.send(order(minute=9, status="shipped"))
    work(live)

    assert Delivery.objects.get(flow=live, step="post").state == "done"
    assert InboxItem.objects.filter(flow=live, key="W-1001").count() == 2
    # As many arrivals as versions, and the cursor stands behind the last of them.
    assert Cursor.objects.get(flow=live).value == "4"


def test_a_customer_that_nobody_linked_is_a_case_with_a_way_on(live: Flow, shop: Shop) -> None:
    shop.send(order("W-1003", customer={"id": "COB", "name": "Cobb"}))
    work(live)

    case = Case.objects.get(closed_at=None)
    assert case.code == "missing_link"
    assert "COB" in case.sentence


@pytest.mark.promise("F15")
def test_a_schema_that_loses_a_mapped_field_is_drift_like_any_systems(
    live: Flow, shop: Shop, client: Client, ivo: User
) -> None:
    less = schema(coupon="string")
    less["entities"][0]["fields"] = [
        f for f in less["entities"][0]["fields"] if f["name"] != "placed_on"
    ]

    assert shop.register(less).json()["number"] > 1

    client.force_login(ivo)
    page = client.get(reverse("catalog:drift", args=[shop.connection.uuid])).content.decode()
    assert "placed_on" in page
    assert "coupon" in page
    assert Case.objects.get(code="schema-drift").closed_at is None


def test_what_is_sent_wakes_the_flows_that_wait_for_it(live: Flow, shop: Shop) -> None:
    assert wake_flows_of(shop.connection.pk) == 1
    Flow.objects.filter(pk=live.pk).update(state="paused")
    assert wake_flows_of(shop.connection.pk) == 0


def test_the_mapping_of_an_entity_without_a_starter_is_proposed_with_its_lines(
    qbo_books: Books, shop: Shop, integrator: Actor
) -> None:
    shop.send(order("W-1"), order("W-2"))

    start_sent(integrator, shop.connection, qbo_books.books, {"orders": "sales_order"})
    prepare_pair(shop.connection, qbo_books.books, HashEmbedder())

    mapping = Mapping.objects.get(connection=shop.connection)
    rows = {r.target_path: r for r in mapping.rows.all()}
    assert rows["lines[].quantity"].block == "lines[]"
    assert rows["status"].candidates[0]["expression"] == "status"
    flow = Flow.objects.get(source=shop.connection)
    assert flow.design["trigger"] == {"kind": "poll", "entity": "orders"}
    assert "write_back" not in flow.design
    # Again changes nothing.
    start_sent(integrator, shop.connection, qbo_books.books, {"orders": "sales_order"})
    assert Flow.objects.filter(source=shop.connection).count() == 1


def test_what_a_sender_may_send_depends_on_who_takes_it(
    qbo_books: Books, shop: Shop, integrator: Actor
) -> None:
    books, erp = qbo_books.books, qbo_books.erp
    steps = {s.label for s in next_steps(shop.connection)}

    assert f"Choose what goes from Webshop to {books.name}" in steps
    assert not any(erp.name in label for label in steps)
    assert set(choices_for(books)) == {"sales_order", "credit_note", "bill", "party", "item"}
    with pytest.raises(DecisionRefused, match="has no flow between"):
        start_pair(integrator, shop.connection, books)
    with pytest.raises(DecisionRefused, match="Nothing was chosen"):
        start_sent(integrator, shop.connection, erp, {"orders": "sales_order"})
    with pytest.raises(DecisionRefused, match="cannot be that"):
        start_sent(integrator, shop.connection, books, {"orders": "journal"})


def test_an_order_without_a_list_of_lines_is_no_order(
    qbo_books: Books, shop: Shop, integrator: Actor
) -> None:
    flat = schema()
    flat["entities"][0]["fields"] = [
        f for f in SCHEMA["entities"][0]["fields"] if "lines" not in f["name"]
    ]
    shop.register(flat)

    with pytest.raises(DecisionRefused, match="no list of lines"):
        start_sent(integrator, shop.connection, qbo_books.books, {"orders": "sales_order"})


def test_customers_that_a_sender_sends_are_matched_like_any(
    qbo_books: Books, shop: Shop, integrator: Actor
) -> None:
    more = schema()
    more["entities"].append(
        {
            "name": "customers",
            "keys": ["id"],
            "fields": [{"name": "id", "type": "string"}, {"name": "name", "type": "string"}],
        }
    )
    shop.register(more)
    shop.send({"id": "BAY", "name": "Bayside"}, entity="customers")
    said = {"orders": "sales_order", "customers": "party"}
    start_sent(integrator, shop.connection, qbo_books.books, said)
    prepare_pair(shop.connection, qbo_books.books, HashEmbedder())
    mapping = Mapping.objects.get(connection=shop.connection, document="party")
    for path, text in {"code": "id", "name": "name", "role": '"customer"'}.items():
        decide(integrator, mapping.rows.get(target_path=path), "approved", expression=text)
    publish(integrator, mapping)

    assert refresh_masters(qbo_books.actor, shop.connection) == {"customer": 1}
    assert Party.objects.get(connection=shop.connection).code == "BAY"

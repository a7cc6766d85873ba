"""The trail in the words of people."""

from __future__ import annotations

import pytest
from django.test import Client

from studio.accounts.models import machine
from studio.core.action import record

pytestmark = pytest.mark.django_db


def test_lines_name_what_they_are_about(world, client: Client, ana, actor_of, olga) -> None:
    world.order("1001")
    world.run()
    actor = actor_of(ana)
    record(actor, "flow.run", f"flow:{world.flow.uuid}", {"flow": world.flow.name})
    record(actor, "connection.changed", f"connection:{world.erp.uuid}", {"name": "The ERP"})
    record(actor, "item.closed", f"inbox:{world.item('1001').uuid}", {"record": "Order 1001"})
    record(actor, "case.commented", "case:00000000-0000-4000-8000-000000000000", {"record": "x"})
    client.force_login(olga)

    page = client.get("/audit/").content.decode()

    for subject, name in (
        (f"flow:{world.flow.uuid}", world.flow.name),
        (f"connection:{world.erp.uuid}", world.erp.name),
        (f"inbox:{world.item('1001').uuid}", "Order 1001"),
        ("case:00000000-0000-4000-8000-000000000000", "case 00000000"),
    ):
        assert f'<span title="{subject}">{name}</span>' in page


def test_what_people_did_is_found_among_what_the_machine_does(
    world, client: Client, ana, actor_of, olga
) -> None:
    world.order("1001")
    world.run()
    record(actor_of(ana), "flow.run", f"flow:{world.flow.uuid}", {"flow": world.flow.name})
    record(machine(world.workspace), "linking.loaded", "x:1", {"kind": "item"})
    client.force_login(olga)

    people = client.get("/audit/?who=people").context["lines"]
    machines = client.get("/audit/?who=machine").context["lines"]

    assert {event.role for event, *_ in people} == {"accountant"}
    assert {event.role for event, *_ in machines} == {"machine"}


def test_a_page_of_lines_costs_the_same_whatever_stands_in_them(
    world, client: Client, ana, actor_of, olga, django_assert_max_num_queries
) -> None:
    actor = actor_of(ana)
    for n in range(50):
        world.order(f"2{n:03}")
    world.run()
    for n in range(50):
        item = world.item(f"2{n:03}")
        record(actor, "item.closed", f"inbox:{item.uuid}", {"record": item.label})
    client.force_login(olga)

    with django_assert_max_num_queries(30):
        client.get("/audit/")

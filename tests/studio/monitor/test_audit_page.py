"""The trail in the words of people."""

from __future__ import annotations

import ast
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from studio.accounts.models import machine
from studio.core.action import record
from studio.core.models import AuditEvent
from studio.mapping.actions import add_lookup_row
from studio.monitor.sentences import SENTENCES, sentence

pytestmark = pytest.mark.django_db


def said(key: str, **data: Any) -> str:
    return sentence(AuditEvent(key=key, data=data))


def test_a_line_writes_days_moments_names_and_numbers_as_pages_do() -> None:
    moment = "2026-03-31T22:30:00+00:00"
    local = timezone.localtime(datetime.fromisoformat(moment))
    where = f"{local.day} {local:%b %Y %H:%M}"

    assert said("case.waiting", record="Order 1", **{"for": "Bayside"}, until=moment) == (
        f"put a case of Order 1 aside for Bayside until {where}"
    )
    assert said("audit.packed", **{"from": "2026-03-01", "to": "2026-03-31"}) == (
        "took the auditor's pack of 1 Mar 2026 to 31 Mar 2026"
    )
    assert said("connection.created", name="US", system="qbo") == (
        "connected US (QuickBooks Online)"
    )
    assert "2,635 fields" in said("connection.introspected", entities=33, fields=2635)
    row = {"table": "purchase_tax_codes", "source": "S", "target": "15"}
    assert said("lookup.row_added", **row, means="20% on costs") == (
        "added S → 20% on costs to purchase tax codes"
    )
    # As lines were kept before: the code alone.
    assert said("lookup.row_added", **row) == "added S → 15 to purchase tax codes"
    # A record's own text stays as it is.
    assert said("flow.remarked", flow="F", text="a_b of 2026") == "remarked on F: a_b of 2026"


def test_every_kind_of_line_has_its_words() -> None:
    """A key with a dot that is handed to ``acting`` or ``record`` is shown to people."""
    found: set[str] = set()
    for file in Path("studio").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("acting", "record"):
                words = [a.value for a in call.args if isinstance(a, ast.Constant)]
                found |= {
                    w for w in words if isinstance(w, str) and re.fullmatch(r"[a-z]+\.[a-z_]+", w)
                }

    assert {"flow.run", "batch.approved", "token.made"} <= found
    assert {k for k in found if k not in SENTENCES and not k.startswith("case.")} == set()


def test_a_code_that_was_added_is_called_by_what_it_means(world, accountant) -> None:
    add_lookup_row(accountant, world.terms, "45", "4")

    line = AuditEvent.objects.get(key="lookup.row_added")
    assert sentence(line) == "added 45 → Net 60 to terms"


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

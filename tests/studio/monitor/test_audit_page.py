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
from studio.mapping.models import MappingRow
from studio.monitor.search import keep_words
from studio.monitor.sentences import SENTENCES, sentence, told
from studio.triage.actions import apply_remedy

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
        (f"inbox:{world.item('1001').uuid}", f"Order 1001 · {world.flow.name}"),
        ("case:00000000-0000-4000-8000-000000000000", "case 00000000"),
    ):
        assert f'<span title="{subject}">{name}</span>' in page


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Order 1004", {"item.closed", "case.void"}),
        ("1004", {"item.closed", "case.void"}),
        ("ana 1004", {"item.closed", "case.void"}),
        ("paid in cash", {"item.closed", "case.void"}),
        ("terms", {"lookup.row_added"}),
        ("Net 60", {"lookup.row_added"}),
        ("let look source", {"flow.run"}),
        ("Cobalt", {"linking.same"}),
        ("COB011", {"linking.same"}),
        ("nothing like it", set()),
    ],
)
def test_the_trail_is_found_by_what_its_rows_show(
    world, client: Client, ana, actor_of, olga, text: str, keys: set[str]
) -> None:
    actor = actor_of(ana)
    world.order("1004", Terms="45")
    world.run()
    apply_remedy(actor, world.case(), "void", {"reason": "paid in cash"})
    add_lookup_row(actor, world.terms, "46", "4")
    record(actor, "flow.run", f"flow:{world.flow.uuid}", {"flow": world.flow.name})
    party = world.flow.source.parties.create(kind="item", key="9", code="COB011", label="Cobalt")
    record(actor, "linking.same", f"party:{party.uuid}", {
        "left": "COB011", "right": "7", "target": str(world.flow.target.uuid),
    })  # fmt: skip
    client.force_login(olga)

    found = client.get("/audit/", {"q": text, "actor": "Ana Keller"})

    assert {event.key for event, *_ in found.context["lines"]} == keys
    assert not list(client.get("/audit/", {"q": text, "actor": "Ivo"}).context["lines"])
    assert "Ana Keller" in found.context["names"]


def test_a_search_says_so_while_older_lines_have_no_words_yet(
    workspace, client: Client, ana, actor_of, olga, monkeypatch
) -> None:
    monkeypatch.setattr("studio.monitor.search.BATCH", 1)
    for n in range(3):
        record(actor_of(ana), "case.commented", "x:1", {"record": f"Order {n}"})
    client.force_login(olga)

    page = client.get("/audit/", {"q": "Order 0", "actor": "Ana Keller"})

    assert page.context["unworded"]
    assert not page.context["lines"]
    # The person that is searched for is not the one who reads.
    assert page.context["actor"].name == str(olga)
    while keep_words():
        pass
    page = client.get("/audit/", {"q": "Order 0", "actor": "Ana Keller"})
    assert not page.context["unworded"]
    assert len(page.context["lines"]) == 1


def test_records_and_codes_are_called_by_their_names_and_company(world, ana, actor_of) -> None:
    actor, books = actor_of(ana), world.flow.target
    left = world.flow.source.parties.create(
        kind="customer", key="1", code="NET022", label="Nettle Foods"
    )
    key = "2acee2b9-2f0e-4c5a-9d5f-0a3f3f9b1c11"
    books.parties.create(kind="customer", key=key, label="Nettle Foods Ltd")
    proposal = world.terms.proposals.create(
        source="30", candidates=[{"key": "17", "label": "Freight out"}]
    )
    lines = [
        record(actor, "linking.same", f"party:{left.uuid}", {
            "kind": "customer", "left": "NET022", "right": key, "target": str(books.uuid),
        }),
        record(actor, "linking.create_new", f"party:{left.uuid}", {
            "left": "NET022", "right": "", "target": str(books.uuid),
        }),
        record(actor, "linking.undone", f"party:{left.uuid}", {"left": "NET022", "verdict": "same"}),
        record(actor, "lookup.approved", f"value:{proposal.uuid}", {
            "table": "terms", "source": "30", "target": "17",
        }),
        record(actor, "linking.linked", f"connection:{books.uuid}", {
            "left": "001000", "right": "152", "origin": "posted",
            "posting": {"target_document": "1042", "gross": "1250.00", "currency": "GBP"},
        }),
    ]  # fmt: skip

    words = [(said, about) for _event, said, about in told(lines)]

    assert words == [
        (f"said that NET022 (Nettle Foods) is Nettle Foods Ltd of {books.name}",
         f"Nettle Foods · {world.erp.name}"),
        (f"said that NET022 (Nettle Foods) is to be created in {books.name}",
         f"Nettle Foods · {world.erp.name}"),
        ("took back the judgement “same” on NET022 (Nettle Foods)", f"Nettle Foods · {world.erp.name}"),
        ("approved 30 as Freight out (17) in terms",
         f"30 · {world.terms.label} · {world.terms.connection.name}"),
        ("recorded the posting of 001000 as 1042: 1,250.00 GBP", books.name),
    ]  # fmt: skip


def test_a_customer_is_not_called_by_the_item_that_has_the_same_key(world, ana, actor_of) -> None:
    actor, books = actor_of(ana), world.flow.target
    books.parties.create(kind="customer", key="17", label="Eastgate Schools")
    books.parties.create(kind="item", key="17", label="Nylon Chair 50mm Black")
    left = world.erp.parties.create(kind="customer", key="2", code="0000116", label="Eastgate")
    said = {"kind": "customer", "left": "0000116", "right": "17"}
    lines = [
        record(actor, "linking.same", f"party:{left.uuid}", {**said, "target": str(books.uuid)}),
        record(actor, "linking.linked", f"connection:{books.uuid}", {**said, "kind": "item"}),
        record(actor, "linking.same", f"party:{left.uuid}", {
            "left": "0000116", "right": "17", "target": str(books.uuid),
        }),
    ]  # fmt: skip

    words = [said for _event, said, _about in told(lines)]

    assert words == [
        f"said that 0000116 (Eastgate) is Eastgate Schools (17) of {books.name}",
        f"linked 0000116 to Nylon Chair 50mm Black (17) of {books.name}",
        # Which kind it was is not known: no name is better than another's.
        "said that 0000116 (Eastgate) is 17",
    ]


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


def test_a_line_says_which_mapping_and_which_period(world, ana, actor_of) -> None:
    actor = actor_of(ana)
    mapping = world.erp.mappings.get(entity="SorMaster")
    row = MappingRow.objects.create(mapping=mapping, target_path="terms")
    said = {"flow": "Orders", "currency": "USD", "residual": "10106.95"}
    lines = [
        record(actor, "mapping.decided", f"row:{row.uuid}", {"verdict": "approved", "target": "terms"}),
        record(actor, "tieout.run", f"flow:{world.flow.uuid}", {
            "flow": "Orders", "since": "2026-05-01", "until": "2026-05-31",
        }),
        record(actor, "tieout.signed", f"flow:{world.flow.uuid}", {**said, "since": "", "until": ""}),
        # From before the period was kept.
        record(actor, "tieout.signed", f"flow:{world.flow.uuid}", said),
    ]  # fmt: skip

    words = [(said, about) for _event, said, about in told(lines)]

    assert words[0][1] == f"terms · SorMaster · sales order · {world.erp.name}"
    assert [said for said, _about in words[1:]] == [
        "tied out Orders, 1 May 2026 to 31 May 2026",
        "signed the tie-out of Orders in USD, all documents: difference 10,106.95",
        "signed the tie-out of Orders in USD: difference 10,106.95",
    ]

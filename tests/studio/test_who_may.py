"""Every address of the project for every role: allowed or refused, and nobody gets in without a name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from studio.accounts.models import User
from studio.accounts.roles import ADMINISTER
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.portal.models import Account, Buyer
from studio.portal.shops import open_shop
from studio.triage.models import Case

pytestmark = pytest.mark.django_db

# Said here once more on purpose, by hand: who may reach which address, and by which method.
ALL = {"ivo", "ana", "ada", "olga"}
INTEGRATOR, ACCOUNTANT = {"ivo"}, {"ana"}
# Bound to a customer here, so that only who he is decides.
BUYER = {"bea"}
PAGES = {
    "home": ALL | BUYER,
    "triage:queue": ALL,
    "triage:case": ALL,
    "triage:case-choices": ALL,
    "mapping:mappings": ALL,
    "mapping:review": ALL,
    "mapping:composed": ALL,
    "mapping:publishing": ALL,
    "mapping:budget": INTEGRATOR,
    "mapping:row-explain": ALL,
    "mapping:values": ALL,
    "mapping:value-explain": ALL,
    "linking:matches": ALL,
    "linking:explain": ALL,
    "linking:link": ALL,
    "flows:flows": ALL,
    "flows:flow": ALL,
    "flows:flow-table": ALL,
    "flows:flow-step": ALL,
    "flows:flow-compare": ALL,
    "flows:runs": ALL,
    "flows:run": ALL,
    "flows:item": ALL,
    "flows:explain": ALL,
    "flows:rehearsal": ALL,
    "flows:flow-rehearsals": ALL,
    "flows:owners": ALL,
    "flows:start-sent": INTEGRATOR,
    "flows:shared": ALL,
    "flows:shared-record": ALL,
    "tieout:periods": ALL,
    "tieout:detail": ALL,
    "tieout:export": ALL,
    "tieout:balance": ALL,
    "tieout:balance-documents": ALL,
    "tieout:balance-party": ALL,
    "tieout:balance-export": ALL,
    "tieout:unapplied": ALL,
    "tieout:stock": ALL,
    "tieout:stock-detail": ALL,
    "tieout:stock-export": ALL,
    "tryout:trials": INTEGRATOR | ACCOUNTANT,
    "tryout:trial": INTEGRATOR | ACCOUNTANT,
    "tryout:result": INTEGRATOR | ACCOUNTANT,
    "learning:looks": ALL,
    "monitor:accuracy": ALL,
    "monitor:audit": ALL,
    "monitor:audit-export": ALL,
    "monitor:audit-pack": ALL,
    "catalog:connections": ALL,
    "catalog:connect": INTEGRATOR | {"ada"},
    "catalog:connect-reach": INTEGRATOR | {"ada"},
    "catalog:consent": INTEGRATOR | {"ada"},
    "catalog:connection-settings": INTEGRATOR | {"ada"},
    "catalog:connection-sign-in": INTEGRATOR | {"ada"},
    "catalog:connection-company": INTEGRATOR | {"ada"},
    "catalog:connection-disconnect": INTEGRATOR | {"ada"},
    "catalog:connection-agents": INTEGRATOR | {"ada"},
    "catalog:connection-ready": INTEGRATOR | {"ada"},
    "portal:catalogue": BUYER,
    "portal:basket": BUYER,
    "portal:orders": BUYER,
    "portal:order": BUYER,
    "portal:invoices": BUYER,
    "portal:document": BUYER,
    "portal:desk": ALL,
    "webhooks:hooks": INTEGRATOR | {"ada"},
    "webhooks:hook": INTEGRATOR | {"ada"},
    "catalog:connection": ALL,
    "catalog:schema": ALL,
    "catalog:drift": ALL,
}
WRITES = {
    # A fix is refused by its own permission, which depends on the fix; see the test below.
    "triage:case-fix": ALL,
    "triage:group-fix": ALL,
    # Whom a case is for may answer and hand it on; see tests/studio/flows/test_transforming.py.
    "triage:case-comment": ALL,
    "triage:case-assign": ALL,
    "triage:case-wait": ACCOUNTANT,
    "triage:case-plan": ACCOUNTANT,
    "triage:group-assign": ACCOUNTANT,
    "triage:group-wait": ACCOUNTANT,
    "triage:group-take-up": ACCOUNTANT,
    "triage:case-take-up": ACCOUNTANT,
    "flows:run-approve": ACCOUNTANT,
    # Refused by the action, with the sentence why; see tests/studio/mapping/test_four_eyes.py.
    "mapping:confirm": ALL,
    "mapping:send-back": ALL,
    "mapping:row-confirm": ALL,
    "mapping:row-send-back": ALL,
    "mapping:value-confirm": ALL,
    "mapping:row-ask": INTEGRATOR | ACCOUNTANT,
    "mapping:bulk": INTEGRATOR,
    "mapping:accept-within": INTEGRATOR,
    "mapping:undo": INTEGRATOR,
    "mapping:propose": INTEGRATOR,
    "mapping:publish": INTEGRATOR,
    "mapping:row-decide": INTEGRATOR,
    "mapping:row-note": ALL,
    "mapping:row-identical": INTEGRATOR,
    "mapping:row-later": INTEGRATOR,
    "mapping:row-undo": INTEGRATOR,
    "mapping:values-propose": INTEGRATOR | ACCOUNTANT | {"ada"},
    "mapping:values-undo": INTEGRATOR | ACCOUNTANT | {"ada"},
    "mapping:value-decide": INTEGRATOR | ACCOUNTANT | {"ada"},
    "mapping:values-bulk": INTEGRATOR | ACCOUNTANT | {"ada"},
    "mapping:value-later": INTEGRATOR | ACCOUNTANT | {"ada"},
    "mapping:value-note": INTEGRATOR | ACCOUNTANT | {"ada"},
    "linking:ask": INTEGRATOR | ACCOUNTANT,
    "linking:search": INTEGRATOR | ACCOUNTANT,
    "linking:bulk": INTEGRATOR | ACCOUNTANT,
    "linking:accept-within": INTEGRATOR | ACCOUNTANT,
    "linking:undo": INTEGRATOR | ACCOUNTANT,
    "linking:note": INTEGRATOR | ACCOUNTANT,
    "linking:judge": INTEGRATOR | ACCOUNTANT,
    "linking:create": INTEGRATOR | ACCOUNTANT,
    "linking:unlink": INTEGRATOR | ACCOUNTANT,
    # Who may answer depends on what is asked; see tests/studio/learning.
    "learning:answer": ALL,
    "learning:settle": ALL,
    "learning:take-back": ALL,
    "learning:put-back": ALL,
    "flows:item-replay": ACCOUNTANT,
    "flows:flow-publish": INTEGRATOR,
    "flows:start-pair": INTEGRATOR,
    "flows:flow-edit": INTEGRATOR,
    "flows:flow-undo": INTEGRATOR,
    "flows:flow-redo": INTEGRATOR,
    "flows:owners-change": INTEGRATOR,
    "flows:flow-restore": INTEGRATOR,
    "flows:flow-condition": ALL,
    "flows:flow-remark": ALL,
    "flows:flow-run": INTEGRATOR | {"ada"},
    "flows:flow-rehearse": INTEGRATOR,
    "flows:rehearsal-sign": ACCOUNTANT,
    "flows:flow-switch": INTEGRATOR | {"ada"},
    "flows:flow-rung": INTEGRATOR | ACCOUNTANT | {"ada"},
    "tieout:run": ACCOUNTANT,
    "tieout:stock-run": ACCOUNTANT,
    "tieout:stock-sign": ACCOUNTANT,
    "tieout:sign": ACCOUNTANT,
    "tryout:delete": INTEGRATOR | ACCOUNTANT,
    # Who may depends on what was noticed; see tests/studio/monitor/test_alerts.py.
    "monitor:alert-seen": ALL,
    **{
        f"webhooks:{deed}": INTEGRATOR | {"ada"}
        for deed in ("change", "renew-secret", "switch", "remove", "ping", "send-again")
    },
    **{f"portal:{deed}": BUYER for deed in ("prices", "add", "basket-change", "again", "refresh")},
    **{f"portal:desk-{deed}": {"ada"} for deed in ("open", "rules", "invite", "bind", "end")},
    "tieout:balances-ask": ACCOUNTANT,
    "catalog:connection-check": INTEGRATOR | {"ada"},
    "catalog:connection-move": INTEGRATOR | ACCOUNTANT | {"ada"},
    "catalog:connection-introspect": INTEGRATOR | {"ada"},
    "catalog:agent-revoke": INTEGRATOR | {"ada"},
}
OURS = {
    "triage",
    "mapping",
    "linking",
    "flows",
    "tieout",
    "tryout",
    "monitor",
    "catalog",
    "learning",
    "webhooks",
    "portal",
}


def _names(patterns: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            if one.namespace in OURS:
                yield from _names(one.url_patterns, f"{one.namespace}:")
        elif one.name and (prefix or one.name == "home"):
            yield f"{prefix}{one.name}", one


ROUTES = dict(_names(get_resolver().url_patterns))


def address(name: str) -> str:
    """The address with made-up keys: who may not is refused before anything is looked up."""
    made = {"uuid": str(uuid.uuid4()), "slug": "nothing", "str": "nothing", "int": "1"}
    kinds = {
        k: type(c).__name__.removesuffix("Converter").lower().replace("string", "str")
        for k, c in ROUTES[name].pattern.converters.items()
    }
    return reverse(name, kwargs={k: made[kind] for k, kind in kinds.items()})


def test_every_address_of_the_project_is_in_the_table() -> None:
    assert set(ROUTES) == set(PAGES) | set(WRITES)


def bind(person: User) -> None:
    """Make the buyer one of a customer."""
    erp = Connection.objects.create(
        workspace=person.memberships.get().workspace, system="syspro", name="ERP", currency="USD"
    )
    admin = Actor("Ada", "administrator", frozenset({ADMINISTER}))
    account = Account.objects.create(shop=open_shop(admin, erp), customer="1", name="One")
    Buyer.objects.create(user=person, account=account)


@pytest.mark.parametrize("person", sorted(ALL | BUYER))
def test_a_role_reaches_what_it_may_and_is_refused_the_rest(person, request, as_person) -> None:
    who = request.getfixturevalue(person)
    if person in BUYER:
        bind(who)
    client = as_person(who)
    wrong = []
    for method, table in ((client.get, PAGES), (client.post, WRITES)):
        for name, allowed in table.items():
            status = method(address(name)).status_code
            if (status != 403) != (person in allowed) or status >= 500:
                wrong.append((name, status))

    assert wrong == []


def test_a_buyer_who_asks_for_home_is_led_to_the_portal(bea, as_person) -> None:
    bind(bea)

    answer = as_person(bea).get("/")

    assert (answer.status_code, answer["Location"]) == (302, "/portal/")


def test_nobody_gets_in_without_signing_in() -> None:
    client = Client()
    for name in (*PAGES, *WRITES):
        said = client.get(address(name))
        assert said.status_code == 302, name
        assert said.url.startswith("/accounts/sign-in/"), name


def test_who_belongs_to_no_workspace_is_refused_everywhere(otto, as_person) -> None:
    client = as_person(otto)
    for name in PAGES:
        assert client.get(address(name)).status_code == 403, name


@pytest.mark.parametrize("name", list(WRITES))
def test_a_write_is_never_a_get(name, request, as_person) -> None:
    known = ("ivo", "ana", "ada", "bea")
    person = request.getfixturevalue(next(p for p in known if p in WRITES[name]))
    if WRITES[name] == BUYER:
        bind(person)

    assert as_person(person).get(address(name)).status_code == 405


@pytest.mark.parametrize("person", ["ivo", "ada", "olga"])
def test_only_who_works_the_queue_closes_a_record(world, person, request, as_person) -> None:
    world.order("1001", Terms="45")
    world.run()
    case = Case.objects.get()

    said = as_person(request.getfixturevalue(person)).post(
        f"/exceptions/{case.uuid}/fix/void/", {"reason": "no"}
    )

    assert said.status_code == 403
    assert Case.objects.get().state == "open"


def pages_of(world) -> list[str]:
    item, post = world.item("1001"), world.post("1001")
    return [
        "/",
        "/exceptions/",
        f"/exceptions/{Case.objects.get().uuid}/",
        "/flows/",
        "/flows/orders/",
        "/flows/runs/",
        f"/flows/records/{item.uuid}/",
        f"/flows/deliveries/{post.uuid}/explain/",
        "/tie-out/",
        "/tie-out/stock/",
        "/accuracy/",
        "/second-looks/",
        "/audit/",
        "/connections/",
        f"/connections/{world.books.uuid}/",
        f"/connections/{world.books.uuid}/schema/",
        f"/connections/{world.books.uuid}/drift/",
    ]


@pytest.mark.parametrize("person", sorted(ALL))
def test_every_page_shows_its_record_to_every_role(world, person, request, as_person) -> None:
    world.order("1001")
    world.order("1002", Terms="45")
    world.run()
    client = as_person(request.getfixturevalue(person))

    for path in pages_of(world):
        said = client.get(path)
        assert said.status_code == 200, path
        assert len(said.content) < 300_000, path


@pytest.mark.parametrize(
    "path", ["/", "/exceptions/", "/flows/", "/flows/runs/", "/tie-out/", "/connections/"]
)
def test_a_page_asks_the_database_as_often_for_many_rows_as_for_few(
    world, path, ana, as_person, django_assert_max_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_person(ana)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    for n in range(2):
        world.order(f"1{n:03}")
        world.order(f"2{n:03}", Terms=f"{n}x")
    world.run()
    client.get(path)
    few = asked()
    for n in range(2, 12):
        world.order(f"1{n:03}")
        world.order(f"2{n:03}", Terms=f"{n}x")
    world.run()

    assert asked() <= few

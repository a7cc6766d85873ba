"""A company with something on every page, built once for a file of tests, and the register of those pages.

``PAGES`` names every page by the route it comes from; a second word after the route is another view of
it. ``NO_PAGE`` says of every other route why it is none. ``test_page_register.py`` compares both with the
resolver, so that a new route fails until it is in one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from connectors.registry import open_connector
from engine.errors import PeriodClosed
from engine.schema.exports import Upload
from studio.accounts.models import User, Workspace, machine
from studio.api.tokens import make_token
from studio.catalog.agents.actions import make_agent
from studio.catalog.models import (
    AGENT,
    Agent,
    Connection,
    Credential,
    Registration,
    SchemaSnapshot,
)
from studio.core.action import Actor
from studio.core.vault import seal
from studio.flows.models import Flow, Golden, Rehearsal, Run
from studio.flows.rehearsal.run import ask, claim, run
from studio.learning.actions import repeats
from studio.learning.models import Calibration, Repeat
from studio.linking.actions import judge
from studio.linking.models import Link, MatchRun, Pair, Party
from studio.mapping.actions import decide, send_back
from studio.mapping.models import Mapping, MappingRow, ValueProposal
from studio.monitor.watch import watch
from studio.tieout.actions import run_tieout
from studio.tieout.models import Balance, StockComparison, StockPart, StockRow
from studio.triage.actions import apply_remedy, put_aside
from studio.triage.models import Case
from studio.tryout import work
from studio.tryout.actions import start
from studio.tryout.models import Trial
from studio.webhooks.actions import add
from studio.webhooks.events import EVENTS
from studio.webhooks.models import Endpoint, Message
from studio.webhooks.pump import pump
from tests.conftest import PEOPLE, _person
from tests.studio.core.test_match_records_command import FILES
from tests.studio.flows.keeping_world import make_kept
from tests.studio.shop import open_shop, order
from tests.studio.test_who_may import PAGES as WHO_MAY
from tests.studio.tieout.balances.owing import carry, in_books, in_erp, looked
from tests.studio.world import World, make_world

ROLES = ("ivo", "ana", "ada", "olga")
BEHIND = "Depot ERP"


@dataclass
class House:
    """The company, its people, and where its server answers."""

    world: World
    people: dict[str, User]
    fields: Mapping
    url: str = ""

    def actor(self, person: str) -> Actor:
        return self.people[person].memberships.get().actor()


def build(patch: pytest.MonkeyPatch) -> House:
    """Postings, cases of many kinds, reviews half done, rehearsals, tie-outs, alerts, a webhook that fails."""
    workspace = Workspace.objects.create(name="Sample", slug="sample")
    people = {name: _person(workspace, name) for name in PEOPLE}
    kept = make_kept(workspace, patch, "Kept ERP")
    kept.customer("BAY", "58")
    world = make_world(workspace, patch)
    house = House(world, people, _fields(world))
    opened = {
        "Kept ERP": kept.left,
        "Books": kept.right,
        world.erp.name: world.source,
        world.books.name: world.target,
    }
    patch.setattr(
        "studio.catalog.wiring.open_connector",
        lambda config, services: opened.get(config.name) or open_connector(config, services),
    )
    _posted(house)
    _values(world)
    _pairs(world)
    _sent_back(house)
    _asked_again(house, patch)
    _balances(house)
    _compared(world)
    # Documents of that day on are none: it would post nothing, and is superseded by the next.
    rehearse(house, since="2030-01-01")
    rehearse(house)
    _tried(house)
    _sent(house)
    make_token(house.actor("ada"), workspace, "Night report", ["operate"], days=30)
    _behind_an_agent(house)
    older = world.books.snapshots.get()
    newer = {**older.content, "entities": [*older.content["entities"]]}
    newer["entities"] = [
        {**one, "fields": one["fields"][:-1]} if n == 0 else one
        for n, one in enumerate(newer["entities"])
    ]
    SchemaSnapshot.objects.create(
        connection=world.books, number=2, content=newer, content_hash="2" * 64
    )
    watch()
    # Nothing is under way any more: a page that asks how far it is now changes while it is walked.
    Message.objects.filter(state="new").update(state="failed", not_before=None)
    return house


def rehearse(house: House, since: str = "") -> None:
    """What the draft of the orders would do."""
    flow = Flow.objects.get(pk=house.world.flow.pk)
    asked = claim(ask(house.actor("ivo"), flow, since=since).pk)
    assert asked is not None
    run(asked)


def _behind_an_agent(house: House) -> None:
    """A server of another company that is reached through an agent, which went away an hour ago."""
    depot = Connection.objects.create(
        workspace=house.world.workspace,
        system="syspro",
        name=BEHIND,
        base_url="http://syspro-host:30661",
        company="DEP",
        state="live",
        network_path=AGENT,
    )
    Credential.objects.create(connection=depot, sealed=seal({}))
    agent, _ = make_agent(house.actor("ivo"), depot, "Warehouse server")
    Agent.objects.filter(pk=agent.pk).update(
        seen_at=timezone.now() - timedelta(hours=1),
        host="SRV01",
        version="1",
        allowed=["http://syspro-host:30661", "http://syspro-host:30662/SYSPROOData/EDU1"],
    )


def _posted(house: House) -> None:
    """A posting, cases of three kinds, one of them closed, a tie-out, a program that does not listen."""
    world, ana = house.world, house.actor("ana")
    add(house.actor("ivo"), world.workspace, "Warehouse", "http://127.0.0.1:1/hear", list(EVENTS))
    world.order("1001")
    world.run()
    pump(Endpoint.objects.get().pk)
    world.order("1002", Terms="45")
    world.order("1003", Customer="COB", Name="Cobb & Sons")
    world.order("1004")
    world.order("1005", Terms="77")
    world.order("1006", Terms="88")
    world.target.faults = [PeriodClosed(system="qbo", call="create Invoice", date="2026-11-02")]
    world.run()
    case = Case.objects.get(evidence__code="77")
    apply_remedy(ana, case, "void", {"reason": "entered by hand"})
    run_tieout(ana, world.flow)
    Case.objects.filter(closed_at=None).update(due_at="2026-11-01T00:00:00Z")
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    put_aside(ana, Case.objects.filter(evidence__code="88"), on="the bank", until=tomorrow)


def _candidate(expression: str, confidence: float) -> dict[str, Any]:
    return {
        "expression": expression,
        "confidence": confidence,
        "word": "certain" if confidence >= 0.95 else "possible",
        "method": "Similarity",
        "sentence": "Same words in the name, both text.",
        "waterfall": [
            {"label": "prior", "effect": -2.0, "detail": "before any evidence"},
            {"label": "same words", "effect": 5.0, "detail": "0.9 alike"},
        ],
        "condition": "",
    }


def _fields(world: World) -> Mapping:
    """A mapping that is being reviewed: four fields to decide, one of them decides tax."""
    made = Mapping.objects.create(
        workspace=world.workspace,
        connection=world.erp,
        direction="inbound",
        entity="SorMaster",
        document="invoice",
        snapshot=world.erp.snapshots.get(),
        frame={
            "mapping": "invoices",
            "source": {"system": "syspro", "entity": "SorMaster"},
            "target": {"system": "canonical", "entity": "invoice"},
        },
    )
    plan = (
        ("number", [_candidate("SalesOrder", 0.97)]),
        ("party", [_candidate("Customer", 0.96), _candidate("Name", 0.41)]),
        ("party_name", [_candidate("Name", 0.62), _candidate("Customer", 0.35)]),
        ("terms", [_candidate("Terms", 0.98)]),
        ("tax_code", [_candidate("Status", 0.9), _candidate("Terms", 0.4)]),
        ("account", [_candidate("Status", 0.6)]),
    )
    for n, (path, candidates) in enumerate(plan):
        MappingRow.objects.create(
            mapping=made,
            position=n,
            target_path=path,
            target_label=path,
            target_type="string",
            candidates=candidates,
            confidence=candidates[0]["confidence"],
            method="Similarity",
        )
    return made


def _values(world: World) -> None:
    """Two codes that somebody has to translate."""
    for source, key, label in (("14", "3", "Net 30"), ("60", "4", "Net 60")):
        offer = _candidate("", 0.97) | {"key": key, "code": "", "label": label}
        ValueProposal.objects.create(
            table=world.terms,
            source=source,
            source_label=f"{source} days",
            candidates=[offer],
            confidence=0.97,
        )


def _pairs(world: World) -> None:
    """Customers that look like each other, to be judged."""
    MatchRun.objects.create(
        source=world.erp,
        target=world.books,
        kind="customer",
        started_at=timezone.now(),
        compared=3,
    )
    for n, name in enumerate(("Kelvin Hardware", "Northwind Timber", "Quayside Tools")):
        data = {"name": name, "phone": f"555 010{n}", "billing": {"city": "Leeds"}}
        left = Party.objects.create(
            connection=world.erp, kind="customer", key=f"C{n}", code=f"C{n}", label=name, data=data
        )
        right = Party.objects.create(
            connection=world.books,
            kind="customer",
            key=f"{n + 500}",
            label=f"{name} Ltd",
            data=data | {"name": f"{name} Ltd"},
        )
        Pair.objects.create(
            kind="customer",
            left=left,
            right=right,
            probability=0.95 - n / 100,
            word="strong",
            method="Model",
            sentence="Same phone, same town.",
            waterfall=[
                {"label": "prior", "effect": -3.0, "detail": "before any evidence"},
                {"label": "phone", "effect": 6.0, "detail": "same phone"},
            ],
        )


def _sent_back(house: House) -> None:
    """A field that a second person disagreed on."""
    row = house.fields.rows.get(target_path="account")
    decide(house.actor("ivo"), row, "approved")
    send_back(house.actor("ana"), row, "Freight has an account of its own")


def _asked_again(house: House, patch: pytest.MonkeyPatch) -> None:
    """Decisions of the integrator that are asked again, one answered differently; weights that were learned."""
    ivo, world = house.actor("ivo"), house.world
    decide(ivo, house.fields.rows.get(target_path="tax_code"), "approved")
    pair = Pair.objects.get(left__code="C2")
    judge(ivo, pair.left, pair.right, "same")
    patch.setattr(repeats, "SHARE", 1.0)
    repeats.sample(machine(world.workspace, "the sampler", "read"), world.workspace)
    now = timezone.now()
    Repeat.objects.update(due_at=now - timedelta(days=1))
    Repeat.objects.filter(kind="field").update(
        agrees=False, answer="none", answered_by="Ben Ortiz", answered_at=now
    )
    figures = {"loss": 0.4, "brier": 0.2, "error": 0.1}
    Calibration.objects.create(
        workspace=world.workspace,
        environment="sandbox",
        kind="customer",
        number=1,
        form="weights",
        content={"slope": 1, "shift": 0, "factors": {}},
        labels=60,
        right=30,
        before=figures,
        after=figures,
        gain=0.1,
        doubt=0.01,
        state="in_force",
        put_by="the learner",
    )


def _balances(house: House) -> None:
    """Both sides say what is open; they differ, and money waits on account."""
    world = house.world
    carry(world)
    in_erp(world, "1001", "60.00", total="100.00", order="1001")
    in_erp(world, "1002", "100.00", order="1002")
    in_books(world, "801", "", "0", entity="Payment", UnappliedAmt=Decimal("15.00"))
    looked(world, house.actor("ana"))


def _compared(world: World) -> None:
    """A comparison of quantities with one item that nobody can explain."""
    found = StockComparison.objects.create(
        flow=world.flow,
        version=world.version,
        asked_by="Ana Keller",
        state="ready",
        currency="USD",
        items=1,
        apart=1,
        residual=-6,
        unexplained=6,
        held_back="Orders to invoices is not live.",
    )
    row = StockRow.objects.create(
        comparison=found,
        item="A100",
        name="Vice",
        unit="EA",
        source=7,
        target=10,
        difference=-3,
        off=3,
        unit_cost=2,
        value=-6,
        weight=6,
        note="Harbour Books counts CS: 2 there.",
        warehouses=[{"warehouse": "FG", "on_hand": "7", "allocated": "1", "unit_cost": "2"}],
    )
    StockPart.objects.create(row=row, why="unexplained", quantity=-3)


def _tried(house: House) -> None:
    """Own files that were tried: customers, fields, and one that could not be."""
    left, right, _truth = FILES["customer"]
    erp, books = Upload("customers-of-the-erp.csv", left.encode()), Upload("b.csv", right.encode())
    for kind in ("customer", "field"):
        one = work.claim(start(house.actor("ivo"), house.world.workspace, kind, erp, books).pk)
        assert one is not None
        work.run(one)
    broken = start(house.actor("ivo"), house.world.workspace, "item", erp, books)
    error = "erp.csv: there are more than 100,000 records in it."
    Trial.objects.filter(pk=broken.pk).update(state="failed", error=error)


def _sent(house: House) -> None:
    """A web shop that sent two orders, and a third as it was not registered."""
    shop = open_shop(house.actor("ivo"), house.world.workspace)
    shop.register()
    shop.send(order("W-1001"), order("W-1002"))
    shop.send(order("W-1003", status="lost"))


def open_case(**where: Any) -> Case:
    return Case.objects.filter(closed_at=None, **where).order_by("pk")[0]


def _balance() -> Balance:
    return Balance.objects.order_by("pk")[0]


def _both(house: House) -> dict[str, Any]:
    """The two mappings that one flow reads through."""
    orders = Mapping.objects.filter(workspace=house.world.workspace, document="sales_order")
    return {side: orders.get(direction=side).uuid for side in ("inbound", "outbound")}


Key = Callable[[House], Any]


def _page(route: str, query: str = "", **found: Key) -> Callable[[House], str]:
    """The address of a route; its keys are looked up in the house."""

    def address(house: House) -> str:
        return reverse(route, kwargs={n: key(house) for n, key in found.items()}) + query

    return address


def _cause(house: House) -> str:
    return f"{reverse('triage:queue')}?{urlencode({'cause': open_case().cause})}"


def _composed(house: House) -> str:
    return reverse("mapping:composed", kwargs=_both(house))


def _row(house: House) -> str:
    """A row whose explanation stands open, as without a script."""
    key = house.fields.rows.get(target_path="party").uuid
    return reverse("mapping:review", args=[house.fields.uuid]) + f"?state=all&q=party&row={key}"


def _row_to_send_back(house: House) -> str:
    """A row that waits for a second person, with the question what is wrong with it."""
    key = house.fields.rows.get(target_path="tax_code").uuid
    review = reverse("mapping:review", args=[house.fields.uuid])
    return f"{review}?state=all&q=tax_code&row={key}&ask=send_back"


ORDERS: Key = lambda _: "orders"  # noqa: E731
KEPT: Key = lambda _: "customers"  # noqa: E731
FIELDS: Key = lambda h: h.fields.uuid  # noqa: E731
BOOKS: Key = lambda h: h.world.books.uuid  # noqa: E731
SENDER: Key = lambda _: Registration.objects.get().connection.uuid  # noqa: E731
DEPOT: Key = lambda _: Connection.objects.get(name=BEHIND).uuid  # noqa: E731
BALANCE: Key = lambda _: _balance().uuid  # noqa: E731
ANY_PAIR: Key = lambda _: Pair.objects.filter(judged="").order_by("pk")[0].uuid  # noqa: E731
STEPS = ("trigger", "understand", "filter", "references", "check", "deliver", "write_back")

PAGES: dict[str, Callable[[House], str]] = {
    "home": _page("home"),
    "triage:queue": _page("triage:queue"),
    "triage:queue closed": _page("triage:queue", "?state=closed"),
    "triage:queue waiting": _page("triage:queue", "?state=waiting"),
    "triage:queue empty": _page("triage:queue", "?q=nothing-like-this"),
    "triage:queue cause": _cause,
    "triage:case code": _page("triage:case", key=lambda _: open_case(evidence__code="45").uuid),
    "triage:case customer": _page(
        "triage:case", key=lambda _: open_case(case_class="missing_reference").uuid
    ),
    "triage:case period": _page("triage:case", key=lambda _: open_case(case_class="period").uuid),
    "triage:case closed": _page(
        "triage:case", key=lambda _: Case.objects.exclude(closed_at=None)[0].uuid
    ),
    "mapping:mappings": _page("mapping:mappings"),
    "mapping:review": _page("mapping:review", key=FIELDS),
    "mapping:review all": _page("mapping:review", "?state=all", key=FIELDS),
    "mapping:review unconfirmed": _page("mapping:review", "?state=unconfirmed", key=FIELDS),
    "mapping:review row": _row,
    "mapping:review send back": _row_to_send_back,
    "mapping:review sent back": _page("mapping:review", "?state=sent_back", key=FIELDS),
    "mapping:composed": _composed,
    "mapping:publishing": _page("mapping:publishing", key=FIELDS),
    "mapping:values": _page("mapping:values"),
    "mapping:values unconfirmed": _page("mapping:values", "?state=unconfirmed"),
    "mapping:value-explain": _page(
        "mapping:value-explain", key=lambda _: ValueProposal.objects.earliest("pk").uuid
    ),
    "linking:matches": _page("linking:matches"),
    "linking:matches unmatched": _page("linking:matches", "?state=unmatched"),
    "linking:matches linked": _page("linking:matches", "?state=linked"),
    "linking:matches apart": _page("linking:matches", "?state=apart"),
    "linking:explain": _page("linking:explain", key=ANY_PAIR),
    "linking:explain create": _page("linking:explain", "?ask=create", key=ANY_PAIR),
    "linking:link": _page("linking:link", key=lambda _: Link.objects.get(left_code="C2").uuid),
    "flows:flows": _page("flows:flows"),
    "flows:flow": _page("flows:flow", key=ORDERS),
    "flows:flow-table": _page("flows:flow-table", key=ORDERS),
    **{
        f"flows:flow-step {step}": _page(
            "flows:flow-step", key=ORDERS, step=lambda _, step=step: step
        )
        for step in STEPS
    },
    "flows:flow-compare": _page("flows:flow-compare", key=ORDERS),
    "flows:runs": _page("flows:runs"),
    "flows:run": _page(
        "flows:run", key=lambda h: Run.objects.filter(flow=h.world.flow).latest("pk").uuid
    ),
    "flows:item": _page("flows:item", key=lambda h: h.world.item("1001").uuid),
    "flows:item parked": _page("flows:item", key=lambda h: h.world.item("1002").uuid),
    "flows:explain": _page("flows:explain", key=lambda h: h.world.post("1001").uuid),
    "flows:rehearsal": _page("flows:rehearsal", key=lambda _: Rehearsal.objects.latest("pk").uuid),
    "flows:rehearsal superseded": _page(
        "flows:rehearsal", key=lambda _: Rehearsal.objects.earliest("pk").uuid
    ),
    "flows:flow-rehearsals": _page("flows:flow-rehearsals", key=ORDERS),
    "flows:start-sent": _page("flows:start-sent", one=SENDER, other=BOOKS),
    "flows:owners": _page("flows:owners", key=KEPT),
    "flows:shared": _page("flows:shared"),
    "flows:shared-record": _page("flows:shared-record", key=lambda _: Golden.objects.get().uuid),
    "tieout:periods": _page("tieout:periods"),
    "tieout:detail": _page("tieout:detail", key=lambda h: h.world.flow.tieouts.get().uuid),
    "tieout:balance": _page("tieout:balance", key=BALANCE),
    "tieout:balance all": _page("tieout:balance", "?show=all", key=BALANCE),
    "tieout:balance-documents": _page(
        "tieout:balance-documents", key=BALANCE, name=lambda _: "case"
    ),
    "tieout:balance-party": _page(
        "tieout:balance-party", key=lambda _: _balance().parties.order_by("pk")[0].uuid
    ),
    "tieout:unapplied": _page("tieout:unapplied"),
    "tieout:stock": _page("tieout:stock"),
    "tieout:stock-detail": _page(
        "tieout:stock-detail", key=lambda _: StockComparison.objects.get().uuid
    ),
    "tryout:trials": _page("tryout:trials"),
    "tryout:trial pairs": _page(
        "tryout:trial", key=lambda _: Trial.objects.get(kind="customer", state="done").uuid
    ),
    "tryout:trial empty": _page(
        "tryout:trial",
        "?band=guess",
        key=lambda _: Trial.objects.get(kind="customer", state="done").uuid,
    ),
    "tryout:trial fields": _page(
        "tryout:trial", key=lambda _: Trial.objects.get(kind="field").uuid
    ),
    "tryout:trial failed": _page(
        "tryout:trial", key=lambda _: Trial.objects.get(state="failed").uuid
    ),
    "learning:looks": _page("learning:looks"),
    "monitor:accuracy": _page("monitor:accuracy"),
    "monitor:audit": _page("monitor:audit"),
    "webhooks:hooks": _page("webhooks:hooks"),
    "webhooks:hook": _page("webhooks:hook", key=lambda _: Endpoint.objects.get().uuid),
    "catalog:connections": _page("catalog:connections"),
    "catalog:connect": _page("catalog:connect"),
    "catalog:connect-reach": _page("catalog:connect-reach", system=lambda _: "syspro"),
    "catalog:connect-reach qbo": _page("catalog:connect-reach", system=lambda _: "qbo"),
    "catalog:connect-reach sender": _page("catalog:connect-reach", system=lambda _: "pushed"),
    "catalog:connection": _page("catalog:connection", key=BOOKS),
    "catalog:connection sender": _page("catalog:connection", key=SENDER),
    "catalog:connection-settings sender": _page("catalog:connection-settings", key=SENDER),
    "catalog:connection behind an agent": _page("catalog:connection", key=DEPOT),
    "catalog:connection-agents": _page("catalog:connection-agents", key=DEPOT),
    "catalog:connection-agents of a cloud": _page("catalog:connection-agents", key=BOOKS),
    "catalog:connection-settings": _page("catalog:connection-settings", key=BOOKS),
    "catalog:connection-sign-in": _page("catalog:connection-sign-in", key=BOOKS),
    "catalog:connection-company": _page("catalog:connection-company", key=BOOKS),
    "catalog:connection-disconnect": _page("catalog:connection-disconnect", key=BOOKS),
    "catalog:connection-ready": _page("catalog:connection-ready", key=BOOKS),
    "catalog:schema": _page("catalog:schema", key=BOOKS),
    "catalog:schema sender": _page("catalog:schema", key=SENDER),
    "catalog:drift": _page("catalog:drift", key=BOOKS),
    "api:tokens": _page("api:tokens"),
    "core:style": _page("core:style"),
    "portal:desk": _page("portal:desk"),
}

DOWNLOAD = "a file to keep"
WRITE = "a write: it answers with one of the pages"
PIECE = "a piece that a script puts into a page; the page has it without, too"
NO_PAGE: dict[str, str] = {
    "accounts:login": "before anybody has a role: test_style_guide.py and test_story.py",
    "accounts:logout": WRITE,
    "accounts:welcome": "before a buyer has a password: test_portal.py",
    **{
        f"portal:{page}": "a buyer's page, no member's: test_portal.py looks at it in every look"
        for page in ("catalogue", "basket", "orders", "order", "invoices", "document")
    },
    "api:revoke": WRITE,
    "core:theme": WRITE,
    "api:docs": "the vendor's page over the API (Swagger), not ours to mend",
    "api:schema": DOWNLOAD,
    "catalog:consent": "where the vendor sends back to; it goes on to the next step",
    "core:admin-sign-in": "goes on to the one sign-in",
    "core:favicon": "goes on to a picture",
    "core:health": "for a load balancer",
    "hook": "for vendors' servers, refused without their signature",
    "agent-take": "for agents, refused without their token: tests/studio/catalog/test_agents.py",
    "agent-answer": "for agents, refused without their token: tests/studio/catalog/test_agents.py",
    "monitor:audit-export": DOWNLOAD,
    "monitor:audit-pack": DOWNLOAD,
    "mapping:budget": PIECE,
    "mapping:row-explain": PIECE,
    "tieout:balance-export": DOWNLOAD,
    "tieout:export": DOWNLOAD,
    "tieout:stock-export": DOWNLOAD,
    "triage:case-choices": PIECE,
    "tryout:result": DOWNLOAD,
}


def may_open(person: str, page: str) -> bool:
    """By the table that was written by hand; what it does not list is open to every member."""
    return person in WHO_MAY.get(page.split(maxsplit=1)[0], set(ROLES))

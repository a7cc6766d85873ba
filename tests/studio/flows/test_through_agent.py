"""A document posted to SYSPRO through an agent that dies at any moment is there once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running as Emulated
from connectors.emulation.serve import load, start_in_thread
from connectors.http.jsontext import dump
from connectors.registry import open_connector
from studio.catalog import actions
from studio.catalog.models import AGENT, AgentCall, Connection
from studio.catalog.wiring import opened
from studio.core.action import Actor
from studio.flows.models import Delivery
from studio.flows.pump import pump_connection
from studio.triage.models import Case
from tests.connectors.syspro.test_sink import order
from tests.studio.catalog.agent_world import Beside, until
from tests.studio.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def syspro() -> Iterator[Emulated]:
    running = start_in_thread(load("syspro").make("S", 1, None, None, True))
    yield running
    running.stop()


@pytest.fixture
def erp(
    world: World, integrator: Actor, syspro: Emulated, monkeypatch: pytest.MonkeyPatch
) -> Connection:
    """The emulated SYSPRO behind an agent; the company's other two systems stay in memory."""
    hello = syspro.hello()
    details = actions.Details(
        "syspro", "Halden ERP", hello["url"], hello["company"], "USD",
        {"operator": hello["operator"], "timeout": "3"},
        {n: hello[n] for n in ("operator_password", "company_password")},
    )  # fmt: skip
    made = actions.connect(integrator, world.workspace, details)
    actions.settle(integrator, made, {"network_path": AGENT})
    Connection.objects.filter(pk=made.pk).update(state="live")
    made.refresh_from_db()
    fakes = {world.erp.name: world.source, world.books.name: world.target}
    monkeypatch.setattr(
        "studio.catalog.wiring.open_connector",
        lambda config, services: fakes.get(config.name) or open_connector(config, services),
    )
    return made


@pytest.fixture
def beside(
    erp: Connection, integrator: Actor, live_server: LiveServer, tmp_path: Path
) -> Iterator[Beside]:
    found = Beside(erp, integrator, live_server.url, tmp_path)
    yield found
    found.stop()


def waiting(world: World, erp: Connection, reference: str) -> Delivery:
    """A sales order that is due to be posted in SYSPRO."""
    world.order(reference, Net=Decimal("100.00"))
    world.poll()
    world.work()
    delivery = world.post(reference)
    draft = order(reference)
    Delivery.objects.filter(pk=delivery.pk).update(
        connection=erp, entity=draft.entity, payload=dump(dict(draft.data)).decode()
    )
    return world.post(reference)


def send(erp: Connection, delivery: Delivery) -> Delivery:
    """A worker's turn; pauses between tries are taken as over."""
    Delivery.objects.filter(pk=delivery.pk).update(not_before=None)
    Connection.objects.filter(pk=erp.pk).update(paused_until=None)
    pump_connection(erp.pk)
    return Delivery.objects.get(pk=delivery.pk)


def orders(erp: Connection, reference: str) -> int:
    """How many of these stand in SYSPRO."""
    with opened(erp) as connector:
        return len(connector.find("SorMaster", {"CustomerPoNumber": reference}))


@pytest.mark.promise("F07")
@pytest.mark.parametrize(
    ("reference", "kind", "path", "state"),
    [
        ("A1", FaultKind.TIMEOUT_AFTER, "Transaction/Post", "unknown"),
        ("A2", FaultKind.TIMEOUT_BEFORE, "Transaction/Post", "unknown"),
        ("A3", FaultKind.TIMEOUT_BEFORE, "Query", "ready"),
    ],
)
def test_a_document_is_posted_once_though_the_agent_is_killed_with_it_in_hand(
    reference: str,
    kind: FaultKind,
    path: str,
    state: str,
    world: World,
    erp: Connection,
    beside: Beside,
    syspro: Emulated,
) -> None:
    delivery = waiting(world, erp, reference)
    agent = beside.start()
    emulator: Any = syspro.emulator
    emulator.faults.reseed(1)
    emulator.faults.arm(Fault(kind, path=path, seconds=20))

    def power_cut() -> None:
        until(lambda: emulator.faults.struck, 60)
        agent.kill()

    cut = threading.Thread(target=power_cut)
    cut.start()
    delivery = send(erp, delivery)
    cut.join(60)
    assert delivery.state == state
    assert not AgentCall.objects.exists()

    beside.start("SRV01 again")
    delivery = send(erp, delivery)

    assert delivery.state == "done"
    assert orders(erp, reference) == 1
    assert delivery.target_key
    assert [u.key for u in world.source.updates] == []
    world.send()
    assert [u.data["InvoiceDocId"] for u in world.source.updates] == [delivery.target_key]


@pytest.mark.promise("F07")
def test_what_waits_while_no_agent_runs_is_posted_when_one_comes_and_costs_no_try(
    world: World, erp: Connection, beside: Beside
) -> None:
    delivery = waiting(world, erp, "B1")
    for _ in range(12):
        delivery = send(erp, delivery)
    assert (delivery.state, delivery.attempts) == ("ready", 0)
    assert "none is connected" in Case.objects.get(subject=f"connection:{erp.uuid}").sentence

    beside.start()
    delivery = send(erp, delivery)

    assert delivery.state == "done"
    assert orders(erp, "B1") == 1


@pytest.mark.promise("F07")
def test_a_write_back_goes_through_the_agent_once(
    world: World, erp: Connection, beside: Beside
) -> None:
    delivery = waiting(world, erp, "C1")
    beside.start()
    posted = send(erp, delivery)
    back = Delivery.objects.get(follows=posted)
    body = dump({"CusSorMaster.InvoiceDocId": "4711"}).decode()
    Delivery.objects.filter(pk=back.pk).update(
        connection=erp, payload=body, target_key=posted.target_key
    )

    back = send(erp, back)

    assert back.state == "done"
    with opened(erp) as connector:
        found = connector.read("SorMaster", posted.target_key)
    assert found is not None
    form: Any = found.data["CusSorMaster"]
    assert form["InvoiceDocId"] == "4711"
    assert orders(erp, "C1") == 1

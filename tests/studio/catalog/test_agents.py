"""SYSPRO through an agent: real processes over real HTTP, and what can go wrong between them."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from connectors.agent.transport import Stage, ThroughAgent
from connectors.agent.wire import Asked, Brought, Outcome
from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running as Emulated
from connectors.emulation.serve import load, start_in_thread
from connectors.http.faults import NeverSent, NoAgent, Unanswered
from engine.errors import AgentMissing, OutcomeUnknown, RemoteUnavailable
from engine.ports import Action, Draft
from studio.accounts.models import Workspace
from studio.catalog import actions, ending
from studio.catalog.agents.actions import make_agent, revoke_agent
from studio.catalog.agents.desk import StoredDesk, tidy
from studio.catalog.models import AGENT, Agent, AgentCall, Connection
from studio.catalog.wiring import opened
from studio.core.action import Actor, NotPermitted
from studio.core.models import AuditEvent
from studio.core.vault import unseal
from studio.triage.models import Case
from tests.connectors.syspro.test_sink import order
from tests.studio.catalog.agent_world import Beside, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def syspro() -> Iterator[Emulated]:
    running = start_in_thread(load("syspro").make("S", 1, None, None, True))
    yield running
    running.stop()


@pytest.fixture
def erp(workspace: Workspace, integrator: Actor, syspro: Emulated) -> Connection:
    """The emulated SYSPRO, to be reached through an agent only."""
    emulator: Any = syspro.emulator
    emulator.faults.disarm()
    hello = syspro.hello()
    details = actions.Details(
        "syspro", "Halden ERP", hello["url"], hello["company"], "USD",
        {"operator": hello["operator"]},
        {n: hello[n] for n in ("operator_password", "company_password")},
    )  # fmt: skip
    made = actions.connect(integrator, workspace, details)
    actions.settle(integrator, made, {"network_path": AGENT})
    return made


@pytest.fixture
def beside(
    erp: Connection, integrator: Actor, live_server: LiveServer, tmp_path: Path
) -> Iterator[Beside]:
    found = Beside(erp, integrator, live_server.url, tmp_path)
    yield found
    found.stop()


def hang(syspro: Emulated, kind: FaultKind, path: str = "", seconds: float = 30.0) -> None:
    emulator: Any = syspro.emulator
    emulator.faults.arm(Fault(kind, path=path, seconds=seconds))


def live(erp: Connection) -> None:
    """It was in use before."""
    erp.state = "live"
    erp.save()


def client(erp: Connection, *, wait: float = 2.0, within: float = 2.0) -> httpx.Client:
    """A client without SYSPRO's own steps, and with little patience."""
    return httpx.Client(
        base_url=erp.base_url,
        transport=ThroughAgent(StoredDesk(erp.pk)),
        timeout=httpx.Timeout(within, connect=wait),
    )


@pytest.mark.promise("F07")
def test_syspro_is_tested_read_and_written_through_an_agent(
    erp: Connection, integrator: Actor, beside: Beside
) -> None:
    agent = beside.start()

    assert actions.check(erp).ok
    snapshot = actions.introspect(integrator, erp, sample=5)
    with opened(erp) as connector:
        made = connector.create(order("AGENT-1"))
        found = connector.find_by_reference("SorMaster", "AGENT-1", "key")
        connector.act(Draft("SorMaster", {}, "key-void", key=made.key), Action.VOID)

    assert snapshot.entity_count > 20
    assert found is not None
    assert found.key == made.key
    assert not AgentCall.objects.exists()
    said = agent.said()
    assert f"It may go to {erp.base_url} and nowhere else." in said
    assert f"Connected to {beside.studio} for “Halden ERP”." in said
    secrets = unseal(erp.credential.sealed)
    for secret in (secrets["operator_password"], secrets["company_password"], "UserId", "AGENT-1"):
        assert secret not in said


@pytest.mark.promise("F07")
def test_without_an_agent_nothing_is_sent_and_who_can_act_is_told_what_to_do(
    erp: Connection, as_person: Callable[[Any], Client], ivo: Any, olga: Any
) -> None:
    live(erp)

    health = actions.check(erp)

    assert not health.ok
    case = Case.objects.get(subject=f"connection:{erp.uuid}")
    assert (case.code, case.audience) == ("agent-missing", "integrator")
    assert "none is connected" in case.sentence
    assert "Its token and its command line are on the page of the connection" in case.sentence
    erp.refresh_from_db()
    assert erp.resting()
    assert erp.state == "live"
    assert (
        "No agent is connected."
        in as_person(olga).get(f"/connections/{erp.uuid}/").content.decode()
    )
    page = as_person(ivo).get(f"/connections/{erp.uuid}/agents/").content.decode()
    assert "python -m connectors.agent --studio" in page
    assert f"--allow {erp.base_url}" in page


def test_an_agent_that_comes_ends_the_pause_and_the_case(erp: Connection, beside: Beside) -> None:
    live(erp)
    actions.check(erp)
    assert Case.objects.get().state == "open"

    beside.start()

    case = Case.objects.get()
    assert case.state == "auto_closed"
    assert case.closed_reason == "The agent “SRV01” is connected."
    erp.refresh_from_db()
    assert not erp.resting()


def test_an_agent_that_went_is_named_with_its_machine(erp: Connection, integrator: Actor) -> None:
    agent, _ = make_agent(integrator, erp, "Warehouse server")
    long_ago = timezone.now() - timedelta(minutes=12)
    Agent.objects.filter(pk=agent.pk).update(seen_at=long_ago, host="SRV01")

    with pytest.raises(
        NoAgent, match="Start “Warehouse server” on SRV01 again, where it was last seen"
    ):
        client(erp).get("/x")
    assert not AgentCall.objects.exists()


@pytest.mark.promise("F07")
def test_what_no_agent_takes_is_withdrawn_and_was_surely_not_sent(
    erp: Connection, beside: Beside, syspro: Emulated
) -> None:
    agent = beside.start()
    agent.kill()
    # The studio's side of its last poll may still be held; a new run makes it take nothing.
    Agent.objects.update(run="another")

    with pytest.raises(NeverSent, match="No agent took it within 1 s; it was withdrawn"):
        client(erp, wait=1.0).post("/_control/nothing", content=b"secret")
    assert not AgentCall.objects.exists()


@pytest.mark.promise("F07")
def test_an_agent_killed_with_a_request_in_hand_leaves_its_outcome_unknown_and_never_repeats_it(
    erp: Connection, beside: Beside, syspro: Emulated, integrator: Actor
) -> None:
    agent = beside.start()
    hang(syspro, FaultKind.TIMEOUT_AFTER, "Query/Query")
    errors: list[Exception] = []

    def ask() -> None:
        try:
            client(erp, within=2.0).post("/SYSPROWCFService/Rest/Query/Query?XmlIn=x")
        except httpx.HTTPError as error:
            errors.append(error)
        finally:
            connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    emulator: Any = syspro.emulator
    struck = len(emulator.faults.struck)
    until(lambda: len(emulator.faults.struck) > struck or emulator.faults.struck)
    agent.kill()
    again = beside.start("SRV01 again")
    asking.join(30)

    assert [type(e) for e in errors] == [Unanswered]
    assert "Query/Query" not in again.said()
    assert not AgentCall.objects.exists()


@pytest.mark.promise("F07")
def test_a_frozen_agent_that_wakes_up_late_sends_nothing(
    erp: Connection, beside: Beside, syspro: Emulated
) -> None:
    """The studio has looked and may have sent it anew: begun late, it would be there twice."""
    agent = beside.start(parallel=1)
    emulator: Any = syspro.emulator
    before = len(emulator.faults.struck)
    hang(syspro, FaultKind.SERVER_ERROR, "late")

    def handed_to_the_frozen() -> bool:
        """Its poll is held by the studio; between two polls nobody takes the request, and it begins anew."""
        agent.send(signal.SIGSTOP)
        time.sleep(0.3)
        try:
            client(erp, wait=5.0, within=1.0).post("/late")
        except Unanswered:
            return True
        except NeverSent:
            agent.send(signal.SIGCONT)
            time.sleep(1)
        return False

    assert any(handed_to_the_frozen() for _ in range(5))
    agent.send(signal.SIGCONT)
    until(lambda: "too late" in agent.said())

    assert len(emulator.faults.struck) == before
    until(lambda: "it was dropped" in agent.said())


def test_an_answer_that_comes_too_late_is_dropped(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    me = Caller(live_server.url, token)
    me.take(first=True)
    desk = StoredDesk(erp.pk)
    key = desk.put(Asked("GET", f"{erp.base_url}/x"), wait=5, within=5)
    call = me.take()["call"]
    assert call["id"] == key
    assert desk.drop(key, Stage.TAKEN)

    said = me.answer(key, Brought(Outcome.ANSWERED, status=200, body=b"late"))

    assert (said.status_code, said.json()["words"]) == (
        410,
        "The request is over; the answer was dropped.",
    )
    assert not AgentCall.objects.exists()


class Caller:
    """An agent without a will of its own."""

    def __init__(self, url: str, token: str, run: str = "a") -> None:
        self.run = run
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )

    def ask(self, *, first: bool = False, hold: float = 0) -> httpx.Response:
        said = {"run": self.run, "first": first, "hold": hold, "host": "SRV01", "version": "1",
                "allowed": ["http://erp:1"]}  # fmt: skip
        return self.http.post("/agent/take/", json=said)

    def take(self, *, first: bool = False, hold: float = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(first=first, hold=hold).raise_for_status().json()
        return found

    def answer(self, key: str, brought: Brought) -> httpx.Response:
        return self.http.post(f"/agent/answer/{key}/", json=brought.plain())


def test_what_lies_on_the_desk_is_sealed_and_gone_when_it_is_over(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    me, desk = Caller(live_server.url, token), StoredDesk(erp.pk)
    me.take(first=True)

    key = desk.put(
        Asked("POST", f"{erp.base_url}/x?OperatorPassword=hush", (("A", "hush"),), b"hush"),
        wait=5, within=5,
    )  # fmt: skip
    row = AgentCall.objects.get()
    assert b"hush" not in bytes(row.sealed)
    assert unseal(row.sealed)["method"] == "POST"
    me.take()
    assert bytes(AgentCall.objects.get().sealed) == b""
    me.answer(key, Brought(Outcome.ANSWERED, status=200, body=b"hush"))
    assert b"hush" not in bytes(AgentCall.objects.get().sealed)
    assert desk.collect(key).body == b"hush"
    assert not AgentCall.objects.exists()


def test_what_a_dead_worker_left_is_handed_to_nobody_and_forgotten(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    me, desk = Caller(live_server.url, token), StoredDesk(erp.pk)
    me.take(first=True)
    desk.put(Asked("POST", f"{erp.base_url}/x"), wait=5, within=5)
    now = timezone.now()

    AgentCall.objects.update(take_until=now - timedelta(seconds=1))
    assert me.take()["call"] is None
    assert tidy() == 0
    AgentCall.objects.update(until=now - timedelta(seconds=1))
    assert tidy() == 1


@pytest.mark.promise("F07")
def test_an_agent_goes_to_its_own_addresses_only(
    erp: Connection, beside: Beside, syspro: Emulated
) -> None:
    agent = beside.start(allow="http://127.0.0.1:1")

    health = actions.check(erp)

    port = syspro.url.rpartition(":")[2]
    assert f"The agent may not go to http://127.0.0.1:{port}" in health.detail
    assert "one more --allow" in health.detail
    assert "password" not in agent.said().lower()


def test_a_system_that_the_agent_cannot_reach_was_surely_not_asked(
    erp: Connection, beside: Beside
) -> None:
    Connection.objects.update(base_url="http://127.0.0.1:9")
    erp.refresh_from_db()
    beside.connection = erp
    beside.start()

    with pytest.raises(NeverSent, match="The agent cannot reach"):
        client(erp, wait=5, within=5).post("/x")


@pytest.mark.promise("F07")
def test_a_wrong_or_revoked_token_is_told_so_and_ends_the_agent(
    erp: Connection, beside: Beside, integrator: Actor
) -> None:
    _, token = make_agent(integrator, erp, "SRV00")
    wrong = beside.start(token="msa_guessed", connected=False)
    right = beside.start()
    assert wrong.process.wait(20) == 1
    assert "does not accept the token" in wrong.said()

    revoke_agent(integrator, right.row)

    assert right.process.wait(40) == 1
    assert "does not accept the token" in right.said()
    assert token not in str(list(AuditEvent.objects.values_list("data", flat=True)))
    keys = set(AuditEvent.objects.filter(key__startswith="agent.").values_list("key", flat=True))
    assert keys == {"agent.made", "agent.introduced", "agent.revoked"}


def test_a_token_carries_nothing_of_another_connection_and_nothing_of_the_api(
    erp: Connection, workspace: Workspace, integrator: Actor, live_server: LiveServer
) -> None:
    other = Connection.objects.create(
        workspace=workspace, system="syspro", name="Other", network_path=AGENT
    )
    _, token = make_agent(integrator, other, "SRV02")
    me = Caller(live_server.url, token)
    me.take(first=True)
    key = StoredDesk(erp.pk).put(Asked("GET", f"{erp.base_url}/x"), wait=5, within=5)

    assert me.take()["call"] is None
    assert me.answer(key, Brought(Outcome.ANSWERED, status=200)).status_code == 410
    assert me.http.get("/api/v1/connections/").status_code == 401


def test_a_token_is_good_for_the_agent_started_last(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    one, two = Caller(live_server.url, token, "one"), Caller(live_server.url, token, "two")
    one.take(first=True)
    held = threading.Thread(target=one.ask, kwargs={"hold": 3})
    held.start()
    two.take(first=True)
    desk = StoredDesk(erp.pk)
    key = desk.put(Asked("GET", f"{erp.base_url}/x"), wait=5, within=5)
    held.join(10)

    assert desk.stage(key) is Stage.WAITING
    assert one.ask().status_code == 409
    assert two.take()["call"]["id"] == key


@pytest.mark.parametrize("safe", [True, False])
def test_what_an_agent_lost_when_it_was_started_anew_is_waited_for_if_it_may_still_be_written(
    safe: bool, erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    one, two = Caller(live_server.url, token, "one"), Caller(live_server.url, token, "two")
    one.take(first=True)
    took: list[float] = []

    def ask() -> None:
        began, patient = time.monotonic(), client(erp, wait=5, within=4)
        asked = patient.build_request("GET", "/x")
        asked.extensions["safe"] = safe
        with pytest.raises(Unanswered):
            patient.send(asked)
        took.append(time.monotonic() - began)
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    assert one.take(hold=5)["call"]
    two.take(first=True)
    asking.join(30)

    assert (took[0] < 8) == safe
    assert not AgentCall.objects.exists()


@pytest.mark.promise("F07")
def test_two_agents_share_the_work(erp: Connection, beside: Beside, syspro: Emulated) -> None:
    first, second = beside.start("SRV01", parallel=1), beside.start("SRV02", parallel=1)
    hang(syspro, FaultKind.SLOW, "one", seconds=2)
    hang(syspro, FaultKind.SLOW, "two", seconds=2)

    def ask(path: str) -> None:
        client(erp, wait=5, within=10).get(path)
        connections.close_all()

    asking = [threading.Thread(target=ask, args=(path,)) for path in ("/one", "/two")]
    began = time.monotonic()
    for one in asking:
        one.start()
    for one in asking:
        one.join(30)

    assert time.monotonic() - began < 4
    for agent in (first, second):
        until(lambda agent=agent: "s." in agent.said())
        assert ("/one" in agent.said()) != ("/two" in agent.said())


def test_pages_keep_their_threads(
    erp: Connection, integrator: Actor, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.catalog.agents.door._holds", threading.Semaphore(1))
    callers = []
    for name in ("SRV01", "SRV02"):
        _, token = make_agent(integrator, erp, name)
        callers.append(Caller(live_server.url, token))
        callers[-1].take(first=True)
    held = threading.Thread(target=callers[0].take, kwargs={"hold": 2})
    held.start()
    time.sleep(0.5)

    began = time.monotonic()
    said = callers[1].take(hold=2)
    held.join(10)

    assert time.monotonic() - began < 3
    assert said["again"] == 1.0
    assert said["waited"] < 1


def test_a_disconnected_connection_has_no_agents(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    me = Caller(live_server.url, token)
    me.take(first=True)

    ending.disconnect(integrator, erp, "moved")

    assert me.ask().status_code == 401
    assert not erp.agents.filter(revoked_at=None).exists()


def test_who_may_connect_makes_and_revokes_agents_and_nobody_else(
    erp: Connection, accountant: Actor, me: Client
) -> None:
    with pytest.raises(NotPermitted):
        make_agent(accountant, erp, "SRV01")
    place = f"/connections/{erp.uuid}/agents/"

    assert me.post(place, {"name": " "}).status_code == 422
    page = me.post(place, {"name": "SRV01"})
    agent = Agent.objects.get()
    token = page.context["token"]

    assert token.startswith("msa_")
    assert page["Cache-Control"] == "no-store"
    assert token in page.content.decode()
    assert token not in me.get(place).content.decode()
    assert token not in str(Agent.objects.values().get())
    said = me.post(f"{place}{agent.uuid}/revoke/", follow=True).content.decode()
    assert "“SRV01” is revoked and ends." in said
    agent.refresh_from_db()
    assert agent.revoked_by == "Ivo Marsh"


@pytest.fixture
def me(ivo: Any, as_person: Callable[[Any], Client]) -> Client:
    return as_person(ivo)


def test_who_connects_through_an_agent_is_shown_how_to_start_it(me: Client) -> None:
    form = {"name": "Behind a wall", "company": "EDU1", "currency": "USD", "network_path": AGENT,
            "base_url": "http://syspro-host:30661"}  # fmt: skip

    page = me.post("/connections/new/syspro/", form, follow=True)

    made = Connection.objects.get()
    assert page.redirect_chain[-1][0] == f"/connections/{made.uuid}/agents/"
    assert "--allow http://syspro-host:30661" in page.content.decode()
    refused = me.post(
        "/connections/new/syspro/",
        form | {"name": "B", "company": "EDU2", "network_path": "tunnel"},
    )
    assert "Use https://" in refused.content.decode()
    books = {**form, "name": "Books", "base_url": "https://x.example.com"}
    assert me.post("/connections/new/qbo/", books).status_code == 422


def test_the_page_of_the_connection_says_what_the_agent_says(
    erp: Connection, me: Client, beside: Beside
) -> None:
    beside.start("Warehouse server")

    page = me.get(f"/connections/{erp.uuid}/").content.decode()

    assert "Agent Warehouse server" in page
    assert f"may go to {erp.base_url}" in page
    assert "No agent is connected." not in page


def test_more_than_an_agent_may_say_is_refused(
    erp: Connection, integrator: Actor, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = make_agent(integrator, erp, "SRV01")
    me, desk = Caller(live_server.url, token), StoredDesk(erp.pk)
    me.take(first=True)
    key = desk.put(Asked("GET", f"{erp.base_url}/x"), wait=5, within=5)
    me.take()
    monkeypatch.setattr("studio.catalog.agents.door.MOST_JSON", 1000)

    said = me.answer(key, Brought(Outcome.ANSWERED, status=200, body=b"x" * 2000))
    nonsense = me.http.post(f"/agent/answer/{key}/", content=b"[1]")

    assert (said.status_code, nonsense.status_code) == (413, 400)
    assert me.http.post("/agent/take/", content=b"x" * 100_000).status_code == 413
    assert me.http.get("/agent/take/").status_code == 405
    assert desk.stage(key) is Stage.TAKEN


def test_answers_keep_their_compression_and_their_bytes(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    import gzip

    _, token = make_agent(integrator, erp, "SRV01")
    me = Caller(live_server.url, token)
    me.take(first=True)
    got: list[httpx.Response] = []

    def ask() -> None:
        got.append(client(erp, wait=5, within=5).get("/x"))
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    call = me.take(hold=5)["call"]
    body = gzip.compress("Möbel".encode())
    headers = (("Content-Encoding", "gzip"), ("X-Two", "1"), ("X-Two", "2"))
    me.answer(call["id"], Brought(Outcome.ANSWERED, "", 201, headers, body))
    asking.join(10)

    assert got[0].text == "Möbel"
    assert got[0].status_code == 201
    assert got[0].headers.get_list("x-two") == ["1", "2"]
    assert json.loads(json.dumps(call["request"]))["url"] == f"{erp.base_url}/x"


def test_a_request_laid_down_inside_a_transaction_is_seen_or_refused_at_once(
    erp: Connection, integrator: Actor, live_server: LiveServer
) -> None:
    """A rehearsal looks things up inside the transaction that it rolls back."""
    _, token = make_agent(integrator, erp, "SRV01")
    me = Caller(live_server.url, token)
    me.take(first=True)
    answering = threading.Thread(
        target=lambda: me.answer(
            me.take(hold=5)["call"]["id"], Brought(Outcome.ANSWERED, status=200, body=b"seen")
        )
    )
    began = time.monotonic()

    if connection.vendor == "sqlite":
        with transaction.atomic(), pytest.raises(NeverSent, match="embedded database"):
            client(erp, wait=5, within=5).get("/x")
        assert time.monotonic() - began < 3
        return
    with transaction.atomic():
        answering.start()
        assert client(erp, wait=5, within=5).get("/x").content == b"seen"
        transaction.set_rollback(True)
    answering.join(10)
    assert not AgentCall.objects.exists()


def test_an_outage_through_an_agent_is_judged_like_any_other(
    erp: Connection, beside: Beside, syspro: Emulated
) -> None:
    beside.start()
    with opened(erp) as connector:
        connector.check()
        hang(syspro, FaultKind.DROP_AFTER, "Transaction/Post")
        with pytest.raises(OutcomeUnknown):
            connector.create(order("AGENT-2"))
        # It took effect: found by its reference, it is not posted again.
        assert connector.create(order("AGENT-2")).replayed
        hang(syspro, FaultKind.DROP_BEFORE, "Query")
        with pytest.raises(RemoteUnavailable) as error:
            connector.changes("ArCustomer")
    assert not isinstance(error.value, AgentMissing)
    assert "did not answer the agent" in str(error.value)

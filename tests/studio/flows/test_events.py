from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connectors.emulation.serve import load
from connectors.qbo.emulator.webhooks import signature as qbo_signature
from connectors.registry import CONNECTORS, capabilities
from connectors.xero.emulator.webhooks import Sender
from engine.errors import RemoteUnavailable
from engine.ports import ChangeNotice, Page, SourceRecord
from studio.accounts.models import Workspace
from studio.catalog.models import Connection, Credential
from studio.core.vault import seal
from studio.flows.designs import shipped
from studio.flows.events import store_events
from studio.flows.look import take_events
from studio.flows.missing import due, find_missing
from studio.flows.models import ChangeEvent, Flow, InboxItem, Run
from studio.flows.sweep import poll_due, sweep
from studio.triage.models import Case

pytestmark = pytest.mark.django_db
KEY = "a-signing-key"


def told(
    key: str, *, event: str = "", company: str = "Har", entity: str = "SorMaster"
) -> ChangeNotice:
    return ChangeNotice(company, entity, key, "update", datetime.now(UTC), event or f"e-{key}")


@pytest.fixture
def reading(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The world, with records read by key: the newest version counts."""

    def read_of(fake: Any) -> Any:
        def read(entity: str, key: str) -> SourceRecord | None:
            rows = [r for r in fake.records.get(entity, []) if r.key == key]
            return rows[-1] if rows else None

        return read

    for fake in (world.source, world.target):
        monkeypatch.setattr(
            type(fake), "read", lambda self, e, k: read_of(self)(e, k), raising=False
        )
    return world


def take(connection: Connection, *notices: ChangeNotice) -> int:
    store_events(connection, notices)
    return take_events(connection)


# --- notices about what has none of its own -----------------------------------------------------------


def bell(flow: Flow, entity: str, monkeypatch: Any) -> list[tuple[Any, ...]]:
    """The flow reads what only the notices of ``entity`` tell about; what it is woken for from now on."""
    nudged: list[tuple[Any, ...]] = []
    for module in ("look", "sweep"):
        monkeypatch.setattr(f"studio.flows.{module}.nudge", lambda *said: nudged.append(said))
    rings = capabilities(flow.source.system).doorbells
    monkeypatch.setitem(rings, "SorMaster", entity)
    redesign(flow, {"entity": "SorMaster", "kind": "webhook"})
    return nudged


def redesign(flow: Flow, trigger: dict[str, str]) -> None:
    version = flow.versions.get(state="published")
    version.content["design"]["trigger"] = trigger
    version.save()


def looked(flow: Flow, seconds: int) -> None:
    Flow.objects.update(last_polled_at=timezone.now() - timedelta(seconds=seconds))
    flow.refresh_from_db()


def test_the_notice_of_an_invoice_lets_the_payments_be_looked_for(reading, monkeypatch) -> None:
    world = reading
    nudged = bell(world.flow, "ArInvoice", monkeypatch)

    looked(world.flow, 60)
    take(world.erp, told("7001", entity="ArInvoice"))

    assert nudged == [("flows.poll", world.flow.pk)]


def test_a_bell_that_rings_often_is_answered_once_a_polls_time(
    reading, monkeypatch, settings
) -> None:
    world = reading
    settings.POLL_SECONDS = 10
    nudged = bell(world.flow, "ArInvoice", monkeypatch)

    looked(world.flow, 3)
    take(world.erp, told("7001", entity="ArInvoice"), told("7002", entity="ArInvoice"))
    assert nudged == []
    assert poll_due() == 0

    looked(world.flow, 12)
    assert poll_due() == 1
    looked(world.flow, 0)
    ChangeEvent.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    looked(world.flow, 15)
    assert poll_due() == 0


def test_another_notice_is_no_bell(reading, monkeypatch) -> None:
    world = reading
    nudged = bell(world.flow, "ArInvoice", monkeypatch)

    looked(world.flow, 60)
    take(world.erp, told("C1", entity="ArCustomer"))

    assert nudged == []
    assert poll_due() == 0


def test_a_source_that_never_told_anything_is_not_relied_on(reading, monkeypatch) -> None:
    world = reading
    redesign(world.flow, {"entity": "SorMaster", "kind": "webhook"})

    looked(world.flow, 400)
    assert poll_due() == 1

    store_events(world.erp, [told("1001")])
    assert poll_due() == 0
    looked(world.flow, 1000)
    assert poll_due() == 1


@pytest.mark.parametrize("key", ["payments-from-xero", "bill-payments-from-xero"])
def test_payments_in_xero_ring_by_their_invoice(key: str) -> None:
    design = next(d for d in shipped() if d["key"] == key)
    assert capabilities("xero").doorbells[design["trigger"]["entity"]] == "Invoice"
    assert design["trigger"]["kind"] == "webhook"


# --- notices about records that flows read ----------------------------------------------------------


@pytest.mark.promise("F04", "F18", "F19")
def test_a_notice_brings_the_record_at_once_and_it_is_posted(reading) -> None:
    world = reading
    world.order("1001")

    take(world.erp, told("1001"))
    world.work()
    world.send()

    assert world.post("1001").state == "done"
    assert Run.objects.get().trigger == "webhook"


@pytest.mark.promise("F30")
def test_repeated_late_and_reordered_notices_post_the_newest_version_once(reading) -> None:
    world = reading
    world.order("1001")
    world.order("1001", Net=Decimal("120.00"))

    take(world.erp, told("1001", event="second"), told("1001", event="first"))
    take(world.erp, told("1001", event="second"), told("1001", event="very late"))
    world.work()
    world.send()
    world.source.records["SorMaster"].pop(0)  # a source shows what is, not what was
    world.run()

    assert [str(d.data["TotalAmt"]) for d in world.target.creates] == ["120.00"]
    assert ChangeEvent.objects.filter(found_by="webhook").count() == 3
    assert not ChangeEvent.objects.filter(handled_at=None).exists()
    assert not Case.objects.filter(closed_at=None).exists()


@pytest.mark.promise("F32")
def test_what_a_lost_notice_would_have_told_is_found_by_the_next_poll(reading) -> None:
    world = reading
    world.order("1001")
    world.order("1002")

    take(world.erp, told("1002"))
    world.run()

    assert {d.reference for d in world.target.creates} == {"1001", "1002"}
    assert len(world.target.creates) == 2


def test_a_notice_that_could_not_be_followed_waits_and_is_taken_up_by_the_sweep(
    reading, monkeypatch
) -> None:
    world = reading
    world.order("1001")
    nudged: list[tuple[Any, ...]] = []

    def down(*_: Any) -> Any:
        raise RemoteUnavailable(system="Harbour ERP", call="read")

    with monkeypatch.context() as patch:
        patch.setattr(world.source, "read", down)
        take(world.erp, told("1001"))
    assert ChangeEvent.objects.get().handled_at is None

    monkeypatch.setattr("studio.flows.sweep.nudge", lambda *said: nudged.append(said))
    sweep()

    assert ("flows.take_events", world.erp.pk) in nudged
    assert take_events(world.erp) == 1
    assert InboxItem.objects.get().key == "1001"


def test_a_record_that_is_gone_is_a_deletion_if_we_ever_saw_it(reading) -> None:
    world = reading
    world.order("1001")
    world.run()
    world.source.records["SorMaster"].clear()

    take(world.erp, told("1001"), told("never seen"))
    world.work()

    assert Case.objects.get().code == "deleted-at-source"
    assert InboxItem.objects.count() == 2


def test_notices_of_another_company_are_not_ours(world) -> None:
    assert store_events(world.erp, [told("1001", company="EDU9")]) == 0
    assert not ChangeEvent.objects.exists()


@pytest.mark.promise("F20")
def test_what_a_poll_finds_where_nobody_tells_is_noted_in_the_same_words(world) -> None:
    world.order("1001")
    world.order("1002", deleted=True)
    world.poll()
    world.poll()

    rows = ChangeEvent.objects.order_by("pk").values_list("entity", "key", "operation", "found_by")
    assert list(rows) == [
        ("SorMaster", "1001", "update", "poll"),
        ("SorMaster", "1002", "delete", "poll"),
    ]
    assert not ChangeEvent.objects.filter(handled_at=None).exists()


# --- records that are gone where nobody tells -------------------------------------------------------


def test_a_record_gone_without_a_word_is_found_once_a_day_and_is_a_deletion(reading) -> None:
    world = reading
    world.order("1001")
    world.order("1002")
    world.run()
    world.source.records["SorMaster"].pop(0)

    assert [f.pk for f in due()] == [world.flow.pk]
    assert find_missing(world.flow) == 1
    world.work()

    assert Case.objects.get().code == "deleted-at-source"
    assert "1001" in Case.objects.get().record_label
    assert due() == []
    assert find_missing(world.flow) == 0


def test_a_record_that_only_moved_between_pages_is_not_called_gone(reading, monkeypatch) -> None:
    world = reading
    moved = world.order("1001")
    world.run()
    monkeypatch.setattr(type(world.source), "changes", lambda self, e, **_: Page([], "1"))
    monkeypatch.setattr(type(world.source), "read", lambda self, e, k: moved, raising=False)

    assert find_missing(world.flow) == 0


# --- notices about documents that we posted ---------------------------------------------------------


@pytest.mark.golden(20)
def test_a_document_that_a_person_deleted_is_asked_about_and_never_made_again(reading) -> None:
    world = reading
    world.order("1001")
    world.run()
    key = world.post("1001").target_key
    world.target.records["Invoice"] = []

    take(world.books, told(key, entity="Invoice"))
    world.flow.cursors.update(value="")
    world.run(times=2)

    case = Case.objects.get(closed_at=None)
    assert (case.code, case.case_class) == ("deleted-at-target", "conflict")
    assert "by a person" in case.sentence
    assert len(world.target.creates) == 1


def test_a_total_that_a_person_changed_is_a_case_with_both_amounts(reading) -> None:
    world = reading
    world.order("1001")
    world.run()
    key = world.post("1001").target_key
    changed = {"DocNumber": "1001", "TotalAmt": Decimal("90.00")}
    world.target.records["Invoice"].append(SourceRecord("Invoice", key, "1", changed))

    take(world.books, told(key, entity="Invoice"))

    assert "from 100.00 to 90.00" in Case.objects.get().sentence


@pytest.mark.golden(30)
def test_our_own_posting_coming_back_as_a_notice_is_an_echo(reading) -> None:
    world = reading
    world.order("1001")
    world.run()

    take(world.books, told(world.post("1001").target_key, entity="Invoice"))

    assert not Case.objects.exists()
    assert len(world.target.creates) == 1


# --- the address vendors post to --------------------------------------------------------------------


@pytest.fixture
def xero(workspace: Workspace) -> Connection:
    made = Connection.objects.create(
        workspace=workspace, system="xero", name="Harbour UK", base_url="http://127.0.0.1:1",
        company="tenant-1", options={"client_id": "c"}, state="live",
    )  # fmt: skip
    Credential.objects.create(
        connection=made, sealed=seal({"webhook_key": KEY, "client_secret": "s"})
    )
    return made


class Wire:
    """Hands what an emulated vendor sends to the studio's address, without a network."""

    def __init__(self, client: Client, connection: Connection) -> None:
        self.client, self.path = client, f"/hooks/{connection.uuid}/"
        self.statuses: list[int] = []

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        signed = {k: v for k, v in headers.items() if "signature" in k.lower()}
        more = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in signed.items()}
        answer = self.client.post(self.path, body, content_type="application/json", **more)
        if answer.status_code != 404:
            assert answer.content == b""
            assert not answer.cookies
        self.statuses.append(answer.status_code)
        return answer.status_code


def test_xeros_intent_to_receive_is_answered_and_its_events_are_stored_once(
    xero: Connection, client: Client
) -> None:
    import httpx

    wire = Wire(client, xero)
    emulator: Any = load("xero").make("S", 1, None, None, False)
    sender = Sender(emulator.store, emulator.faults, KEY, "tenant-1")
    sender.transport = httpx.MockTransport(
        lambda r: httpx.Response(wire.post(r.read(), dict(r.headers)))
    )
    assert sender.subscribe("https://studio.test/hook")
    assert wire.statuses == [200, 401]
    event = {
        "resource": "Invoices", "resourceId": "i-1", "eventDateUtc": "2026-11-02T10:00:00.000",
        "eventType": "CREATE", "eventCategory": "INVOICE",
    }  # fmt: skip
    body = sender.batch([event], "https://api.xero.test")
    assert body is not None
    sender.deliver(body)
    sender.deliver(body)
    emulator.close()

    notice = ChangeEvent.objects.get()
    assert (notice.entity, notice.key, notice.operation) == ("Invoice", "i-1", "create")


@pytest.fixture
def qbo(workspace: Workspace) -> Connection:
    made = Connection.objects.create(
        workspace=workspace, system="qbo", name="Harbour US", base_url="http://127.0.0.1:1",
        company="9341", options={"client_id": "c"}, state="live",
    )  # fmt: skip
    Credential.objects.create(
        connection=made, sealed=seal({"webhook_key": KEY, "client_secret": "s"})
    )
    return made


def test_intuits_events_are_stored_and_another_signature_is_refused(
    qbo: Connection, client: Client
) -> None:
    wire = Wire(client, qbo)
    entity = {
        "name": "Customer",
        "id": "58",
        "operation": "Update",
        "lastUpdated": "2026-11-02T10:00:00-0700",
    }
    parts = [
        {"realmId": realm, "dataChangeEvent": {"entities": [entity]}} for realm in ("9341", "other")
    ]
    body = json.dumps({"eventNotifications": parts}).encode()

    wire.post(body, {"intuit-signature": qbo_signature(KEY, body)})
    wire.post(body + b" ", {"intuit-signature": qbo_signature(KEY, body)})
    wire.post(b"[1]", {"intuit-signature": qbo_signature(KEY, b"[1]")})

    assert wire.statuses == [200, 401, 200]
    assert [(n.entity, n.key) for n in ChangeEvent.objects.all()] == [("Customer", "58")]


def test_only_connections_whose_vendor_posts_have_an_address(world, client: Client) -> None:
    silent = {s for s, one in CONNECTORS.items() if not one.capabilities.webhooks}
    assert world.erp.system in silent
    assert Wire(client, world.erp).post(b"{}", {}) == 404
    assert client.get(f"/hooks/{world.books.uuid}/").status_code == 405
    assert Flow.objects.get().state == "live"

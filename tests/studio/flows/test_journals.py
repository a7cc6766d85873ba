"""Ledger journals by the shipped designs and mappings: batches, control totals, drafts, approval."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from engine.errors import OutcomeUnknown, RemoteRejected
from engine.ports import SourceRecord
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.catalog.models import Connection, SchemaSnapshot
from studio.core.models import AuditEvent
from studio.flows.actions import publish_flow
from studio.flows.batches import approve_batch, held_of, progress_of
from studio.flows.control import Control, batch_of, settle
from studio.flows.designs import ensure_flows
from studio.flows.models import Delivery, Flow, InboxItem, Run
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.mapping.models import LookupRow, LookupTable, Mapping, MappingVersion
from studio.mapping.shipped import starters_of
from studio.triage.models import Case
from tests.studio.world import DATE, MONEY, TEXT, Fake, _connection, _snapshot

pytestmark = pytest.mark.django_db
NUMBER = FieldType.INTEGER
LEDGER = SystemSchema(
    system="syspro",
    entities=(
        EntitySchema(
            name="GenJournalCtl",
            fields=(
                *(FieldSchema(n, n, NUMBER) for n in ("GlYear", "GlPeriod", "GlJournal")),
                FieldSchema("JournalDate", "Date", DATE),
                FieldSchema("NumOfEntries", "Entries", NUMBER),
                *(FieldSchema(n, n, MONEY, scale=2) for n in ("DebitAmount", "CreditAmount")),
                *(FieldSchema(n, n, TEXT, 30) for n in ("Source", "JnlStatus", "Reference")),
                FieldSchema("Notation", "Text", TEXT, 100),
                *(
                    FieldSchema(f"GenJournalDetail[].{n}", n, TEXT, 35)
                    for n in ("GlCode", "Comment", "Reference")
                ),
                FieldSchema("GenJournalDetail[].EntryValue", "Value", MONEY, scale=2),
            ),
        ),
    ),
)
BOOKS = {
    "qbo": EntitySchema(
        name="JournalEntry",
        fields=(
            FieldSchema("DocNumber", "Number", TEXT, 21),
            FieldSchema("TxnDate", "Date", DATE),
            FieldSchema("PrivateNote", "Note", TEXT, 4000),
            *(FieldSchema(f"Line[].{n}", n, TEXT, 4000) for n in ("DetailType", "Description")),
            FieldSchema("Line[].Amount", "Amount", MONEY, scale=2),
            FieldSchema("Line[].JournalEntryLineDetail.PostingType", "Side", TEXT, 6),
            FieldSchema("Line[].JournalEntryLineDetail.AccountRef.value", "Account", TEXT, 20),
        ),
    ),
    "xero": EntitySchema(
        name="ManualJournal",
        fields=(
            FieldSchema("Narration", "Narration", TEXT, 200),
            FieldSchema("Date", "Date", DATE),
            *(FieldSchema(n, n, TEXT, 20) for n in ("Status", "LineAmountTypes")),
            FieldSchema("JournalLines[].LineAmount", "Amount", MONEY, scale=2),
            FieldSchema("JournalLines[].AccountCode", "Account", TEXT, 10),
            FieldSchema("JournalLines[].Description", "Text", TEXT, 4000),
        ),
    ),
}


@dataclass
class Ledgers:
    """A ledger at the source and books at the target, with the two shipped flows between them."""

    source: Fake
    target: Fake
    books: Connection
    history: Flow
    daily: Flow

    def journal(self, number: int, day: str = "2026-06-15", **changes: Any) -> None:
        """A balanced journal of three entries, 100.00 each side unless ``value`` says otherwise."""
        value = Decimal(changes.pop("value", "100.00"))
        year, period = day.split("-")[:2]
        entries = [("6100", value), ("6200", Decimal("-40.00")), ("4500", Decimal("40.00") - value)]
        data: dict[str, Any] = {
            "GlYear": int(year),
            "GlPeriod": int(period),
            "GlJournal": number,
            "JournalDate": day,
            "NumOfEntries": 3,
            "DebitAmount": value,
            "CreditAmount": value,
            "JnlStatus": "P",
            "Source": "JE",
            "Reference": f"GJ-{number}",
            "Notation": "Accrual",
            "GenJournalDetail": [
                {"GlCode": code, "EntryValue": amount, "Comment": "Line"}
                for code, amount in entries
            ],
        } | changes
        key = f"{year}|{int(period)}|{number}"
        self.source.records.setdefault("GenJournalCtl", []).append(
            SourceRecord("GenJournalCtl", key, str(data), data)
        )

    def read(self, flow: Flow) -> None:
        flow.refresh_from_db()
        poll(flow)
        pump_flow(flow.pk)

    def send(self) -> None:
        Delivery.objects.update(not_before=None)
        pump_connection(self.books.pk)


@pytest.fixture(params=["qbo", "xero"])
def ledgers(request, workspace, ivo, actor_of, monkeypatch) -> Ledgers:
    system = request.param
    erp, books = _connection(workspace, "syspro", "ERP"), _connection(workspace, system, "Books")
    Connection.objects.update(currency="USD")
    fakes = {"ERP": Fake("syspro"), "Books": Fake(system)}
    monkeypatch.setattr("studio.catalog.wiring.open_connector", lambda c, _: fakes[c.name])
    snapshots = {
        erp.pk: _snapshot(erp, LEDGER),
        books.pk: _snapshot(books, SystemSchema(system=system, entities=(BOOKS[system],))),
    }
    for connection in (erp, books):
        for starter in starters_of(connection.system):
            if starter.canonical == "journal":
                _publish(connection, starter, snapshots[connection.pk])
    table = LookupTable.objects.create(
        workspace=workspace, connection=books, name="journal_accounts", label="Accounts"
    )
    for code in ("6100", "6200", "4500"):
        LookupRow.objects.create(table=table, source=code, target=f"T{code}")
    flows = {f.key.split("-to-")[0]: f for f in ensure_flows(erp, books) if "journal" in f.key}
    for flow in flows.values():
        publish_flow(actor_of(ivo), flow)
    return Ledgers(
        fakes["ERP"], fakes["Books"], books, flows["journals-history"], flows["journals"]
    )


def _publish(connection: Connection, starter: Any, snapshot: SchemaSnapshot) -> None:
    mapping = Mapping.objects.create(
        workspace=connection.workspace,
        connection=connection,
        direction=starter.direction,
        entity=starter.entity,
        document=starter.canonical,
        snapshot=snapshot,
        frame={},
    )
    MappingVersion.objects.create(
        mapping=mapping,
        number=1,
        document=starter.document,
        content_hash=hashlib.sha256(json.dumps(starter.document).encode()).hexdigest(),
        published_by="Ivo Marsh",
    )


def _approve(actor) -> None:
    for run in Run.objects.all():
        if held_of(run).count:
            approve_batch(actor, run, held_of(run).seen)


def _draft_at_target(ledgers: Ledgers) -> bool:
    return ledgers.target.system == "xero"


@pytest.mark.promise("F29")
def test_history_is_never_posted_by_itself(ledgers) -> None:
    """Xero gets drafts; QuickBooks knows none, so nothing is sent before somebody approves."""
    Flow.objects.update(ladder="silent")
    ledgers.journal(101)

    ledgers.read(ledgers.history)
    ledgers.send()

    if _draft_at_target(ledgers):
        assert [d.data["Status"] for d in ledgers.target.creates] == ["DRAFT"]
    else:
        assert not ledgers.target.creates
        assert Delivery.objects.get().state == "held"


def test_daily_journals_are_drafts_until_the_flow_may_post(ledgers) -> None:
    ledgers.journal(101, "2026-07-03")
    ledgers.read(ledgers.daily)
    ledgers.send()
    drafts = len(ledgers.target.creates)

    Flow.objects.filter(pk=ledgers.daily.pk).update(ladder="digest")
    ledgers.journal(102, "2026-07-04")
    ledgers.read(ledgers.daily)
    ledgers.send()

    last = ledgers.target.creates[-1].data
    if _draft_at_target(ledgers):
        assert (drafts, last["Status"]) == (1, "POSTED")
    else:
        assert (drafts, last["DocNumber"]) == (0, "2026-07-0000102")


def test_each_flow_takes_its_own_days(ledgers) -> None:
    for number, day in enumerate(("2026-05-31", "2026-06-01", "2026-06-30", "2026-07-01"), 101):
        ledgers.journal(number, day)

    ledgers.read(ledgers.history)
    ledgers.read(ledgers.daily)

    taken = {
        flow.key.split("-to-")[0]: sorted(
            Delivery.objects.filter(flow=flow).values_list("business_key", flat=True)
        )
        for flow in (ledgers.history, ledgers.daily)
    }
    assert taken == {
        "journals-history": ["2026-06-0000102", "2026-06-0000103"],
        "journals": ["2026-07-0000104"],
    }


@pytest.mark.promise("F29", "P04")
def test_a_batch_ties_in_three_places(ledgers, ana, actor_of) -> None:
    for number in range(101, 108):
        ledgers.journal(number, value=f"{number}.10")
    ledgers.read(ledgers.history)
    _approve(actor_of(ana))
    ledgers.send()

    run = Run.objects.get()
    batch = settle(run)

    expected = Control(7, Decimal("728.70"), Decimal("728.70"))
    assert (batch.source, batch.ledger, batch.target) == (expected,) * 3
    assert batch.ties
    run.refresh_from_db()
    assert run.tied_at is not None
    assert settle(run) == batch, "the kept totals say the same"
    assert ledgers.target.calls == [7], "one call for all of them"


def test_each_page_is_a_batch_of_its_own(ledgers) -> None:
    ledgers.history.design["batch_size"] = 3
    ledgers.history.save()
    for number in range(101, 108):
        ledgers.journal(number)

    ledgers.read(ledgers.history)

    assert list(Run.objects.order_by("pk").values_list("read", flat=True)) == [3, 3, 1]
    assert all(run.finished_at for run in Run.objects.all())


@pytest.mark.parametrize(
    "changes",
    [{"NumOfEntries": 4}, {"DebitAmount": Decimal("120.00"), "CreditAmount": Decimal("120.00")}],
)
def test_a_journal_that_is_not_what_its_header_states_is_not_sent(ledgers, changes) -> None:
    """Entries may be hidden from the operator; the header says what should be there."""
    ledgers.journal(101, **changes)
    ledgers.journal(102)

    ledgers.read(ledgers.history)

    case = Case.objects.get()
    assert (case.code, case.case_class) == ("control-total", "amount")
    assert "instead of" in case.sentence
    assert Delivery.objects.get().business_key == "2026-06-0000102"
    batch = batch_of(Run.objects.get())
    assert (batch.ties, batch.left) == (False, 2)


def test_an_unbalanced_journal_is_a_case_and_never_overridden(ledgers) -> None:
    ledgers.journal(101, CreditAmount=Decimal("99.00"), GenJournalDetail=[
        {"GlCode": "6100", "EntryValue": Decimal("100.00"), "Comment": ""},
        {"GlCode": "6200", "EntryValue": Decimal("-59.00"), "Comment": ""},
        {"GlCode": "4500", "EntryValue": Decimal("-40.00"), "Comment": ""},
    ])  # fmt: skip

    ledgers.read(ledgers.history)

    assert "unbalanced" in set(Case.objects.values_list("code", flat=True))
    assert not Delivery.objects.exists()


def test_an_account_without_a_translation_is_a_case_with_a_button(ledgers) -> None:
    LookupRow.objects.filter(source="6200").delete()
    ledgers.journal(101)

    ledgers.read(ledgers.history)

    case = Case.objects.get()
    assert (case.evidence["table"], case.evidence["code"]) == ("journal_accounts", "6200")


@pytest.mark.golden(25)
def test_a_closed_period_is_found_before_anything_is_sent(ledgers) -> None:
    snapshot = ledgers.books.snapshots.get()
    snapshot.content["facts"] = {"lock_date": "2026-06-20"}
    SchemaSnapshot.objects.filter(pk=snapshot.pk).update(content=snapshot.content)
    ledgers.journal(101, "2026-06-20")
    ledgers.journal(102, "2026-06-21")

    ledgers.read(ledgers.history)

    assert Case.objects.get().case_class == "period"
    assert Delivery.objects.get().business_key == "2026-06-0000102"


@pytest.mark.promise("F30")
def test_a_half_written_batch_ties_once_it_was_looked_up(ledgers, ana, actor_of) -> None:
    for number in range(101, 107):
        ledgers.journal(number)
    ledgers.read(ledgers.history)
    _approve(actor_of(ana))
    ledgers.target.torn = 4

    ledgers.send()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"unknown"}
    ledgers.send()

    assert len(ledgers.target.creates) == 6
    assert settle(Run.objects.get()).ties


def test_an_approval_is_for_what_was_seen(ledgers, ana, ivo, actor_of) -> None:
    Flow.objects.update(ladder="approve")
    ledgers.journal(101)
    ledgers.read(ledgers.history)
    run = Run.objects.get()
    seen = held_of(run).seen

    with pytest.raises(PermissionDenied):
        approve_batch(actor_of(ivo), run, seen)
    Delivery.objects.update(gross=Decimal("100.01"))
    with pytest.raises(ValidationError, match="changed since"):
        approve_batch(actor_of(ana), run, seen)
    assert approve_batch(actor_of(ana), run, held_of(run).seen) == 1

    line = AuditEvent.objects.get(key="batch.approved")
    assert (line.data["count"], line.data["debit"]) == (1, "100.01")


def test_a_changed_journal_replaces_what_still_waits_for_approval(ledgers) -> None:
    Flow.objects.update(ladder="approve")
    ledgers.journal(101)
    ledgers.read(ledgers.history)
    ledgers.journal(101, value="150.00")
    ledgers.read(ledgers.history)

    held = Delivery.objects.get()
    assert (held.state, held.gross) == ("held", Decimal("150.00"))


def test_progress_says_how_long_the_rest_takes(ledgers, ana, actor_of) -> None:
    from datetime import timedelta

    from django.utils import timezone

    for number in range(101, 111):
        ledgers.journal(number)
    ledgers.read(ledgers.history)
    now = timezone.now()
    for at, delivery in enumerate(Delivery.objects.order_by("pk")[:4]):
        Delivery.objects.filter(pk=delivery.pk).update(
            state="done", done_at=now - timedelta(minutes=2) + timedelta(seconds=30 * at)
        )
    Delivery.objects.exclude(state="done").update(state="ready")

    found = progress_of(Run.objects.get(), now)

    assert (found.total, found.done, found.moving) == (10, 4, True)
    assert found.per_minute == pytest.approx(2.0)
    assert found.left == timedelta(minutes=3)
    assert found.words == "3 min left"
    InboxItem.objects.filter(key="2026|6|110").update(state="parked")
    assert replace(progress_of(Run.objects.get(), now)).cases == 1


def test_the_page_of_a_batch_shows_totals_and_approves(ledgers, ana, ivo, as_person) -> None:
    Flow.objects.update(ladder="approve")
    ledgers.journal(101)
    ledgers.journal(102, NumOfEntries=9)
    ledgers.read(ledgers.history)
    run = Run.objects.get()
    page = reverse("flows:run", args=[run.uuid])

    shown = as_person(ivo).get(page).content.decode()
    assert "An accountant approves them." in shown
    assert "Journal 2026-06-0000102" in shown, "what did not move is listed"
    client = as_person(ana)
    assert "Approve and post to Books" in client.get(page).content.decode()
    client.post(reverse("flows:run-approve", args=[run.uuid]), {"seen": held_of(run).seen})
    ledgers.send()

    assert len(ledgers.target.creates) == 1
    assert "1 of 2 posted" in client.get(page).content.decode()


def test_a_batch_that_read_only_what_is_known_says_that_nothing_is_new(
    ledgers, ivo, as_person
) -> None:
    for number in (101, 102):
        ledgers.journal(number)
    ledgers.read(ledgers.history)
    ledgers.history.cursors.update(value="")
    ledgers.read(ledgers.history)
    first, again = Run.objects.order_by("pk")

    assert (first.read, first.taken, again.read, again.taken) == (2, 2, 2, 0)
    page = as_person(ivo).get(reverse("flows:run", args=[again.uuid])).content.decode()
    assert "Nothing is new: 2 records read, all unchanged." in page
    assert "0 of 0 posted" not in page
    assert "Control totals" not in page


def test_a_refused_journal_leaves_its_batch_open_by_name(ledgers, ana, actor_of) -> None:
    for number in (101, 102):
        ledgers.journal(number)
    ledgers.read(ledgers.history)
    _approve(actor_of(ana))
    ledgers.target.faults = [None, RemoteRejected(system="x", call="create")]

    ledgers.send()

    batch = settle(Run.objects.get())
    assert (batch.ledger.count, batch.left, batch.ties) == (1, 1, False)


def test_an_unanswered_single_journal_is_found_by_its_number(ledgers, ana, actor_of) -> None:
    ledgers.journal(101)
    ledgers.read(ledgers.history)
    _approve(actor_of(ana))
    ledgers.target.late = [OutcomeUnknown(system="x", call="create")]

    ledgers.send()
    ledgers.send()

    assert len(ledgers.target.creates) == 1
    assert settle(Run.objects.get()).ties

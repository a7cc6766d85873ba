"""Writing, finding and polling through the connector, with the faults real networks commit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.emulation.faults import FaultKind
from connectors.qbo.facts import VOIDABLE
from connectors.qbo.sink import marker
from connectors.registry import capabilities
from engine.errors import OutcomeUnknown, RemoteRejected
from engine.ports import Action, Draft
from tests.connectors.qbo.conftest import build, invoice_body


def drain(bench, entity, cursor="", limit=100):
    found = []
    while True:
        page = bench.connector.changes(entity, cursor=cursor, limit=limit)
        found += page.records
        cursor = page.cursor
        if not page.more:
            return found, cursor


def count(bench, entity, number):
    return len(bench.emulator.documents(entity, number))


@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_AFTER, FaultKind.DROP_AFTER, FaultKind.SERVER_ERROR_AFTER]
)
def test_an_invoice_that_took_effect_without_an_answer_is_found_and_not_doubled(bench, kind):
    draft = bench.draft("Invoice", invoice_body("1"), reference="SO-1")
    bench.arm(kind, path="/invoice")
    with pytest.raises(OutcomeUnknown):
        bench.connector.create(draft)
    found = bench.connector.find_by_reference("Invoice", "SO-1", draft.idempotency_key)
    assert found is not None
    assert found.number == "SO-1"
    again = bench.connector.create(draft)
    assert again.key == found.key
    assert count(bench, "Invoice", "SO-1") == 1


def test_a_document_of_somebody_else_with_our_number_is_not_taken_for_ours(bench):
    by_hand = bench.emulator.service.write("Invoice", invoice_body("1") | {"DocNumber": "SO-2"})
    assert bench.connector.find_by_reference("Invoice", "SO-2", "our-key") is None
    assert by_hand["DocNumber"] == "SO-2"


def test_a_document_without_a_number_is_found_by_its_marker(bench):
    line = [
        {
            "Amount": Decimal(5),
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": way, "AccountRef": {"value": "1"}},
        }
        for way in ("Debit", "Credit")
    ]
    made = bench.create(
        "JournalEntry", {"TxnDate": "2026-06-15", "Line": line}, idempotency_key="je-1"
    )
    found = bench.connector.find_by_reference("JournalEntry", "", "je-1")
    assert found is not None
    assert found.key == made.key
    assert bench.connector.find_by_reference("JournalEntry", "", "je-2") is None


def test_the_note_of_the_document_stays_in_front_of_the_marker(bench):
    made = bench.invoice("1", data={"PrivateNote": "n" * 4000}, idempotency_key="key-1")
    note = str(made.data["PrivateNote"])
    assert len(note) == 4000
    assert note.startswith("nnn")
    assert note.endswith(marker("key-1"))


def test_markers_can_be_switched_off(emulator, clock):
    bench = build(emulator, clock, marker="off")
    made = bench.invoice("1", reference="SO-3")
    assert "PrivateNote" not in made.data
    assert bench.connector.find_by_reference("Invoice", "SO-3", "x").key == made.key


def test_a_401_midway_creates_one_document(bench):
    bench.arm(FaultKind.UNAUTHORISED, path="/invoice")
    made = bench.invoice("1", reference="SO-4")
    assert made.number == "SO-4"
    assert count(bench, "Invoice", "SO-4") == 1
    assert bench.tokens.get().access_token not in ("", None)


@pytest.mark.golden(6)
def test_a_401_after_the_effect_creates_one_document(bench):
    # the server did the work, then lost the session: the replay carries the same request id
    draft = bench.draft("Invoice", invoice_body("1"), reference="SO-5")
    bench.arm(FaultKind.DROP_AFTER, path="/invoice")
    with pytest.raises(OutcomeUnknown):
        bench.connector.create(draft)
    bench.emulator.oauth.expire_access()
    assert bench.connector.create(draft).number == "SO-5"
    assert count(bench, "Invoice", "SO-5") == 1


def test_an_update_keeps_what_was_not_sent_and_reads_the_version_itself(bench):
    made = bench.customer(PrimaryPhone={"FreeFormNumber": "555"})
    changed = bench.connector.update(bench.draft("Customer", {"Notes": "x"}, key=made.key))
    assert changed.data["PrimaryPhone"] == {"FreeFormNumber": "555"}
    assert changed.version == "1"


def test_an_object_that_changes_in_part_keeps_its_other_members(bench):
    made = bench.customer(BillAddr={"Line1": "1 Quay", "City": "Leeds"}, Notes="x")
    changed = bench.connector.update(
        bench.draft("Customer", {"BillAddr": {"City": "York"}}, key=made.key)
    )
    address = changed.data["BillAddr"]
    assert (address["Line1"], address["City"], changed.data["Notes"]) == ("1 Quay", "York", "x")


def test_an_object_whose_only_member_is_emptied_is_cleared(bench):
    made = bench.customer(PrimaryPhone={"FreeFormNumber": "555"})
    changed = bench.connector.update(
        bench.draft("Customer", {"PrimaryPhone": {"FreeFormNumber": ""}}, key=made.key)
    )
    assert not changed.data.get("PrimaryPhone")


def test_void_delete_and_deactivate(bench):
    invoice = bench.invoice("1", "10.00")
    voided = bench.connector.act(bench.draft("Invoice", {}, key=invoice.key), Action.VOID)
    assert voided.data["TotalAmt"] == 0
    assert bench.connector.read("Invoice", invoice.key).deleted
    receipt = bench.create("SalesReceipt", invoice_body("1"))
    bench.connector.act(bench.draft("SalesReceipt", {}, key=receipt.key), Action.VOID)
    gone = bench.connector.act(bench.draft("Invoice", {}, key=invoice.key), Action.DELETE)
    assert gone.version == "deleted"
    assert bench.connector.read("Invoice", invoice.key) is None
    made = bench.customer()
    bench.connector.act(bench.draft("Customer", {}, key=made.key), Action.DEACTIVATE)
    assert bench.connector.read("Customer", made.key).data["Active"] is False
    bench.connector.act(bench.draft("Customer", {}, key=made.key), Action.REACTIVATE)
    assert bench.connector.read("Customer", made.key).data["Active"] is True


@pytest.mark.parametrize(
    ("entity", "action"),
    [("Customer", Action.DELETE), ("Bill", Action.VOID), ("Invoice", Action.DEACTIVATE)],
)
def test_what_the_vendor_does_not_offer_is_refused_before_any_call(bench, entity, action):
    before = len(bench.transport.requests)
    with pytest.raises(RemoteRejected) as caught:
        bench.connector.act(Draft(entity, {}, "k", key="1"), action)
    assert action.value in str(caught.value)
    assert len(bench.transport.requests) == before


def test_what_flows_are_told_can_be_voided_is_what_the_connector_voids():
    assert capabilities("qbo").voids == VOIDABLE


def test_a_batch_of_65_goes_in_three_calls_and_answers_in_order(bench):
    names = [f"Batch {n}" for n in range(65)]
    drafts = [bench.draft("Customer", {"DisplayName": n}, reference=n) for n in names]
    drafts[40] = bench.draft("Customer", {"DisplayName": "Batch 3"})
    before = len(bench.transport.requests)
    results = bench.connector.create_many(drafts)
    assert len(bench.transport.requests) - before == 3
    assert [r.receipt.number if r.receipt else None for r in results[:3]] == names[:3]
    assert results[40].error is not None
    assert sum(r.receipt is not None for r in results) == 64


def test_a_half_written_batch_is_unknown_for_each_and_a_resend_doubles_nothing(bench):
    drafts = [bench.draft("Invoice", invoice_body("1"), reference=f"HB-{n}") for n in range(10)]
    bench.arm(FaultKind.HALF_BATCH, path="/batch")
    results = bench.connector.create_many(drafts)
    assert all(isinstance(r.error, OutcomeUnknown) for r in results)
    found = [
        bench.connector.find_by_reference("Invoice", d.reference, d.idempotency_key) for d in drafts
    ]
    assert [f is not None for f in found] == [True] * 5 + [False] * 5
    again = bench.connector.create_many(drafts)
    assert all(r.receipt for r in again)
    assert all(count(bench, "Invoice", d.reference) == 1 for d in drafts)


# -- polling ------------------------------------------------------------------------------------


@pytest.mark.promise("F32")
def test_polls_bring_edits_creations_deletes_and_deactivations_once(bench, clock):
    first, at = drain(bench, "Customer")
    _, invoices_at = drain(bench, "Invoice")
    clock.advance(300)
    made = bench.customer()
    bench.emulator.edit("Customer", first[0].key, {"Notes": "by hand"})
    bench.connector.act(bench.draft("Customer", {}, key=made.key), Action.DEACTIVATE)
    invoice = bench.invoice("1")
    gone = bench.invoice("1")
    bench.emulator.remove("Invoice", gone.key)
    news, at = drain(bench, "Customer", at)
    assert {r.key for r in news} == {made.key, first[0].key}
    assert next(r for r in news if r.key == made.key).data["Active"] is False
    docs, _ = drain(bench, "Invoice", invoices_at)
    assert {(r.key, r.deleted) for r in docs} == {(invoice.key, False), (gone.key, True)}
    clock.advance(5)
    assert drain(bench, "Customer", at)[0] == []


def test_a_change_in_the_same_second_as_the_poll_is_not_lost(bench):
    _, at = drain(bench, "Customer")
    one = bench.customer("Same Second 1")
    news, at = drain(bench, "Customer", at)
    assert [r.key for r in news] == [one.key]
    two = bench.customer("Same Second 2")
    news, at = drain(bench, "Customer", at)
    assert [r.key for r in news] == [two.key]
    bench.emulator.edit("Customer", one.key, {"Notes": "x"})
    news, at = drain(bench, "Customer", at)
    assert [(r.key, r.version) for r in news] == [(one.key, "1")]


def test_a_feed_is_handed_out_in_pages_oldest_first(bench, clock):
    _, at = drain(bench, "Customer")
    made = []
    for number in range(7):
        clock.advance(10)
        made.append(bench.customer(f"Feed {number}").key)
    first = bench.connector.changes("Customer", cursor=at, limit=3)
    assert first.more
    assert [r.key for r in first.records] == made[:3]
    rest, _ = drain(bench, "Customer", first.cursor, 3)
    assert [r.key for r in rest] == made[3:]


def test_a_record_changed_while_a_first_poll_is_paging_is_not_skipped_over(bench):
    keys = {r.key for r in drain(bench, "Customer")[0]}
    page = bench.connector.changes("Customer", limit=10)
    seen = {r.key for r in page.records}
    # the already read ones move to the end, so the unread ones shift forward
    for one in page.records[:5]:
        bench.emulator.edit("Customer", one.key, {"Notes": "moved"})
    rest, _ = drain(bench, "Customer", page.cursor, 10)
    assert seen | {r.key for r in rest} == keys


def test_records_made_just_before_a_first_poll_of_many_pages_do_not_come_twice(bench):
    made = [bench.customer(f"Fresh {n}").key for n in range(20)]
    records, at = drain(bench, "Customer", limit=7)
    keys = [r.key for r in records]
    assert len(keys) == len(set(keys))
    assert set(made) <= set(keys)
    assert drain(bench, "Customer", at)[0] == []


def test_a_cursor_older_than_cdc_reaches_is_caught_up_by_query(bench, clock):
    _, at = drain(bench, "Customer")
    clock.advance(40 * 86_400)
    made = bench.customer()
    news, at = drain(bench, "Customer", at)
    assert made.key in {r.key for r in news}
    assert not any("cdc" in str(r.url) for r in bench.transport.requests[-2:])
    clock.advance(120)
    more = bench.customer("After")
    assert [r.key for r in drain(bench, "Customer", at)[0]] == [more.key]


def test_more_changes_than_cdc_can_tell_are_read_by_query(bench, clock, monkeypatch):
    from connectors.qbo import source
    from connectors.qbo.emulator import feeds

    monkeypatch.setattr(feeds, "CDC_OBJECTS", 5)
    monkeypatch.setattr(source, "CDC_OBJECTS", 5)
    _, at = drain(bench, "Customer")
    clock.advance(300)
    made = [bench.customer(f"Many {n}").key for n in range(9)]
    assert [r.key for r in drain(bench, "Customer", at, 4)[0]] == made


@pytest.mark.parametrize("entity", ["TaxCode", "TaxRate", "Preferences", "CompanyInfo", "Term"])
def test_lists_without_cdc_are_polled_by_query(bench, entity):
    records, at = drain(bench, entity)
    assert records
    assert drain(bench, entity, at)[0] == []


@pytest.mark.golden(4, 5)
def test_more_than_a_hundred_tax_codes_are_all_read_and_a_retired_one_keeps_its_name(bench):
    store = bench.emulator.store
    for number in range(150):
        doc = {
            "Id": str(500 + number),
            "Name": f"Code {number}",
            "Active": number != 7,
            "SyncToken": "0",
            "MetaData": {"LastUpdatedTime": "2026-06-30T04:00:00-08:00"},
        }
        store.put("TaxCode", doc["Id"], doc)
    records, _ = drain(bench, "TaxCode")
    names = {r.data["Name"]: r.data["Active"] for r in records}
    assert sum(n.startswith("Code ") for n in names) == 150
    assert names["Code 7"] is False


def test_find_looks_at_inactive_records_and_at_fields_the_service_cannot_filter(bench):
    made = bench.customer(Notes="needle")
    bench.connector.act(bench.draft("Customer", {}, key=made.key), Action.DEACTIVATE)
    assert [r.key for r in bench.connector.find("Customer", {"DisplayName": "Wire Works"})] == [
        made.key
    ]
    assert [r.key for r in bench.connector.find("Customer", {"Notes": "needle"})] == [made.key]


def test_an_amount_stays_exact_both_ways(bench):
    made = bench.invoice("1", "1234567.89")
    read = bench.connector.read("Invoice", made.key)
    assert read.data["TotalAmt"] == Decimal("1234567.89")
    assert isinstance(read.data["Line"][0]["SalesItemLineDetail"]["Qty"], Decimal)


def test_custom_fields_travel_flat(bench):
    made = bench.invoice("1", data={"Custom": {"1": "001000"}})
    assert made.data["Custom"] == {"1": "001000"}
    names = [f["Name"] for f in made.data["CustomField"]]
    assert names == ["Sales order", "Rep"]


def test_a_partial_payment_applies_the_part_and_leaves_the_rest(bench):
    invoice = bench.invoice("1", "100.00")
    payment = {
        "CustomerRef": {"value": "1"},
        "TxnDate": "2026-06-15",
        "TotalAmt": Decimal("70.00"),
        "Line": [
            {
                "Amount": Decimal("60.00"),
                "LinkedTxn": [{"TxnId": invoice.key, "TxnType": "Invoice"}],
            }
        ],
    }
    paid = bench.create("Payment", payment, reference="CHK-1")
    assert (paid.number, paid.data["UnappliedAmt"]) == ("CHK-1", Decimal("10.00"))
    after = bench.connector.read("Invoice", invoice.key)
    assert after.data["Balance"] == Decimal("40.00")


@pytest.mark.golden(13)
def test_a_health_check_is_one_light_call(bench):
    before = len(bench.transport.requests)
    health = bench.connector.check()
    assert health.ok
    assert health.who.startswith("Halden Outfitting Inc")
    assert len(bench.transport.requests) - before == 1


def test_a_failing_health_check_says_why(bench):
    bench.emulator.oauth.end_grants()
    health = bench.connector.check()
    assert not health.ok
    assert "Reconnect" in health.detail


def test_evidence_of_every_exchange_holds_no_token(bench):
    bench.customer()
    bench.emulator.oauth.expire_access()
    bench.connector.read("Customer", "1")
    text = repr(list(bench.evidence.exchanges))
    tokens = bench.tokens.get()
    assert tokens.access_token not in text
    assert tokens.refresh_token not in text
    assert "Wire Works" in text

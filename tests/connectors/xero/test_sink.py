from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator.app import XeroEmulator
from engine.errors import (
    DuplicateAtTarget,
    OutcomeUnknown,
    PeriodClosed,
    RecordMissing,
    ReferenceUnknown,
    RemoteRejected,
    RemoteUnavailable,
    StaleVersion,
    ValueRefused,
)
from engine.ports import Action, Draft
from engine.schema.model import JsonValue, Record
from tests.connectors.xero.drafts import line, payment

Drafts = Callable[..., Draft]


def amounts(record: Record) -> tuple[JsonValue, ...]:
    return record["SubTotal"], record["TotalTax"], record["Total"]


def test_the_same_key_gives_the_first_invoice_again(
    connector: XeroConnector, invoice: Drafts
) -> None:
    first = connector.create(invoice("A-1"))
    second = connector.create(invoice("A-1"))
    assert second.key == first.key
    assert (first.replayed, second.replayed) == (False, True)
    assert first.number == "A-1"


@pytest.mark.golden(9)
def test_golden_9_a_used_sales_number_is_a_duplicate_that_names_what_is_there(
    connector: XeroConnector, invoice: Drafts
) -> None:
    first = connector.create(invoice("A-1"))
    with pytest.raises(DuplicateAtTarget) as caught:
        connector.create(invoice("A-1", "7.00", key="other"))
    assert caught.value.existing_key == first.key
    assert caught.value.value == "A-1"


@pytest.mark.golden(10)
def test_golden_10_a_bill_is_not_entered_twice_although_xero_would_take_it(
    connector: XeroConnector, emulator: XeroEmulator
) -> None:
    bill = Draft(
        "Invoice",
        {
            "Type": "ACCPAY",
            "InvoiceNumber": "SUP-7",
            "Contact": {"Name": "New Supplier"},
            "LineItems": [line("5.00", AccountCode="429", TaxType="INPUT2")],
        },
        "bill-1",
        reference="SUP-7",
    )
    first = connector.create(bill)
    with pytest.raises(DuplicateAtTarget) as caught:
        connector.create(replace(bill, idempotency_key="bill-2"))
    assert caught.value.existing_key == first.key
    other = {**bill.data, "Contact": {"Name": "Another Supplier"}}
    assert connector.create(replace(bill, data=other, idempotency_key="bill-3")).key != first.key
    assert len(emulator.documents("Invoice", "SUP-7")) == 2


def test_one_bad_element_does_not_spoil_the_bulk(connector: XeroConnector, invoice: Drafts) -> None:
    bad = invoice("B-2", LineItems=[line("1.00", AccountCode="9999")])
    results = connector.create_many([invoice("B-1"), bad, invoice("B-3")])
    assert [r.receipt.number if r.receipt else "" for r in results] == ["B-1", "", "B-3"]
    error = results[1].error
    assert isinstance(error, ReferenceUnknown)
    assert (error.kind, error.value) == ("account", "9999")


def test_sixty_invoices_go_in_two_calls_and_keep_their_order(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    before = emulator.limiter.headers()["X-DayLimit-Remaining"]
    results = connector.create_many([invoice(f"C-{n}") for n in range(60)])
    after = emulator.limiter.headers()["X-DayLimit-Remaining"]
    assert [r.receipt.number if r.receipt else r.error for r in results] == [
        f"C-{n}" for n in range(60)
    ]
    assert int(before) - int(after) == 2


def test_payments_in_parts_and_their_deletion_move_the_invoice(
    connector: XeroConnector, invoice: Drafts
) -> None:
    made = connector.create(invoice("P-1", "100.00"))
    first = connector.create(payment(made.key, "50.00", "p1"))
    connector.create(payment(made.key, "70.00", "p2"))
    paid = connector.read("Invoice", made.key)
    assert paid is not None
    assert (paid.data["Status"], paid.data["AmountDue"]) == ("PAID", Decimal(0))
    connector.act(Draft("Payment", {}, "x", key=first.key), Action.VOID)
    reopened = connector.read("Invoice", made.key)
    assert reopened is not None
    assert (reopened.data["Status"], reopened.data["AmountDue"]) == ("AUTHORISED", Decimal(50))


def test_paying_too_much_is_refused_on_the_amount(
    connector: XeroConnector, invoice: Drafts
) -> None:
    made = connector.create(invoice("P-1", "100.00"))
    with pytest.raises(ValueRefused) as caught:
        connector.create(payment(made.key, "120.01"))
    assert caught.value.field == "Amount"


def test_a_paid_invoice_cannot_be_voided_and_a_draft_is_deleted(
    connector: XeroConnector, invoice: Drafts
) -> None:
    paid = connector.create(invoice("P-1", "100.00"))
    connector.create(payment(paid.key, "1.00"))
    with pytest.raises(StaleVersion):
        connector.act(Draft("Invoice", {}, "v1", key=paid.key), Action.VOID)
    draft = connector.create(invoice("P-2", Status="DRAFT"))
    gone = connector.act(Draft("Invoice", {}, "v2", key=draft.key), Action.VOID)
    assert gone.data["Status"] == "DELETED"
    free = connector.create(invoice("P-3"))
    assert (
        connector.act(Draft("Invoice", {}, "v3", key=free.key), Action.VOID).data["Status"]
        == "VOIDED"
    )
    seen = connector.read("Invoice", free.key)
    assert seen is not None
    assert seen.deleted


@pytest.mark.golden(25)
def test_golden_25_a_locked_day_is_a_closed_period(
    connector: XeroConnector, invoice: Drafts
) -> None:
    with pytest.raises(PeriodClosed) as caught:
        connector.create(invoice("L-1", Date="2026-03-31"))
    assert caught.value.date == "2026-03-31"
    assert connector.snapshot(sample=1).facts["lock_date"] == "2026-03-31"


def test_a_lost_answer_is_unknown_and_found_by_its_number(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    emulator.faults.arm(Fault(FaultKind.TIMEOUT_AFTER, path="/Invoices", method="PUT"))
    with pytest.raises(OutcomeUnknown):
        connector.create(invoice("U-1"))
    found = connector.find_by_reference("Invoice", "U-1", "key-U-1")
    assert found is not None
    assert connector.create(invoice("U-1")).key == found.key
    assert len(emulator.documents("Invoice", "U-1")) == 1


def test_a_half_written_batch_is_unknown_for_all_and_nothing_is_doubled(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    drafts = [invoice(f"H-{n}") for n in range(4)]
    emulator.faults.arm(Fault(FaultKind.HALF_BATCH, path="/Invoices"))
    results = connector.create_many(drafts)
    assert all(isinstance(r.error, OutcomeUnknown) for r in results)
    missing = [d for d in drafts if connector.find_by_reference("Invoice", d.reference, "") is None]
    assert [d.reference for d in missing] == ["H-2", "H-3"]
    assert all(r.receipt for r in connector.create_many(missing))
    assert all(len(emulator.documents("Invoice", d.reference)) == 1 for d in drafts)


def test_an_outage_before_the_effect_changes_nothing(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    draft = invoice("D-1")
    emulator.faults.arm(Fault(FaultKind.UNAVAILABLE))
    with pytest.raises(RemoteUnavailable):
        connector.create(draft)
    assert emulator.documents("Invoice", "D-1") == []


def test_a_refusal_that_is_only_repeated_is_asked_again(
    connector: XeroConnector, emulator: XeroEmulator, contact: str, invoice: Drafts
) -> None:
    emulator.edit("Contact", contact, {"ContactStatus": "ARCHIVED"})
    with pytest.raises(ReferenceUnknown):
        connector.create(invoice("R-1"))
    emulator.edit("Contact", contact, {"ContactStatus": "ACTIVE"})
    assert connector.create(invoice("R-1")).number == "R-1"


def test_another_process_does_not_believe_an_old_refusal_either(
    connected: Callable[..., XeroConnector],
    connector: XeroConnector,
    emulator: XeroEmulator,
    contact: str,
    invoice: Drafts,
) -> None:
    emulator.edit("Contact", contact, {"ContactStatus": "ARCHIVED"})
    with pytest.raises(ReferenceUnknown):
        connector.create(invoice("R-1"))
    emulator.edit("Contact", contact, {"ContactStatus": "ACTIVE"})
    emulator.clock.advance(60)
    assert connected().create(invoice("R-1")).number == "R-1"


def test_an_update_of_what_somebody_else_changed_is_stale(
    connector: XeroConnector, emulator: XeroEmulator, contact: str
) -> None:
    seen = connector.read("Contact", contact)
    assert seen is not None
    emulator.clock.advance(5)
    emulator.edit("Contact", contact, {"FirstName": "Somebody"})
    draft = Draft("Contact", {"LastName": "Else"}, "u", key=contact, version=seen.version)
    with pytest.raises(StaleVersion):
        connector.update(draft)
    done = connector.update(replace(draft, version=""))
    assert (done.data["FirstName"], done.data["LastName"]) == ("Somebody", "Else")


def test_updating_what_is_not_there_says_so(connector: XeroConnector) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(RecordMissing):
        connector.update(Draft("Contact", {"LastName": "x"}, "u", key=gone))


@pytest.mark.proves("xero", "Allocation", "create")
@pytest.mark.proves("xero", "Allocation", "delete")
def test_a_credit_note_is_allocated_and_the_allocation_undone(
    connector: XeroConnector, emulator: XeroEmulator, contact: str, invoice: Drafts
) -> None:
    made = connector.create(invoice("K-1", "100.00"))
    credit = connector.create(
        Draft(
            "CreditNote",
            {
                "Type": "ACCRECCREDIT",
                "CreditNoteNumber": "CN-T",
                "Contact": {"ContactID": contact},
                "Status": "AUTHORISED",
                "Date": "2026-06-10",
                "LineItems": [line("25.00")],
            },
            "cn",
        )
    )
    done = connector.create(
        Draft(
            "Allocation",
            {
                "CreditNote": {"CreditNoteID": credit.key},
                "Invoice": {"InvoiceID": made.key},
                "Amount": Decimal("30.00"),
                "Date": "2026-06-11",
            },
            "al",
        )
    )
    assert done.key
    after = connector.read("Invoice", made.key)
    used = connector.read("CreditNote", credit.key)
    assert after is not None
    assert used is not None
    assert (after.data["AmountDue"], after.data["AmountCredited"]) == (Decimal(90), Decimal(30))
    assert (used.data["RemainingCredit"], used.data["Status"]) == (Decimal(0), "PAID")
    of = {"CreditNote": {"CreditNoteID": credit.key}}
    connector.act(Draft("Allocation", of, "undo", key=done.key), Action.DELETE)  # type: ignore[arg-type]
    back, free = connector.read("Invoice", made.key), connector.read("CreditNote", credit.key)
    assert back is not None
    assert free is not None
    assert (back.data["AmountDue"], free.data["RemainingCredit"]) == (Decimal(120), Decimal(30))


def test_what_xero_cannot_do_is_refused_without_a_call(connector: XeroConnector) -> None:
    for draft in (Draft("Organisation", {}, "k"), Draft("Nonsense", {}, "k")):
        with pytest.raises(RemoteRejected):
            connector.create(draft)
    with pytest.raises(RemoteRejected):
        connector.act(Draft("Organisation", {}, "k", key="x"), Action.VOID)


DOCUMENT: Record = {"LineItems": [line("10.00")], "Contact": {"Name": "Anybody"}}


@pytest.mark.parametrize(
    ("entity", "data", "change", "action"),
    [
        ("Contact", {"Name": "Round Trip"}, {"FirstName": "Ann"}, Action.DEACTIVATE),
        ("Item", {"Code": "RT-1", "Name": "Thing"}, {"Name": "Other"}, Action.DELETE),
        ("Item", {"Code": "RT-2", "Name": "Thing"}, {"Name": "Other"}, Action.DEACTIVATE),
        ("Account", {"Code": "299", "Name": "New", "Type": "REVENUE"}, {"Name": "Newer"}, Action.DELETE),
        ("Account", {"Code": "298", "Name": "Two", "Type": "SALES"}, {"Name": "Three"}, Action.DEACTIVATE),
        ("Invoice", {"Type": "ACCREC", **DOCUMENT}, {"Reference": "later"}, Action.DELETE),
        ("CreditNote", {"Type": "ACCRECCREDIT", **DOCUMENT}, {"Reference": "later"}, Action.DELETE),
        ("PurchaseOrder", {**DOCUMENT, "LineItems": [line("1.00", TaxType="INPUT2", AccountCode="429")]},
         {"Reference": "later"}, Action.DELETE),
        ("Quote", {**DOCUMENT, "Date": "2026-06-01"},
         {**DOCUMENT, "Title": "Offer", "Date": "2026-06-02"}, Action.DELETE),
        ("BankTransaction", {"Type": "RECEIVE", "BankAccount": {"Code": "090"}, **DOCUMENT},
         {"Type": "RECEIVE", "BankAccount": {"Code": "090"}, **DOCUMENT, "Reference": "later"}, Action.VOID),
        ("ManualJournal", {"Narration": "Accrual", "JournalLines": [
            {"LineAmount": Decimal("5.00"), "AccountCode": "429"},
            {"LineAmount": Decimal("-5.00"), "AccountCode": "477"}]}, {"Narration": "Again"}, Action.DELETE),
        ("TaxRate", {"Name": "Odd", "TaxComponents": [{"Name": "a", "Rate": Decimal("7.5")}]},
         {"Name": "Odder", "TaxComponents": [{"Name": "a", "Rate": Decimal("7.5")}]}, Action.DELETE),
        ("BankTransfer", {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"},
                          "Amount": Decimal("12.00")}, None, Action.DELETE),
        ("Currency", {"Code": "USD"}, None, None),
        ("ContactGroup", {"Name": "Trade"}, {"Name": "Trade UK"}, Action.DELETE),
    ],
)  # fmt: skip
def test_each_entity_is_created_changed_and_ended(
    connector: XeroConnector,
    entity: str,
    data: Record,
    change: Record | None,
    action: Action | None,
) -> None:
    made = connector.create(Draft(entity, data, f"c-{entity}"))
    assert made.key
    if change is not None:
        changed = connector.update(Draft(entity, change, f"u-{entity}", key=made.key))
        assert changed.key == made.key
        named = next(n for n in change if n not in {"LineItems", "Contact", "Type", "BankAccount"})
        assert changed.data[named] == change[named]
    if action is not None:
        connector.act(Draft(entity, {}, f"a-{entity}", key=made.key), action)


def test_a_tracking_category_and_a_batch_of_payments(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    emulator.store.delete(
        "TrackingCategory", emulator.store.all("TrackingCategory")[0]["TrackingCategoryID"]
    )
    made = connector.create(Draft("TrackingCategory", {"Name": "Project"}, "t"))
    assert (
        connector.update(Draft("TrackingCategory", {"Name": "Job"}, "t2", key=made.key)).data[
            "Name"
        ]
        == "Job"
    )
    connector.act(Draft("TrackingCategory", {}, "t3", key=made.key), Action.DEACTIVATE)
    bills = [connector.create(invoice(f"BP-{n}", "10.00")) for n in range(2)]
    batch = connector.create(
        Draft(
            "BatchPayment",
            {
                "Account": {"AccountID": emulator.books.account("090")["AccountID"]},  # type: ignore[index]
                "Date": "2026-06-20",
                "Reference": "batch",
                "Payments": [
                    {"Invoice": {"InvoiceID": b.key}, "Amount": Decimal("12.00")} for b in bills
                ],
            },
            "batch",
        )
    )
    paid = connector.read("Invoice", bills[0].key)
    assert paid is not None
    assert paid.data["Status"] == "PAID"
    connector.act(Draft("BatchPayment", {}, "batch-x", key=batch.key), Action.VOID)
    again = connector.read("Invoice", bills[0].key)
    assert again is not None
    assert again.data["AmountDue"] == Decimal(12)


@pytest.mark.golden(1)
def test_golden_1_tax_is_the_sum_of_rounded_line_taxes(
    connector: XeroConnector, invoice: Drafts
) -> None:
    rate = connector.create(
        Draft(
            "TaxRate", {"Name": "15%", "TaxComponents": [{"Name": "t", "Rate": Decimal(15)}]}, "tr"
        )
    )
    rows = [line(a, TaxType=rate.key) for a in ("25.06", "25.61", "25.63")]
    made = connector.create(invoice("G-1", LineItems=rows))
    assert [x["TaxAmount"] for x in made.data["LineItems"]] == [  # type: ignore[union-attr,index,call-overload]
        Decimal("3.76"), Decimal("3.84"), Decimal("3.84")]  # fmt: skip
    assert amounts(made.data) == (Decimal("76.30"), Decimal("11.44"), Decimal("87.74"))


@pytest.mark.golden(31)
def test_golden_31_a_gross_amount_stays_what_it_was(
    connector: XeroConnector, invoice: Drafts
) -> None:
    rows = [line("5900.00", TaxType="OUTPUT2")]
    made = connector.create(invoice("G-31", LineItems=rows, LineAmountTypes="Inclusive"))
    assert amounts(made.data) == (Decimal("4916.67"), Decimal("983.33"), Decimal("5900.00"))


def test_unit_prices_keep_four_decimals_and_discounts_round_once(
    connector: XeroConnector, invoice: Drafts
) -> None:
    rows = [
        line("1.2345", Quantity=Decimal(1000)),
        line("33.33", Quantity=Decimal(3), DiscountRate=Decimal(10)),
    ]
    made = connector.create(invoice("G-4", LineItems=rows))
    assert [x["LineAmount"] for x in made.data["LineItems"]] == [  # type: ignore[union-attr,index,call-overload]
        Decimal("1234.50"), Decimal("89.99")]  # fmt: skip


def test_a_euro_customer_is_invoiced_in_euro_and_an_unknown_currency_refused(
    connector: XeroConnector, invoice: Drafts
) -> None:
    made = connector.create(invoice("E-1", CurrencyCode="EUR", CurrencyRate=Decimal("1.176471")))
    assert (made.data["CurrencyCode"], made.data["CurrencyRate"]) == ("EUR", Decimal("1.176471"))
    with pytest.raises(ReferenceUnknown) as caught:
        connector.create(invoice("E-2", CurrencyCode="USD"))
    assert caught.value.kind == "currency"

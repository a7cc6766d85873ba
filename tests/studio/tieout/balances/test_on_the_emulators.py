"""Receivables and payables of SYSPRO beside those of the books, on the vendors' emulators."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from studio.flows.models import Flow, InboxItem
from studio.flows.poll import poll
from studio.tieout.balances.actions import ask, claim, read
from studio.tieout.models import Balance, OpenDocument, Reading
from studio.triage.actions import apply_remedy
from tests.studio.payments.bills import bill, credit
from tests.studio.payments.test_receipts import paid_at_the_desk

pytestmark = pytest.mark.django_db
D = Decimal


def look(books: Any) -> Reading:
    """Read both companies, and see that everything adds up to the cent."""
    documents = ("orders", "credits", "bills")
    wanted = [f"{name}-to-{books.books.system}" for name in documents]
    Flow.objects.filter(key__in=wanted).update(state="live")
    (asked,) = ask(books.actor, books.workspace)
    mine = claim(asked.pk)
    assert mine is not None
    done = read(mine)
    assert (done.state, done.error) == ("ready", "")
    for balance in done.balances.all():
        assert balance.difference == sum((D(a) for a in balance.named.values()), D(0))
        assert balance.difference == sum((p.difference for p in balance.parties.all()), D(0))
        for party in balance.parties.all():
            parts = party.rows.values_list("differences__amount", flat=True)
            assert party.difference == sum((a for a in parts if a), D(0))
    return done


def named(reading: Reading, *numbers: str) -> dict[str, Decimal]:
    """The differences of some documents, by name."""
    found: dict[str, Decimal] = {}
    rows = OpenDocument.objects.filter(party__balance__reading=reading)
    for row in rows.prefetch_related("differences"):
        if row.source_number in numbers or row.target_number in numbers:
            for one in row.differences.all():
                found[one.kind] = found.get(one.kind, D(0)) + one.amount
    return found


def test_what_is_paid_and_brought_back_ties(qbo_books) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    (first, one), (second, two) = books.invoice("100.00"), books.invoice("70.00")
    books.pay((one, "40.00"), (two, "70.00"))

    assert named(look(books), first, second) == {"settled_at_target": D("110.00")}

    poll(books.flows["payments-from-qbo"])
    books.work()
    reading = look(books)

    assert named(reading, first, second) == {}
    row = OpenDocument.objects.get(party__balance__reading=reading, source_number=first)
    assert (row.source_open, row.target_open) == (D("60.00"), D("60.00"))
    assert not OpenDocument.objects.filter(
        party__balance__reading=reading, source_number=second
    ).exists()


def test_a_payment_on_its_way_or_in_a_case_is_named_with_its_own_record(qbo_books) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    (first, one), (second, two) = books.invoice("100.00"), books.invoice("70.00")
    books.pay((one, "40.00"))
    books.pay((two, "69.50"))
    poll(books.flows["payments-from-qbo"])
    books.work()

    # Fifty cents stay open: the payment is asked about and not posted.
    assert books.case().code
    reading = look(books)

    assert named(reading, first, second) == {"payment_case": D("69.50")}
    item = InboxItem.objects.get(state="parked")
    row = OpenDocument.objects.get(party__balance__reading=reading, source_number=second)
    (one,) = row.differences.all()
    assert (one.record_key, one.subject) == (item.canonical["number"], f"inbox:{item.uuid}")


def test_what_a_payment_left_over_is_unapplied_on_both_sides(qbo_books) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    number, key = books.invoice("100.00")
    before = look(books).balances.get(area="receivable", currency="USD")
    books.pay((key, "100.00"), total="110.00")
    books.run()

    after = look(books).balances.get(area="receivable", currency="USD")

    assert named(after.reading, number) == {}
    assert after.source_unapplied - before.source_unapplied == D("10.00")
    assert after.target_unapplied - before.target_unapplied == D("10.00")
    assert after.difference == before.difference


@pytest.mark.parametrize("system", ["qbo", "xero"])
def test_a_receipt_that_was_held_unapplied_is_known_as_our_own_with_its_flow(
    system, request, accountant, ana, as_person
) -> None:
    books = request.getfixturevalue(f"{system}_books")
    currency = books.books.currency
    before = look(books).balances.get(area="receivable", currency=currency)
    number, case = paid_at_the_desk(books, "70.00")
    apply_remedy(accountant, case, "hold", {"reason": "paid twice"})
    books.run()

    reading = look(books)

    (post,) = books.posts()
    balance = reading.balances.get(area="receivable", currency=currency)
    row = OpenDocument.objects.get(party__balance=balance, source_open=D("-100.00"))
    assert (row.kind, row.on_account) == ("money", True)
    # The books have the money on the invoice, the source on account: the two halves bear one name.
    assert named(reading, row.source_number) == {"receipt_unapplied": D("-100.00")}
    assert named(reading, number) == {"receipt_unapplied": D("100.00"), "settled_at_source": D(-70)}
    assert balance.difference - before.difference == D("-70.00")
    page = as_person(ana).get(f"/tie-out/balances/parties/{row.party.uuid}/").content.decode()
    assert "Our own receipt, held unapplied" in page
    assert f"posted by the flow {post.flow.name}" in page


def test_a_receipt_entered_in_the_erp_alone_has_to_be_answered(qbo_books) -> None:
    books = qbo_books
    number, _key = books.invoice("100.00")
    code = books.customer()[0]
    shares = [{"Invoice": number, "DocumentType": "I", "TrnValue": D("30.00")}]
    books.make(
        books.erp, "ArInvoicePay",
        {"Customer": code, "TrnValue": D("30.00"), "JournalDate": "2026-06-20",
         "InvoiceNotation": "by hand", "Allocations": shares}, "HAND-1",
    )  # fmt: skip

    reading = look(books)

    assert named(reading, number) == {"settled_at_source": D("-30.00")}
    assert not reading.balances.get(area="receivable", currency="USD").green


def test_documents_of_before_are_paired_by_number_or_by_day_and_total(qbo_books) -> None:
    books = qbo_books
    number, _key = books.invoice("55.00", link=False)

    reading = look(books)

    row = OpenDocument.objects.get(party__balance__reading=reading, source_number=number)
    assert row.target_number == number
    assert named(reading, number) == {}


def test_an_invoice_that_no_flow_carries_is_called_so(qbo_books) -> None:
    books = qbo_books
    code, _key = books.customer()
    data = {"Customer": code, "InvoiceDate": "2026-06-21", "CurrencyValue": D("12.34"),
            "ProductClass": "HDW"}  # fmt: skip
    books.make(books.erp, "ArInvoice", data, "888001")

    assert named(look(books), "888001") == {"out_of_scope": D("12.34")}


def test_payables_tie_and_a_bill_entered_by_hand_is_named(qbo_books) -> None:
    books = qbo_books
    code, _key = bill(books, "80.00")
    number = code.partition("|")[2]
    back, _ = credit(books, "15.00")
    vendor = books.find(books.books, "Bill", DocNumber=number)[0].data["VendorRef"]["value"]
    account = books.find(books.books, "Account", AccountType="Expense")[0].key
    line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": D("9.00"),
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}}}  # fmt: skip
    body = {
        "VendorRef": {"value": vendor},
        "TxnDate": "2026-06-22",
        "DocNumber": "HAND-9",
        "Line": [line],
    }
    books.make(books.books, "Bill", body, "HAND-9")

    reading = look(books)

    assert named(reading, number, back.partition("|")[2]) == {}
    assert named(reading, "HAND-9") == {"not_ours": D("-9.00")}
    party = reading.balances.get(area="payable", currency="USD").parties.get(
        rows__target_number="HAND-9"
    )
    assert party.difference == D("-9.00")


def test_cash_is_compared_where_both_say_a_balance(qbo_books, ana, as_person) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    bank = books.find(books.books, "Account", AccountType="Bank")[0]
    books.lookup(books.erp, "receipt_banks", bank.key, "MAIN")
    (_, one), (_, two) = books.invoice("100.00"), books.invoice("70.00")
    before = look(books).cash.get(target_key=bank.key)
    books.pay((one, "100.00"), account=bank.key)
    books.pay((two, "69.50"), account=bank.key)
    books.run()

    row = look(books).cash.get(target_key=bank.key)

    # The first is in both cash books; the second waits in a case.
    assert before.source_balance is not None
    assert before.target_balance is not None
    assert row.source_balance == before.source_balance + D("100.00")
    assert row.target_balance == before.target_balance + D("169.50")
    case, outside = row.named
    assert case[:1] + case[2:3] == ["payment_case", "-69.50"]
    assert (outside[0], D(outside[2])) == ("outside_flows", before.difference)
    page = as_person(ana).get("/tie-out/").content.decode()
    assert "Operating account" in page
    assert "Opening balance and entries that no flow carries" in page


def test_an_account_without_a_bank_says_where_to_name_one(qbo_books, ana, as_person) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    _, key = books.invoice("100.00")
    books.pay((key, "100.00"))
    books.run()

    (row,) = look(books).cash.all()

    assert (row.why, row.difference) == ("no_bank", None)
    assert "give it one on the page Values" in as_person(ana).get("/tie-out/").content.decode()


def test_xero_says_no_balance_of_its_accounts(xero_books) -> None:
    books = xero_books
    books.go_live("payments-from-xero")
    books.lookup(books.erp, "receipt_banks", "090", "GBP1")

    (row,) = look(books).cash.all()

    assert (row.why, row.target_balance) == ("no_balance", None)
    assert row.target_label == "Business Bank Account"


def test_xero_has_its_own_words_for_the_same(xero_books) -> None:
    books = xero_books
    books.go_live("payments-from-xero")
    number, key = books.invoice("100.00")
    code, _ = bill(books, "80.00")
    books.pay_xero(key, "25.00")
    books.run()

    reading = look(books)

    assert named(reading, number, code.partition("|")[2]) == {}
    row = OpenDocument.objects.get(party__balance__reading=reading, source_number=number)
    assert (row.source_open, row.target_open) == (D("75.00"), D("75.00"))
    assert set(Balance.objects.values_list("area", "currency")) >= {
        ("receivable", "GBP"),
        ("payable", "GBP"),
    }

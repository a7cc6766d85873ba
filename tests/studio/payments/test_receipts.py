"""Payments in the books become receipts in the ERP, once, whatever they pay (T04, E03)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.ports import Action
from studio.flows.models import Delivery
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedies_for

pytestmark = pytest.mark.django_db


@pytest.mark.promise("T04")
@pytest.mark.promise("P01")
def test_one_payment_of_two_invoices_part_of_one_and_a_rest_on_account(qbo_books) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    one, one_key = books.invoice("100.00")
    two, two_key = books.invoice("60.00")
    books.pay((one_key, "100.00"), (two_key, "25.00"), total="130.00")

    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross) == ("done", Decimal("130.00")), post.last_error
    assert (books.open_in_erp(one), books.open_in_erp(two)) == (0, Decimal("35.00"))
    rows = books.find(books.erp, "ArInvoicePay", Reference=post.reference)
    assert sum(Decimal(str(r.data["TrnValue"])) for r in rows) == Decimal("-130.00")
    assert any(str(r.data["Invoice"]).startswith("_CRD") for r in rows)
    assert not Case.objects.exists()


@pytest.mark.promise("T04")
def test_two_payments_of_one_invoice_settle_it_and_reading_twice_changes_nothing(qbo_books) -> None:
    books = qbo_books
    flow = books.go_live("payments-from-qbo")
    number, key = books.invoice("100.00")
    books.pay((key, "40.00"), said="CHK-1")
    books.pay((key, "60.00"), said="CHK-1")

    books.run()
    flow.cursors.update(value="")
    books.run()

    assert [p.state for p in books.posts()] == ["done", "done"]
    assert books.open_in_erp(number) == 0


@pytest.mark.promise("E03")
@pytest.mark.golden(23)
def test_a_payment_of_an_unknown_invoice_is_searched_and_applied(qbo_books, accountant) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    number, key = books.invoice("80.00", link=False)
    books.invoice("33.00")
    books.pay((key, "80.00"))

    books.run()
    case = books.case()
    assert case.case_class == "payment"
    search = next(r for r in remedies_for(case) if r.key == "apply_to")
    first = search.inputs[0].choices(case, "")[0]
    assert (first.value, first.hint.startswith("the same amount")) == (number, True)
    assert search.inputs[0].initial(case) == number
    apply_remedy(accountant, case, "apply_to", {"document": number})
    books.run()

    assert books.open_in_erp(number) == 0
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


@pytest.mark.promise("E03")
def test_a_payment_of_an_unknown_invoice_can_be_held_as_unapplied(qbo_books, accountant) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    number, key = books.invoice("80.00", link=False)
    books.pay((key, "80.00"))
    books.run()

    apply_remedy(accountant, books.case(), "hold", {"reason": "customer will tell"})
    books.run()

    (post,) = books.posts()
    rows = books.find(books.erp, "ArInvoicePay", Reference=post.reference)
    assert [str(r.data["Invoice"])[:4] for r in rows] == ["_CRD"]
    assert books.open_in_erp(number) == Decimal("80.00")


def paid_at_the_desk(books: Any, already: str) -> tuple[str, Case]:
    """An invoice of 100.00 that is paid whole in the books after a part came in elsewhere: number and case."""
    books.go_live(f"payments-from-{books.books.system}")
    number, key = books.invoice("100.00")
    code, _ = books.customer()
    data = {"Customer": code, "TrnValue": Decimal(already), "JournalDate": "2026-06-20", "Reference": "DESK-1",
            "Allocations": [{"Invoice": number, "TrnValue": Decimal(already)}]}  # fmt: skip
    books.make(books.erp, "ArInvoicePay", data, "DESK-1")
    if books.books.system == "qbo":
        books.pay((key, "100.00"))
    else:
        books.pay_xero(key, "100.00")
    books.run()
    case: Case = books.case()
    assert case.code == "over_applied"
    return number, case


def test_more_than_is_open_is_a_question_and_a_part_can_be_applied(qbo_books, accountant) -> None:
    books = qbo_books
    number, case = paid_at_the_desk(books, "70.00")
    apply_remedy(accountant, case, "part", {"amount": "30.00"})
    books.run()

    (post,) = books.posts()
    assert books.open_in_erp(number) == 0
    rows = books.find(books.erp, "ArInvoicePay", Reference=post.reference)
    assert sorted(Decimal(str(r.data["TrnValue"])) for r in rows) == [Decimal(-70), Decimal(-30)]


def test_of_what_is_paid_in_full_no_part_is_offered(qbo_books) -> None:
    _, case = paid_at_the_desk(qbo_books, "100.00")

    assert case.evidence["left"] == "0.00"
    assert next(r.key for r in remedies_for(case)) == "hold"
    assert "part" not in {r.key for r in remedies_for(case)}


@pytest.mark.parametrize("action", [Action.VOID, Action.DELETE])
def test_a_payment_that_ends_in_the_books_is_reversed_and_stays_linked(qbo_books, action) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    number, key = books.invoice("100.00")
    paid = books.pay((key, "40.00"), total="65.00")
    books.run()
    (post,) = books.posts()

    books.end("Payment", paid.key, action)
    books.run()

    post.refresh_from_db()
    back = Delivery.objects.get(step="reverse")
    assert (post.state, back.state, back.follows_id) == ("reversed", "done", post.pk)
    assert books.open_in_erp(number) == Decimal("100.00")
    both = [r for ref in (post.reference, f"R:{post.reference}")
            for r in books.find(books.erp, "ArInvoicePay", Reference=ref)]  # fmt: skip
    assert (len(both), sum(Decimal(str(r.data["TrnValue"])) for r in both)) == (4, 0)


def test_a_payment_changed_in_the_books_is_taken_back_and_posted_anew(qbo_books) -> None:
    books = qbo_books
    books.go_live("payments-from-qbo")
    number, key = books.invoice("100.00")
    paid = books.pay((key, "40.00"))
    books.run()

    emulator = books.running["qbo"].emulator
    line = {"Amount": Decimal("45.00"), "LinkedTxn": [{"TxnId": key, "TxnType": "Invoice"}]}
    emulator.edit("Payment", paid.key, {"TotalAmt": Decimal("45.00"), "Line": [line]})
    books.run(4)

    first, second = books.posts()
    assert (first.state, second.state) == ("reversed", "done")
    assert second.reference == f"{first.reference}/2"
    assert books.open_in_erp(number) == Decimal("55.00")


@pytest.mark.golden(21)
def test_a_part_payment_in_another_currency_applies_what_was_paid(xero_books) -> None:
    books = xero_books
    books.go_live("payments-from-xero")
    number, key = books.invoice("1000.00", currency="EUR", rate="0.85")
    books.pay_xero(key, "400.00", rate="0.87")

    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross, post.currency) == ("done", Decimal("400.00"), "EUR"), (
        post.last_error
    )
    assert books.open_in_erp(number) == Decimal("600.00")
    (row,) = books.find(books.erp, "ArInvoicePay", Reference=post.reference)
    assert Decimal(str(row.data["PostConvRate"])) == Decimal("0.87")


@pytest.mark.golden(22)
def test_a_remainder_in_one_currency_only_is_closed_as_a_difference(xero_books, accountant) -> None:
    books = xero_books
    books.go_live("payments-from-xero")
    # A hundredth of this currency is less than half a hundredth of ours.
    number, key = books.invoice("100.00", currency="EUR", rate="0.40")
    books.lookup(books.erp, "difference_accounts", "difference", "10-6100")
    books.pay_xero(key, "99.99")

    books.run()
    case = books.case()
    assert case.code == "currency_residual"
    apply_remedy(accountant, case, "difference", {"reason": "rounding of the bank"})
    books.run()

    assert [p.state for p in books.posts()] == ["done"]
    assert books.open_in_erp(number) == 0


def test_a_payment_deleted_in_xero_is_reversed(xero_books) -> None:
    books = xero_books
    books.go_live("payments-from-xero")
    number, key = books.invoice("100.00")
    paid = books.pay_xero(key, "30.00")
    books.run()
    assert books.open_in_erp(number) == Decimal("70.00")

    books.end("Payment", paid.key)
    books.run()

    assert books.open_in_erp(number) == Decimal("100.00")
    assert Delivery.objects.get(step="reverse").state == "done"

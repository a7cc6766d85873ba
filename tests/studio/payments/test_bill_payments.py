"""Payments of bills in the books come back to the ERP as payments to suppliers, once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from engine.ports import Action
from studio.flows.models import Delivery
from studio.tieout.actions import run_tieout
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedies_for
from tests.studio.payments.bills import bill, credit, left, pay

pytestmark = pytest.mark.django_db
FROM_QBO, FROM_XERO = "bill-payments-from-qbo", "bill-payments-from-xero"


def entries(books, reference: str) -> list[Decimal]:
    found = books.find(books.erp, "ApInvoicePay", PaymentReference=reference)
    return sorted(Decimal(str(r.data["TrnValue"])) for r in found)


def unexplained(books, flow) -> dict[str, Decimal]:
    """Names and amounts of what does not tie; every cent has one."""
    found: dict[str, Decimal] = {}
    for tie in run_tieout(books.actor, flow):
        assert tie.unexplained == 0
        for one in tie.differences.all():
            found[one.kind] = found.get(one.kind, Decimal(0)) + one.amount
    return found


@pytest.mark.promise("P01")
def test_one_cheque_pays_two_bills_one_of_them_in_part(qbo_books) -> None:
    books = qbo_books
    flow = books.go_live(FROM_QBO)
    one, one_key = bill(books, "100.00")
    two, two_key = bill(books, "60.00")
    pay(books, (one_key, "100.00"), (two_key, "25.00"))

    books.run()
    flow.cursors.update(value="")
    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross) == ("done", Decimal("125.00")), post.last_error
    assert (left(books, one), left(books, two)) == (0, Decimal("35.00"))
    assert entries(books, post.reference) == [Decimal(-100), Decimal(-25)]
    assert not Case.objects.exists()
    assert unexplained(books, flow) == {}


def test_two_cheques_of_one_bill_settle_it(qbo_books) -> None:
    books = qbo_books
    books.go_live(FROM_QBO)
    code, key = bill(books, "100.00")
    pay(books, (key, "40.00"))
    pay(books, (key, "60.00"))

    books.run()

    assert [p.state for p in books.posts()] == ["done", "done"]
    assert left(books, code) == 0


def test_a_credit_of_the_supplier_is_used_on_both_sides(qbo_books) -> None:
    books = qbo_books
    flow = books.go_live(FROM_QBO)
    code, key = bill(books, "100.00")
    note, note_key = credit(books, "30.00")
    pay(books, (key, "100.00"), ("C" + note_key, "30.00"))

    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross) == ("done", Decimal("70.00")), post.last_error
    assert (left(books, code), left(books, note)) == (0, 0)
    assert unexplained(books, flow) == {}


def test_an_unlinked_bill_is_searched_among_the_open_ones_of_the_supplier(
    qbo_books, accountant
) -> None:
    books = qbo_books
    books.go_live(FROM_QBO)
    code, key = bill(books, "80.00", link=False)
    bill(books, "33.00")
    pay(books, (key, "80.00"))

    books.run()
    case = books.case()
    assert case.case_class == "payment"
    search = next(r for r in remedies_for(case) if r.key == "apply_to")
    assert search.inputs[0].initial(case) == code
    apply_remedy(accountant, case, "apply_to", {"document": code})
    books.run()

    assert left(books, code) == 0
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


def test_what_pays_no_bill_is_asked_about_because_nothing_is_kept_on_account(
    qbo_books, accountant
) -> None:
    books = qbo_books
    flow = books.go_live(FROM_QBO)
    code, key = bill(books, "80.00")
    pay(books, (key, "80.00"), total="95.00")

    books.run()
    case = books.case()
    assert (case.code, case.evidence["left"]) == ("nothing_on_account", "15.00")
    assert "SYSPRO" in case.sentence
    assert "15.00 USD" in case.sentence
    apply_remedy(accountant, case, "without_rest", {"reason": "prepaid by hand"})
    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross) == ("done", Decimal("80.00")), post.last_error
    assert left(books, code) == 0
    assert unexplained(books, flow) == {"posted_otherwise": Decimal("15.00")}


def test_a_payment_held_back_from_all_its_bills_has_nothing_to_post(qbo_books, accountant) -> None:
    books = qbo_books
    books.go_live(FROM_QBO)
    _, key = bill(books, "80.00", link=False)
    pay(books, (key, "80.00"))
    books.run()
    apply_remedy(accountant, books.case(), "hold", {"reason": "not ours"})
    books.run()

    case = Case.objects.get(state__in=OPEN_STATES)
    assert case.code == "nothing_on_account"
    with pytest.raises(ValidationError, match="Nothing of this payment"):
        apply_remedy(accountant, case, "without_rest", {"reason": "x"})
    assert not books.posts()


@pytest.mark.parametrize("action", [Action.VOID, Action.DELETE])
def test_a_payment_that_ends_in_the_books_is_taken_back(qbo_books, action) -> None:
    books = qbo_books
    flow = books.go_live(FROM_QBO)
    one, one_key = bill(books, "100.00")
    two, two_key = bill(books, "50.00")
    paid = pay(books, (one_key, "40.00"), (two_key, "50.00"))
    books.run()
    (post,) = books.posts()

    books.end("BillPayment", paid.key, action)
    books.run()

    post.refresh_from_db()
    back = Delivery.objects.get(step="reverse")
    assert (post.state, back.state, back.follows_id) == ("reversed", "done", post.pk)
    assert (left(books, one), left(books, two)) == (Decimal("100.00"), Decimal("50.00"))
    assert sum(entries(books, post.reference) + entries(books, f"R:{post.reference}")) == 0
    assert unexplained(books, flow) == {}


def test_a_payment_changed_in_the_books_is_taken_back_and_posted_anew(qbo_books) -> None:
    books = qbo_books
    books.go_live(FROM_QBO)
    code, key = bill(books, "100.00")
    paid = pay(books, (key, "40.00"))
    books.run()

    line = {"Amount": Decimal("45.00"), "LinkedTxn": [{"TxnId": key, "TxnType": "Bill"}]}
    books.running["qbo"].emulator.edit(
        "BillPayment", paid.key, {"TotalAmt": Decimal("45.00"), "Line": [line]}
    )
    books.run(4)

    first, second = books.posts()
    assert (first.state, second.state) == ("reversed", "done")
    assert left(books, code) == Decimal("55.00")


def test_more_than_is_open_is_a_question(qbo_books, accountant) -> None:
    books = qbo_books
    books.go_live(FROM_QBO)
    code, key = bill(books, "100.00")
    party, _, number = code.partition("|")
    data = {"Supplier": party, "TrnValue": Decimal("70.00"), "JournalDate": "2026-06-20", "PaymentReference": "DESK",
            "Allocations": [{"Invoice": number, "TrnValue": Decimal("70.00")}]}  # fmt: skip
    books.make(books.erp, "ApInvoicePay", data, "DESK")
    pay(books, (key, "100.00"))

    books.run()
    case = books.case()
    assert case.code == "over_applied"
    apply_remedy(accountant, case, "part", {"amount": "30.00"})
    books.run()
    rest = Case.objects.get(state__in=OPEN_STATES)
    apply_remedy(accountant, rest, "without_rest", {"reason": "paid at the desk before"})
    books.run()

    (post,) = books.posts()
    assert (post.gross, left(books, code)) == (Decimal("30.00"), 0)


def test_a_part_payment_in_another_currency_keeps_its_rate(xero_books) -> None:
    books = xero_books
    flow = books.go_live(FROM_XERO)
    code, key = bill(books, "1000.00", currency="EUR", rate="0.85")
    books.pay_xero(key, "400.00", rate="0.87")

    books.run()

    (post,) = books.posts()
    said = (post.state, post.gross, post.currency)
    assert said == ("done", Decimal("400.00"), "EUR"), post.last_error
    assert left(books, code) == Decimal("600.00")
    (row,) = books.find(books.erp, "ApInvoicePay", PaymentReference=post.reference)
    assert Decimal(str(row.data["PostConvRate"])) == Decimal("0.87")
    assert row.data["PostCurrency"] == "EUR"
    assert unexplained(books, flow) == {}


def test_receipts_and_payments_of_one_list_go_their_own_ways(xero_books) -> None:
    books = xero_books
    paying, receiving = books.go_live(FROM_XERO), books.go_live("payments-from-xero")
    code, key = bill(books, "100.00")
    number, sold = books.invoice("50.00")
    given = books.pay_xero(key, "30.00")
    books.pay_xero(sold, "50.00")
    books.run()

    assert [p.entity for p in books.posts(flow=paying)] == ["ApInvoicePay"]
    assert [p.entity for p in books.posts(flow=receiving)] == ["ArInvoicePay"]
    assert (left(books, code), books.open_in_erp(number)) == (Decimal("70.00"), 0)
    assert not Case.objects.exists()

    books.end("Payment", given.key)
    books.run()

    assert left(books, code) == Decimal("100.00")
    assert Delivery.objects.get(step="reverse").flow_id == paying.pk


def test_a_remainder_below_the_limit_is_taken_as_discount(xero_books, accountant) -> None:
    books = xero_books
    flow = books.go_live(FROM_XERO)
    code, key = bill(books, "100.00")
    books.pay_xero(key, "99.50")
    books.run()

    apply_remedy(accountant, books.case(), "discount", {"reason": "agreed"})
    books.run()

    (post,) = books.posts()
    assert (post.gross, left(books, code)) == (Decimal("99.50"), 0)
    assert entries(books, post.reference) == [Decimal("-99.50"), Decimal("-0.50")]
    assert unexplained(books, flow) == {}

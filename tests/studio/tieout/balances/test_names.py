"""Why an open amount differs: each reason on in-memory systems, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import PeriodClosed
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.poll import HISTORY
from studio.linking.models import Link
from tests.studio.tieout.balances.owing import carry, in_books, in_erp, named, receivable

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def owing(world):
    carry(world)
    return world


def posted(world, number: str) -> str:
    """An order posted as an invoice that is open in the books; returns the key there."""
    world.order(number)
    world.run()
    key = world.post(number).target_key
    in_books(world, key, number, "100.00")
    in_erp(world, number, "100.00", order=number)
    return key


def test_what_was_posted_and_nobody_paid_is_no_difference(owing, accountant) -> None:
    posted(owing, "1001")

    found = receivable(owing, accountant)

    assert named(found) == {}
    assert (found.source_open, found.target_open, found.green) == (D(100), D(100), True)


def test_a_record_in_a_case_or_under_way_is_named_and_leads_to_it(owing, accountant) -> None:
    owing.order("1001", Terms="45")
    owing.order("1002")
    owing.target.faults = [PeriodClosed(system="qbo", call="create", date="2026-11-02")]
    owing.run()
    owing.order("1003")
    owing.poll()
    for number in ("1001", "1002", "1003"):
        in_erp(owing, number, "100.00", order=number)

    found = receivable(owing, accountant)

    assert named(found) == {"case": D(200), "in_flight": D(100)}
    assert found.green
    (party,) = found.parties.all()
    subjects = {r.source_number: r.differences.get().subject for r in party.rows.all()}
    assert subjects["1001"] == f"inbox:{owing.item('1001').uuid}"


def test_an_invoice_of_an_order_nobody_has_read_is_not_explained(owing, accountant) -> None:
    in_erp(owing, "1001", "100.00", order="1001")

    found = receivable(owing, accountant)

    assert named(found) == {"lost": D(100)}
    assert (found.green, found.unexplained) == (False, D(100))


def test_what_was_there_before_and_what_the_filter_leaves_out_differ(owing, accountant) -> None:
    owing.order("1001", Status="1")
    owing.order("1002")
    owing.run()
    InboxItem.objects.filter(key="1002").update(state="filtered", why=HISTORY)
    Delivery.objects.update(state="reversed")
    owing.target.records.clear()
    Link.objects.filter(kind="invoice").delete()
    in_erp(owing, "1001", "30.00", order="1001")
    in_erp(owing, "1002", "40.00", order="1002")

    assert named(receivable(owing, accountant)) == {"left_out": D(30), "before_start": D(40)}


def test_an_opening_invoice_is_from_before_the_flow_and_a_later_one_is_of_no_flow(
    owing, accountant
) -> None:
    posted(owing, "1001")
    in_erp(owing, "9001", "30.00", InvoiceDate="2026-01-12")
    in_erp(owing, "9002", "40.00", InvoiceDate="2026-11-03")
    in_erp(owing, "9003", "5.00", InvoiceDate="2026-01-12", Customer="COB")

    assert named(receivable(owing, accountant)) == {
        "before_start": D(30),
        "out_of_scope": D(40),
        "unlinked_party": D(5),
    }


def test_a_total_changed_in_the_books_is_red(owing, accountant) -> None:
    key = posted(owing, "1001")
    in_books(owing, key, "1001", "90.00")

    found = receivable(owing, accountant)

    assert named(found) == {"changed_at_target": D(10)}
    assert not found.green


def test_a_document_deleted_or_copied_in_the_books_is_red(owing, accountant) -> None:
    posted(owing, "1001")
    gone = posted(owing, "1002")
    owing.target.records["Invoice"] = [r for r in owing.target.records["Invoice"] if r.key != gone]
    in_books(owing, "900", "1001", "100.00")

    found = receivable(owing, accountant)

    assert named(found) == {"deleted_at_target": D(100), "duplicate": D(-100)}
    assert not found.green


def test_what_was_there_before_is_paired_once_it_is_entered_in_the_books(owing, accountant) -> None:
    in_erp(owing, "9001", "30.00")
    in_books(owing, "601", "9001", "25.00", total="30.00")
    in_erp(owing, "9002", "44.00", InvoiceDate="2026-10-01")
    in_books(owing, "602", "INV-77", "44.00", TxnDate="2026-10-01")
    in_erp(owing, "9003", "12.00", InvoiceDate="2026-10-05")
    in_erp(owing, "9004", "12.00", InvoiceDate="2026-10-05")
    in_books(owing, "603", "INV-78", "12.00", TxnDate="2026-10-05")

    found = named(receivable(owing, accountant))

    # Two that look alike are not guessed at.
    assert found == {"settled_at_target": D(5), "out_of_scope": D(24), "not_ours": D(-12)}


def test_another_customer_in_the_books_is_named_on_both(owing, accountant) -> None:
    key = posted(owing, "1001")
    in_books(owing, key, "1001", "100.00", CustomerRef={"value": "77", "name": "Somebody"})

    found = receivable(owing, accountant)

    assert found.difference == 0
    assert named(found) == {"other_party": D(0)}
    assert {p.label: p.difference for p in found.parties.all()} == {
        "Bayside": D(100),
        "Somebody": D(-100),
    }


def test_who_is_linked_to_nobody_is_said(owing, accountant) -> None:
    in_erp(owing, "5001", "11.00", Customer="COB")
    in_books(owing, "700", "X-1", "13.00", CustomerRef={"value": "90", "name": "Stranger"})
    in_books(owing, "701", "X-2", "17.00")
    in_erp(owing, "5002", "19.00")

    assert named(receivable(owing, accountant)) == {
        "unlinked_party": D(-2),
        "not_ours": D(-17),
        "out_of_scope": D(19),
    }


def test_credits_and_money_on_account_lessen_what_is_open(owing, accountant) -> None:
    in_erp(owing, "C-1", "-50.00", DocumentType="C")
    in_books(owing, "800", "C-1", "20.00", total="50.00", entity="CreditMemo")
    in_books(
        owing, "801", "", "0", entity="Payment", UnappliedAmt=D("15.00"), PaymentRefNum="CHK-7"
    )

    found = receivable(owing, accountant)

    assert (found.source_open, found.target_open) == (D(-50), D(-35))
    assert named(found) == {"credit_unapplied": D(-30), "not_ours": D(15)}
    assert (found.source_unapplied, found.target_unapplied) == (D(0), D(15))


def test_a_flow_that_does_not_run_compares_nothing(owing, accountant) -> None:
    from studio.core.refused import DecisionRefused

    Flow.objects.update(state="draft")

    with pytest.raises(DecisionRefused, match="nothing to compare"):
        receivable(owing, accountant)

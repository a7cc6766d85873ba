"""Open amounts of two systems: every difference is named, and the names add up to it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.balances import Document, Open, Pending, cash, positions
from engine.runtime.residual import Name, compare

D = Decimal
CENTS = st.integers(-100_000, 100_000).map(lambda n: D(n) / 100)
SIDES = st.none() | st.builds(Open, CENTS, CENTS)
WAITING = st.lists(
    st.builds(
        Pending, st.just("P1"), CENTS, st.sampled_from([Name.PAYMENT_CASE, Name.PAYMENT_IN_FLIGHT])
    ),
    max_size=3,
)


def names(one: Document) -> list[tuple[str, Name, Decimal]]:
    return [(d.key, d.name, d.amount) for d in compare(positions(one)).differences]


PAID = Document(
    "1001", Open(D(100), D(100)), Open(D(100), D(60)), "posted", sent=D(100), asked=D(100)
)


def test_the_same_open_amount_is_no_difference_whatever_was_paid() -> None:
    assert names(replace(PAID, target=Open(D(120), D(100)))) == []


def test_a_payment_on_its_way_back_is_named_by_its_own_key() -> None:
    pending = [Pending("QBO-7", D(40), Name.PAYMENT_IN_FLIGHT)]

    assert names(replace(PAID, pending=pending)) == [("QBO-7", Name.PAYMENT_IN_FLIGHT, D(40))]


def test_what_only_the_target_knows_to_be_paid_is_named() -> None:
    assert names(PAID) == [("1001", Name.SETTLED_AT_TARGET, D(40))]


def test_what_only_the_source_knows_to_be_paid_is_named() -> None:
    one = replace(PAID, source=Open(D(100), D(25)), target=Open(D(100), D(100)))

    assert names(one) == [("1001", Name.SETTLED_AT_SOURCE, D(-75))]


def test_payments_entered_on_both_sides_name_only_what_differs() -> None:
    one = replace(PAID, source=Open(D(100), D(30)), target=Open(D(100), D(20)))

    assert names(one) == [("1001", Name.SETTLED_AT_TARGET, D(10))]


def test_a_credit_used_on_one_side_only_is_named() -> None:
    one = Document(
        "C1", Open(D(-50), D(-50)), Open(D(-50), D(-20)), "posted", sent=D(-50), gives=True
    )

    assert names(one) == [("C1", Name.CREDIT_UNAPPLIED, D(-30))]


def test_a_total_that_a_person_changed_and_a_payment_are_told_apart() -> None:
    one = replace(PAID, target=Open(D(90), D(50)))

    assert names(one) == [
        ("1001", Name.CHANGED_AT_TARGET, D(10)),
        ("1001", Name.SETTLED_AT_TARGET, D(40)),
    ]


@pytest.mark.parametrize(
    ("state", "reason", "name"),
    [
        ("case", None, Name.CASE),
        ("in_flight", None, Name.IN_FLIGHT),
        ("void", None, Name.CLOSED_WITHOUT_POSTING),
        ("posted", None, Name.DELETED_AT_TARGET),
        ("", None, Name.LOST),
        ("", Name.BEFORE_START, Name.BEFORE_START),
        ("", Name.UNLINKED_PARTY, Name.UNLINKED_PARTY),
    ],
)
def test_a_document_of_the_source_alone_has_the_name_of_its_state(state, reason, name) -> None:
    one = Document("1001", source=Open(D(100), D(70)), state=state, reason=reason)

    assert names(one) == [("1001", name, D(70))]


def test_a_document_of_the_target_alone_is_ours_or_not() -> None:
    one = Document("9", target=Open(D(100), D(70)))

    assert names(one) == [("9", Name.NOT_OURS, D(-70))]
    assert names(replace(one, sent=D(100))) == [("9", Name.CHANGED_AT_SOURCE, D(-70))]


@given(SIDES, SIDES, WAITING, st.none() | CENTS, st.booleans())
def test_sides_and_names_add_up_to_the_cent(source, target, pending, sent, gives) -> None:
    one = Document("1", source, target, "posted", sent=sent, gives=gives, pending=pending)

    found = compare(positions(one))

    assert found.source == (source.left if source else 0)
    assert found.target == (target.left if target else 0)
    assert sum(d.amount for d in found.differences) == found.residual


@given(CENTS, CENTS, WAITING)
def test_cash_is_what_moves_and_what_no_flow_carries(source, target, moves) -> None:
    found = compare(cash("MAIN", source, target, moves))

    assert (found.source, found.target) == (source, target)
    assert sum(d.amount for d in found.differences) == found.residual


def test_a_payment_not_brought_back_is_named_before_what_no_flow_carries() -> None:
    moves = [
        Pending("QBO-7", D(40), Name.PAYMENT_CASE),
        Pending("QBO-8", D(-15), Name.PAYMENT_IN_FLIGHT),
    ]

    found = compare(cash("MAIN", D(100), D(130), moves))

    assert [(d.key, d.name, d.amount) for d in found.differences] == [
        ("QBO-7", Name.PAYMENT_CASE, D(-40)),
        ("QBO-8", Name.PAYMENT_IN_FLIGHT, D(15)),
        ("MAIN", Name.OUTSIDE_FLOWS, D(-5)),
    ]

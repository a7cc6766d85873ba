from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules import OpenItem, Share, closing_line, settle

ITEM = OpenItem("INV-1", "EUR", Decimal("1000.00"), Decimal("1100.00"))


@pytest.mark.golden(21)
def test_golden_21_a_partial_payment_in_another_currency_applies_what_was_paid() -> None:
    found = settle(
        Decimal("400.00"), "EUR", Decimal("1.20"), [ITEM], [Share("INV-1", Decimal("400.00"))]
    )

    only = found.applied[0]
    assert (only.amount, only.amount_base) == (Decimal("400.00"), Decimal("480.00"))
    assert (only.left, only.left_base) == (Decimal("600.00"), Decimal("660.00"))
    assert only.currency_difference == Decimal("40.00")
    assert found.unapplied == 0


@pytest.mark.golden(22)
def test_golden_22_a_residual_in_one_currency_only_is_closed_by_a_currency_difference() -> None:
    foreign = closing_line(
        OpenItem("INV-1", "EUR", Decimal("0.01"), Decimal("0.00")), Decimal("0.05")
    )
    base = closing_line(OpenItem("INV-1", "EUR", Decimal("0.00"), Decimal("0.02")), Decimal("0.05"))

    assert foreign is not None
    assert foreign.amount == Decimal("0.01")
    assert base is not None
    assert base.currency_difference == Decimal("-0.02")
    assert (base.left, base.left_base) == (0, 0)


def test_a_real_debt_or_a_large_residual_is_not_closed() -> None:
    assert closing_line(ITEM, Decimal("0.05")) is None
    assert (
        closing_line(OpenItem("INV-1", "EUR", Decimal("9.00"), Decimal(0)), Decimal("0.05")) is None
    )


def test_a_full_payment_leaves_nothing_in_either_currency() -> None:
    found = settle(
        Decimal("1000.00"), "EUR", Decimal("1.05"), [ITEM], [Share("INV-1", Decimal("1000.00"))]
    )

    only = found.applied[0]
    assert (only.left, only.left_base, only.currency_difference) == (0, 0, Decimal("-50.00"))


def test_a_discount_settles_too_but_is_not_paid() -> None:
    found = settle(
        Decimal("980.00"),
        "EUR",
        Decimal("1.10"),
        [ITEM],
        [Share("INV-1", Decimal("980.00"), Decimal("20.00"))],
    )

    only = found.applied[0]
    assert (only.left, only.left_base, only.currency_difference) == (0, 0, 0)


def test_faults_are_told_and_the_rest_of_the_payment_is_applied() -> None:
    items = [ITEM, OpenItem("INV-2", "USD", Decimal("50.00"), Decimal("50.00"))]
    shares = [
        Share("INV-9", Decimal(10)),
        Share("INV-2", Decimal(10)),
        Share("INV-1", Decimal(2000)),
        Share("INV-1", Decimal(300)),
    ]

    found = settle(Decimal("500.00"), "EUR", Decimal("1.10"), items, shares)

    assert [i.code for i in found.issues] == ["document_unknown", "other_currency", "over_applied"]
    assert [a.amount for a in found.applied] == [Decimal(300)]
    assert found.unapplied == Decimal("200.00")


def test_a_payment_cannot_be_spent_twice() -> None:
    found = settle(
        Decimal("100.00"),
        "EUR",
        Decimal(1),
        [ITEM],
        [Share("INV-1", Decimal(80)), Share("INV-1", Decimal(80))],
    )

    assert [i.code for i in found.issues] == ["payment_used_up"]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=6), st.integers(50, 200))
@pytest.mark.promise("T04")
def test_instalments_settle_both_currencies_to_the_cent(cents: list[int], rate: int) -> None:
    total = Decimal(sum(cents)) / 100
    item = OpenItem("INV-1", "EUR", total, total * 3)
    shares = [Share("INV-1", Decimal(c) / 100) for c in cents]

    found = settle(total, "EUR", Decimal(rate) / 100, [item], shares)

    assert found.issues == ()
    assert (found.applied[-1].left, found.applied[-1].left_base) == (0, 0)
    assert found.unapplied == 0

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.residual import Name, Position, compare

D = Decimal


@pytest.mark.parametrize(
    ("position", "name", "amount"),
    [
        (Position("1", D("10.00"), None, (), "case"), Name.CASE, D("10.00")),
        (Position("1", D("10.00"), None, (), "in_flight"), Name.IN_FLIGHT, D("10.00")),
        (Position("1", D("10.00"), D("10.00"), (), "posted"), Name.DELETED_AT_TARGET, D("10.00")),
        (
            Position("1", D("10.00"), D("10.00"), (), "posted", period_moved=True),
            Name.MOVED_PERIOD,
            D("10.00"),
        ),
        (
            Position("1", D("10.00"), D("10.00"), (D("9.00"),), "posted"),
            Name.CHANGED_AT_TARGET,
            D("1.00"),
        ),
        (
            Position("1", D("10.00"), D("10.01"), (D("10.01"),), "posted", tolerance=D("0.02")),
            Name.ROUNDING,
            D("-0.01"),
        ),
        (
            Position("1", D("10.00"), D("10.00"), (D("10.00"), D("10.00")), "posted"),
            Name.DUPLICATE,
            D("-10.00"),
        ),
        (Position("1", None, None, (D("7.00"),)), Name.NOT_OURS, D("-7.00")),
        (
            Position("1", D("10.00"), D("8.00"), (D("8.00"),), "posted", asked=D("10.00")),
            Name.POSTED_OTHERWISE,
            D("2.00"),
        ),
        (
            Position("1", D("10.00"), D("8.00"), (D("8.00"),), "posted", asked=D("8.00")),
            Name.CHANGED_AT_SOURCE,
            D("2.00"),
        ),
        (
            Position("1", None, D("7.00"), (D("7.00"),), "posted", left_out=True),
            Name.LEFT_OUT,
            D("-7.00"),
        ),
        (Position("1", D("7.00"), None, (), "void"), Name.CLOSED_WITHOUT_POSTING, D("7.00")),
    ],
)
def test_each_defect_gets_its_own_name(position: Position, name: Name, amount: Decimal) -> None:
    result = compare([position])
    assert [(d.name, d.amount) for d in result.differences] == [(name, amount)]
    assert result.unexplained == 0


def test_a_change_at_the_source_and_another_posted_amount_are_two_differences() -> None:
    one = Position("1", D("12.00"), D("8.00"), (D("8.00"),), "posted", asked=D("10.00"))

    assert [(d.name, d.amount) for d in compare([one]).differences] == [
        (Name.CHANGED_AT_SOURCE, D("2.00")),
        (Name.POSTED_OTHERWISE, D("2.00")),
    ]


def test_a_lost_document_is_never_explained_away() -> None:
    result = compare([Position("1", D("10.00"), None, (), "")])
    assert result.unexplained == D("10.00")


def test_documents_that_agree_leave_nothing() -> None:
    result = compare([Position("1", D("10.00"), D("10.00"), (D("10.00"),), "posted")])
    assert result.differences == ()
    assert result.residual == 0


amounts = st.decimals(min_value=0, max_value=10_000, places=2)
positions = st.builds(
    Position,
    st.text(min_size=1, max_size=4),
    st.none() | amounts,
    st.none() | amounts,
    st.lists(amounts, max_size=3).map(tuple),
    st.sampled_from(["posted", "case", "in_flight", "void"]),
    tolerance=st.sampled_from([D("0.00"), D("0.05")]),
    asked=st.none() | amounts,
    left_out=st.booleans(),
)


@given(st.lists(positions, max_size=20))
def test_named_differences_always_add_up_to_the_residual(rows: list[Position]) -> None:
    result = compare(rows)
    assert sum((d.amount for d in result.differences), D(0)) == result.residual

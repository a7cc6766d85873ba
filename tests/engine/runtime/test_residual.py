from __future__ import annotations

from dataclasses import replace
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
            Position("1", D("10.00"), D("10.00"), (D("10.00"),), targets_here=(False,)),
            Name.MOVED_PERIOD,
            D("10.00"),
        ),
        (
            Position("1", D("10.00"), D("10.00"), (D("10.00"),), source_here=False),
            Name.MOVED_PERIOD,
            D("-10.00"),
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


def in_a_period(one: Position, here: list[bool]) -> Position:
    """The same document where each place may date it outside the period."""
    return replace(one, source_here=here[0], sent_here=here[1], targets_here=tuple(here[2:]))


periods = positions.flatmap(
    lambda one: st.lists(
        st.booleans(), min_size=2 + len(one.targets), max_size=2 + len(one.targets)
    ).map(lambda here: in_a_period(one, here))
)


def test_what_else_differs_of_a_moved_document_is_told_in_the_month_of_the_source() -> None:
    one = Position("1", D("10.00"), D("10.00"), (D("9.00"),), "posted")

    here = compare([replace(one, targets_here=(False,))])
    there = compare([replace(one, source_here=False, targets_here=(True,))])

    assert [(d.name, d.amount) for d in here.differences] == [
        (Name.CHANGED_AT_TARGET, D("1.00")),
        (Name.MOVED_PERIOD, D("9.00")),
    ]
    assert [(d.name, d.amount) for d in there.differences] == [(Name.MOVED_PERIOD, D("-9.00"))]


@given(st.lists(positions | periods, max_size=20))
def test_named_differences_always_add_up_to_the_residual(rows: list[Position]) -> None:
    result = compare(rows)
    assert sum((d.amount for d in result.differences), D(0)) == result.residual

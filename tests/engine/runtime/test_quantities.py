"""Whatever happens to an item, its named parts add up to the difference."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.quantities import Level, Why, explain

D = Decimal
AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=3)


def test_equal_quantities_need_no_name() -> None:
    assert explain(Level(D(7), D(7))) == {}


def test_what_is_on_its_way_explains_what_has_left_the_source() -> None:
    level = Level(D(93), D(100), moves={Why.IN_FLIGHT: D(-5), Why.CASE: D(-2)})

    assert explain(level) == {Why.IN_FLIGHT: D(-5), Why.CASE: D(-2)}


def test_the_rest_is_unexplained_and_while_something_moves_it_is_not_judged() -> None:
    moves = {Why.IN_FLIGHT: D(-5)}

    assert explain(Level(D(93), D(100), moves=moves))[Why.UNEXPLAINED] == -2
    assert explain(Level(D(93), D(100), moves=moves, settled=False))[Why.MOVING] == -2


@pytest.mark.parametrize(
    ("level", "why"),
    [
        (Level(D(4), None, linked=False), Why.NOT_LINKED),
        (Level(None, D(4)), Why.NOT_LINKED),
        (Level(D(4), None, tracked=False), Why.NOT_TRACKED),
        (Level(D(4), D(1), convertible=False), Why.UNIT_DIFFERS),
    ],
)
def test_where_the_two_cannot_be_compared_one_name_explains_all(level, why) -> None:
    assert explain(level) == {why: level.difference}


def test_two_items_that_are_one_record_there_are_counted_together() -> None:
    first = Level(D(5), D(8), shared=D(3))
    second = Level(D(3), None, shared=D(-3))

    assert explain(first) == {Why.SHARED: D(-3)}
    assert explain(second) == {Why.SHARED: D(3)}


@given(
    source=st.none() | AMOUNTS,
    target=st.none() | AMOUNTS,
    moves=st.dictionaries(st.sampled_from([Why.IN_FLIGHT, Why.CASE, Why.ADJUSTING]), AMOUNTS),
    shared=AMOUNTS,
    flags=st.tuples(*[st.booleans()] * 4),
)
def test_the_parts_always_add_up(source, target, moves, shared, flags) -> None:
    linked, tracked, convertible, settled = flags
    level = Level(source, target, linked, tracked, convertible, moves, shared, settled)

    assert sum(explain(level).values(), D(0)) == level.difference

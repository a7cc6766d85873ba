"""JSON with exact numbers: what is written, what is kept in a column, what is refused."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.jsontext import DEEPEST, JsonError, dump, load, plain

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Word(str):
    """A text of a kind of its own, as a choice or a marked-safe text is."""


@given(VALUES)
def test_a_column_holds_what_writing_and_reading_back_would_give(value: object) -> None:
    assert plain(value) == json.loads(dump(value), parse_float=str)


def test_values_of_a_subclass_are_written_as_their_base() -> None:
    said = {Word("name"): Word('a "b"'), "rows": (Decimal("1.50"), Decimal("2E+3"))}

    assert dump(said) == b'{"name":"a \\"b\\"","rows":[1.50,2000]}'
    assert plain(said) == {"name": 'a "b"', "rows": ["1.50", 2000]}
    assert type(plain(Word("x"))) is str


@pytest.mark.parametrize("write", [dump, plain])
@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), object(), {"a": [b"x".hex, 2.0]}])
def test_what_has_no_exact_form_is_refused(write, value: object) -> None:
    with pytest.raises(JsonError):
        write(value)


def test_nesting_without_end_is_refused() -> None:
    deep: list[object] = []
    for _ in range(DEEPEST + 2):
        deep = [deep]

    with pytest.raises(JsonError, match="nested too deep"):
        dump(deep)


def test_an_escaped_nul_is_left_out_and_an_escaped_backslash_is_not_mistaken_for_one() -> None:
    assert load(r'{"a": "x\u0000y", "b": "x\\u0000y"}') == {"a": "xy", "b": "x\\u0000y"}

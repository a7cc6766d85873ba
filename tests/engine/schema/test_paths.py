from __future__ import annotations

import pytest

from engine.schema.paths import get, leaf, parse, put, text, tokens


def test_a_path_reads_every_element_of_an_array() -> None:
    record = {"Line": [{"D": {"Qty": 1}}, {"D": {"Qty": None}}, {}]}
    assert get(record, "Line[].D.Qty") == [1, None]


def test_writing_makes_the_objects_and_arrays_on_the_way() -> None:
    record: dict = {}
    put(record, "Line[].D.Qty", 5, index=1)
    assert record == {"Line": [{}, {"D": {"Qty": 5}}]}


def test_what_was_written_is_read_back() -> None:
    record: dict = {}
    put(record, "A.B[].C", "x")
    assert get(record, "A.B[].C") == ["x"]


def test_writing_below_a_plain_value_is_refused() -> None:
    with pytest.raises(ValueError, match="holds a plain value"):
        put({"A": "x"}, "A.B", 1)


@pytest.mark.parametrize("path", ["", "A..B", ".A"])
def test_an_empty_step_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="is not a field path"):
        parse(path)


def test_parsing_and_writing_a_path_are_inverse() -> None:
    assert text(parse("Line[].Detail.Qty")) == "Line[].Detail.Qty"


def test_names_fall_into_words_at_capitals_digits_and_signs() -> None:
    assert tokens("VATRegNo2_old") == ["vat", "reg", "no", "2", "old"]
    assert leaf("Line[].Detail.Tags[]") == "Tags"

"""Numbers and days as people type them: read where there is one reading, refused where there are two."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.canon.typed import Ambiguous, typed, typed_day, typed_number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("1234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("12,5", "12.5"),
        ("-12.50", "-12.50"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("12345.678", "12345.678"),
        (" 5 ", "5"),
        (".5", "0.5"),
    ],
)
def test_a_number_with_one_reading_is_read_in_either_way_of_writing(said, number) -> None:
    assert typed_number(said) == Decimal(number)


@pytest.mark.parametrize("said", ["1,234", "1.234", "-12,345", "999.000"])
def test_a_number_with_two_readings_is_refused_and_both_are_named(said) -> None:
    with pytest.raises(Ambiguous, match=r"can be read as .* or as .*\. Write "):
        typed_number(said)


@pytest.mark.parametrize(
    "said", ["", "-", "12,34,567", "1.2.3", "1,,5", "NaN", "Infinity", "1e5", "1.234,56.7", "ten"]
)
def test_what_is_no_number_is_refused(said) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        typed_number(said)


@pytest.mark.parametrize("number", ["1.234", "12.345", "999.000", "-1.500", "1234.5", "0.125", "7"])
def test_what_is_written_into_a_field_is_read_back_as_itself(number) -> None:
    assert typed_number(typed(Decimal(number))) == Decimal(number)


def test_a_day_is_one_of_the_calendar() -> None:
    assert typed_day("2026-2-3").isoformat() == "2026-02-03"
    with pytest.raises(ValueError, match="the calendar does not have"):
        typed_day("2026-02-30")
    for said in ("30.02.2026", "yesterday", "2026-²-03"):
        with pytest.raises(ValueError, match="write it like 2026-11-25"):
            typed_day(said)

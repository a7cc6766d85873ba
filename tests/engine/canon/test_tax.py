from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canon.money import allocate, places_of, round_half_even, round_half_up
from engine.canon.tax import (
    DOCUMENT_ROUNDED,
    LINE_ROUNDED,
    RATE_ROUNDED,
    TaxedLine,
    Totals,
    compare,
    predict,
    with_tax,
)

CENTS = st.integers(-10_000_000, 10_000_000).map(lambda n: Decimal(n) / 100)


def net(amount: str, rate: str = "15") -> TaxedLine:
    return TaxedLine(Decimal(1), Decimal(amount), Decimal(rate))


GOLDEN_1 = [net("25.06"), net("25.61"), net("25.63")]


def test_golden_1_tax_rounded_per_line_and_added_up_gives_11_44() -> None:
    found = predict(GOLDEN_1, LINE_ROUNDED)

    assert found.taxes == (Decimal("3.76"), Decimal("3.84"), Decimal("3.84"))
    assert found.totals == Totals(Decimal("76.30"), Decimal("11.44"), Decimal("87.74"))


@pytest.mark.parametrize("model", [RATE_ROUNDED, DOCUMENT_ROUNDED], ids=["rate", "document"])
def test_golden_1_tax_rounded_over_the_document_gives_11_45(model: object) -> None:
    assert predict(GOLDEN_1, model).totals.tax == Decimal("11.45")  # type: ignore[arg-type]


def test_golden_2_tax_of_4495_16_at_9_975_percent_is_448_39_and_448_40_is_detected() -> None:
    found = predict([net("4495.16", "9.975")], RATE_ROUNDED).totals
    seen = Totals(Decimal("4495.16"), Decimal("448.40"), Decimal("4943.56"))

    assert found.tax == Decimal("448.39")
    assert compare(found, seen).tax == Decimal("0.01")
    assert compare(found, seen)
    assert not compare(found, found)


def test_golden_31_a_gross_price_of_5900_stays_5900() -> None:
    found = predict([net("5900.00", "15")], LINE_ROUNDED, inclusive=True).totals

    assert found == Totals(Decimal("5130.43"), Decimal("769.57"), Decimal("5900.00"))


def test_a_price_is_cut_to_two_digits_unless_four_are_asked_for() -> None:
    coarse = TaxedLine(Decimal(1000), Decimal("0.0125"))
    fine = TaxedLine(Decimal(1000), Decimal("0.0125"), fine=True)

    assert predict([coarse], LINE_ROUNDED).totals.net == Decimal("10.00")
    assert predict([fine], LINE_ROUNDED).totals.net == Decimal("12.50")


def test_a_given_tax_is_used_only_where_the_target_takes_it() -> None:
    line = with_tax(net("100.00"), Decimal("15.01"))

    assert predict([line], LINE_ROUNDED).totals.tax == Decimal("15.01")
    assert predict([line], DOCUMENT_ROUNDED).totals.tax == Decimal("15.00")
    assert predict([line, net("1.00")], RATE_ROUNDED).totals.tax == Decimal("15.16")


def test_rates_are_rounded_apart() -> None:
    lines = [net("0.50", "15"), net("0.50", "5")]

    assert predict(lines, RATE_ROUNDED).totals.tax == Decimal("0.11")
    assert predict(lines, DOCUMENT_ROUNDED).totals.tax == Decimal("0.10")


@pytest.mark.parametrize(
    ("value", "up", "even"),
    [("0.005", "0.01", "0.00"), ("-0.005", "-0.01", "0.00"), ("0.015", "0.02", "0.02"),
     ("1861.075", "1861.08", "1861.08"), ("2.675", "2.68", "2.68")],
)  # fmt: skip
def test_half_goes_up_or_to_the_even_neighbour(value: str, up: str, even: str) -> None:
    assert (round_half_up(Decimal(value)), round_half_even(Decimal(value))) == (
        Decimal(up),
        Decimal(even),
    )


def test_currencies_have_their_own_digits() -> None:
    assert [places_of(c) for c in ("JPY", "usd", "KWD")] == [0, 2, 3]


@given(CENTS, st.lists(st.integers(0, 1000).map(Decimal), min_size=1, max_size=12))
def test_parts_of_an_amount_always_add_up_to_it(amount: Decimal, weights: list[Decimal]) -> None:
    assert sum(allocate(amount, weights)) == amount


@given(CENTS, st.integers(1, 9))
def test_equal_parts_differ_by_at_most_a_cent(amount: Decimal, count: int) -> None:
    parts = allocate(amount, [Decimal(1)] * count)

    assert max(parts) - min(parts) <= Decimal("0.01")


def test_parts_need_weights() -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(Decimal(1), [])


LINES = st.lists(
    st.builds(
        TaxedLine,
        quantity=st.integers(1, 40).map(Decimal),
        unit_price=st.integers(1, 99_999).map(lambda n: Decimal(n) / 100),
        rate=st.sampled_from([Decimal(0), Decimal(5), Decimal("9.975"), Decimal(15)]),
    ),
    min_size=1,
    max_size=8,
)


@given(LINES, st.booleans(), st.sampled_from([LINE_ROUNDED, RATE_ROUNDED, DOCUMENT_ROUNDED]))
def test_net_and_tax_make_gross_and_models_differ_by_half_a_cent_a_line(
    lines: list[TaxedLine],
    inclusive: bool,
    model: object,
) -> None:
    found = predict(lines, model, inclusive=inclusive).totals  # type: ignore[arg-type]
    other = predict(lines, DOCUMENT_ROUNDED, inclusive=inclusive).totals

    assert found.net + found.tax == found.gross
    assert abs(found.tax - other.tax) <= Decimal("0.005") * (len(lines) + 1)

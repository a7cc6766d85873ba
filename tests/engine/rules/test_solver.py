from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canon.tax import (
    DOCUMENT_ROUNDED,
    LINE_ROUNDED,
    RATE_ROUNDED,
    TaxedLine,
    Totals,
    predict,
)
from engine.rules import Device, Policy, Wanted, solve


def wanted(amounts: list[str], tax: str, rate: str = "15", lines: list[TaxedLine] | None = None,
           *, inclusive: bool = False) -> Wanted:  # fmt: skip
    plain = [TaxedLine(Decimal(1), Decimal(a), Decimal(rate)) for a in amounts]
    summed = sum((Decimal(a) for a in amounts), Decimal(0))
    net = summed - Decimal(tax) if inclusive else summed
    totals = Totals(net, Decimal(tax), net + Decimal(tax))
    return Wanted(tuple(lines or plain), tuple(Decimal(a) for a in amounts), totals, inclusive)


def test_nothing_is_done_when_the_target_computes_the_same() -> None:
    found = solve(wanted(["25.06", "25.61", "25.63"], "11.44"), LINE_ROUNDED)

    assert (found.solved, found.devices, found.moved) == (True, (), 0)


def test_a_source_that_taxes_the_document_is_tied_by_one_line_of_given_tax() -> None:
    found = solve(wanted(["25.06", "25.61", "25.63"], "11.45"), LINE_ROUNDED)

    assert found.devices == (Device.TAX,)
    assert found.totals.gross == Decimal("87.75")
    assert [line.tax for line in found.lines].count(None) == 2
    assert "tax of the line given" in found.explanation


def test_a_price_of_a_tenth_of_a_cent_is_sent_with_four_digits() -> None:
    line = TaxedLine(Decimal(1000), Decimal("0.0125"), Decimal(0))
    found = solve(wanted(["12.50"], "0.00", "0", [line]), LINE_ROUNDED)

    assert found.devices == (Device.FINE_PRICE,)
    assert found.lines[0].fine
    assert found.moved == 0


def test_a_quantity_is_split_when_no_unit_price_gives_the_amount() -> None:
    line = TaxedLine(Decimal(3), Decimal("3.33"), Decimal(0))
    policy = Policy(devices=(Device.SPLIT,))

    found = solve(wanted(["10.00"], "0.00", "0", [line]), LINE_ROUNDED, policy)

    assert found.devices == (Device.SPLIT,)
    assert [(p.quantity, p.unit_price) for p in found.lines] == [
        (2, Decimal("3.33")),
        (1, Decimal("3.34")),
    ]


def test_a_target_that_takes_no_tax_gets_a_rounding_line() -> None:
    found = solve(wanted(["25.06", "25.61", "25.63"], "11.44"), DOCUMENT_ROUNDED)

    assert found.devices == (Device.ROUNDING,)
    assert found.rounding == Decimal("-0.01")
    assert found.totals.gross == Decimal("87.74")


@pytest.mark.golden(2)
def test_golden_2_a_target_seen_at_448_40_is_given_the_tax() -> None:
    found = solve(wanted(["4495.16"], "448.40", "9.975"), RATE_ROUNDED)

    assert found.devices == (Device.TAX,)
    assert found.lines[0].tax == Decimal("448.40")


@pytest.mark.golden(31)
def test_golden_31_exclusive_lines_of_a_5900_gross_source_show_5900_not_5900_01() -> None:
    source = Wanted(
        (TaxedLine(Decimal(1), Decimal("5130.44"), Decimal(15)),),
        (Decimal("5130.43"),),
        Totals(Decimal("5130.43"), Decimal("769.57"), Decimal("5900.00")),
    )
    assert predict(source.lines, LINE_ROUNDED).totals.gross == Decimal("5900.01")

    found = solve(source, LINE_ROUNDED)

    assert found.solved
    assert found.totals.gross == Decimal("5900.00")


def test_more_than_the_tolerance_is_never_moved_and_the_difference_is_told() -> None:
    found = solve(wanted(["100.00"], "15.50"), LINE_ROUNDED)

    assert (found.solved, found.moved, found.devices) == (False, 0, ())
    assert "115.00 instead of 115.50" in found.explanation


AMOUNTS = st.lists(st.integers(1, 500_000), min_size=1, max_size=9)


@given(AMOUNTS, st.integers(-8, 8), st.sampled_from([LINE_ROUNDED, RATE_ROUNDED, DOCUMENT_ROUNDED]),
       st.booleans())  # fmt: skip
def test_a_solution_always_ties_and_never_moves_more_than_the_tolerance(
    cents: list[int], off: int, model: object, inclusive: bool
) -> None:
    lines = [TaxedLine(Decimal(1), Decimal(c) / 100, Decimal("9.975")) for c in cents]
    plain = predict(lines, model, inclusive=inclusive).totals  # type: ignore[arg-type]
    tax = plain.tax + Decimal(off) / 100
    amounts = [str(Decimal(c) / 100) for c in cents]
    source = wanted(amounts, str(tax), "9.975", inclusive=inclusive)
    policy = Policy(tolerance=Decimal("0.05"))

    found = solve(source, model, policy)  # type: ignore[arg-type]

    shown = predict(found.lines, model, inclusive=inclusive).totals  # type: ignore[arg-type]
    assert found.moved <= policy.tolerance
    if found.solved:
        assert shown.gross + found.rounding == source.totals.gross
    else:
        assert found.lines == source.lines
        assert abs(off) > 5 or inclusive


@given(AMOUNTS)
def test_whatever_a_document_rounding_source_says_a_line_rounding_target_can_show(
    cents: list[int],
) -> None:
    lines = [TaxedLine(Decimal(1), Decimal(c) / 100, Decimal(15)) for c in cents]
    totals = predict(lines, DOCUMENT_ROUNDED).totals
    source = Wanted(tuple(lines), tuple(line.unit_price for line in lines), totals)

    found = solve(source, LINE_ROUNDED)

    assert found.solved
    assert found.totals == totals

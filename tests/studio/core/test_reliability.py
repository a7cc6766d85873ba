from __future__ import annotations

import pytest

from studio.core.reliability import measure


def test_a_confidence_that_is_right_nine_times_in_ten_has_no_gap() -> None:
    seen = measure([(0.9, n % 10 != 0) for n in range(100)])

    assert seen.gap == pytest.approx(0.0)
    assert seen.brier == pytest.approx(0.09)
    assert seen.calibrated


def test_an_overconfident_model_shows_its_gap() -> None:
    seen = measure([(0.95, n % 2 == 0) for n in range(100)])

    assert seen.gap == pytest.approx(0.45)
    assert next(b for b in seen.bands if b.word == "certain").share == 0.5


def test_few_decisions_are_not_yet_calibrated() -> None:
    seen = measure([(0.9, True)] * 7)

    assert not seen.calibrated
    assert seen.missing == 43


def test_nothing_decided_is_no_error() -> None:
    assert measure([]).count == 0

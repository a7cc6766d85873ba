from __future__ import annotations

import pytest

from engine.resolve.agreement import agreement, interval


def test_kappa_discounts_what_luck_would_give() -> None:
    # The worked example of every textbook: 20 and 15 of 50 the same, luck gives 0.5.
    answers = [("yes", "yes")] * 20 + [("no", "no")] * 15
    answers += [("yes", "no")] * 5 + [("no", "yes")] * 10

    said = agreement(answers)

    assert (said.count, said.same) == (50, 35)
    assert said.share == pytest.approx(0.7)
    assert said.kappa == pytest.approx(0.4)
    assert said.margin == pytest.approx(1.96 * (0.7 * 0.3 / 50) ** 0.5 / 0.5, rel=1e-3)


def test_where_everybody_says_the_same_kappa_means_nothing() -> None:
    said = agreement([("same", "same")] * 10)

    assert said.kappa is None
    assert said.share == 1.0
    assert said.low == pytest.approx(0.722, abs=1e-3)


def test_nothing_asked_is_said_as_nothing() -> None:
    assert agreement([]).count == 0
    assert interval(0, 0) == (0.0, 0.0)


def test_the_interval_never_leaves_zero_to_one() -> None:
    assert interval(10, 10)[1] == pytest.approx(1.0)
    assert interval(0, 10)[0] == pytest.approx(0.0)

from __future__ import annotations

import pytest

from engine.runtime.volume import Volume, suspicion

USUAL = [Volume(10, 8)] * 6


@pytest.mark.golden(14)
def test_rows_that_yield_nothing_are_suspect_as_soon_as_chance_cannot_explain_it() -> None:
    assert "none of them" in suspicion(Volume(4, 0), USUAL)
    assert suspicion(Volume(2, 0), USUAL) == ""
    assert "none of them" in suspicion(Volume(19, 0), [])
    assert suspicion(Volume(18, 0), []) == ""


def test_a_share_that_is_hardly_known_is_not_taken_at_its_word() -> None:
    few = [Volume(3, 1)]
    assert suspicion(Volume(17, 0), few) == ""
    assert "none of them" in suspicion(Volume(17, 0), [Volume(300, 100)])


def test_a_flow_that_seldom_takes_anything_may_take_nothing_for_long() -> None:
    seldom = [Volume(100, 1)] * 5
    assert suspicion(Volume(50, 0), seldom) == ""
    assert "none of them" in suspicion(Volume(600, 0), seldom)


def test_far_more_than_usual_is_said_with_both_numbers() -> None:
    assert suspicion(Volume(500, 400), USUAL) == "500 records were read where 10 are usual."
    assert suspicion(Volume(50, 50), USUAL) == ""
    assert suspicion(Volume(500, 400), USUAL[:4]) == ""


def test_a_run_without_rows_is_no_run_to_suspect() -> None:
    assert suspicion(Volume(0, 0), USUAL) == ""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from engine.resolve.active import Question, blind_repeats, next_questions
from engine.resolve.calibrate import refit, reliability
from engine.resolve.cluster import clusters
from engine.resolve.fellegi import match_weights
from engine.resolve.judgement import Decision, Judgement, latest


def test_linked_and_not_linked_combine_to_not_linked() -> None:
    assert Judgement.APPROVED + Judgement.APPROVED is Judgement.APPROVED
    assert Judgement.APPROVED + Judgement.REJECTED is Judgement.REJECTED
    assert Judgement.REJECTED + Judgement.REJECTED is Judgement.NONE


def test_the_last_decision_counts_and_unsure_takes_it_back() -> None:
    given = [
        Decision("a", "1", Judgement.APPROVED),
        Decision("a", "1", Judgement.REJECTED),
        Decision("b", "2", Judgement.APPROVED),
        Decision("b", "2", Judgement.UNSURE),
    ]
    assert latest(given) == {("a", "1"): Judgement.REJECTED}


def test_a_group_never_joins_what_a_person_set_apart() -> None:
    pairs = [("a", "1", 0.99), ("b", "1", 0.98), ("b", "2", 0.97)]
    groups = clusters(pairs, [Decision("a", "2", Judgement.REJECTED)])
    assert not any({("left", "a"), ("right", "2")} <= g for g in groups)
    assert {("left", "a"), ("right", "1"), ("left", "b")} in groups


def test_groups_do_not_depend_on_the_order_of_the_pairs() -> None:
    pairs = [
        ("a", "1", 0.99),
        ("b", "1", 0.98),
        ("b", "2", 0.97),
        ("c", "3", 0.96),
        ("c", "2", 0.4),
    ]
    expected = sorted(sorted(g) for g in clusters(pairs))
    random.Random(3).shuffle(pairs)
    assert sorted(sorted(g) for g in clusters(pairs)) == expected


def test_contradicting_decisions_are_told() -> None:
    given = [
        Decision("a", "1", Judgement.APPROVED),
        Decision("b", "1", Judgement.APPROVED),
        Decision("b", "2", Judgement.APPROVED),
        Decision("a", "2", Judgement.REJECTED),
    ]
    with pytest.raises(ValueError, match="contradict"):
        clusters([], given)


def test_the_first_question_is_the_one_that_settles_most_money() -> None:
    sure = Question("a", "1", 0.99, Decimal(1_000_000))
    doubtful = Question("b", "2", 0.5, Decimal(900_000))
    small = Question("c", "3", 0.5, Decimal(10), siblings=40)
    assert next_questions([small, sure, doubtful]) == [doubtful, sure, small]


def test_about_one_answer_in_twenty_is_asked_again_and_always_the_same_ones() -> None:
    answered = [(f"l{n}", f"r{n}") for n in range(4000)]
    again = blind_repeats(answered)
    assert 140 < len(again) < 260
    assert again == blind_repeats(answered)


def test_honest_numbers_have_no_calibration_error_and_boasting_ones_do() -> None:
    truth = [n % 10 < 8 for n in range(200)]
    assert reliability([0.8] * 200, truth).error == pytest.approx(0.0, abs=1e-9)
    assert reliability([0.99] * 200, truth).error == pytest.approx(0.19, abs=1e-9)
    assert not reliability([0.8] * 10, truth[:10]).calibrated


def test_refitting_pulls_boasting_numbers_down_and_few_labels_change_little() -> None:
    boasting = [0.99, 0.4] * 100
    line = refit(boasting, [n % 10 < 7 for n in range(200)])
    assert line.apply(0.99) < 0.85
    assert refit([0.99], [True]).apply(0.9) == pytest.approx(0.9, abs=0.02)


def test_weights_learned_without_labels_put_alike_pairs_above_unlike_ones() -> None:
    import numpy as np

    r = np.random.default_rng(2)
    same = r.uniform(0.8, 1.0, (40, 3))
    other = r.uniform(0.0, 0.6, (900, 3))
    weights = match_weights(np.vstack([same, other]).astype(np.float32))
    assert weights[:40].min() > weights[40:].max()

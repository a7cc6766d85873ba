from __future__ import annotations

import math
import random

import pytest

from engine.resolve.refit import Fit, Label, enough, learn


def labels_of(count: int, seed: int, truth: Fit, names: tuple[str, ...]) -> list[Label]:
    """Judged proposals whose true probability is what ``truth`` makes of the evidence."""
    dice = random.Random(seed)
    found = []
    for n in range(count):
        bars = {"prior": -1.0, **{name: dice.gauss(0.5, 2.0) for name in names}}
        found.append(Label(str(n), bars, dice.random() < truth.probability(bars)))
    return found


def test_boasting_is_found_and_put_right_on_labels_the_fit_did_not_see() -> None:
    labels = labels_of(400, 1, Fit(0.4, -0.5), ("name",))

    lesson = learn(labels, Fit())

    assert lesson is not None
    assert lesson.better
    assert lesson.after.error < lesson.before.error / 2
    assert lesson.fit.slope == pytest.approx(0.4, abs=0.15)


def test_what_is_calibrated_already_is_left_alone() -> None:
    lessons = [learn(labels_of(300, seed, Fit(), ("name",)), Fit()) for seed in range(10)]

    assert sum(lesson is not None and lesson.better for lesson in lessons) <= 1


def test_noise_teaches_no_weights() -> None:
    names = tuple(f"e{n}" for n in range(12))
    forms = [learn(labels_of(150, s, Fit(), names), Fit(), weights=True) for s in range(5)]

    assert not any(one is not None and one.form == "weights" and one.better for one in forms)


def test_an_evidence_that_misleads_here_loses_its_weight() -> None:
    truth = Fit(1.0, 0.0, {"phone": 0.0, "tax number": 1.5})
    labels = labels_of(600, 3, truth, ("phone", "name", "tax number"))

    lesson = learn(labels, Fit(), weights=True)

    assert lesson is not None
    assert lesson.better
    assert lesson.form == "weights"
    assert lesson.fit.factors["phone"] < 0.3
    assert lesson.fit.factors["tax number"] > 1.1
    assert min(lesson.fit.factors.values()) >= 0.0


def test_too_few_or_one_sided_labels_teach_nothing() -> None:
    few = labels_of(49, 5, Fit(), ("name",))
    one_sided = [Label(str(n), {"name": 2.0}, True) for n in range(200)]

    assert learn(few, Fit()) is None
    assert learn(one_sided, Fit()) is None
    assert not enough(one_sided)


def test_the_same_labels_teach_the_same_whatever_their_order() -> None:
    labels = labels_of(200, 7, Fit(0.5), ("name", "phone"))

    one, other = learn(labels, Fit(), weights=True), learn(labels[::-1], Fit(), weights=True)

    assert one is not None
    assert other is not None
    assert one.after.loss == pytest.approx(other.after.loss)
    assert one.fit.slope == pytest.approx(other.fit.slope)


def test_a_fit_is_read_as_it_was_written() -> None:
    fit = Fit(0.8, -0.25, {"phone": 0.5})

    assert Fit.from_json(fit.to_json()) == fit
    assert fit.probability({"phone": 2.0}) == pytest.approx(1 / (1 + math.exp(-(0.8 - 0.25))))

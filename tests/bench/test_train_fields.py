from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from bench.fields_data import Task
from bench.train_fields import MOST, sample
from engine.propose.ranking import SIGNAL_NAMES


def test_the_wrong_pairs_that_are_drawn_weigh_for_all_that_are_not() -> None:
    rng = np.random.default_rng(1)
    wrong = 1000
    grade = np.r_[2, np.zeros(wrong, int)]
    signals = rng.random((1 + wrong, len(SIGNAL_NAMES))).astype(np.float32)
    task = SimpleNamespace(
        suite="made", signals=signals, grade=grade, judged=np.ones(1 + wrong, bool)
    )
    x, y, weight = sample([cast(Task, task)])
    assert len(x) == 1 + MOST["made"]
    assert np.isclose(weight[y == 0].sum(), wrong * weight[y == 1].sum())

"""Trains the shipped field proposer: ``python -m bench.train_fields --shared ../shared``.

Writes ``engine/propose/model.json``. Evaluation never uses that file: ``bench/fields.py`` trains
again without the set it judges.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.fields_data import PUBLIC, Task, add_context, erp_tasks, public_tasks
from bench.fields_made import made_tasks
from bench.fields_model import BASE, PAIR, REVIEW, SEED, train
from bench.fields_own import own_tasks
from engine.propose.ranking import FEATURES, MODEL_FILE, SIGNAL_NAMES
from engine.propose.review import REVIEW_FEATURES, review_features
from engine.propose.scorer import Linear, combination, linear
from engine.propose.signals import FEATURES_VERSION

SUITE_WEIGHT = {"erp": 4.0, "own": 1.2, "po": 2.0, "gdc": 2.0, "valentine": 0.6, "made": 0.6}
REVIEW_WEIGHT = SUITE_WEIGHT | {"erp": 24.0}
"""The probabilities people see are those of business documents; other sets must not set them."""

MOST = {"erp": 2000, "gdc": 1200, "po": 1000, "valentine": 100, "made": 100, "own": 220}
"""Wrong pairs of one task that the first impression is trained on; the scorer gets half as many."""

MOST_WRONG = 900
"""Wrong candidates of one task that the second look is trained on."""


def all_tasks(shared: Path) -> list[Task]:
    """Everything there is to train on and to judge."""
    fields = shared / "bench" / "fields"
    tasks = erp_tasks(fields / "pairs.json", shared / "reference", fields)
    for suite in PUBLIC:
        tasks += public_tasks(shared / "bench" / "public" / "schema", suite)
    return tasks + own_tasks() + made_tasks()


@dataclass(frozen=True, slots=True)
class Draw:
    """Which wrong pairs of a task are trained on.

    Attributes:
        share: how many of ``MOST``.
        near: the part of them that are the nearest rivals; the others are drawn.
    """

    share: float
    near: float


FIRST, SECOND = Draw(1.0, 0.75), Draw(0.5, 0.5)


def sample(
    tasks: Sequence[Task], first: Linear | None = None, *, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right pairs, the nearest rivals and some others; every task weighs by its right pairs.

    Those drawn weigh for all that were not: a model that has hardly seen the easy pairs would think
    them likely, and there are far more of them than of rivals.

    Args:
        tasks: the tasks; with ``first`` their context must be there.
        first: the first impression, which says what is near. Without one the signals alone are
            the features and a few of them say it.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    draw = SECOND if first else FIRST
    xs, ys, ws = [], [], []
    for task in tasks:
        right = np.flatnonzero(task.judged & (task.grade > 0))
        wrong = np.flatnonzero(task.judged & (task.grade == 0))
        if not len(right):
            continue
        most = int(MOST[task.suite] * draw.share)
        signals = task.signals[wrong]
        near = first.parts(signals).sum(axis=1) if first else signals[:, _NEAR].sum(axis=1)
        order = wrong[np.argsort(-near, kind="stable")]
        hard, far = np.split(order, [min(len(order), int(most * draw.near))])
        some = rng.choice(far, min(len(far), most - len(hard)), replace=False)
        each = np.r_[
            np.where(task.grade[right] == 1, 0.5, 1.0),
            np.ones(len(hard)),
            np.full(len(some), len(far) / max(1, len(some))),
        ]
        rows = np.r_[right, hard, some]
        xs.append((task.x if first else task.signals)[rows])
        ys.append((task.grade[rows] > 0).astype(float))
        ws.append(each * SUITE_WEIGHT[task.suite] * min(len(right), 25) / len(right))
    return np.vstack(xs), np.concatenate(ys), np.concatenate(ws)


_NEAR = [
    SIGNAL_NAMES.index(n)
    for n in (
        "like_words",
        "path_words",
        "meaning_of_fields",
        "meaning_of_labels",
        "rare_letters",
        "samples_rare",
    )
]


def base_model(tasks: Sequence[Task]) -> dict[str, Any]:
    """The first impression: a linear model of the signals alone."""
    x, y, w = sample(tasks)
    made: dict[str, Any] = train(x, y, w, SIGNAL_NAMES, BASE)["linear"]
    return made


def pair_model(tasks: Sequence[Task], first: Linear) -> dict[str, Any]:
    """The scorer of pairs; the tasks' context, made with the first impression, must be there."""
    return train(*sample(tasks, first), FEATURES, PAIR)


@dataclass(slots=True)
class Unseen:
    """What a model says about tasks whose group it had not seen.

    Attributes:
        task: the task.
        about, kept: rows for the second look and the pairs they speak of.
    """

    task: Task
    about: np.ndarray
    kept: np.ndarray


def out_of_fold(tasks: Sequence[Task], show: Callable[[str], None] = print) -> list[Unseen]:
    """Leave one group out, for every group: first impression, context and scorer without it."""
    found = []
    for group in sorted({t.group for t in tasks}):
        rest = [t for t in tasks if t.group != group]
        mine = [t for t in tasks if t.group == group]
        first = linear(base_model(rest))
        add_context([*rest, *mine], first)
        model = combination(pair_model(rest, first))
        found += [
            Unseen(t, *review_features(t.pairs, model.score(t.x), t.x, FEATURES)) for t in mine
        ]
        show(f"left out {group}: {len(mine)} tasks")
    return found


def review_rows(unseen: Unseen) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, truth and weight of the best candidates of every judged, writable target.

    Of many wrong candidates some are drawn and weigh for the others, so that probabilities stay true.
    """
    task, kept = unseen.task, unseen.kept
    keep = task.judged[kept]
    keep &= ~np.array([task.pairs.right.leaves[b].field.read_only for b in task.pairs.j[kept]])
    targets = len(set(task.pairs.j[kept][keep].tolist()))
    truth = task.grade[kept] > 0
    wrong = np.flatnonzero(keep & ~truth)
    drawn = np.random.default_rng(SEED).choice(wrong, min(len(wrong), MOST_WRONG), replace=False)
    rows = np.sort(np.r_[np.flatnonzero(keep & truth), drawn])
    weight = REVIEW_WEIGHT[task.suite] / np.sqrt(max(1, targets))
    each = np.where(truth[rows], weight, weight * len(wrong) / max(1, len(drawn)))
    return unseen.about[rows], truth[rows].astype(float), each


def review_model(found: Sequence[Unseen]) -> dict[str, Any]:
    """The second look, trained on scores of models that had not seen the task's group."""
    rows = [review_rows(u) for u in found]
    x, y, w = (np.concatenate([r[k] for r in rows]) for k in range(3))
    return train(x, y, w, REVIEW_FEATURES, REVIEW)


def full_model(tasks: Sequence[Task], found: Sequence[Unseen]) -> dict[str, Any]:
    """Everything the model file holds."""
    base = base_model(tasks)
    first = linear(base)
    add_context(list(tasks), first)
    return {
        "features_version": FEATURES_VERSION,
        "training": describe(tasks),
        "base": base,
        "pair": pair_model(tasks, first),
        "review": review_model(found),
    }


def describe(tasks: Sequence[Task]) -> dict[str, Any]:
    """What a model was trained on."""
    suites = sorted({t.suite for t in tasks})
    return {
        "seed": SEED,
        "sets": {
            s: {
                "tasks": sum(t.suite == s for t in tasks),
                "judged pairs": int(sum(t.judged.sum() for t in tasks if t.suite == s)),
                "right pairs": int(sum((t.grade > 0).sum() for t in tasks if t.suite == s)),
                "weight": SUITE_WEIGHT[s],
            }
            for s in suites
        },
    }


def write_model(tasks: Sequence[Task], found: Sequence[Unseen], out: Path = MODEL_FILE) -> None:
    """Train on everything and write the model file."""
    model = full_model(tasks, found)
    out.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{out}: {out.stat().st_size / 1024:.0f} KiB, {model['training']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=MODEL_FILE)
    options = parser.parse_args()
    tasks = all_tasks(options.shared)
    write_model(tasks, out_of_fold(tasks), options.out)


if __name__ == "__main__":
    main()

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
from bench.fields_model import SEED, train
from bench.fields_own import own_tasks
from engine.propose.abstain import JUDGE_FEATURES, judge_features
from engine.propose.ranking import FEATURES
from engine.propose.scorer import Linear, Model, combination, linear
from engine.propose.signals import FEATURES_VERSION, SIGNALS

SUITE_WEIGHT = {"erp": 4.0, "own": 2.5, "po": 2.0, "gdc": 1.0, "valentine": 0.35, "made": 0.35}
MOST = {"erp": 2400, "gdc": 900, "po": 900, "valentine": 70, "made": 120, "own": 260}
SIGNAL_NAMES = tuple(row.name for row in SIGNALS)


def all_tasks(shared: Path) -> list[Task]:
    """Everything there is to train on and to judge."""
    fields = shared / "bench" / "fields"
    tasks = erp_tasks(fields / "pairs.json", shared / "reference", fields)
    for suite in PUBLIC:
        tasks += public_tasks(shared / "bench" / "public" / "schema", suite)
    return tasks + own_tasks() + made_tasks()


def sample(
    tasks: Sequence[Task], *, signals: bool, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positives, the nearest rivals and some others; every task weighs by its positives."""
    rng = np.random.default_rng(seed)
    xs, ys, ws = [], [], []
    for task in tasks:
        x = task.signals if signals else task.x
        right = np.flatnonzero(task.judged & (task.grade > 0))
        wrong = np.flatnonzero(task.judged & (task.grade == 0))
        if not len(right):
            continue
        most = MOST.get(task.suite, 5000)
        near = x[wrong][:, _NEAR].sum(axis=1)
        hard = wrong[np.argsort(-near, kind="stable")[: most * 3 // 4]]
        some = rng.choice(wrong, min(len(wrong), most // 4), replace=False)
        rows = np.r_[right, np.unique(np.r_[hard, some])]
        weight = np.where(task.grade[rows] == 1, 0.5, 1.0) * SUITE_WEIGHT[task.suite]
        xs.append(x[rows])
        ys.append((task.grade[rows] > 0).astype(float))
        ws.append(weight * min(len(right), 25) / len(right))
    return np.vstack(xs), np.concatenate(ys), np.concatenate(ws)


_NEAR = [
    SIGNAL_NAMES.index(n) for n in ("like_words", "path_words", "meaning_of_fields", "concept")
]


def base_model(tasks: Sequence[Task]) -> dict[str, Any]:
    """The first impression: a linear model of the signals alone."""
    x, y, w = sample(tasks, signals=True)
    made: dict[str, Any] = train(x, y, w, SIGNAL_NAMES, iterations=0)["linear"]
    return made


def pair_model(tasks: Sequence[Task]) -> dict[str, Any]:
    """The scorer of pairs; the tasks' context must be there."""
    return train(*sample(tasks, signals=False), FEATURES)


@dataclass(slots=True)
class Unseen:
    """What a model says about tasks whose group it had not seen.

    Attributes:
        task: the task.
        scores: log-odds of its pairs.
        about, best: features and best pair of every target.
    """

    task: Task
    scores: np.ndarray
    about: np.ndarray
    best: np.ndarray


def out_of_fold(tasks: Sequence[Task], show: Callable[[str], None] = print) -> list[Unseen]:
    """Leave one group out, for every group: first impression, context and scorer without it."""
    found = []
    for group in sorted({t.group for t in tasks} - {"made"}):
        rest = [t for t in tasks if t.group != group]
        mine = [t for t in tasks if t.group == group]
        add_context([*rest, *mine], linear(base_model(rest)))
        model = combination(pair_model(rest))
        for task in mine:
            scores = model.score(task.x)
            about, best = judge_features(task.pairs, scores, task.x, FEATURES)
            found.append(Unseen(task, scores, about, best))
        show(f"left out {group}: {len(mine)} tasks")
    return found


def judge_rows(unseen: Unseen) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, truth and weight of the best candidate of every judged, writable target."""
    task, best = unseen.task, unseen.best
    keep = task.judged[best]
    keep &= ~np.array([task.pairs.right.leaves[b].field.read_only for b in task.pairs.j[best]])
    weight = np.full(int(keep.sum()), SUITE_WEIGHT[task.suite] / np.sqrt(max(1, keep.sum())))
    return unseen.about[keep], (task.grade[best][keep] > 0).astype(float), weight


def judge_model(found: Sequence[Unseen]) -> dict[str, Any]:
    """The judge, trained on scores of models that had not seen the task's group."""
    rows = [judge_rows(u) for u in found]
    x, y, w = (np.concatenate([r[k] for r in rows]) for k in range(3))
    return train(
        x, y, w, JUDGE_FEATURES, iterations=60, leaves=5, strength=0.03, rate=0.05, smallest=40
    )


def full_model(tasks: Sequence[Task], found: Sequence[Unseen]) -> dict[str, Any]:
    """Everything the model file holds."""
    base = base_model(tasks)
    add_context(list(tasks), linear(base))
    return {
        "features_version": FEATURES_VERSION,
        "training": describe(tasks),
        "base": base,
        "pair": pair_model(tasks),
        "judge": judge_model(found),
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


def read(raw: dict[str, Any]) -> Model:
    """A trained model ready to score."""
    base: Linear = linear(raw["base"])
    return Model(base, combination(raw["pair"]), combination(raw["judge"]), raw["training"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("engine/propose/model.json"))
    options = parser.parse_args()
    tasks = all_tasks(options.shared)
    model = full_model(tasks, out_of_fold(tasks))
    options.out.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{options.out}: {options.out.stat().st_size / 1024:.0f} KiB, {model['training']}")


if __name__ == "__main__":
    main()

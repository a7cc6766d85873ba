"""Trains the shipped field proposer: ``python -m bench.train_fields --shared ../shared``.

Writes ``engine/propose/model.json``. Evaluation never uses this file: ``bench/fields.py`` trains
again without the set it judges.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.fields_data import PUBLIC, Task, erp_tasks, public_tasks
from bench.fields_model import SEED, train
from engine.propose.abstain import JUDGE_FEATURES, judge_features
from engine.propose.ranking import FEATURES
from engine.propose.scorer import Combination, combination
from engine.propose.signals import FEATURES_VERSION

SUITE_WEIGHT = {"erp": 4.0, "own": 3.0, "po": 2.0, "gdc": 1.0, "valentine": 0.35, "made": 0.35}
MOST = {"valentine": 1200, "made": 600}
TRAINING = ("erp", *PUBLIC)


def all_tasks(shared: Path) -> list[Task]:
    """Everything there is to train on and to judge."""
    fields = shared / "bench" / "fields"
    tasks = erp_tasks(fields / "pairs.json", shared / "reference", fields)
    for suite in PUBLIC:
        tasks += public_tasks(shared / "bench" / "public" / "schema", suite)
    return tasks


def sample(tasks: Sequence[Task], seed: int = SEED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positives, all rivals near the top and some others; every task weighs by its positives."""
    rng = np.random.default_rng(seed)
    near = FEATURES.index("rank_for_target")
    xs, ys, ws = [], [], []
    for task in tasks:
        right = np.flatnonzero(task.judged & (task.grade > 0))
        wrong = np.flatnonzero(task.judged & (task.grade == 0))
        hard = wrong[task.x[wrong, near] < np.log1p(25)]
        some = rng.choice(wrong, min(len(wrong), 800), replace=False)
        wrong = np.unique(np.r_[hard, some])
        if len(wrong) > MOST.get(task.suite, 5000):
            wrong = rng.choice(wrong, MOST.get(task.suite, 5000), replace=False)
        if not len(right):
            continue
        rows = np.r_[right, wrong]
        weight = np.where(task.grade[rows] == 1, 0.5, 1.0) * SUITE_WEIGHT[task.suite]
        xs.append(task.x[rows])
        ys.append((task.grade[rows] > 0).astype(float))
        ws.append(weight * min(len(right), 25) / len(right))
    return np.vstack(xs), np.concatenate(ys), np.concatenate(ws)


def pair_model(tasks: Sequence[Task]) -> dict[str, Any]:
    """Train the scorer of pairs."""
    return train(*sample(tasks), FEATURES)


def judge_rows(task: Task, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, truth and weight of the best candidate of every judged, writable target."""
    about, best = judge_features(task.pairs, scores, task.x, FEATURES)
    keep = task.judged[best]
    keep &= ~np.array([task.pairs.right.leaves[b].field.read_only for b in task.pairs.j[best]])
    weight = np.full(int(keep.sum()), SUITE_WEIGHT[task.suite] / np.sqrt(max(1, keep.sum())))
    return about[keep], (task.grade[best][keep] > 0).astype(float), weight


def judge_model(tasks: Sequence[Task]) -> dict[str, Any]:
    """Train the judge on scores that come from models which had not seen the task's group."""
    rows = []
    for group in sorted({t.group for t in tasks}):
        rest = [t for t in tasks if t.group != group]
        model = combination(pair_model(rest))
        for task in (t for t in tasks if t.group == group):
            rows.append(judge_rows(task, model.score(task.x.astype(np.float32))))
    x, y, w = (np.concatenate([r[k] for r in rows]) for k in range(3))
    return train(
        x, y, w, JUDGE_FEATURES, iterations=60, leaves=5, strength=0.03, rate=0.05, smallest=40
    )


def full_model(tasks: Sequence[Task], about: dict[str, Any]) -> dict[str, Any]:
    """Scorer and judge in the shape of the model file."""
    return {
        "features_version": FEATURES_VERSION,
        "training": about,
        "pair": pair_model(tasks),
        "judge": judge_model(tasks),
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


def read(raw: dict[str, Any]) -> Combination:
    """A trained part ready to score."""
    return combination(raw)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("engine/propose/model.json"))
    options = parser.parse_args()
    tasks = all_tasks(options.shared)
    model = full_model(tasks, describe(tasks))
    options.out.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{options.out}: {options.out.stat().st_size / 1024:.0f} KiB, {model['training']}")


if __name__ == "__main__":
    main()

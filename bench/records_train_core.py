# ruff: noqa: SLF001 - fitted trees can only be read through private attributes
"""Fit the two forests of a record model from labelled development sets. Needs scikit-learn."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.resolve import scorer
from engine.resolve.table import Table
from engine.resolve.trees import Forest, Tree

LEFT_KEY = {"customers": "Customer", "suppliers": "Supplier", "items": "StockCode"}


@dataclass
class Labelled:
    """One labelled set after comparison."""

    name: str
    i: Any
    j: Any
    rows: Any
    truth: Any
    ignored: Any
    total: int
    left: Table
    right: Table
    hard: dict[tuple[int, int], str]
    prepared: Any = None
    table: Any = field(default=None)
    easy: Any = field(default=None)


def read_csv(path: Path, key: str) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = csv.reader(handle)
        head = next(rows)
        columns = Table.columns_of(head, rows)
    return Table(keys=list(columns[key]), columns=columns, key=key)


def read_pairs(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))[1:]


def right_key(kind: str, target: str) -> str:
    return "Id" if target == "qbo" else "ItemID" if kind == "items" else "ContactID"


def load(folder: Path, kind: str, target: str, profile: Any, keep: bool = False) -> Labelled:
    left = read_csv(folder / kind / "left.csv", LEFT_KEY[kind])
    base = folder / kind / target
    right = read_csv(base / "right.csv", right_key(kind, target))
    prepared = profile.prepare(left, right)
    i, j = profile.candidates(prepared, 50)
    rows = profile.features(prepared, i, j)
    lefts = {k: n for n, k in enumerate(left.keys)}
    rights = {k: n for n, k in enumerate(right.keys)}
    truth = {(lefts[p[0]], rights[p[1]]) for p in read_pairs(base / "truth.csv")}
    ignored = {(lefts[p[0]], rights[p[1]]) for p in read_pairs(base / "ignore.csv")}
    hard = {(lefts[p[0]], rights[p[1]]): p[2] for p in read_pairs(base / "hard_negatives.csv")}
    easy = sum(
        np.sign(s) * rows[:, k] / (1e-6 + np.abs(rows[:, k]).max())
        for k, (_, s) in enumerate(profile.evidence)
    )
    pairs = list(zip(i.tolist(), j.tolist(), strict=True))
    return Labelled(
        f"{folder.name}/{kind}/{target}", i, j, rows,
        np.fromiter((p in truth for p in pairs), bool, len(pairs)),
        np.fromiter((p in ignored for p in pairs), bool, len(pairs)),
        len(truth), left, right, hard, prepared if keep else None, easy=easy,
    )  # fmt: skip


def _thin(s: Labelled, table: Any) -> tuple[Any, Any, Any]:
    """All true pairs, all look-alikes among the best of their record, one in six of the rest (weight six)."""
    order = np.lexsort((-s.easy, s.i))
    rank = np.empty(len(order), dtype=int)
    first = np.r_[True, s.i[order][1:] != s.i[order][:-1]]
    rank[order] = np.arange(len(order)) - np.maximum.accumulate(
        np.where(first, np.arange(len(order)), 0)
    )
    near = s.truth | (rank < 3)
    keep = ~s.ignored & (near | (np.random.default_rng(5).random(len(near)) < 1 / 6))
    return table[keep], s.truth[keep], np.where(near, 1.0, 6.0)[keep]


def _fit(
    rows: Any, truth: Any, weight: Any, signs: list[int], trees: int, leaves: int, rate: float
) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=rate, max_leaf_nodes=leaves, min_samples_leaf=40, monotonic_cst=signs,
        l2_regularization=5.0, early_stopping=False, random_state=7,
    )  # fmt: skip
    return model.fit(rows, truth, sample_weight=weight)


def export(model: Any, names: list[str]) -> Forest:
    """Turn fitted trees into ours; values of inner nodes are the mean of the leaves below."""
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        value, count = nodes["value"].astype(float).copy(), nodes["count"].astype(float)
        for n in range(len(nodes) - 1, -1, -1):
            if not nodes["is_leaf"][n]:
                a, b = nodes["left"][n], nodes["right"][n]
                value[n] = (value[a] * count[a] + value[b] * count[b]) / (count[a] + count[b])
        leaf = nodes["is_leaf"].astype(bool)
        trees.append(
            Tree(
                tuple(np.where(leaf, -1, nodes["feature_idx"]).tolist()),
                tuple(float(np.float32(t)) for t in np.where(leaf, 0.0, nodes["num_threshold"])),
                tuple(np.where(leaf, 0, nodes["left"]).tolist()),
                tuple(np.where(leaf, 0, nodes["right"]).tolist()),
                tuple(value.tolist()),
            )
        )
    return Forest(tuple(names), float(np.ravel(model._baseline_prediction)[0]), tuple(trees))


def train(
    sets: list[Labelled], evidence: tuple[tuple[str, int], ...], version: str, statement: str
) -> scorer.Model:
    """First look on all sets; second look on first looks made by a forest that did not see the set."""
    names, signs = [n for n, _ in evidence], [s for _, s in evidence]

    def stack(some: list[Labelled], table: str = "rows") -> tuple[Any, Any, Any]:
        rows, truth, weight = zip(*(_thin(s, getattr(s, table)) for s in some), strict=True)
        return np.vstack(rows), np.concatenate(truth), np.concatenate(weight)

    first = export(_fit(*stack(sets), signs, 150, 14, 0.1), names)
    for part in (0, 1):
        other = export(_fit(*stack(sets[1 - part :: 2]), signs, 150, 14, 0.1), names)
        for s in sets[part::2]:
            s.table = np.hstack([s.rows, scorer.rivals(s.i, s.j, other.score(s.rows))])
    second = _fit(*stack(sets, "table"), [*signs, 1, -1, -1, 1, 1], 120, 10, 0.07)
    return scorer.Model(
        version, statement, first, export(second, names + list(scorer.RIVAL_FEATURES))
    )


def calibrate(model: scorer.Model, sets: list[Labelled]) -> scorer.Model:
    """Slope and shift in log-odds on sets that took no part in fitting."""
    from sklearn.linear_model import LogisticRegression

    odds = np.concatenate(
        [scorer.score(model, s.i, s.j, s.rows).log_odds[~s.ignored] for s in sets]
    )
    truth = np.concatenate([s.truth[~s.ignored] for s in sets])
    line = LogisticRegression(C=1e6).fit(odds[:, None], truth)
    return scorer.Model(
        model.version,
        model.statement,
        model.first,
        model.second,
        round(float(line.coef_[0, 0]), 4),
        round(float(line.intercept_[0]), 4),
    )


def report(probability: Any, s: Labelled) -> dict[str, float]:
    """The figures of ``shared/bench/records/score.py`` on compared pairs."""
    p, y = probability[~s.ignored], s.truth[~s.ignored]
    order = np.argsort(-p, kind="stable")
    hits, n = np.cumsum(y[order]), np.arange(1, len(order) + 1)
    last = np.r_[p[order][1:] != p[order][:-1], True]
    precision, recall = hits / n, hits / s.total
    f1 = 2 * hits / (n + s.total)

    def at(floor: float) -> float:
        good = (precision >= floor) & last
        return float(recall[good].max()) if good.any() else 0.0

    half = p >= 0.5
    table = [
        (float(p[m].mean() - y[m].mean()), int(m.sum()))
        for k in range(10)
        if (m := (np.minimum((p * 10).astype(int), 9) == k)).any()
    ]
    return {
        "f1": 2 * float((y & half).sum()) / (half.sum() + s.total),
        "f1_best": float(f1[last].max()),
        "recall99": at(0.99),
        "auto995": at(0.995),
        "ece": sum(abs(d) * c for d, c in table) / max(len(p), 1),
        "precision_at_95": float(y[p >= 0.95].mean()) if (p >= 0.95).any() else math.nan,
        "blocking": float(s.truth.sum() / s.total),
    }

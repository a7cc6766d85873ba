"""Training of the field proposer and its export as JSON; scikit-learn is used here only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

SEED = 20261121


def _depth(nodes: Any, at: int = 0) -> int:
    if nodes[at]["is_leaf"]:
        return 0
    return 1 + max(_depth(nodes, int(nodes[at]["left"])), _depth(nodes, int(nodes[at]["right"])))


def _fill(nodes: list[list[float]], weights: list[float], at: int) -> tuple[float, float]:
    """Put the weighted mean of the leaves below into every inner node."""
    node = nodes[at]
    if len(node) == 1:
        return node[0], weights[at]
    left, left_weight = _fill(nodes, weights, int(node[2]))
    right, right_weight = _fill(nodes, weights, int(node[3]))
    both = left_weight + right_weight
    node[4] = round((left * left_weight + right * right_weight) / max(both, 1e-9), 6)
    return node[4], both


def _tree(predictor: Any, share: float) -> dict[str, Any]:
    """The tree, weighing as one of several forests."""
    raw = predictor.nodes
    nodes: list[list[float]] = []
    for node in raw:
        if node["is_leaf"]:
            nodes.append([round(float(node["value"]) * share, 6)])
        else:
            nodes.append(
                [
                    int(node["feature_idx"]),
                    round(float(node["num_threshold"]), 6),
                    int(node["left"]),
                    int(node["right"]),
                    0.0,
                ]
            )
    _fill(nodes, [float(n["count"]) for n in raw], 0)
    return {"depth": _depth(raw), "nodes": nodes}


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train: the linear part's strength (inverse penalty), the forest's size and caution.

    ``seeds`` forests that differ in nothing but chance are averaged: few tasks are about ledgers.
    """

    iterations: int = 150
    leaves: int = 20
    strength: float = 0.1
    rate: float = 0.08
    l2: float = 20.0
    share: float = 0.3
    smallest: int = 15
    seeds: int = 1


PAIR = Settings(iterations=120, leaves=8, rate=0.1, l2=40.0, seeds=4)
BASE = Settings(iterations=0)
REVIEW = Settings(iterations=70, leaves=8, strength=0.3, rate=0.08, l2=5.0, smallest=30, seeds=4)


def train(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, names: Sequence[str], how: Settings
) -> dict[str, Any]:
    """Train linear part and forest and return them as the JSON that ``scorer`` reads."""
    w = w / w.mean()
    scaler = StandardScaler().fit(x)
    scale = np.where(scaler.scale_ > 1e-6, scaler.scale_, 1.0)
    line = LogisticRegression(C=how.strength, max_iter=100, tol=1e-3)
    line.fit((x - scaler.mean_) / scale, y, sample_weight=w)
    trees: list[dict[str, Any]] = []
    bias = 0.0
    if how.iterations:
        for seed in range(how.seeds):
            forest = HistGradientBoostingClassifier(
                max_iter=how.iterations,
                learning_rate=how.rate,
                max_leaf_nodes=how.leaves,
                min_samples_leaf=how.smallest,
                l2_regularization=how.l2,
                max_features=how.share,
                max_bins=63,
                random_state=SEED + seed,
                early_stopping=False,
            ).fit(x, y, sample_weight=w)
            # Private, but the only way to the trees.
            trees += [_tree(p[0], 1 / how.seeds) for p in forest._predictors]  # noqa: SLF001
            bias += float(np.ravel(forest._baseline_prediction)[0]) / how.seeds  # noqa: SLF001

    def plain(values: np.ndarray) -> list[float]:
        return [round(float(v), 6) for v in values]

    return {
        "features": list(names),
        "linear": {
            "mean": plain(scaler.mean_),
            "scale": plain(scale),
            "weight": plain(line.coef_[0]),
            "bias": round(float(line.intercept_[0]), 6),
        },
        "trees_bias": round(bias, 6),
        "trees": trees,
    }

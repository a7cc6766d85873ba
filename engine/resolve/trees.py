"""A sum of small decision trees in log-odds, stored as readable JSON, evaluated and explained here.

Fitting happens elsewhere (``bench/train_records.py``); the product only reads the numbers. Each tree
splits on one named feature per node; a pair's log-odds are the prior plus one leaf per tree. The
contribution of a feature is how much each of its splits moved the expected value, so that prior
plus contributions is exactly the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.resolve.keys import Floats

_STEP = 16_384


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree: node 0 is the root; ``feature`` -1 marks a leaf; left is taken at value <= threshold."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """The features by name, the prior in log-odds and the trees."""

    features: tuple[str, ...]
    prior: float
    trees: tuple[Tree, ...]

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Forest:
        """Read what ``to_json`` wrote."""
        trees = tuple(
            Tree(
                tuple(t["feature"]),
                tuple(t["threshold"]),
                tuple(t["left"]),
                tuple(t["right"]),
                tuple(t["value"]),
            )
            for t in data["trees"]
        )
        return Forest(tuple(data["features"]), float(data["prior"]), trees)

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        trees = [
            {
                "feature": list(t.feature),
                "threshold": [round(v, 6) for v in t.threshold],
                "left": list(t.left),
                "right": list(t.right),
                "value": [round(v, 6) for v in t.value],
            }
            for t in self.trees
        ]
        return {"features": list(self.features), "prior": round(self.prior, 6), "trees": trees}

    def score(self, rows: Floats) -> Floats:
        """Log-odds per row of a table with one column per feature."""
        out = np.empty(len(rows), dtype=np.float32)
        for at in range(0, len(rows), _STEP):
            columns = np.ascontiguousarray(rows[at : at + _STEP].T)
            total = np.full(columns.shape[1], self.prior, dtype=np.float32)
            for tree in self.trees:
                total += _evaluate(tree, columns, 0)
            out[at : at + _STEP] = total
        return out

    def explain(self, row: Sequence[float] | Floats) -> tuple[float, dict[str, float]]:
        """Prior (expected value) and the contribution of every feature that moved the score."""
        prior = self.prior
        moved: dict[str, float] = {}
        for tree in self.trees:
            node = 0
            prior += tree.value[0]
            while (feature := tree.feature[node]) >= 0:
                step = (
                    tree.left[node]
                    if np.float32(row[feature]) <= np.float32(tree.threshold[node])
                    else tree.right[node]
                )
                name = self.features[feature]
                moved[name] = moved.get(name, 0.0) + tree.value[step] - tree.value[node]
                node = step
        return prior, moved


def _evaluate(tree: Tree, columns: Floats, node: int) -> Any:
    feature = tree.feature[node]
    if feature < 0:
        return np.float32(tree.value[node])
    left = _evaluate(tree, columns, tree.left[node])
    right = _evaluate(tree, columns, tree.right[node])
    return np.where(columns[feature] <= np.float32(tree.threshold[node]), left, right)

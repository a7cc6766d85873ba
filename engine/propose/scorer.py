"""The learned combination, kept as readable JSON and evaluated with numpy.

A score is a sum in log-odds: a linear part and a forest of small trees, averaged. Both parts can
say what each feature contributed, so the waterfall people see is the arithmetic itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.propose.prepare import Floats

MOST_LEAVES = 8
"""The leaves of a tree are the bits of a byte: small trees, and eight times as many rows at once."""
_FIRST_LEFT = np.array([(~gone & (gone + 1)).bit_length() - 1 for gone in range(256)])
"""The lowest bit that a byte has not set; 8 where it has all."""
_BLOCK = 16_384
"""Rows scored together, so that their columns stay in the processor's cache."""


class ModelMismatchError(ValueError):
    """The model file was trained for other features than this program computes."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Standardised linear part: ``bias + sum(weight * (x - mean) / scale)``."""

    mean: Floats
    scale: Floats
    weight: Floats
    bias: float

    def parts(self, x: Floats) -> Floats:
        """Contribution of each feature, without the bias; shape of ``x``."""
        out: Floats = (x - self.mean) / self.scale * self.weight
        return out


@dataclass(frozen=True, slots=True)
class Cuts:
    """One tree for scoring many rows at once, without walking it (the QuickScorer way).

    Leaves are bits from left to right. Where a test fails, the leaves of its left branch are out of
    reach; the first leaf that is left when all tests were made is the one that walking would reach.

    Attributes:
        tests: feature, threshold and the leaves that are gone where the feature is greater.
        reached: for every set of leaves that are gone, the value of the first that is left.
    """

    tests: tuple[tuple[int, np.float32, np.uint8], ...]
    reached: Floats


def _cuts(nodes: Sequence[Sequence[float]]) -> Cuts:
    """The tests of a tree given as ``[feature, threshold, left, right, mean]`` and ``[value]``."""
    tests: list[tuple[int, np.float32, np.uint8]] = []
    values: list[float] = []

    def walk(at: int) -> int:
        """Add the branch below a node and return the bits of its leaves."""
        node = nodes[at]
        if len(node) == 1:
            values.append(node[0])
            return 1 << (len(values) - 1)
        left = walk(int(node[2]))
        tests.append((int(node[0]), np.float32(node[1]), np.uint8(left)))
        return left | walk(int(node[3]))

    if (leaves := sum(len(node) == 1 for node in nodes)) > MOST_LEAVES:
        raise ValueError(f"a tree has {leaves} leaves, more than {MOST_LEAVES}")
    walk(0)
    first = np.minimum(_FIRST_LEFT, len(values) - 1)
    return Cuts(tuple(tests), np.array(values, dtype=np.float32)[first])


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees as flat arrays: node -> feature, threshold, children, value; leaves point at themselves.

    ``start`` is the first node of each tree; ``value`` of an inner node is the mean below it, which
    is what makes contributions along a path add up.
    """

    start: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats
    depth: int
    bias: float
    cuts: tuple[Cuts, ...] = ()

    def score(self, x: Floats) -> Floats:
        """Sum of the leaves reached in every tree, shape ``(rows,)``."""
        total = np.full(len(x), self.bias, dtype=np.float32)
        for start in range(0, len(x), _BLOCK):
            columns = np.asfortranarray(x[start : start + _BLOCK])
            into = total[start : start + _BLOCK]
            for tree in self.cuts:
                gone = np.zeros(len(columns), dtype=np.uint8)
                for feature, threshold, leaves in tree.tests:
                    gone |= (columns[:, feature] > threshold).view(np.uint8) * leaves
                into += tree.reached[gone]
        return total

    def _down(
        self, x: Floats, rows: npt.NDArray[np.int64], node: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int32]:
        goes_left = x[rows, self.feature[node]] <= self.threshold[node]
        return np.where(goes_left, self.left[node], self.right[node])

    def parts(self, x: Floats) -> tuple[Floats, float]:
        """What each feature added on the way down, and the sum of the roots."""
        out = np.zeros_like(x)
        rows = np.arange(len(x))
        for root in self.start:
            node = np.full(len(x), root, dtype=np.int32)
            for _ in range(self.depth):
                then = self._down(x, rows, node)
                # Each row once, so that no addition is lost.
                out[rows, self.feature[node]] += self.value[then] - self.value[node]
                node = then
        return out, self.bias + float(self.value[self.start].sum())


@dataclass(frozen=True, slots=True)
class Combination:
    """Linear part and forest, averaged."""

    features: tuple[str, ...]
    linear: Linear
    forest: Forest

    def score(self, x: Floats) -> Floats:
        """Log-odds, shape ``(rows,)``."""
        line = self.linear.parts(x).sum(axis=1) + self.linear.bias
        if not len(self.forest.start):
            return np.asarray(line, dtype=np.float32)
        return np.asarray(0.5 * (line + self.forest.score(x)), dtype=np.float32)

    def parts(self, x: Floats) -> tuple[Floats, float]:
        """Contribution of each feature in log-odds, and the prior; they sum to the score."""
        line = self.linear.parts(x)
        if not len(self.forest.start):
            return line, self.linear.bias
        trees, root = self.forest.parts(x)
        return 0.5 * (line + trees), 0.5 * (self.linear.bias + root)


@dataclass(frozen=True, slots=True)
class Model:
    """The shipped model.

    Attributes:
        base: first impression of a pair from its signals alone.
        pair: scores pairs of fields.
        review: says how likely each of a target's best pairs is right, seen next to its rivals.
        training: what it was trained on, in words and numbers.
    """

    base: Linear
    pair: Combination
    review: Combination
    training: dict[str, Any]


def linear(raw: dict[str, Any]) -> Linear:
    """Read a linear part."""
    mean, scale, weight = (np.array(raw[k], dtype=np.float32) for k in ("mean", "scale", "weight"))
    return Linear(mean, scale, weight, raw["bias"])


def combination(raw: dict[str, Any]) -> Combination:
    """Read a linear part with its forest."""
    trees = raw["trees"]
    flat: dict[str, list[float]] = {
        k: [] for k in ("feature", "threshold", "left", "right", "value")
    }
    start, depth = [], 0
    for tree in trees:
        base = len(flat["feature"])
        start.append(base)
        for k, node in enumerate(tree["nodes"]):
            inner = len(node) == 5
            flat["feature"].append(node[0] if inner else 0)
            flat["threshold"].append(node[1] if inner else 0.0)
            flat["left"].append(base + (node[2] if inner else k))
            flat["right"].append(base + (node[3] if inner else k))
            flat["value"].append(node[-1])
        depth = max(depth, tree["depth"])

    def floats(values: Sequence[float]) -> Floats:
        return np.array(values, dtype=np.float32)

    def ints(values: Sequence[float]) -> npt.NDArray[np.int32]:
        return np.array(values, dtype=np.int32)

    return Combination(
        features=tuple(raw["features"]),
        linear=linear(raw["linear"]),
        forest=Forest(
            ints(start),
            ints(flat["feature"]),
            floats(flat["threshold"]),
            ints(flat["left"]),
            ints(flat["right"]),
            floats(flat["value"]),
            depth,
            raw["trees_bias"],
            tuple(_cuts(tree["nodes"]) for tree in trees),
        ),
    )


def model_from(
    raw: dict[str, Any], *, pair: Sequence[str], review: Sequence[str], version: int
) -> Model:
    """Read a model.

    Raises:
        ModelMismatchError: it was trained for another version or another list of features.
    """
    model = Model(
        linear(raw["base"]), combination(raw["pair"]), combination(raw["review"]), raw["training"]
    )
    same = model.pair.features == tuple(pair) and model.review.features == tuple(review)
    if raw["features_version"] != version or not same:
        raise ModelMismatchError(
            f"the model knows features version {raw['features_version']}, the program {version}; "
            "train again with bench/train_fields.py"
        )
    return model


def read_model_file(path: Path) -> dict[str, Any]:
    """The parsed model file."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def probability(logit: Floats) -> Floats:
    """Log-odds to probability."""
    out: Floats = 1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30)))
    return out

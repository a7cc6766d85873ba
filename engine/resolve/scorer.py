"""From evidence to probability: a first look at each pair, a second look beside its rivals, calibration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.resolve.keys import Floats, Ints
from engine.resolve.trees import Forest

RIVAL_FEATURES = ("first_look", "rival_left", "rival_right", "lead_left", "lead_right")
_ALONE = np.float32(-15.0)


@dataclass(frozen=True, slots=True)
class Model:
    """Two forests and a calibration line in log-odds.

    Attributes:
        version: name of this model, kept with every decision it took part in.
        statement: what it was trained on, in words.
        first: evidence to log-odds.
        second: evidence plus rivals to log-odds.
        slope: calibrated log-odds are ``slope`` times the second log-odds plus ``shift``.
        shift: see ``slope``.
    """

    version: str
    statement: str
    first: Forest
    second: Forest
    slope: float = 1.0
    shift: float = 0.0

    @staticmethod
    def from_json(data: dict[str, Any]) -> Model:
        """Read what ``to_json`` wrote."""
        return Model(
            data["version"],
            data["statement"],
            Forest.from_json(data["first"]),
            Forest.from_json(data["second"]),
            float(data["slope"]),
            float(data["shift"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {
            "version": self.version,
            "statement": self.statement,
            "slope": self.slope,
            "shift": self.shift,
            "first": self.first.to_json(),
            "second": self.second.to_json(),
        }


@cache
def shipped(name: str) -> Model:
    """The model delivered with the product: ``party`` or ``item``."""
    text = (
        resources.files("engine.resolve")
        .joinpath("models", f"{name}.json")
        .read_text(encoding="utf-8")
    )
    return Model.from_json(json.loads(text))


def _other_best(group: Ints, score: Floats) -> Floats:
    """For every pair the best score of another pair in its group."""
    order = np.lexsort((-score, group))
    groups, scores = group[order], score[order]
    first = np.r_[True, groups[1:] != groups[:-1]]
    start = np.maximum.accumulate(np.where(first, np.arange(len(groups)), 0))
    follows = np.r_[groups[1:] == groups[:-1], False]
    second = np.where(follows, np.r_[scores[1:], _ALONE], _ALONE)
    best = np.where(np.arange(len(groups)) == start, second[start], scores[start])
    out = np.empty_like(score)
    out[order] = best
    return out


def rivals(i: Ints, j: Ints, score: Floats) -> Floats:
    """The columns of ``RIVAL_FEATURES`` for pairs (i, j) with first-look log-odds ``score``."""
    if not len(score):
        return np.empty((0, len(RIVAL_FEATURES)), dtype=np.float32)
    left, right = _other_best(i, score), _other_best(j, score)
    return np.column_stack([score, left, right, score - left, score - right]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Scored:
    """Log-odds and probability per pair, with the table that produced them."""

    table: Floats
    log_odds: Floats
    probability: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs that are worth an answer, out of all that were compared.

    Attributes:
        at: their positions among the compared pairs.
        model: the model that spoke, None where weights were learned on the spot.
        scored: evidence, log-odds and probability, one row per position.
    """

    at: NDArray[np.int64]
    model: Model | None
    scored: Scored


def score(model: Model, i: Ints, j: Ints, evidence: Floats) -> Scored:
    """Score all pairs of one run together (rivals need each other)."""
    first = model.first.score(evidence)
    return second_look(model, np.hstack([evidence, rivals(i, j, first)]))


def second_look(model: Model, table: Floats) -> Scored:
    """Score pairs whose evidence already stands beside their rivals'."""
    log_odds = (model.slope * model.second.score(table) + model.shift).astype(np.float32)
    return Scored(table, log_odds, probability(log_odds))


def probability(log_odds: Floats) -> Floats:
    """Log-odds to probability."""
    return np.asarray(
        1.0 / (1.0 + np.exp(-np.clip(log_odds.astype(np.float64), -30, 30))), dtype=np.float64
    )

"""Fellegi-Sunter weights learned on the data at hand, without labels, by expectation maximisation.

Every field's similarity falls into an ordered level; the share of each level among true and among
other pairs is estimated in turns with the probability of every pair. The result is a log-odds weight
per pair, a sum over fields that a person can read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.resolve.keys import Floats, Ints

BOUNDS = (0.0, 0.35, 0.6, 0.8, 0.92, 0.995)


def levels(similarity: Floats) -> Ints:
    """0 unknown, then 1 (unlike) to 6 (equal)."""
    return np.digitize(similarity, np.asarray(BOUNDS, dtype=np.float32)).astype(np.int32)


def estimate(level: Ints, rounds: int = 25, prior: float = 0.05) -> tuple[Floats, float]:
    """Log weight per field and level (unknown weighs nothing), and the prior log-odds."""
    width = level.shape[1]
    size = len(BOUNDS) + 1
    rank = level.sum(axis=1) / np.maximum((level > 0).sum(axis=1), 1)
    p = np.where(rank >= np.quantile(rank, 1 - prior), 0.9, 0.01)
    weight = np.zeros((width, size), dtype=np.float64)
    for _ in range(rounds):
        for k in range(width):
            match = np.bincount(level[:, k], weights=p, minlength=size) + 0.5
            other = np.bincount(level[:, k], weights=1 - p, minlength=size) + 0.5
            match[0] = other[0] = 0.0
            raw = np.log(match[1:] / match[1:].sum()) - np.log(other[1:] / other[1:].sum())
            weight[k, 1:] = np.maximum.accumulate(raw)
        share = min(max(float(p.mean()), 1e-5), 0.6)
        odds = np.log(share / (1 - share)) + weight[np.arange(width), level].sum(axis=1)
        p = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    share = min(max(float(p.mean()), 1e-5), 0.6)
    return weight.astype(np.float32), float(np.log(share / (1 - share)))


def match_weights(similarity: Floats) -> Floats:
    """Log-odds per pair from the similarities of its fields (shape pairs x fields, -1 unknown)."""
    if not len(similarity):
        return np.zeros(0, dtype=np.float32)
    level = levels(similarity)
    weight, prior = estimate(level)
    return np.asarray(
        prior + weight[np.arange(level.shape[1]), level].sum(axis=1), dtype=np.float32
    )


@dataclass(frozen=True, slots=True)
class Weights:
    """Log weight per field and level (level 0, unknown, weighs nothing) and the prior log-odds."""

    table: Floats
    prior: float


# Shares of the levels of a field among true pairs, to begin with: from unlike to equal.
_TRUE = (0.06, 0.04, 0.05, 0.1, 0.75)
_HELD = 20.0


def estimate_matches(
    level: NDArray[np.int8], chance: Floats, pairs: float, rounds: int = 30
) -> Weights:
    """Weights where the levels of chance pairs are known and only those of true pairs are learned.

    Args:
        level: levels of candidate pairs, 0 unknown, then 1 (unlike) to 5 (equal), shape (pairs, fields).
        chance: share of every level among pairs that are not one, shape (fields, levels).
        pairs: how many pairs there are in all, candidates or not; all true pairs are taken to be
            among the candidates.
        rounds: of expectation and maximisation.
    """
    width, size = chance.shape
    power = size ** np.arange(width, dtype=np.int64)
    code, count = np.unique(level.astype(np.int64) @ power, return_counts=True)
    pattern = (code[:, None] // power) % size
    known = [[pattern[:, k] == at for at in range(size)] for k in range(width)]
    true = np.tile(np.asarray((1.0, *_TRUE)), (width, 1))
    share = 0.2 * len(level) / pairs
    weight = np.zeros((width, size))
    prior = 0.0
    for _ in range(rounds):
        for k in range(width):
            raw = np.log(true[k, 1:]) - np.log(chance[k, 1:].astype(np.float64))
            weight[k, 1:] = np.maximum.accumulate(raw)
        prior = float(np.log(share / (1 - share)))
        odds = prior + weight[np.arange(width), pattern].sum(axis=1)
        p = count / (1 + np.exp(-np.clip(odds, -30, 30)))
        share = min(max(float(p.sum()) / pairs, 1e-12), 0.5)
        for k in range(width):
            seen = np.asarray([p[mask].sum() for mask in known[k][1:]]) + _HELD * np.asarray(_TRUE)
            true[k, 1:] = seen / seen.sum()
    return Weights(weight.astype(np.float32), prior)

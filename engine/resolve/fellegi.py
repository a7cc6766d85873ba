"""Fellegi-Sunter weights learned on the data at hand, without labels, by expectation maximisation.

Every field's similarity falls into an ordered level; the share of each level among true and among
other pairs is estimated in turns with the probability of every pair. The result is a log-odds weight
per pair, a sum over fields that a person can read.
"""

from __future__ import annotations

import numpy as np

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

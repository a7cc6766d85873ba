"""Whether the numbers are honest: reliability, Brier score, expected calibration error, refit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 50


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability plot: pairs whose probability lies between ``low`` and ``high``."""

    low: float
    high: float
    count: int
    expected: float
    observed: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far shown probabilities were from what turned out.

    Attributes:
        count: judged pairs.
        brier: mean squared distance, 0 is perfect.
        error: expected calibration error over ten bins of equal width.
        bins: filled bins.
        calibrated: enough pairs of both answers to say so; otherwise show "not yet calibrated".
    """

    count: int
    brier: float
    error: float
    bins: tuple[Bin, ...]
    calibrated: bool


def reliability(
    probability: Sequence[float], truth: Sequence[bool], *, enough: int = ENOUGH
) -> Reliability:
    """Compare shown probabilities with judged answers, pair by pair."""
    n = len(probability)
    cells: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for p, y in zip(probability, truth, strict=True):
        cells[min(9, int(p * 10))].append((p, y))
    bins = tuple(
        Bin(
            k / 10,
            (k + 1) / 10,
            len(c),
            sum(p for p, _ in c) / len(c),
            sum(y for _, y in c) / len(c),
        )
        for k, c in enumerate(cells)
        if c
    )
    error = sum(b.count * abs(b.expected - b.observed) for b in bins) / n if n else 0.0
    brier = sum((p - y) ** 2 for p, y in zip(probability, truth, strict=True)) / n if n else 0.0
    yes = sum(truth)
    return Reliability(n, brier, error, bins, n >= enough and min(yes, n - yes) >= enough // 10)


@dataclass(frozen=True, slots=True)
class Line:
    """A calibration line in log-odds: new log-odds = ``slope`` x old + ``shift``; versioned and reversible."""

    slope: float = 1.0
    shift: float = 0.0

    def apply(self, probability: float) -> float:
        """The calibrated probability."""
        p = min(max(probability, 1e-9), 1 - 1e-9)
        return 1 / (1 + math.exp(-(self.slope * math.log(p / (1 - p)) + self.shift)))


def refit(
    probability: Sequence[float], truth: Sequence[bool], *, strength: float = 4.0, rounds: int = 50
) -> Line:
    """Platt's line by Newton steps, held near the shipped calibration (1, 0) by ``strength`` pseudo-labels."""
    xs = [
        math.log(min(max(p, 1e-9), 1 - 1e-9) / (1 - min(max(p, 1e-9), 1 - 1e-9)))
        for p in probability
    ]
    slope, shift = 1.0, 0.0
    for _ in range(rounds):
        g0, g1 = -strength * (slope - 1.0), -strength * shift
        h00, h01, h11 = strength, 0.0, strength
        for x, y in zip(xs, truth, strict=True):
            p = 1 / (1 + math.exp(-min(max(slope * x + shift, -30.0), 30.0)))
            g0, g1 = g0 + (y - p) * x, g1 + (y - p)
            w = p * (1 - p)
            h00, h01, h11 = h00 + w * x * x, h01 + w * x, h11 + w
        determinant = h00 * h11 - h01 * h01
        step0, step1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        slope, shift = max(slope + step0, 0.05), shift + step1
        if abs(step0) + abs(step1) < 1e-9:
            break
    return Line(slope, shift)

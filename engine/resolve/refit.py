"""What judged proposals teach: a line or weights over the evidence, kept only where held-out labels say so.

Every figure is measured on judgements that the fit did not see: the labels are dealt into five hands by
their key, and each hand is judged by what the other four teach.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.resolve.calibrate import ENOUGH, Line, refit, reliability

Numbers = NDArray[np.float64]

HANDS = 5
# An evidence that was seen less often than this keeps the weight it was shipped with.
SEEN_OFTEN = 20
# Pseudo-labels that hold each weight at the shipped one, and the most an evidence may grow to.
STRENGTH, MOST = 8.0, 3.0
_EDGE = 30.0


@dataclass(frozen=True, slots=True)
class Label:
    """A judged proposal: log-odds per evidence (prior included), and whether it was right."""

    key: str
    bars: Mapping[str, float]
    right: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """New log-odds = ``slope`` x (sum of ``factor`` x evidence) + ``shift``; factors are 1 unless named."""

    slope: float = 1.0
    shift: float = 0.0
    factors: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Fit:
        """Read what ``to_json`` wrote."""
        factors = {str(k): float(v) for k, v in data.get("factors", {}).items()}
        return Fit(float(data["slope"]), float(data["shift"]), factors)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers."""
        factors = {k: round(v, 6) for k, v in self.factors.items()}
        return {"slope": round(self.slope, 6), "shift": round(self.shift, 6), "factors": factors}

    def moved(self, evidence: str, log_odds: float) -> float:
        """What one evidence counts now."""
        return self.slope * self.factors.get(evidence, 1.0) * log_odds

    def probability(self, bars: Mapping[str, float]) -> float:
        """The calibrated probability of a proposal."""
        total = self.shift + sum(self.moved(name, value) for name, value in bars.items())
        return 1.0 / (1.0 + math.exp(-min(max(total, -_EDGE), _EDGE)))


@dataclass(frozen=True, slots=True)
class Metrics:
    """How far probabilities are from the truth; smaller is better.

    Attributes:
        loss: mean log loss.
        brier: mean squared distance.
        error: expected calibration error over ten bins.
    """

    loss: float
    brier: float
    error: float

    def to_json(self) -> dict[str, float]:
        """Plain numbers."""
        return {"loss": self.loss, "brier": self.brier, "error": self.error}


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a set of labels teaches.

    Attributes:
        fit: made of all labels.
        form: ``line`` or ``weights``.
        count: labels.
        right: how many of them were right.
        before: the fit in force so far, on all labels.
        after: the new one, each label judged by a fit that did not see it.
        gain: mean log loss saved per label.
        doubt: standard error of the gain.
    """

    fit: Fit
    form: str
    count: int
    right: int
    before: Metrics
    after: Metrics
    gain: float
    doubt: float

    @property
    def better(self) -> bool:
        """It saves more than luck would, and is not further from the truth otherwise."""
        return self.gain > self.doubt and self.after.brier <= self.before.brier


def enough(labels: Sequence[Label]) -> bool:
    """Whether there are enough labels of both answers to learn anything."""
    right = sum(one.right for one in labels)
    return len(labels) >= ENOUGH and min(right, len(labels) - right) >= ENOUGH // 10


def learn(labels: Sequence[Label], now: Fit, *, weights: bool = False) -> Lesson | None:
    """The best lesson of these labels, or None where they are too few.

    Args:
        labels: judged proposals with the evidence as shipped, not as calibrated later.
        now: the fit in force.
        weights: also try a weight for each evidence; it has to be clearly better than a line.
    """
    if not enough(labels):
        return None
    said = [now.probability(one.bars) for one in labels]
    line = _lesson(labels, said, _line, "line")
    if not weights:
        return line
    other = _lesson(labels, said, _weights, "weights")
    # The line has two numbers; what has twenty must earn them.
    return other if other.gain - line.gain > other.doubt else line


def _lesson(
    labels: Sequence[Label],
    said: Sequence[float],
    make: Callable[[Sequence[Label]], Fit],
    form: str,
) -> Lesson:
    hands = [_hand(one.key) for one in labels]
    fits = {
        hand: make([one for one, h in zip(labels, hands, strict=True) if h != hand])
        for hand in set(hands)
    }
    held = [fits[h].probability(one.bars) for one, h in zip(labels, hands, strict=True)]
    truth = [one.right for one in labels]
    saved = np.asarray(
        [_loss(a, y) - _loss(b, y) for a, b, y in zip(said, held, truth, strict=True)]
    )
    doubt = float(saved.std(ddof=1) / math.sqrt(len(saved)))
    return Lesson(
        make(labels), form, len(labels), sum(truth), _metrics(said, truth), _metrics(held, truth),
        float(saved.mean()), doubt,
    )  # fmt: skip


def _hand(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0] % HANDS


def _loss(probability: float, right: bool) -> float:  # noqa: FBT001 - the truth of a label
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return -math.log(p if right else 1 - p)


def _metrics(said: Sequence[float], truth: Sequence[bool]) -> Metrics:
    seen = reliability(said, truth)
    loss = sum(_loss(p, y) for p, y in zip(said, truth, strict=True)) / len(said)
    return Metrics(round(loss, 6), round(seen.brier, 6), round(seen.error, 6))


def _line(labels: Sequence[Label]) -> Fit:
    shipped = Fit()
    found: Line = refit(
        [shipped.probability(one.bars) for one in labels], [o.right for o in labels]
    )
    return Fit(found.slope, found.shift)


def _weights(labels: Sequence[Label]) -> Fit:
    """Logistic regression on the evidence, each weight held near the shipped one."""
    times = Counter(name for one in labels for name, value in one.bars.items() if value)
    names = sorted(n for n, seen in times.items() if seen >= SEEN_OFTEN and n != "prior")
    x = np.asarray([[one.bars.get(n, 0.0) for n in names] for one in labels], dtype=np.float64)
    x = x.reshape(len(labels), len(names))
    rest = np.asarray(
        [sum(v for n, v in one.bars.items() if n not in names) for one in labels], dtype=np.float64
    )
    truth = np.asarray([one.right for one in labels], dtype=np.float64)
    w = _newton(np.column_stack([x, np.ones(len(labels))]), rest, truth)
    factors = {n: float(v) for n, v in zip(names, w[:-1], strict=True)}
    return Fit(1.0, float(w[-1]), factors)


def _newton(x: Numbers, rest: Numbers, truth: Numbers, rounds: int = 50) -> Numbers:
    home = np.ones(x.shape[1])
    home[-1] = 0.0
    w = home.copy()
    for _ in range(rounds):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ w + rest, -_EDGE, _EDGE)))
        slope = x.T @ (truth - p) - STRENGTH * (w - home)
        curve = (x * (p * (1 - p))[:, None]).T @ x + STRENGTH * np.eye(len(w))
        step = np.linalg.solve(curve, slope)
        # No evidence ever speaks for the other side.
        moved = np.append(np.clip((w + step)[:-1], 0.0, MOST), (w + step)[-1])
        done = np.abs(moved - w).max() < 1e-8
        w = moved
        if done:
            break
    return np.asarray(w, dtype=np.float64)

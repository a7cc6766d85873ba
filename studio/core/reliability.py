"""Whether a confidence means probability: said against true, from what people decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from studio.core.charts import Bin

# With fewer decisions a curve is noise; the page says "not yet calibrated" instead.
ENOUGH = 50
# A confidence that is off by more than this on average does not mean what it says.
FAR = 0.10
_BINS = 10
_BANDS = (("certain", 0.95), ("strong", 0.80), ("possible", 0.50), ("guess", 0.30))


@dataclass(frozen=True, slots=True)
class Band:
    """One band of confidence: how often it was shown and how often it was right."""

    word: str
    shown: int
    right: int

    @property
    def share(self) -> float:
        """Share right, 0 where nothing was shown."""
        return self.right / self.shown if self.shown else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Calibration of one kind of proposal.

    ``brier`` is the mean squared error of the probabilities, ``gap`` the expected calibration
    error: by how much the said share differs from the true one, on average.
    """

    count: int
    brier: float
    gap: float
    bins: tuple[Bin, ...]
    bands: tuple[Band, ...]

    @property
    def calibrated(self) -> bool:
        """Whether there are enough decisions to say anything."""
        return self.count >= ENOUGH

    @property
    def honest(self) -> bool:
        """Whether confidences mean what they say, as far as was measured."""
        return self.calibrated and self.gap <= FAR

    @property
    def missing(self) -> int:
        """Decisions still needed."""
        return max(0, ENOUGH - self.count)


def measure(decisions: Iterable[tuple[float, bool]]) -> Measured:
    """Measure (confidence shown, was it right) pairs."""
    rows = list(decisions)
    cells: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for said, right in rows:
        cells[min(int(said * _BINS), _BINS - 1)].append((said, right))
    bins = tuple(
        Bin(sum(s for s, _ in c) / len(c), sum(r for _, r in c) / len(c), len(c))
        for c in cells
        if c
    )
    count = len(rows)
    return Measured(
        count=count,
        brier=sum((s - r) ** 2 for s, r in rows) / count if count else 0.0,
        gap=sum(abs(b.predicted - b.observed) * b.count for b in bins) / count if count else 0.0,
        bins=bins,
        bands=tuple(_bands(rows)),
    )


def _bands(rows: list[tuple[float, bool]]) -> Iterable[Band]:
    ceiling = 2.0
    for word, floor in _BANDS:
        inside = [right for said, right in rows if floor <= said < ceiling]
        ceiling = floor
        yield Band(word, len(inside), sum(inside))

"""How far answers agree: a share with its interval, and Cohen's kappa, which discounts luck."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# 95 % of a normal distribution lie within so many standard deviations.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Agreement:
    """Answers that were given twice.

    Attributes:
        count: questions that were answered twice.
        same: how many of them got the same answer.
        low: lower end of the 95 % interval of the share (Wilson), 0 where nothing was asked.
        high: upper end.
        kappa: Cohen's kappa: 1 is full agreement, 0 what chance alone would give; None where chance
            alone would agree always (everybody says the same) or nothing was asked.
        margin: half the 95 % interval of kappa, from its large-sample standard error.
    """

    count: int
    same: int
    low: float
    high: float
    kappa: float | None
    margin: float = 0.0

    @property
    def share(self) -> float:
        """Share of equal answers, 0 where nothing was asked."""
        return self.same / self.count if self.count else 0.0


def interval(same: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson: honest for few answers and for shares near 1."""
    if not count:
        return 0.0, 0.0
    share, z2 = same / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    spread *= _Z / (1 + z2 / count)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def agreement(answers: Sequence[tuple[str, str]]) -> Agreement:
    """Agreement of (first answer, second answer), each in a few words of the same vocabulary."""
    count, same = len(answers), sum(a == b for a, b in answers)
    low, high = interval(same, count)
    first, second = Counter(a for a, _ in answers), Counter(b for _, b in answers)
    luck = sum(first[k] * second[k] for k in first) / (count * count) if count else 1.0
    if luck >= 1.0:
        return Agreement(count, same, low, high, None)
    share = same / count
    error = math.sqrt(share * (1 - share) / count) / (1 - luck)
    return Agreement(count, same, low, high, (share - luck) / (1 - luck), _Z * error)

"""What to ask next, and what to ask again.

The next question is the one that settles most money: uncertainty x money x siblings. One question in
twenty is a blind repeat of an answered one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Question:
    """An open pair: its probability, the money that flows through it and what else its answer settles.

    Attributes:
        left_key: key of the left record.
        right_key: key of the right record.
        probability: calibrated probability, 0 to 1.
        money: turnover of the records in the books' currency.
        siblings: number of other items the answer settles.
    """

    left_key: str
    right_key: str
    probability: float
    money: Decimal = Decimal(0)
    siblings: int = 0

    @property
    def worth(self) -> Decimal:
        """Uncertainty (0 to 1) x money x (1 + siblings); every pair is worth at least a little."""
        uncertainty = Decimal(str(round(4 * self.probability * (1 - self.probability), 9)))
        return uncertainty * (abs(self.money) + 1) * (1 + self.siblings)


def next_questions(open_pairs: Sequence[Question], count: int = 10) -> list[Question]:
    """The open pairs worth most, best first; ties by key so that everybody sees the same order."""
    return sorted(open_pairs, key=lambda q: (-q.worth, q.left_key, q.right_key))[:count]


def blind_repeats(
    answered: Sequence[tuple[str, str]], *, share: float = 0.05, salt: str = ""
) -> list[tuple[str, str]]:
    """About ``share`` of the answered pairs, chosen by their hash: repeatable, not by score or order."""

    def chosen(pair: tuple[str, str]) -> bool:
        digest = hashlib.sha256("\x1f".join((salt, *pair)).encode()).digest()
        return int.from_bytes(digest[:4], "big") < share * 2**32

    return [pair for pair in answered if chosen(pair)]

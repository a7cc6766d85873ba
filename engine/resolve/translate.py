"""Learn without labels which words of one side stand for which words of the other.

Pairs that a unique code links teach that ``ZP`` and ``zinc plated`` go together, whatever language
or habit the two catalogues follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.resolve.keys import Floats, Ints
from engine.resolve.names import Spellings

_MIN = 3


@dataclass(frozen=True, slots=True)
class Translations:
    """Sorted word pairs (left token number x vocabulary + right token number) and their credit."""

    size: int
    pairs: NDArray[np.int64]
    credit: Floats

    def dictionary(self, vocabulary: list[str], floor: float = 0.45) -> dict[str, list[str]]:
        """Left word to the right words it surely stands for; numbers left out."""
        out: dict[str, list[str]] = {}
        for code, credit in zip(self.pairs.tolist(), self.credit.tolist(), strict=True):
            left, right = vocabulary[code // self.size], vocabulary[code % self.size]
            if credit >= floor and left[0] not in "#_" and right[0] not in "#_":
                out.setdefault(left, []).append(right)
        return out

    def credits(self, ta: Ints, tb: Ints) -> tuple[Floats, Floats]:
        """Best learned credit per token of each side against the other side's tokens."""
        code = ta[:, :, None].astype(np.int64) * self.size + tb[:, None, :]
        at = np.minimum(np.searchsorted(self.pairs, code), max(len(self.pairs) - 1, 0))
        valid = (ta >= 0)[:, :, None] & (tb >= 0)[:, None, :]
        found = (
            np.where(valid & (self.pairs[at] == code), self.credit[at], 0.0)
            if len(self.pairs)
            else np.zeros(code.shape)
        )
        return found.max(axis=2).astype(np.float32), found.max(axis=1).astype(np.float32)


def learn(words: Spellings, i: Ints, j: Ints, split: int) -> Translations:
    """Count how often a left word without its equal meets a right word without its equal.

    Args:
        words: words of all records, left ones first.
        i: left record numbers of the teaching pairs.
        j: right record numbers of the teaching pairs.
        split: number of left records.
    """
    size = max(len(words.vocabulary), 1)
    ta, tb = words.tokens[i], words.tokens[j + split]
    equal = (ta[:, :, None] == tb[:, None, :]) & (ta >= 0)[:, :, None]
    open_a, open_b = ~equal.any(2) & (ta >= 0), ~equal.any(1) & (tb >= 0)
    row, p, q = np.nonzero(open_a[:, :, None] & open_b[:, None, :])
    pairs, count = np.unique(ta[row, p].astype(np.int64) * size + tb[row, q], return_counts=True)
    seen_a = np.bincount(ta[open_a], minlength=size).astype(np.float64)
    seen_b = np.bincount(tb[open_b], minlength=size).astype(np.float64)
    a, b = pairs // size, pairs % size
    share = np.maximum(count / np.maximum(seen_a[a], 1), count / np.maximum(seen_b[b], 1))
    expected = seen_a[a] * seen_b[b] / max(len(i), 1)
    good = (count >= _MIN) & (share >= 0.2) & (count >= 2.5 * expected)
    credit = np.minimum(0.95, share * (1 - 1 / np.sqrt(count)) + 0.15)
    return Translations(size, pairs[good], credit[good].astype(np.float32))

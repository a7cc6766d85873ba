"""Key sets as sparse incidence: which record carries which key, on both sides, in one vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KeySet:
    """Incidence of one sort of key.

    Attributes:
        left: matrix of shape (left records, keys), ones.
        right: the same for the right records.
        df_left: number of left records per key.
        df_right: number of right records per key.
    """

    left: sparse.csr_matrix
    right: sparse.csr_matrix
    df_left: Floats
    df_right: Floats

    def shared(self, i: Ints, j: Ints, weights: Floats | None = None) -> Floats:
        """Sum of weights (default: count) of the keys that both records of each pair carry."""
        left = self.left if weights is None else self.left.multiply(weights[None, :]).tocsr()
        out = np.empty(len(i), dtype=np.float32)
        step = 400_000
        for a in range(0, len(i), step):
            block = left[i[a : a + step]].multiply(self.right[j[a : a + step]])
            out[a : a + step] = np.asarray(block.sum(axis=1), dtype=np.float32).ravel()
        return out

    def rarity(self) -> Floats:
        """Log of how unlikely a key is to be shared by chance, per key."""
        n = max(self.left.shape[0], self.right.shape[0], 2)
        df = np.maximum(np.maximum(self.df_left, self.df_right), 1.0)
        return np.asarray(np.log(n / df) + 0.1, dtype=np.float32)

    def filled(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each left and each right record carries any key."""
        return np.diff(self.left.indptr) > 0, np.diff(self.right.indptr) > 0


def _rows(lists: Iterable[Iterable[str]], voc: dict[str, int]) -> tuple[Ints, Ints]:
    indptr: list[int] = [0]
    indices: list[int] = []
    for keys in lists:
        if keys:
            for k in keys:
                number = voc.get(k)
                if number is None:
                    number = voc[k] = len(voc)
                indices.append(number)
        indptr.append(len(indices))
    return np.asarray(indptr, dtype=np.int32), np.asarray(indices, dtype=np.int32)


def key_set(left: Sequence[Iterable[str]], right: Sequence[Iterable[str]]) -> KeySet:
    """Build the incidence of two sides; the keys of one record must be distinct."""
    voc: dict[str, int] = {}
    parts = [_rows(left, voc), _rows(right, voc)]
    width = max(len(voc), 1)
    made = [
        sparse.csr_matrix(
            (np.ones(len(ind), dtype=np.float32), ind, ptr), shape=(len(ptr) - 1, width)
        )
        for ptr, ind in parts
    ]
    df = [np.bincount(ind, minlength=width).astype(np.float32) for _, ind in parts]
    return KeySet(made[0], made[1], df[0], df[1])

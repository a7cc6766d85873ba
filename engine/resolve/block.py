"""Candidates: records that share rare keys, the best so many per record; work grows with n log n."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.resolve import parallel
from engine.resolve.keys import Floats, Ints, KeySet

CAP = 20_000
_STEP = 4_000
_LARGE = 15_000


def candidates(
    sets: Sequence[tuple[KeySet, float]], *, limit: int, cap: int = CAP
) -> tuple[Ints, Ints, Floats]:
    """Pairs of record numbers with a score, at most ``limit`` per left record.

    Args:
        sets: key sets with the factor by which a shared key of that sort speaks.
        limit: candidates per left record.
        cap: keys that would bring more than ``cap`` pairs by themselves are left out.
    """
    lefts, rights = [], []
    for keys, factor in sets:
        useful = (keys.df_left > 0) & (keys.df_right > 0) & (keys.df_left * keys.df_right <= cap)
        columns = np.flatnonzero(useful)
        weight = (keys.rarity()[columns] * factor).astype(np.float32)
        lefts.append(keys.left[:, columns].multiply(weight[None, :]).tocsr().astype(np.float32))
        rights.append(keys.right[:, columns])
    left = sparse.hstack(lefts, format="csr", dtype=np.float32)
    right = sparse.hstack(rights, format="csr", dtype=np.float32).T.tocsr()

    def work(rows: range) -> tuple[Ints, Ints, Floats]:
        return _best(left[rows.start : rows.stop] @ right, rows.start, limit)

    found = parallel.each(
        work, parallel.pieces(left.shape[0], _STEP), large=left.shape[0] >= _LARGE
    )
    i, j, score = (np.concatenate(part) for part in zip(*found, strict=True))
    return i, j, score


def _best(block: sparse.csr_matrix, start: int, limit: int) -> tuple[Ints, Ints, Floats]:
    rows = np.repeat(np.arange(block.shape[0], dtype=np.int32), np.diff(block.indptr))
    order = np.lexsort((-block.data, rows))
    rows, columns, data = rows[order], block.indices[order], block.data[order]
    first = np.zeros(block.shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=block.shape[0]), out=first[1:])
    rank = np.arange(len(rows)) - first[rows]
    keep = rank < limit
    return (
        (rows[keep] + start).astype(np.int32),
        columns[keep].astype(np.int32),
        data[keep].astype(np.float32),
    )


def promising(
    i: Ints,
    j: Ints,
    score: Floats,
    *,
    share: float = 0.25,
    always: int = 4,
    most: int = 20,
    both: float = 0.0,
) -> NDArray[np.int64]:
    """Positions of candidates worth a full comparison.

    Kept are those that reach ``share`` of the best score of their left or of their right record and
    ``both`` times that of the other, and the first ``always`` of every left record, never more than
    ``most``.
    """
    best_left = np.zeros(int(i.max(initial=-1)) + 1, dtype=np.float32)
    best_right = np.zeros(int(j.max(initial=-1)) + 1, dtype=np.float32)
    np.maximum.at(best_left, i, score)
    np.maximum.at(best_right, j, score)
    first = np.r_[True, i[1:] != i[:-1]]
    at = np.arange(len(i), dtype=np.int32)
    rank = at - np.maximum.accumulate(np.where(first, at, 0))
    left, right = score / best_left[i], score / best_right[j]
    near = np.maximum(left, right) >= share
    near &= np.minimum(left, right) >= both * share
    return np.flatnonzero((near | (rank < always)) & (rank < most))

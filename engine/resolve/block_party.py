"""Blocking keys of names: words, pairs of words, first letters and groups of four letters, as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.resolve.block import CAP
from engine.resolve.coded import numbered
from engine.resolve.keys import KeySet
from engine.resolve.names import Spellings

_WIDTH = 12
_GROUPS = _WIDTH - 3
_Keys = NDArray[np.int64]


def _letters(texts: list[str]) -> NDArray[np.int64]:
    """Letters of the first twelve places as 1 to 37, 0 where there is none; shape (texts, 12)."""
    packed = np.array(texts or [""], dtype=f"S{_WIDTH}").view(np.uint8).reshape(-1, _WIDTH)
    code = np.full(256, 37, dtype=np.int64)
    code[0] = 0
    code[ord("0") : ord("9") + 1] = np.arange(1, 11)
    code[ord("a") : ord("z") + 1] = np.arange(11, 37)
    return np.asarray(code[packed], dtype=np.int64)


def _number(letters: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Groups of ``width`` letters as one number each."""
    count = letters.shape[1] - width + 1
    out = np.zeros((len(letters), count), dtype=np.int64)
    for k in range(width):
        out = out * 38 + letters[:, k : k + count]
    return out


def _pairs(tokens: _Keys) -> _Keys:
    columns = []
    size = int(tokens.max(initial=0)) + 1
    for a in range(4):
        for b in range(a + 1, 5):
            x, y = tokens[:, a], tokens[:, b]
            key = np.minimum(x, y) * size + np.maximum(x, y)
            columns.append(np.where((x >= 0) & (y >= 0) & (x != y), key, -1))
    return np.column_stack(columns)


def _matrix(keys: _Keys) -> sparse.csr_matrix:
    """Spellings x keys, ones; -1 is no key."""
    row, place = np.nonzero(keys >= 0)
    numbers, width = numbered(keys[row, place])
    made = sparse.csr_matrix(
        (np.ones(len(row), dtype=np.float32), (row, numbers)), shape=(len(keys), max(width, 1))
    )
    made.data[:] = 1.0
    return made


def key_sets(
    names: Spellings, left: sparse.csr_matrix, right: sparse.csr_matrix, cap: int = CAP
) -> list[KeySet]:
    """One key set per sort of key, holding only keys that both sides have and that are rare enough.

    Args:
        names: distinct spellings.
        left: left records x spellings.
        right: right records x spellings.
        cap: keys that would bring more pairs by themselves are left out.
    """
    letters = _letters(names.texts)
    groups = np.where(letters[:, 3:] > 0, _number(letters, 4), -1)
    tokens = names.tokens.astype(np.int64)
    kinds = (tokens, _pairs(tokens), _number(letters[:, :6], 6), groups)
    return [_useful(_matrix(keys), left, right, cap) for keys in kinds]


def _useful(
    keys: sparse.csr_matrix, left: sparse.csr_matrix, right: sparse.csr_matrix, cap: int
) -> KeySet:
    often = [np.asarray(m.sum(axis=0)).ravel() @ keys for m in (left, right)]
    at = np.flatnonzero((often[0] > 0) & (often[1] > 0))
    sides = []
    for records in (left, right):
        made = (records @ keys[:, at]).tocsr()
        made.data[:] = 1.0
        sides.append(made)
    df = [np.bincount(m.indices, minlength=len(at)).astype(np.float32) for m in sides]
    rare = np.flatnonzero(df[0] * df[1] <= cap)
    return KeySet(sides[0][:, rare], sides[1][:, rare], df[0][rare], df[1][rare])

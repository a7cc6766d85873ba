"""Evidence about two records of short cells: a level per column, weighed by how often it happens by chance.

Fellegi and Sunter's model without labels: how often cells agree by chance is counted over all pairs,
how often they agree in true pairs is estimated by expectation maximisation on the candidates, and
equal cells speak the louder the rarer their text is. ``contrast`` then corrects what that model
cannot know: cells that agree together because people share a home.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from engine.resolve import block_register, parallel
from engine.resolve.fellegi import Weights, estimate_matches
from engine.resolve.keys import Floats, Ints
from engine.resolve.register import LARGE, Field
from engine.resolve.scorer import rivals

UNKNOWN, UNLIKE, EQUAL = 0, 1, 5
_BOUNDS = (0.55, 0.72, 0.86)
_PIECE = 120_000
_SAMPLE = 60_000
_TEACH = 120_000
_TURNS = 3
_RARITY = 0.7
Levels = NDArray[np.int8]
Doubles = NDArray[np.float64]


@dataclass(slots=True)
class Prepared:
    """The columns in numbers, how rare every text is, and the keys that bring records together.

    Attributes:
        fields: the columns in numbers.
        rarity: per field and code, the log of the usual share of a text over its own.
        keys: see ``block_register.keys``.
    """

    fields: list[Field]
    rarity: list[Floats]
    keys: list[tuple[block_register.Part, ...]]


def prepare(fields: list[Field]) -> Prepared:
    """Count how telling every text is and choose the keys."""
    return Prepared(fields, [_rarity(f) for f in fields], block_register.keys(fields))


def _shares(field: Field) -> tuple[Doubles, Doubles]:
    counts = [np.bincount(k, minlength=len(field.texts)) for k in (field.left, field.right)]
    return counts[0] / max(len(field.left), 1), counts[1] / max(len(field.right), 1)


def _by_chance(field: Field) -> float:
    """Share of equal cells among pairs of filled cells."""
    a, b = _shares(field)
    filled = float((1 - a[0]) * (1 - b[0]))
    return float(a[1:] @ b[1:]) / max(filled, 1e-9)


def _rarity(field: Field) -> Floats:
    a, b = _shares(field)
    usual = np.log(max(_by_chance(field), 1e-9))
    rarer = usual - np.log(np.maximum(np.maximum(a, b), 1e-9))
    return np.asarray(rarer, dtype=np.float32)


def levels(fields: Sequence[Field], i: Ints, j: Ints) -> Levels:
    """0 unknown, 1 unlike to 4 nearly the same, 5 equal; shape (pairs, fields)."""
    out = np.zeros((len(i), len(fields)), dtype=np.int8)
    for k, field in enumerate(fields):
        a, b = field.left[i], field.right[j]
        known = (a > 0) & (b > 0)
        out[known & (a == b), k] = EQUAL
        differ = np.flatnonzero(known & (a != b))
        if len(differ):
            out[differ, k] = _alike(field, a[differ], b[differ])
    return out


def _alike(field: Field, a: Ints, b: Ints) -> Levels:
    pairs, back = np.unique(a.astype(np.int64) * len(field.texts) + b, return_inverse=True)
    texts = field.texts
    left = [texts[c] for c in (pairs // len(texts)).tolist()]
    right = [texts[c] for c in (pairs % len(texts)).tolist()]
    ratio = process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32)
    if field.wordy:
        sort = process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32)
        ratio = np.maximum(ratio, sort)
    found = 1 + np.digitize(ratio / 100, np.asarray(_BOUNDS, dtype=np.float32))
    return np.asarray(found[back], dtype=np.int8)


def all_levels(p: Prepared, i: Ints, j: Ints) -> Levels:
    """``levels`` piece by piece on all cores."""
    pieces = parallel.pieces(len(i), _PIECE)

    def look(rows: range) -> Levels:
        part = slice(rows.start, rows.stop)
        return levels(p.fields, i[part], j[part])

    found = parallel.each(look, pieces, large=len(i) >= 2 * LARGE)
    return np.concatenate([*found, np.empty((0, len(p.fields)), dtype=np.int8)])


def chance(p: Prepared) -> Floats:
    """Share of every level among pairs that are not one, shape (fields, levels)."""
    r = np.random.default_rng(11)
    i = r.integers(0, len(p.fields[0].left), _SAMPLE).astype(np.int32)
    j = r.integers(0, len(p.fields[0].right), _SAMPLE).astype(np.int32)
    level = levels(p.fields, i, j)
    out = np.ones((len(p.fields), EQUAL + 1), dtype=np.float64)
    for k, field in enumerate(p.fields):
        count = np.bincount(level[:, k], minlength=EQUAL + 1) + 0.5
        same = _by_chance(field)
        out[k, 1:EQUAL] = (1 - same) * count[1:EQUAL] / count[1:EQUAL].sum()
        out[k, EQUAL] = max(same, 1e-9)
    return out.astype(np.float32)


def learn(p: Prepared, i: Ints, j: Ints, level: Levels) -> Weights:
    """Weights of the levels from these candidates.

    From the second turn on only pairs that are the best of both their records teach: people who
    share a home would otherwise pass for true pairs with another given name.
    """
    n = len(p.fields[0].left)
    share = min(_TEACH / max(len(i), 1), 1.0)
    heard = np.random.default_rng(7).random(n) < share
    at = np.flatnonzero(heard[i])
    i, j, level = i[at], j[at], level[at]
    by_chance = chance(p)
    pairs = float(max(int(heard.sum()), 1)) * len(p.fields[0].right)
    found = estimate_matches(level, by_chance, pairs)
    for _ in range(_TURNS):
        alone = found.prior + weigh(p, found, level, i).sum(axis=1)
        seen = rivals(i, j, alone)
        best = alone >= np.maximum(seen[:, 1], seen[:, 2])
        found = estimate_matches(level[best], by_chance, pairs)
    return found


def weigh(p: Prepared, weights: Weights, level: Levels, i: Ints) -> Floats:
    """The log weight per pair and field; an equal text weighs by its rarity."""
    out = np.empty(level.shape, dtype=np.float32)
    for k, field in enumerate(p.fields):
        out[:, k] = weights.table[k][level[:, k]]
        same = np.flatnonzero(level[:, k] == EQUAL)
        told = weights.table[k][EQUAL] + _RARITY * p.rarity[k][field.left[i[same]]]
        # A common text never speaks against: equal is at least as good as nearly equal.
        out[same, k] = np.maximum(told, weights.table[k][EQUAL - 1])
    return out

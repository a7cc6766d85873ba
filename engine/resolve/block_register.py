"""Candidates in tables of short cells: records that share one rare cell or two cells, by sorting and merging.

Which cells are joined into a key is decided by the data: as coarse as the number of chance pairs
allows, so that a slip of the pen in one cell leaves a pair within reach of several keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from engine.resolve import parallel
from engine.resolve.keys import Floats, Ints
from engine.resolve.register import LARGE, Field

Longs = NDArray[np.int64]
_CHANCE = 2.0
GROUP = 900
_KEYS = 24
_PIECE = 400_000


Part = tuple[int, bool]
"""Number of a field, and whether its coarse number is taken instead of its exact code."""


def _written(field: Field, *, coarse: bool) -> Longs:
    """The number per code of a field that enters a key; -1 for the empty text."""
    if coarse:
        return field.coarse
    exact = np.arange(len(field.texts), dtype=np.int64)
    exact[0] = -1
    return exact


def _chance(field: Field, *, coarse: bool) -> float:
    """Share of all pairs of records that agree by chance."""
    number = _written(field, coarse=coarse)
    size = int(number.max(initial=0)) + 1
    share = 1.0
    counts = []
    for codes in (field.left, field.right):
        keys = number[codes]
        counts.append(np.bincount(keys[keys >= 0], minlength=size).astype(np.float64))
        share /= max(len(codes), 1)
    return float(counts[0] @ counts[1]) * share


def choose(fields: Sequence[Field], budget: float) -> list[tuple[Part, ...]]:
    """Single keys that are rare enough, then pairs of the others, rarest chance first.

    Args:
        fields: the columns in numbers.
        budget: chance pairs that one key may bring, as a share of all pairs.
    """
    chance = {
        (k, coarse): _chance(field, coarse=coarse)
        for k, field in enumerate(fields)
        for coarse in (True, False)
    }
    alone: list[tuple[Part, ...]] = []
    rest: list[int] = []
    for k in range(len(fields)):
        single = next((c for c in (True, False) if chance[k, c] <= budget), None)
        if single is None:
            rest.append(k)
        else:
            alone.append(((k, single),))
    joined: list[tuple[float, tuple[Part, ...]]] = []
    for a, b in combinations(rest, 2):
        for x, y in product((True, False), repeat=2):
            both = chance[a, x] * chance[b, y]
            if both <= budget:
                joined.append((both, ((a, x), (b, y))))
                break
    joined.sort()
    return alone + [parts for _, parts in joined[: max(_KEYS - len(alone), 0)]]


def _sides(fields: Sequence[Field], parts: tuple[Part, ...]) -> tuple[Longs, Longs]:
    """The key of every left and every right record, -1 where a cell is empty."""
    numbers = [_written(fields[k], coarse=coarse) for k, coarse in parts]
    out = []
    for side in ("left", "right"):
        keys = numbers[0][getattr(fields[parts[0][0]], side)]
        for (k, _), number in zip(parts[1:], numbers[1:], strict=True):
            more = number[getattr(fields[k], side)]
            size = int(number.max(initial=0)) + 1
            keys = np.where((keys >= 0) & (more >= 0), keys * size + more, -1)
        out.append(keys)
    return out[0], out[1]


def _groups(keys: Longs) -> tuple[Longs, Longs, Longs, Longs]:
    """Records in order of their key, and value, start and size of every run of equal keys."""
    has = np.flatnonzero(keys >= 0)
    order = has[np.argsort(keys[has], kind="stable")]
    ordered = keys[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else has
    return order, ordered[first], first, np.diff(np.r_[first, len(ordered)])


def merge(left: Longs, right: Longs, group: int = GROUP) -> Longs:
    """Pairs of records with equal key as left number x right records + right number.

    Keys that would bring more than ``group`` pairs by themselves are left out; -1 is no key.
    """
    order_a, value_a, start_a, count_a = _groups(left)
    order_b, value_b, start_b, count_b = _groups(right)
    if not len(value_a) or not len(value_b):
        return np.empty(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(value_a, value_b), len(value_a) - 1)
    hit = (value_a[at] == value_b) & (count_a[at] * count_b <= group)
    at, b = at[hit], np.flatnonzero(hit)
    size = count_a[at] * count_b[b]
    run = np.repeat(np.arange(len(b)), size)
    place = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    width = count_b[b][run]
    i = order_a[start_a[at][run] + place // width]
    j = order_b[start_b[b][run] + place % width]
    return np.asarray(i * len(right) + j, dtype=np.int64)


def keys(fields: Sequence[Field]) -> list[tuple[Part, ...]]:
    """The keys by which records of these two tables are brought together."""
    most = max(len(fields[0].left), len(fields[0].right), 1)
    return choose(fields, _CHANCE / most)


def candidates(
    fields: Sequence[Field],
    chosen: Sequence[tuple[Part, ...]],
    limit: int,
    group: int = GROUP,
) -> tuple[Ints, Ints]:
    """Pairs of record numbers that share a key, the best ``limit`` per left record by equal cells.

    Args:
        fields: the columns in numbers.
        chosen: see ``keys``.
        limit: candidates per left record.
        group: see ``merge``.
    """
    total = len(fields[0].right)

    def work(parts: tuple[Part, ...]) -> Longs:
        return merge(*_sides(fields, parts), group)

    large = total + len(fields[0].left) >= 2 * LARGE
    found = list(parallel.each(work, chosen, large=large))
    codes = np.concatenate([*found, np.empty(0, dtype=np.int64)])
    del found
    # Sorting in place is three times as fast here as numpy's own way to distinct values.
    codes.sort()
    codes = codes[np.r_[True, codes[1:] != codes[:-1]]] if len(codes) else codes
    i, j = (codes // total).astype(np.int32), (codes % total).astype(np.int32)
    del codes
    told = [-np.log(max(_chance(f, coarse=False), 1e-9)) for f in fields]

    def look(rows: range) -> Floats:
        part = slice(rows.start, rows.stop)
        return _equal(fields, told, i[part], j[part])

    pieces = parallel.pieces(len(i), _PIECE)
    score = np.concatenate(
        [*parallel.each(look, pieces, large=large), np.empty(0, dtype=np.float32)]
    )
    keep = _best(i, score, limit)
    return i[keep], j[keep]


def _equal(fields: Sequence[Field], told: Sequence[float], i: Ints, j: Ints) -> Floats:
    """How much the equal cells of each pair tell, less a little for every cell that differs."""
    out = np.zeros(len(i), dtype=np.float32)
    for field, value in zip(fields, told, strict=True):
        a, b = field.left[i], field.right[j]
        out += np.where((a > 0) & (b > 0), np.where(a == b, np.float32(value), np.float32(-1)), 0)
    return out


def _best(i: Ints, score: Floats, limit: int) -> NDArray[np.int64]:
    """Positions of the best ``limit`` pairs of every left record; ``i`` is in order."""
    if not len(i):
        return np.empty(0, dtype=np.int64)
    first = np.r_[True, i[1:] != i[:-1]]
    start = np.flatnonzero(first)
    # Only records with too many candidates need sorting.
    many = np.repeat(np.diff(np.r_[start, len(i)]) > limit, np.diff(np.r_[start, len(i)]))
    keep = ~many
    at = np.flatnonzero(many)
    order = at[np.lexsort((-score[at], i[at]))]
    if len(order):
        head = np.r_[True, i[order][1:] != i[order][:-1]]
        place = np.arange(len(order))
        rank = place - np.maximum.accumulate(np.where(head, place, 0))
        keep[order[rank < limit]] = True
    return np.flatnonzero(keep)

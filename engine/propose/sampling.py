"""Signals from sample values; all are 0 where one of the two fields has no samples."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from engine.propose.leaves import Leaf
from engine.propose.pairing import Pairs, dot
from engine.propose.prepare import Floats, Side
from engine.propose.words import prose
from engine.schema.profile import as_number, shape

GRAMS = 512


def _values(one: Leaf) -> tuple[str, ...]:
    seen = one.field.profile
    if seen and seen.samples:
        return seen.samples
    return tuple(c for c, _ in one.field.enum)


def _known(p: Pairs) -> npt.NDArray[np.int64]:
    left = np.array([bool(_values(o)) for o in p.left.leaves], dtype=bool)
    right = np.array([bool(_values(o)) for o in p.right.leaves], dtype=bool)
    return np.flatnonzero(left[p.i] & right[p.j])


def _spread(p: Pairs, known: npt.NDArray[np.int64], scores: Floats) -> Floats:
    out = np.zeros(len(p), dtype=np.float32)
    out[known] = scores
    return out


def _plain(value: str) -> str:
    number = as_number(value)
    return format(number.normalize(), "f") if number is not None else value.strip().lower()


def _table(rows: list[frozenset[str]], known: dict[str, int]) -> sparse.csr_array:
    """Fields by values, 1 where the field has the value."""
    cols = [[known.setdefault(v, len(known)) for v in sorted(row)] for row in rows]
    ends = np.cumsum([0, *map(len, cols)])
    flat = np.array([c for row in cols for c in row], dtype=np.int64)
    shape_ = (len(rows), max(1, len(known)))
    return sparse.csr_array((np.ones(len(flat), np.float32), flat, ends), shape=shape_)


def _tables(p: Pairs, what: Callable[[Leaf], frozenset[str]]) -> list[sparse.csr_array]:
    """The tables of both sides over the same columns."""
    known: dict[str, int] = {}
    rows = [[what(o) for o in side.leaves] for side in (p.left, p.right)]
    for row in (*rows[0], *rows[1]):
        for v in sorted(row):
            known.setdefault(v, len(known))
    return [_table(row, known) for row in rows]


def _rarity(tables: list[sparse.csr_array]) -> Floats:
    """Logarithm of the share of fields that have each value; 0 for one that all have."""
    seen = sum(t.sum(axis=0) for t in tables)
    fields = sum(t.shape[0] for t in tables)
    out: Floats = np.log((1 + fields) / (1 + np.asarray(seen, dtype=np.float32)))
    return out


def _plain_values(one: Leaf) -> frozenset[str]:
    return frozenset(map(_plain, _values(one)))


def _value_words(one: Leaf) -> frozenset[str]:
    return frozenset(w for v in _values(one) for w in prose(v[:60]) if not w.isdigit())


def value_overlap(p: Pairs) -> Floats:
    """Share of the smaller set of sample values that the other has too."""
    known = _known(p)
    left, right = _tables(p, _plain_values)
    common = (left @ right.T).toarray()
    sizes = np.minimum(left.sum(axis=1)[:, None], right.sum(axis=1)[None, :])
    share = common / np.maximum(sizes, 1)
    return _spread(p, known, share[p.i[known], p.j[known]])


def _rare_overlap(p: Pairs, what: Callable[[Leaf], frozenset[str]]) -> Floats:
    known = _known(p)
    left, right = _tables(p, what)
    weight = _rarity([left, right])
    common = ((left * weight) @ right.T).toarray()
    smaller = np.minimum((left @ weight)[:, None], (right @ weight)[None, :])
    share = common / np.maximum(smaller, 1e-6) * (1 - np.exp(-common / 2))
    return _spread(p, known, share[p.i[known], p.j[known]])


def rare_values(p: Pairs) -> Floats:
    """The same, where values that many fields have count little and one shared value is not enough."""
    return _rare_overlap(p, _plain_values)


def rare_value_words(p: Pairs) -> Floats:
    """Words of the sample values in common, where words of many fields count little."""
    return _rare_overlap(p, _value_words)


def _grams(side: Side) -> Floats:
    out = np.zeros((len(side), GRAMS), dtype=np.float32)
    for r, one in enumerate(side.leaves):
        for value in _values(one):
            text = f" {value.lower()[:40]} "
            for k in range(len(text) - 2):
                out[r, zlib.crc32(text[k : k + 3].encode()) % GRAMS] += 1.0
    out = np.log1p(out)
    found: Floats = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    return found


def spelling_alike(p: Pairs) -> Floats:
    """Cosine of hashed character trigrams of the samples; survives typing errors."""
    known = _known(p)
    left, right = _grams(p.left), _grams(p.right)
    return _spread(p, known, np.einsum("nd,nd->n", left[p.i[known]], right[p.j[known]]))


def _quantiles(side: Side) -> Floats:
    """Signed log of five quantiles of the numbers; NaN where the samples are no numbers."""
    out = np.full((len(side), 5), np.nan, dtype=np.float32)
    for r, one in enumerate(side.leaves):
        values = _values(one)
        numbers = [float(n) for n in map(as_number, values) if n is not None]
        if values and len(numbers) >= 0.8 * len(values):
            points = np.quantile(np.array(numbers), (0.0, 0.25, 0.5, 0.75, 1.0))
            out[r] = np.sign(points) * np.log1p(np.abs(points))
    return out


def range_alike(p: Pairs) -> Floats:
    """Both hold numbers: 1 for the same spread, towards -1 the further apart; -1 if one has none."""
    known = _known(p)
    left, right = _quantiles(p.left)[p.i[known]], _quantiles(p.right)[p.j[known]]
    no_left, no_right = np.isnan(left[:, 0]), np.isnan(right[:, 0])
    apart = np.nan_to_num(np.abs(left - right).mean(axis=1))
    wide = np.nan_to_num(np.maximum(left[:, 4] - left[:, 0], right[:, 4] - right[:, 0])) + 0.5
    scores = np.clip(1.0 - 2.0 * apart / wide, -1.0, 1.0)
    scores = np.where(no_left & no_right, 0.0, np.where(no_left | no_right, -1.0, scores))
    return _spread(p, known, scores.astype(np.float32))


def shape_overlap(p: Pairs) -> Floats:
    """Shapes (letters, digits, marks) in common, weighted by how often they occur."""
    known = _known(p)
    index: dict[str, int] = {}

    def rows(side: Side) -> list[list[int]]:
        return [[index.setdefault(shape(v), len(index)) for v in _values(o)] for o in side.leaves]

    at_left, at_right = rows(p.left), rows(p.right)
    tables = []
    for at in (at_left, at_right):
        table = np.zeros((len(at), max(1, len(index))), dtype=np.float32)
        for r, cols in enumerate(at):
            np.add.at(table[r], cols, 1.0 / max(1, len(cols)))
        tables.append(table)
    scores = np.empty(len(known), dtype=np.float32)
    for s in range(0, len(known), 20_000):
        part = known[s : s + 20_000]
        scores[s : s + 20_000] = np.minimum(tables[0][p.i[part]], tables[1][p.j[part]]).sum(axis=1)
    return _spread(p, known, scores)


def length_alike(p: Pairs) -> Floats:
    """Mean length of the samples, 1 the same, 0 eight times as long."""
    known = _known(p)

    def mean(side: Side) -> Floats:
        return np.array(
            [
                np.log2(1 + np.mean([len(v) for v in _values(o)])) if _values(o) else 0
                for o in side.leaves
            ],
            dtype=np.float32,
        )

    apart = np.abs(mean(p.left)[p.i[known]] - mean(p.right)[p.j[known]])
    return _spread(p, known, np.maximum(0.0, 1.0 - apart / 3.0).astype(np.float32))


def character_share(p: Pairs) -> Floats:
    """Shares of letters, digits, spaces, marks and capitals; 1 the same."""
    known = _known(p)

    def shares(side: Side) -> Floats:
        out = np.zeros((len(side), 5), dtype=np.float32)
        for r, one in enumerate(side.leaves):
            text = "".join(_values(one))
            if text:
                counts = (
                    sum(c.islower() for c in text),
                    sum(c.isdigit() for c in text),
                    sum(c.isspace() for c in text),
                    sum(c.isupper() for c in text),
                )
                out[r, :4] = np.array(counts) / len(text)
                out[r, 4] = 1 - out[r, :4].sum()
        return out

    apart = np.abs(shares(p.left)[p.i[known]] - shares(p.right)[p.j[known]]).sum(axis=1)
    return _spread(p, known, (1.0 - apart / 2).astype(np.float32))


def samples_meaning(p: Pairs) -> Floats:
    """Vectors of the sample values or allowed values."""
    known = np.array([bool(t) for t in p.left.value_texts])[p.i]
    known &= np.array([bool(t) for t in p.right.value_texts])[p.j]
    return np.where(known, dot(p, p.left.value, p.right.value), 0.0).astype(np.float32)


def samples_say(p: Pairs) -> Floats:
    """One side's samples against the other's name and description, the better way."""
    left = np.array([bool(t) for t in p.left.value_texts])[p.i]
    right = np.array([bool(t) for t in p.right.value_texts])[p.j]
    one = np.where(left, dot(p, p.left.value, p.right.full), 0.0)
    two = np.where(right, dot(p, p.left.full, p.right.value), 0.0)
    return np.maximum(one, two).astype(np.float32)

"""Signals from sample values; all are 0 where one of the two fields has no samples."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats, Leaf, Side
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


def value_overlap(p: Pairs) -> Floats:
    """Share of the smaller set of sample values that the other has too."""
    known = _known(p)
    left = [frozenset(map(_plain, _values(o))) for o in p.left.leaves]
    right = [frozenset(map(_plain, _values(o))) for o in p.right.leaves]
    scores = np.zeros(len(known), dtype=np.float32)
    for k, at in enumerate(known):
        a, b = left[p.i[at]], right[p.j[at]]
        scores[k] = len(a & b) / min(len(a), len(b))
    return _spread(p, known, scores)


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

"""Evidence about two records of any sort: columns are paired by heading and content, no roles needed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from engine.resolve import block
from engine.resolve.align import align
from engine.resolve.fellegi import match_weights
from engine.resolve.keys import Floats, Ints, KeySet, key_set
from engine.resolve.roles import heading_words
from engine.resolve.table import Table
from engine.resolve.text import fold, words

_CODE = re.compile(r"\b(?=[a-z0-9\-/]*\d)[a-z0-9][a-z0-9\-/]{2,}\b")
_MOST = 10


@dataclass(slots=True)
class Field:
    """One pair of columns: folded texts of both sides, words, and how telling the column is."""

    name: str
    left: list[str]
    right: list[str]
    words: KeySet
    telling: float


@dataclass(slots=True)
class Prepared:
    """Both sides, ready for comparison."""

    fields: list[Field]
    whole: KeySet
    grams: KeySet
    codes: KeySet


def _columns(table: Table) -> dict[str, list[str]]:
    return {
        name: [" ".join(words(fold(v))) for v in values]
        for name, values in table.columns.items()
        if name != table.key and any(values)
    }


def _grams(text: str) -> set[str]:
    bare = text.replace(" ", "")[:60]
    return {bare[k : k + 4] for k in range(max(len(bare) - 3, 0))}


def _joined(columns: dict[str, list[str]], n: int) -> list[str]:
    return (
        [" ".join(v for v in row if v) for row in zip(*columns.values(), strict=True)]
        if columns
        else [""] * n
    )


def _codes(table: Table) -> list[set[str]]:
    out: list[set[str]] = [set() for _ in range(len(table))]
    for name, values in table.columns.items():
        if name != table.key:
            for at, v in enumerate(values):
                for found in _CODE.findall(fold(v)):
                    bare = found.replace("-", "").replace("/", "")
                    if len(bare) > 3:
                        out[at].add(bare)
    return out


def prepare(left: Table, right: Table) -> Prepared:
    """Fold all columns, pair them, build key sets."""
    a, b = _columns(left), _columns(right)
    fields = []
    for x, y in align(a, b)[:_MOST]:
        values = a[x] + b[y]
        filled = [v for v in values if v]
        size = min(sum(v.count(" ") + 1 for v in filled) / max(len(filled), 1), 8.0)
        telling = len(set(filled)) / max(len(filled), 1) * size
        keys = key_set([set(v.split()) for v in a[x]], [set(v.split()) for v in b[y]])
        named = 2.5 if {"name", "title"} & set(heading_words(x)) and "given" not in x else 1.0
        fields.append(Field(x, a[x], b[y], keys, float(telling) * named))
    fields.sort(key=lambda f: -f.telling)
    whole_a, whole_b = _joined(a, len(left)), _joined(b, len(right))
    first_a, first_b = (fields[0].left, fields[0].right) if fields else (whole_a, whole_b)
    return Prepared(
        fields,
        key_set([set(t.split()) for t in whole_a], [set(t.split()) for t in whole_b]),
        key_set([_grams(t) for t in first_a], [_grams(t) for t in first_b]),
        key_set(_codes(left), _codes(right)),
    )


def candidates(p: Prepared, limit: int) -> tuple[Ints, Ints, Floats]:
    """Candidate pairs by shared rare words, letter groups and codes."""
    sets = [(p.whole, 1.0), (p.grams, 0.4), (p.codes, 1.0), *((f.words, 0.5) for f in p.fields)]
    return block.candidates(
        sets, limit=limit, cap=400_000 if p.whole.left.shape[0] < 20_000 else 20_000
    )


EVIDENCE: tuple[tuple[str, int], ...] = (
    ("whole", 1), ("whole_left", 1), ("whole_right", 1), ("first", 1), ("first_left", 1), ("first_right", 1), ("first_ratio", 1), ("second", 1),
    ("mean", 1), ("lowest", 1), ("equal", 1), ("differ", -1), ("codes", 1), ("codes_differ", -1), ("weight", 1),
    ("fields", 0),
)  # fmt: skip


def _cosine(keys: KeySet, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats]:
    """Weighted shared words against both, the left and the right record's words."""
    rarity = keys.rarity()
    square = rarity * rarity
    shared = keys.shared(i, j, square)
    a, b = (np.asarray(m @ square).ravel() for m in (keys.left, keys.right))
    a, b = np.maximum(a[i], 1e-6), np.maximum(b[j], 1e-6)
    return shared / np.sqrt(a * b), shared / a, shared / b


def similarities(p: Prepared, i: Ints, j: Ints) -> Floats:
    """Similarity per field, -1 where one side is empty, shape (pairs, fields)."""
    out = np.full((len(i), max(len(p.fields), 1)), -1.0, dtype=np.float32)
    for k, f in enumerate(p.fields):
        a, b = [f.left[x] for x in i], [f.right[x] for x in j]
        filled = np.asarray([bool(x) and bool(y) for x, y in zip(a, b, strict=True)])
        ratio = process.cpdist(a, b, scorer=fuzz.ratio, dtype=np.float32) / 100
        value = np.maximum(ratio, _cosine(f.words, i, j)[0])
        out[:, k] = np.where(filled, value, -1.0)
    return out


def features(p: Prepared, i: Ints, j: Ints) -> Floats:
    """The evidence table of the pairs, shape (pairs, len(EVIDENCE))."""
    out = np.zeros((len(i), len(EVIDENCE)), dtype=np.float32)
    sims = similarities(p, i, j)
    out[:, 0], out[:, 1], out[:, 2] = _cosine(p.whole, i, j)
    if p.fields:
        out[:, 3], out[:, 4], out[:, 5] = _cosine(p.fields[0].words, i, j)
        f = p.fields[0]
        sets = (
            process.cpdist(
                [f.left[x] for x in i],
                [f.right[x] for x in j],
                scorer=fuzz.token_sort_ratio,
                dtype=np.float32,
            )
            / 100
        )
        out[:, 6] = np.maximum(sims[:, 0], sets)
    out[:, 7] = sims[:, 1] if sims.shape[1] > 1 else 0
    known = sims >= 0
    count = np.maximum(known.sum(1), 1)
    out[:, 8] = np.where(known, sims, 0).sum(1) / count
    out[:, 9] = np.where(known, sims, 1.0).min(1)
    out[:, 10] = (sims > 0.95).sum(1) / count
    out[:, 11] = (known & (sims < 0.4)).sum(1) / count
    rarity = p.codes.rarity()
    shared = p.codes.shared(i, j, rarity)
    has_left, has_right = p.codes.filled()
    out[:, 12] = shared
    out[:, 13] = has_left[i] & has_right[j] & (shared == 0)
    out[:, 14] = match_weights(sims)
    out[:, 15] = sims.shape[1]
    return out

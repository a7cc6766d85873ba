"""Evidence about two items: every column of the evidence table for many pairs at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from engine.resolve import block, item, names
from engine.resolve.keys import Floats, Ints, KeySet, key_set
from engine.resolve.roles import recognise
from engine.resolve.table import Table
from engine.resolve.translate import Translations, learn

WORDS, NUMBERS, SPELLINGS = 14, 9, 4


@dataclass(slots=True)
class Prepared:
    """Both sides, ready for comparison."""

    sets: dict[str, KeySet]
    words: names.Spellings
    split: int
    numbers_left: Ints
    numbers_right: Ints
    left: item.Facts
    right: item.Facts
    same_text: Floats
    both: NDArray[np.bool_]
    translations: Translations | None = None


def _number_table(rows: list[tuple[tuple[str, ...], ...]], voc: dict[str, int]) -> Ints:
    out = np.full((len(rows), NUMBERS, SPELLINGS), -1, dtype=np.int32)
    for at, row in enumerate(rows):
        for q, spelt in enumerate(row[:NUMBERS]):
            for k, text in enumerate(spelt[:SPELLINGS]):
                out[at, q, k] = voc.setdefault(text, len(voc))
    return out


def _block_keys(facts: item.Facts, also: dict[str, list[str]]) -> list[set[str]]:
    out = []
    for plain, numbers, pack in zip(facts.words, facts.numbers, facts.pack, strict=True):
        spelt = [s for q in numbers for s in q]
        found = tuple(dict.fromkeys([*plain, *(t for word in plain for t in also.get(word, ()))]))[
            :12
        ]
        keys = (
            {
                "="
                + ",".join(sorted(q[0] for q in numbers))
                + "/"
                + ",".join(p for p in pack if p != "1")
            }
            if len(numbers) > 1
            else set()
        )
        keys.add(
            "~" + "".join(sorted({t[0] for t in plain})) + ",".join(sorted(q[0] for q in numbers))
        )
        keys |= set(found) | {"#" + s for s in spelt}
        keys |= {f"{a[:4]}#{s}" for a in found if len(a) > 1 for s in spelt}
        keys |= {f"{min(a, b)[:4]}+{max(a, b)[:4]}" for a, b in combinations(found[:8], 2)}
        keys |= {f"{min(a, b)}&{max(a, b)}" for a, b in combinations(spelt[:9], 2)}
        out.append(keys)
    return out


def prepare(left: Table, right: Table) -> Prepared:
    """Normalise both tables, build key sets, learn which words translate into which."""
    roles = recognise(left, "item"), recognise(right, "item")
    known = {
        k
        for found in item.codes(left, roles[0]) + item.codes(right, roles[1])
        for k in found
        if len(k) > 4
    }
    a, b = item.prepare(left, roles[0], known), item.prepare(right, roles[1], known)
    found_left, found_right = item.embedded(a, b)
    sets = {
        "code": key_set(a.code, b.code),
        "loose": key_set(_plus(a.code, a.loose), _plus(b.code, b.loose)),
        "written_right": key_set(a.code, found_right),
        "written_left": key_set(found_left, b.code),
        "pack": key_set(a.pack, b.pack),
    }
    voc: dict[str, int] = {}
    numbers_left, numbers_right = _number_table(a.numbers, voc), _number_table(b.numbers, voc)
    rows = [
        _row(found, numbers)
        for f in (a, b)
        for found, numbers in zip(f.words, f.numbers, strict=True)
    ]
    spelt = names.spellings(rows, [1] * len(rows), WORDS + NUMBERS)
    count: dict[str, int] = {}
    keyed = [_whole(f, k) for f in (a, b) for k in range(len(f.words))]
    for key in keyed[: len(a.words)]:
        count[key] = count.get(key, 0) + 1
    same = np.asarray([count.get(key, 0) for key in keyed], dtype=np.float32)
    made = Prepared(
        sets,
        spelt,
        len(a.words),
        numbers_left,
        numbers_right,
        a,
        b,
        same,
        _on_both(spelt, len(a.words)),
    )
    made.translations = learn(spelt, *_sure(made), made.split)
    also = made.translations.dictionary(spelt.vocabulary)
    sets["token"] = key_set(_block_keys(a, also), _block_keys(b, {}))
    return made


def _on_both(spelt: names.Spellings, split: int) -> NDArray[np.bool_]:
    """Words that both catalogues use: where only one side says it, it is a difference, not a dialect."""
    out = np.ones(len(spelt.vocabulary) + 1, dtype=bool)
    for part in (spelt.tokens[:split], spelt.tokens[split:]):
        seen = np.bincount(part[part >= 0].ravel(), minlength=len(spelt.vocabulary) + 1)
        out &= seen >= 2
    return out


def _row(found: tuple[str, ...], numbers: tuple[tuple[str, ...], ...]) -> str:
    """Words first, padded to their width, then numbers, so that both keep their columns."""
    padded = list(found[:WORDS]) + ["_"] * (WORDS - len(found[:WORDS]))
    return " ".join(padded + ["#" + q[0] for q in numbers[:NUMBERS]])


def _plus(codes: list[tuple[str, ...]], more: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [tuple(dict.fromkeys(x + y)) for x, y in zip(codes, more, strict=True)]


def _whole(facts: item.Facts, at: int) -> str:
    return (
        facts.text[at]
        + "|"
        + ",".join(sorted(q[0] for q in facts.numbers[at]))
        + "|"
        + ",".join(facts.pack[at])
    )


def _sure(p: Prepared) -> tuple[Ints, Ints]:
    """Pairs linked by a code that exactly one record of each side carries: teachers without labels."""
    keys = p.sets["code"]
    rare = np.flatnonzero((keys.df_left == 1) & (keys.df_right == 1))
    i = keys.left[:, rare].tocsc().indices.astype(np.int32)
    j = keys.right[:, rare].tocsc().indices.astype(np.int32)
    return i, j


def candidates(p: Prepared, limit: int) -> tuple[Ints, Ints, Floats]:
    """Candidate pairs by shared rare keys (see ``block.candidates``)."""
    parts = [
        (p.sets[n], f)
        for n, f in (
            ("token", 1.0),
            ("code", 4.0),
            ("loose", 3.0),
            ("written_right", 3.0),
            ("written_left", 3.0),
        )
    ]
    return block.candidates(parts, limit=limit, cap=60_000)


EVIDENCE: tuple[tuple[str, int], ...] = (
    ("code", 1), ("loose", 1), ("written", 1), ("code_elsewhere", -1), ("code_taken", -1), ("code_ratio", 1),
    ("kept_left", 1), ("kept_right", 1), ("alike", 1), ("lost_left", -1), ("lost_right", -1), ("lost_both", -1),
    ("weakest_left", 1), ("weakest_right", 1), ("first", 1), ("guessed", -1), ("shared", 1), ("words_left", 0), ("words_right", 0),
    ("numbers", 1), ("numbers_lost_left", -1), ("numbers_lost_right", -1), ("numbers_lost_both", -1), ("pack", 1),
    ("text", 1), ("price", 1), ("cost", 1), ("placeholder", -1), ("cut", 0), ("same_text", -1), ("inferred", 1), ("opposed", -1),
    ("strange_left", -1), ("strange_right", -1), ("strange_both", -1),
)  # fmt: skip


def _amounts(a: list[float], b: list[float], i: Ints, j: Ints) -> Floats:
    """3 equal to the cent, 2 within 1 %, 1 within 10 %, 0 unknown, -1 within 40 %, -2 further apart."""
    x, y = np.asarray(a, dtype=np.float64)[i], np.asarray(b, dtype=np.float64)[j]
    known = (x > 0) & (y > 0)
    apart = np.abs(np.log(np.where(known, x, 1.0) / np.where(known, y, 1.0)))
    out = np.select(
        [np.abs(x - y) < 0.006, apart < 0.01, apart < 0.1, apart < 0.34],
        [3.0, 2.0, 1.0, -1.0],
        -2.0,
    )
    return np.where(known, out, 0.0).astype(np.float32)


def _tri(keys: KeySet, i: Ints, j: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    weight = 1.0 / np.sqrt(np.maximum(keys.df_left, 1) * np.maximum(keys.df_right, 1))
    shared = np.minimum(keys.shared(i, j, weight.astype(np.float32)), 1.0)
    has_left, has_right = keys.filled()
    return shared, has_left[i] & has_right[j]


def _number_equal(p: Prepared, i: Ints, j: Ints) -> NDArray[np.bool_]:
    a, b = p.numbers_left[i], p.numbers_right[j]
    equal = np.zeros((len(a), NUMBERS, NUMBERS), dtype=bool)
    for k in range(SPELLINGS):
        for m in range(SPELLINGS):
            equal |= (a[:, :, None, k] == b[:, None, :, m]) & (a[:, :, None, k] >= 0)
    return equal


def _tokens(p: Prepared, i: Ints, j: Ints) -> Floats:
    """Columns ``kept_left`` to ``numbers_lost_both`` plus ``inferred``, ``opposed``, ``strange_left``, ``strange_right``."""
    out = np.zeros((len(i), 21), dtype=np.float32)
    step = 30_000
    for at in range(0, len(i), step):
        out[at : at + step] = _token_block(p, i[at : at + step], j[at : at + step])
    return out


def _token_block(p: Prepared, i: Ints, j: Ints) -> Floats:
    spelt = p.words
    ta, tb = spelt.tokens[i], spelt.tokens[j + p.split]
    pad = spelt.vocabulary.index("_") if "_" in spelt.vocabulary else -9
    ta, tb = np.where(ta == pad, -1, ta), np.where(tb == pad, -1, tb)
    equal = (ta[:, :, None] == tb[:, None, :]) & (ta >= 0)[:, :, None]
    equal[:, WORDS:, WORDS:] |= _number_equal(p, i, j)
    ma, mb = equal.any(2), equal.any(1)
    ca, cb = names.fuzzy(spelt, ta, tb, ma, mb)
    if p.translations is not None:
        la, lb = p.translations.credits(ta, tb)
        inferred = ((la > ca) & ~ma).sum(1)
        ca, cb = np.maximum(ca, la), np.maximum(cb, lb)
    else:
        inferred = np.zeros(len(i))
    ca[ma], cb[mb] = 1.0, 1.0
    na, nb = (
        ((ca[:, WORDS:] < 0.45) & (ta[:, WORDS:] >= 0)).sum(1),
        ((cb[:, WORDS:] < 0.45) & (tb[:, WORDS:] >= 0)).sum(1),
    )
    out = np.zeros((len(i), 21), dtype=np.float32)
    out[:, 13], out[:, 14], out[:, 15], out[:, 16] = (
        ma[:, WORDS:].sum(1),
        na,
        nb,
        np.minimum(na, nb),
    )
    ca, cb, ta, tb = ca[:, :WORDS], cb[:, :WORDS], ta[:, :WORDS], tb[:, :WORDS]
    va, vb = ta >= 0, tb >= 0
    wa, wb = np.where(va, spelt.weight[ta], 0), np.where(vb, spelt.weight[tb], 0)
    ka, kb, xa, xb = (
        (wa * ca).sum(1),
        (wb * cb).sum(1),
        (wa * (1 - ca)).sum(1),
        (wb * (1 - cb)).sum(1),
    )
    out[:, 0], out[:, 1] = ka / np.maximum(ka + xa, 0.01), kb / np.maximum(kb + xb, 0.01)
    out[:, 2] = (ka + kb) / np.maximum(ka + kb + xa + xb, 0.01)
    out[:, 3], out[:, 4], out[:, 5] = xa, xb, np.minimum(xa, xb)
    out[:, 6] = np.where(va, ca, 1.0).min(1)
    out[:, 7] = np.where(vb, cb, 1.0).min(1)
    out[:, 8] = np.minimum(ca[:, 0], cb[:, 0])
    out[:, 9] = (wa * (ca > 0) * (1 - ca)).sum(1)
    out[:, 10] = ka
    out[:, 11], out[:, 12] = va.sum(1), vb.sum(1)
    out[:, 17] = inferred
    out[:, 19] = (wa * (ca < 0.45) * p.both[ta]).sum(1)
    out[:, 20] = (wb * (cb < 0.45) * p.both[tb]).sum(1)
    out[:, 18] = np.minimum(((ca < 0.3) & va).sum(1), ((cb < 0.3) & vb).sum(1))
    return out


def features(p: Prepared, i: Ints, j: Ints) -> Floats:
    """The evidence table of the pairs, shape (pairs, len(EVIDENCE))."""
    out = np.zeros((len(i), len(EVIDENCE)), dtype=np.float32)
    code, both = _tri(p.sets["code"], i, j)
    loose, _ = _tri(p.sets["loose"], i, j)
    written = np.maximum(
        _tri(p.sets["written_right"], i, j)[0], _tri(p.sets["written_left"], i, j)[0]
    )
    out[:, 0] = np.where(both & (code == 0), -1.0, code)
    out[:, 1], out[:, 2] = loose, written
    linked = (code > 0) | (loose > 0) | (written > 0)
    for column, side, at in ((3, "right", j), (4, "left", i)):
        out[:, column] = np.where(linked, 0.0, _known_elsewhere(p, side)[at])
    first_left = [c[0] if c else "" for c in p.left.code]
    first_right = [c[-1] if c else "" for c in p.right.code]
    out[:, 5] = (
        process.cpdist(
            [first_left[k] for k in i],
            [first_right[k] for k in j],
            scorer=fuzz.ratio,
            dtype=np.float32,
        )
        / 100
    )
    found = _tokens(p, i, j)
    out[:, 6:23] = found[:, :17]
    pack, packs = _tri(p.sets["pack"], i, j)
    one_left = np.asarray([x == ("1",) for x in p.left.pack])[i]
    one_right = np.asarray([x == ("1",) for x in p.right.pack])[j]
    has_left, has_right = p.sets["pack"].filled()
    single = (one_left & ~has_right[j]) | (one_right & ~has_left[i])
    only = (has_left[i] ^ has_right[j]) & ~single
    out[:, 23] = np.select([pack > 0, packs, only], [1.0, -2.0, -1.0], 0.0)
    texts_a, texts_b = [p.left.text[k] for k in i], [p.right.text[k] for k in j]
    out[:, 24] = process.cpdist(texts_a, texts_b, scorer=fuzz.ratio, dtype=np.float32) / 100
    out[:, 25] = _amounts(p.left.price, p.right.price, i, j)
    out[:, 26] = _amounts(p.left.cost, p.right.cost, i, j)
    out[:, 27] = np.maximum(
        np.asarray(p.left.placeholder, np.float32)[i],
        np.asarray(p.right.placeholder, np.float32)[j],
    )
    out[:, 28] = np.asarray(p.left.cut, np.float32)[i]
    out[:, 29] = p.same_text[: p.split][i]
    out[:, 30], out[:, 31] = found[:, 17], found[:, 18]
    out[:, 32], out[:, 33], out[:, 34] = (
        found[:, 19],
        found[:, 20],
        np.minimum(found[:, 19], found[:, 20]),
    )
    return out


def _known_elsewhere(p: Prepared, side: str) -> Floats:
    """2 where a code of the record is a code of the other side (of whatever record), 1 in other spelling."""
    out = np.zeros(len(p.left.code if side == "left" else p.right.code), dtype=np.float32)
    for name, value in (("loose", 1.0), ("code", 2.0)):
        keys = p.sets[name]
        own, other = (keys.left, keys.df_right) if side == "left" else (keys.right, keys.df_left)
        hit = np.asarray(own @ (other > 0).astype(np.float32)).ravel() > 0
        out[hit] = value
    return out

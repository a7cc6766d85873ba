"""Evidence about two parties: every column of the evidence table for many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.resolve import block, block_party, coded, names, party
from engine.resolve.keys import Floats, Ints, KeySet
from engine.resolve.places import Gazetteer
from engine.resolve.roles import recognise
from engine.resolve.table import Table


@dataclass(slots=True)
class Prepared:
    """Both sides, ready for comparison."""

    sets: dict[str, KeySet]
    blocks: list[KeySet]
    spellings: names.Spellings
    variant_left: list[Ints]
    variant_right: list[Ints]
    left: dict[str, Floats]
    right: dict[str, Floats]
    frequency: Floats


def _free(left: coded.Coded, right: coded.Coded) -> NDArray[np.int64]:
    """Mail domains that many unrelated records use: free-mail providers, told by frequency."""
    values, count = np.unique(np.concatenate([left.keys, right.keys]), return_counts=True)
    floor = max(12.0, 0.002 * (len(left.lengths) + len(right.lengths)))
    return np.asarray(values[count > floor], dtype=np.int64)


def prepare(left: Table, right: Table) -> Prepared:
    """Normalise both tables and build all key sets."""
    roles = recognise(left, "party"), recognise(right, "party")
    towns = Gazetteer(party.towns(left, roles[0]) + party.towns(right, roles[1]))
    a, b, spelt = coded.read(
        coded.reading(left, roles[0], left=True), coded.reading(right, roles[1], left=False), towns
    )
    free = _free(a.sets["domain"], b.sets["domain"])
    for side in (a, b):
        side.sets["domain"] = coded.without(side.sets["domain"], free)
    sets = {
        "named_place": coded.key_set(a.sets["named"], b.sets["place"]),
        "place_named": coded.key_set(a.sets["place"], b.sets["named"]),
    }
    for name in list(a.sets):
        sets[name] = coded.key_set(a.sets.pop(name), b.sets.pop(name))
    sets["form"] = sets.pop("forms")
    return _spell(a, b, spelt, sets)


def _spell(a: coded.Side, b: coded.Side, spelt: list[str], sets: dict[str, KeySet]) -> Prepared:
    ids = a.spelt.keys.astype(np.int32), b.spelt.keys.astype(np.int32)
    size = max(len(spelt), 1)
    count = [np.bincount(k, minlength=size) for k in ids]
    frequency = np.sqrt(np.maximum(count[0], 1.0) * np.maximum(count[1], 1.0)).astype(np.float32)
    table = names.spellings(spelt, (count[0] + count[1]).tolist())
    records = [coded.incidence(s.spelt.lengths, k, size) for s, k in zip((a, b), ids, strict=True)]
    return Prepared(
        sets,
        block_party.key_sets(table, records[0], records[1]),
        table,
        _ranked(a.spelt.lengths, ids[0]),
        _ranked(b.spelt.lengths, ids[1]),
        a.flags,
        b.flags,
        frequency,
    )


def _ranked(lengths: Ints, ids: Ints) -> list[Ints]:
    """First, second, ... spelling of every record, -1 where there is none."""
    start = np.cumsum(lengths) - lengths
    out = []
    for k in range(max(int(lengths.max(initial=0)), 1)):
        column = np.full(len(lengths), -1, dtype=np.int32)
        has = lengths > k
        column[has] = ids[start[has] + k]
        out.append(column)
    return out


BLOCKING = {
    "phone": 2.0, "email": 2.0, "domain": 1.5, "tax": 2.0, "tax_near": 1.0, "tax_tail": 0.7, "number": 2.0,
    "street": 1.5, "box": 1.0, "code": 2.0,
}  # fmt: skip


def candidates(prepared: Prepared, limit: int) -> tuple[Ints, Ints, Floats]:
    """Candidate pairs by shared rare keys (see ``block.candidates``)."""
    sets = [(keys, 1.0) for keys in prepared.blocks]
    sets += [(prepared.sets[name], factor) for name, factor in BLOCKING.items()]
    return block.candidates(sets, limit=limit)


STATES = ("phone", "email", "domain", "tax", "tax_near", "tax_tail", "number", "street", "box", "post", "country", "code",
          "person", "place", "form")  # fmt: skip
EVIDENCE: tuple[tuple[str, int], ...] = (
    *((f"name_{n}", m) for n, m in zip(names.FEATURES, (1, 1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, 1, -1, -1, 0, 0, 0), strict=True)),
    *((n, 1) for n in STATES),
    ("area", 1), ("named", 1), ("frequency", -1), ("agree", 1), ("clash", -1), ("blocked", -1), ("placeholder", -1),
    ("cut", 0), ("lost_left_seen", -1), ("lost_right_seen", -1),
)  # fmt: skip


def state(keys: KeySet, i: Ints, j: Ints) -> Floats:
    """-1 both filled and nothing shared, 0 unknown, up to 1 shared (less when many share the key)."""
    weight = 1.0 / np.sqrt(np.maximum(keys.df_left, 1) * np.maximum(keys.df_right, 1))
    shared = np.minimum(keys.shared(i, j, weight.astype(np.float32)), 1.0)
    has_left, has_right = keys.filled()
    clash = has_left[i] & has_right[j] & (shared == 0)
    return np.asarray(np.where(clash, -1.0, shared), dtype=np.float32)


def _named(p: Prepared, i: Ints, j: Ints) -> Floats:
    """Places in the names: -3 differ, -2 one name's place is not in the other's address, 2 same."""
    has_left, has_right = p.sets["named"].filled()
    at_left, at_right = p.sets["place"].filled()
    nl, nr, al, ar = has_left[i], has_right[j], at_left[i], at_right[j]
    same = p.sets["named"].shared(i, j) > 0
    left_there, right_there = (
        p.sets["named_place"].shared(i, j) > 0,
        p.sets["place_named"].shared(i, j) > 0,
    )
    out = np.zeros(len(i), dtype=np.float32)
    one_left, one_right = nl & ~nr, nr & ~nl
    out[(one_left & ~ar) | (one_right & ~al)] = -1
    out[(one_left & ar & ~left_there) | (one_right & al & ~right_there)] = -2
    out[(one_left & left_there) | (one_right & right_there)] = 1
    out[nl & nr & ~same] = -3
    out[nl & nr & same] = 2
    return out


def _variants(p: Prepared, i: Ints, j: Ints) -> tuple[Floats, Floats]:
    """Features of the best pair of spellings of each pair of records, and its frequency."""
    best = np.zeros((len(i), len(names.FEATURES)), dtype=np.float32)
    best[:, 5:8] = 1.0
    score = np.full(len(i), -9.0, dtype=np.float32)
    frequency = np.ones(len(i), dtype=np.float32)
    for left in p.variant_left:
        for right in p.variant_right:
            a, b = left[i], right[j]
            rows = np.flatnonzero((a >= 0) & (b >= 0))
            if not len(rows):
                continue
            code = a[rows].astype(np.int64) * len(p.spellings.texts) + b[rows]
            unique, back = np.unique(code, return_inverse=True)
            size = len(p.spellings.texts)
            found = names.compare(
                p.spellings, (unique // size).astype(np.int32), (unique % size).astype(np.int32)
            )[back]
            value = found[:, 4] + 0.3 * found[:, 1] - 0.3 * found[:, 7] + 0.2 * found[:, 8]
            better = value > score[rows]
            rows = rows[better]
            best[rows], score[rows] = found[better], value[better]
            frequency[rows] = np.sqrt(p.frequency[a[rows]] * p.frequency[b[rows]])
    return best, frequency


def features(p: Prepared, i: Ints, j: Ints) -> Floats:
    """The evidence table of the pairs, shape (pairs, len(EVIDENCE))."""
    out = np.empty((len(i), len(EVIDENCE)), dtype=np.float32)
    base = len(names.FEATURES)
    best, frequency = _variants(p, i, j)
    out[:, :base] = best
    for k, name in enumerate(STATES):
        out[:, base + k] = state(p.sets[name], i, j)
    k = base + len(STATES)
    rarity = p.sets["area"].rarity()
    shared = p.sets["area"].shared(i, j, rarity)
    norms = [np.asarray(m @ rarity).ravel() for m in (p.sets["area"].left, p.sets["area"].right)]
    out[:, k] = shared / np.maximum(np.minimum(norms[0][i], norms[1][j]), 1.0)
    out[:, k + 1] = _named(p, i, j)
    out[:, k + 2] = np.log(frequency)
    col = {name: out[:, base + n] for n, name in enumerate(STATES)}
    facts: Sequence[str] = ("phone", "email", "street", "box", "tax", "number", "code")
    agree = sum((col[n] > 0).astype(np.float32) for n in facts) + (
        (col["domain"] > 0) & (col["email"] <= 0)
    )
    out[:, k + 3] = agree + ((col["tax"] <= 0) & (col["tax_tail"] > 0))
    out[:, k + 4] = sum(
        (col[n] < 0).astype(np.float32) for n in ("phone", "domain", "street", "tax_tail", "place")
    )
    out[:, k + 5] = 2.0 * p.left["blocked"][i] + p.right["blocked"][j]
    out[:, k + 6] = np.maximum(p.left["placeholder"][i], p.right["placeholder"][j])
    cut_left, cut_right = p.left["cut"][i], p.right["cut"][j]
    out[:, k + 7] = np.maximum(cut_left, cut_right)
    out[:, k + 8] = best[:, 5] - best[:, 16] * cut_right
    out[:, k + 9] = best[:, 6] - best[:, 17] * cut_left
    return out

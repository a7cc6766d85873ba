"""Evidence about two parties: every column of the evidence table for many pairs at once."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.resolve import block, names, party
from engine.resolve.keys import Floats, Ints, KeySet, key_set
from engine.resolve.places import Gazetteer, subsequence
from engine.resolve.roles import recognise
from engine.resolve.table import Table
from engine.resolve.text import code_key

Lists = list[tuple[str, ...]]
_PLAIN = (
    "phone",
    "email",
    "domain",
    "tax",
    "tax_near",
    "tax_tail",
    "number",
    "street",
    "box",
    "post",
    "country",
    "person",
)


@dataclass(slots=True)
class Prepared:
    """Both sides, ready for comparison."""

    sets: dict[str, KeySet]
    spellings: names.Spellings
    variant_left: list[Ints]
    variant_right: list[Ints]
    left: party.Facts
    right: party.Facts
    frequency: Floats


def _places(facts: party.Facts, towns: Gazetteer) -> Lists:
    facts.place = [towns.find(text) for text in facts.lines]
    named: Lists = []
    for at, spelt in enumerate(facts.names):
        here = facts.place[at]
        marked = tuple(_mark(text, towns, here) for text in spelt)
        facts.names[at] = tuple(dict.fromkeys(marked))
        named.append(
            tuple(dict.fromkeys(t for text in marked for t in text.split() if t[0] == "@"))
        )
    return named


def _mark(text: str, towns: Gazetteer, here: tuple[str, ...]) -> str:
    tokens = towns.mark(text.split())
    for k, token in enumerate(tokens):
        if k and len(token) <= 3 and token.isalpha() and len(token) > 1:
            for town in here:
                if subsequence(token, town[1:]):
                    tokens[k] = town
                    break
    return " ".join(tokens)


def _codes(table: Table, facts: party.Facts, *, own: str, other: str) -> Lists:
    out: Lists = []
    for key, found in zip(table.keys, facts.code, strict=True):
        mine = code_key(key)
        rest = [k for k in found if k != mine]
        out.append((own + mine, *("c" + k for k in rest), *(other + k for k in rest)))
    return out


def _free(keys: Lists, other: Lists) -> set[str]:
    """Mail domains that many unrelated records use: free-mail providers, told by frequency."""
    count: dict[str, int] = {}
    for side in (keys, other):
        for found in side:
            for k in found:
                count[k] = count.get(k, 0) + 1
    floor = max(12.0, 0.002 * (len(keys) + len(other)))
    return {k for k, n in count.items() if n > floor}


_LARGE = 20_000


def _both_sides(
    left: Table, right: Table, roles: tuple[dict[str, str], dict[str, str]]
) -> tuple[party.Facts, party.Facts]:
    """Normalise both sides, large ones on two cores.

    A forked child takes the right side; where a process may not have children (Celery workers) or
    runs other threads (web servers) both are done here.
    """
    alone = threading.active_count() == 1 and not multiprocessing.current_process().daemon
    if (
        min(len(left), len(right)) < _LARGE
        or not alone
        or "fork" not in multiprocessing.get_all_start_methods()
    ):
        return party.prepare(left, roles[0]), party.prepare(right, roles[1])
    with multiprocessing.get_context("fork").Pool(1) as pool:
        waiting = pool.apply_async(party.prepare, (right, roles[1]))
        mine = party.prepare(left, roles[0])
        return mine, waiting.get()


def prepare(left: Table, right: Table) -> Prepared:
    """Normalise both tables and build all key sets."""
    roles = recognise(left, "party"), recognise(right, "party")
    a, b = _both_sides(left, right, roles)
    counts = party.towns(left, roles[0]) + party.towns(right, roles[1])
    towns = Gazetteer(counts)
    named = _places(a, towns), _places(b, towns)
    free = _free(a.domain, b.domain)
    for facts in (a, b):
        facts.domain = [tuple(d for d in found if d not in free) for found in facts.domain]
    sets = {name: key_set(getattr(a, name), getattr(b, name)) for name in _PLAIN}
    sets["place"] = key_set(a.place, b.place)
    sets["named"] = key_set(named[0], named[1])
    sets["named_place"] = key_set(named[0], b.place)
    sets["place_named"] = key_set(a.place, named[1])
    sets["area"] = key_set(a.area, b.area)
    sets["form"] = key_set(a.forms, b.forms)
    sets["code"] = key_set(
        _codes(left, a, own="k", other="r"), _codes(right, b, own="r", other="k")
    )
    return _spell(a, b, sets)


def _spell(a: party.Facts, b: party.Facts, sets: dict[str, KeySet]) -> Prepared:
    voc: dict[str, int] = {}
    counts: list[int] = []
    sides: list[list[Ints]] = []
    per_side: list[list[int]] = []
    for facts in (a, b):
        ids = [[voc.setdefault(s, len(voc)) for s in spelt] for spelt in facts.names]
        counts += [0] * (len(voc) - len(counts))
        mine = [0] * len(voc)
        for found in ids:
            for k in found:
                counts[k] += 1
                mine[k] += 1
        per_side.append(mine)
        wide = max((len(found) for found in ids), default=1)
        sides.append(
            [
                np.asarray([f[k] if k < len(f) else -1 for f in ids], dtype=np.int32)
                for k in range(max(wide, 1))
            ]
        )
    per_side[0] += [0] * (len(voc) - len(per_side[0]))
    frequency = np.sqrt(np.maximum(per_side[0], 1.0) * np.maximum(per_side[1], 1.0)).astype(
        np.float32
    )
    sets["token"] = key_set([_block_keys(s) for s in a.names], [_block_keys(s) for s in b.names])
    return Prepared(sets, names.spellings(list(voc), counts), sides[0], sides[1], a, b, frequency)


def _block_keys(spelt: tuple[str, ...]) -> set[str]:
    out: set[str] = set()
    for text in spelt:
        tokens = text.split()
        bare = text.replace(" ", "").replace("@", "")
        out.add("x" + bare[:6])
        out.update(tokens)
        for k, t in enumerate(tokens[:4]):
            out.update(f"{min(t, u)}|{max(t, u)}" for u in tokens[k + 1 : 5] if u != t)
        out.update([bare[k : k + 4] for k in range(min(len(bare) - 3, 9))])
    return out


BLOCKING = {
    "token": 1.0, "phone": 2.0, "email": 2.0, "domain": 1.5, "tax": 2.0, "tax_near": 1.0, "tax_tail": 0.7, "number": 2.0,
    "street": 1.5, "box": 1.0, "code": 2.0,
}  # fmt: skip


def candidates(prepared: Prepared, limit: int) -> tuple[Ints, Ints, Floats]:
    """Candidate pairs by shared rare keys (see ``block.candidates``)."""
    return block.candidates([(prepared.sets[n], f) for n, f in BLOCKING.items()], limit=limit)


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
    out[:, k + 5] = 2.0 * _flag(p.left.blocked)[i] + _flag(p.right.blocked)[j]
    out[:, k + 6] = np.maximum(_flag(p.left.placeholder)[i], _flag(p.right.placeholder)[j])
    cut_left, cut_right = _flag(p.left.cut)[i], _flag(p.right.cut)[j]
    out[:, k + 7] = np.maximum(cut_left, cut_right)
    out[:, k + 8] = best[:, 5] - best[:, 16] * cut_right
    out[:, k + 9] = best[:, 6] - best[:, 17] * cut_left
    return out


def _flag(values: list[bool]) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)

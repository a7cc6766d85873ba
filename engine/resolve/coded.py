"""A party table as numbers: normalised in pieces, so that texts of a large table never exist all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.resolve import parallel, party
from engine.resolve.keys import Floats, Ints, KeySet
from engine.resolve.places import Gazetteer, subsequence
from engine.resolve.table import Table
from engine.resolve.text import code_key

Lists = list[tuple[str, ...]]
PLAIN = (
    "phone", "email", "domain", "tax", "tax_near", "tax_tail", "number", "street", "box", "post", "country",
    "person", "place", "area", "forms",
)  # fmt: skip
FLAGS = ("blocked", "placeholder", "cut")
LARGE = 15_000
_PIECE = 12_500


@dataclass(slots=True)
class Coded:
    """One sort of key of one side: how many keys each record has, and a number per key.

    Numbers are 64-bit hashes of the texts of this process (and its forks); they are never kept.
    """

    lengths: Ints
    keys: NDArray[np.int64]


@dataclass(slots=True)
class Side:
    """One side in numbers.

    Attributes:
        sets: keys by sort.
        flags: blocked, placeholder and cut per record.
        spellings: distinct spellings of names of this side.
        spelt: spelling numbers per record.
    """

    sets: dict[str, Coded]
    flags: dict[str, Floats]
    spellings: list[str]
    spelt: Coded


def _coded(rows: Sequence[Iterable[str]]) -> Coded:
    lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))  # type: ignore[arg-type]
    total = int(lengths.sum())
    flat = map(hash, chain.from_iterable(rows))
    return Coded(lengths, np.fromiter(flat, dtype=np.int64, count=total))


def _mark(text: str, towns: Gazetteer, here: tuple[str, ...]) -> str:
    tokens = towns.mark(text.split())
    if here:
        for k, token in enumerate(tokens):
            if k and 1 < len(token) <= 3 and token.isalpha():
                for town in here:
                    if subsequence(token, town[1:]):
                        tokens[k] = town
                        break
    return " ".join(tokens)


def _places(facts: party.Facts, towns: Gazetteer) -> Lists:
    """Set the places of the facts, mark towns in names; the towns named per record."""
    facts.place = [towns.find(cells) for cells in facts.lines]
    named: Lists = []
    for at, spelt in enumerate(facts.names):
        here = facts.place[at]
        marked = tuple(dict.fromkeys([_mark(text, towns, here) for text in spelt]))
        facts.names[at] = marked
        named.append(
            tuple(dict.fromkeys(t for text in marked if "@" in text for t in text.split() if t[0] == "@"))
        )  # fmt: skip
    return named


def _codes(table: Table, facts: party.Facts, own: str, other: str) -> Lists:
    out: Lists = []
    for key, found in zip(table.keys, facts.code, strict=True):
        mine = code_key(key)
        rest = [k for k in found if k != mine]
        out.append((own + mine, *("c" + k for k in rest), *(other + k for k in rest)))
    return out


@dataclass(frozen=True, slots=True)
class Reading:
    """How a side is read: its table and roles, the widths at which names are cut, key prefixes."""

    table: Table
    roles: dict[str, str]
    widths: frozenset[int]
    own: str
    other: str


def reading(table: Table, roles: dict[str, str], *, left: bool) -> Reading:
    """Look over the whole side before it is read in pieces."""
    widths = frozenset(party.cut_widths(table, roles))
    return Reading(table, roles, widths, *(("k", "r") if left else ("r", "k")))


def _read(how: Reading, rows: range, towns: Gazetteer) -> Side:
    part = slice(rows.start, rows.stop)
    columns = {n: v[part] for n, v in how.table.columns.items() if n in how.roles}
    table = Table(keys=how.table.keys[part], columns=columns, key=how.table.key)
    facts = party.prepare(table, how.roles, how.widths)
    named = _places(facts, towns)
    sets = {name: _coded(getattr(facts, name)) for name in PLAIN}
    sets["named"] = _coded(named)
    sets["code"] = _coded(_codes(table, facts, how.own, how.other))
    flags = {name: np.asarray(getattr(facts, name), dtype=np.float32) for name in FLAGS}
    voc: dict[str, int] = {}
    lengths = np.fromiter(map(len, facts.names), dtype=np.int32, count=len(facts.names))
    ids = [voc.setdefault(text, len(voc)) for spelt in facts.names for text in spelt]
    return Side(sets, flags, list(voc), Coded(lengths, np.asarray(ids, dtype=np.int64)))


def read(left: Reading, right: Reading, towns: Gazetteer) -> tuple[Side, Side, list[str]]:
    """Both sides in numbers, and all distinct spellings, which both sides number alike."""
    sides = (left, right)
    jobs = [(at, rows) for at in (0, 1) for rows in parallel.pieces(len(sides[at].table), _PIECE)]
    large = len(left.table) + len(right.table) >= 2 * LARGE
    voc: dict[str, int] = {}
    parts: tuple[list[Side], list[Side]] = ([], [])
    work = parallel.each(lambda job: _read(sides[job[0]], job[1], towns), jobs, large=large)
    for (at, _), part in zip(jobs, work, strict=True):
        number = np.asarray([voc.setdefault(t, len(voc)) for t in part.spellings], dtype=np.int64)
        if len(number):
            part.spelt.keys = number[part.spelt.keys]
        part.spellings = []
        parts[at].append(part)
    return _joined(parts[0]), _joined(parts[1]), list(voc)


def _join(parts: Sequence[Coded]) -> Coded:
    return Coded(
        np.concatenate([p.lengths for p in parts]), np.concatenate([p.keys for p in parts])
    )


def _joined(parts: list[Side]) -> Side:
    sets = {name: _join([p.sets[name] for p in parts]) for name in parts[0].sets}
    flags = {name: np.concatenate([p.flags[name] for p in parts]) for name in FLAGS}
    return Side(sets, flags, [], _join([p.spelt for p in parts]))


def numbered(keys: NDArray[np.int64]) -> tuple[Ints, int]:
    """Keys as numbers from 0 in order of first appearance (so that runs repeat), and how many there are."""
    values, back = np.unique(keys, return_inverse=True)
    first = np.empty(len(values), dtype=np.int64)
    first[back[::-1]] = np.arange(len(keys) - 1, -1, -1)
    number = np.empty(len(values), dtype=np.int32)
    number[np.argsort(first)] = np.arange(len(values), dtype=np.int32)
    return number[back], len(values)


def without(one: Coded, unwanted: NDArray[np.int64]) -> Coded:
    """The same keys but for the unwanted ones."""
    keep = ~np.isin(one.keys, unwanted)
    rows = np.repeat(np.arange(len(one.lengths)), one.lengths)[keep]
    lengths = np.bincount(rows, minlength=len(one.lengths)).astype(np.int32)
    return Coded(lengths, one.keys[keep])


def incidence(lengths: Ints, numbers: Ints, width: int) -> sparse.csr_matrix:
    """Matrix of ones, a row per record."""
    start = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=start[1:])
    ones = np.ones(len(numbers), dtype=np.float32)
    return sparse.csr_matrix((ones, numbers, start), shape=(len(lengths), max(width, 1)))


def key_set(left: Coded, right: Coded) -> KeySet:
    """The incidence of both sides in one vocabulary."""
    numbers, width = numbered(np.concatenate([left.keys, right.keys]))
    at = len(left.keys)
    mine, other = numbers[:at], numbers[at:]
    df = [np.bincount(n, minlength=max(width, 1)).astype(np.float32) for n in (mine, other)]
    return KeySet(
        incidence(left.lengths, mine, width), incidence(right.lengths, other, width), df[0], df[1]
    )

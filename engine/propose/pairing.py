"""The pairs that are scored together, with what several signals share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from engine.propose.leaves import GENERIC, Leaf, bare_names
from engine.propose.prepare import Floats, Side, word_weights
from engine.propose.words import canonical, prose, vocabulary

Ints = npt.NDArray[np.int32]
STEP = 50_000
WIDTH_NAME = 8
WIDTH_PATH = 14
WIDTH_NOTE = 18
BAGS = ("name", "path", "note", "above", "label")


@dataclass(slots=True)
class Bag:
    """Words of every leaf as padded rows of word numbers with weights; the number after the last pads."""

    ids: Ints
    weights: Floats


@dataclass(frozen=True, slots=True)
class Alike:
    """How much any two words are the same word.

    A table of bytes is a quarter of one of numbers, and more of it stays at hand while pairs are looked up.

    Attributes:
        codes: one byte for each two words; the greater byte is the greater number.
        values: the number of each byte.
    """

    codes: npt.NDArray[np.uint8]
    values: Floats


SYNONYM, LEAST_ALIKE = 0.9, 82


class Pairs:
    """Some pairs of source leaves ``i`` and target leaves ``j`` and their shared tables.

    Args:
        left: the source side.
        right: the target side.
        i: positions in ``left``, one per pair.
        j: positions in ``right``, one per pair.
        left_concepts: what names and what descriptions of ``left`` speak of.
        right_concepts: the same for ``right``.
    """

    def __init__(
        self,
        left: Side,
        right: Side,
        index: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
        left_concepts: tuple[Floats, Floats],
        right_concepts: tuple[Floats, Floats],
    ) -> None:
        self.left, self.right = left, right
        self.i, self.j = index
        self.left_concepts, self.left_note_concepts = left_concepts
        self.right_concepts, self.right_note_concepts = right_concepts

    def __len__(self) -> int:
        return len(self.i)

    @cached_property
    def weights(self) -> dict[str, float]:
        """Inverse document frequency of words over both sides."""
        return word_weights((self.left, self.right))

    @cached_property
    def words(self) -> dict[str, int]:
        """Every word of both sides and its number."""
        return {w: k for k, w in enumerate(self.weights)}

    @cached_property
    def alike(self) -> Alike:
        """How much two words are the same word: 1 equal, 0.9 synonyms, spelling above 0.82.

        A last row and column of zeros stand for the padding of bags.
        """
        words = list(self.words)
        spelled = process.cdist(
            words, words, scorer=fuzz.ratio, score_cutoff=LEAST_ALIKE, dtype=np.uint8, workers=2
        )
        ratios = np.arange(LEAST_ALIKE, 101, dtype=np.uint8)
        cubes = (ratios.astype(np.float32) / 100.0) ** 3
        values = np.unique(np.r_[0.0, SYNONYM, cubes].astype(np.float32))
        code = np.zeros(101, dtype=np.uint8)
        code[ratios] = np.searchsorted(values, cubes)
        table = code[spelled]
        numeric = np.array([w.isdigit() for w in words])
        table[numeric[:, None] | numeric[None, :]] = 0
        names = {c: k for k, c in enumerate(dict.fromkeys(map(canonical, words)))}
        group = np.array([names[canonical(w)] for w in words])
        synonym = np.uint8(np.searchsorted(values, np.float32(SYNONYM)))
        table = np.where(group[:, None] == group[None, :], np.maximum(table, synonym), table)
        np.fill_diagonal(table, code[100])
        return Alike(np.pad(table, (0, 1)), values)

    @cached_property
    def bare(self) -> tuple[list[str], list[str]]:
        """The names of both sides without shared prefixes and marks."""
        return bare_names(self.left.leaves), bare_names(self.right.leaves)

    def _bag(self, rows: list[list[tuple[str, float]]], width: int) -> Bag:
        ids = np.full((len(rows), width), len(self.words), dtype=np.int32)
        weights = np.zeros((len(rows), width), dtype=np.float32)
        for r, row in enumerate(rows):
            for c, (word, weight) in enumerate(row[:width]):
                ids[r, c] = self.words[word]
                weights[r, c] = weight * self.weights[word]
        return Bag(ids, weights)

    def _side(self, side: Side, kind: str) -> Bag:
        if kind == "note":
            rows = [[(w, 1.0) for w in prose(one.note)] for one in side.leaves]
            return self._bag(rows, WIDTH_NOTE)
        if kind == "above":
            rows = [[(w, 1.0) for w in dict.fromkeys(one.above)] for one in side.leaves]
            return self._bag(rows, WIDTH_NAME)
        if kind == "label":
            rows = [[(w, 1.0) for w in dict.fromkeys(one.said)] for one in side.leaves]
            return self._bag(rows, WIDTH_NAME)
        if kind == "name":
            rows = [[(w, 1.0) for w in dict.fromkeys(one.words)] for one in side.leaves]
            return self._bag(rows, WIDTH_NAME)
        return self._bag([_weighted(one, self.words) for one in side.leaves], WIDTH_PATH)

    @cached_property
    def left_bags(self) -> dict[str, Bag]:
        """Bags of words of the source, by kind."""
        return {k: self._side(self.left, k) for k in BAGS}

    @cached_property
    def right_bags(self) -> dict[str, Bag]:
        """Bags of words of the target, by kind."""
        return {k: self._side(self.right, k) for k in BAGS}

    def covered(self, want: Bag, have: Bag, rows: tuple[Ints, Ints], table: Alike | None) -> Floats:
        """Share of the wanted words' weight that the other bag has, per pair.

        ``table`` says how much two words are the same; without one only equal words are.
        """
        out = np.zeros(len(rows[0]), dtype=np.float32)
        for start in range(0, len(out), STEP):
            a, b = rows[0][start : start + STEP], rows[1][start : start + STEP]
            wanted, had = want.ids[a][:, :, None], have.ids[b][:, None, :]
            if table is None:
                hit = (wanted == had).any(axis=2)
            else:
                found = table.codes.ravel().take(wanted * len(table.codes) + had)
                hit = table.values[found.max(axis=2)]
            weights = want.weights[a]
            out[start : start + STEP] = (hit * weights).sum(1) / np.maximum(weights.sum(1), 1e-6)
        return out

    @cached_property
    def entities(self) -> tuple[list[str], Ints, list[str], Ints]:
        """Distinct entity names of both sides and the number of each leaf's entity."""
        out: list[list[str] | Ints] = []
        for side in (self.left, self.right):
            names = list(dict.fromkeys(one.entity for one in side.leaves))
            at = {n: k for k, n in enumerate(names)}
            out += [names, np.array([at[one.entity] for one in side.leaves], np.int32)]
        return out[0], out[1], out[2], out[3]  # type: ignore[return-value]


def _weighted(one: Leaf, known: dict[str, int]) -> list[tuple[str, float]]:
    """Own words fully, words above by half, the entity's by a quarter; more where own say little."""
    general = set(one.words) <= GENERIC or all(w.isdigit() for w in one.words)
    near = 0.85 if general else 0.5
    owner = 0.6 if general and not one.above else 0.2
    rows = dict.fromkeys(one.words, 1.0)
    for k, word in enumerate(reversed(one.above)):
        rows.setdefault(word, near * 0.8 ** (k // 2))
    for word in one.owner:
        rows.setdefault(word, owner)
    return [(w, v) for w, v in rows.items() if w in known]


def per_leaf(side: Side, what: Callable[[Leaf], object]) -> npt.NDArray[np.float32]:
    """One number for each leaf; true counts as 1."""
    return np.array([float(what(one)) for one in side.leaves], dtype=np.float32)  # type: ignore[arg-type]


def dot(p: Pairs, left: Floats, right: Floats) -> Floats:
    """Scalar product of a row of ``left`` and a row of ``right`` for every pair."""
    out = np.empty(len(p), dtype=np.float32)
    for s in range(0, len(out), STEP):
        out[s : s + STEP] = np.einsum("nd,nd->n", left[p.i[s : s + STEP]], right[p.j[s : s + STEP]])
    return out


def mask(
    side: Side, words: dict[str, str], name: str, *, owner: bool = False
) -> npt.NDArray[np.bool_]:
    """Which leaves have, in name or path, a word of the class ``name``."""
    return np.array(
        [
            any(
                words.get(w) == name
                for w in (
                    (*one.owner, *one.above, *one.words) if owner else (*one.above, *one.words)
                )
            )
            for one in side.leaves
        ],
        dtype=bool,
    )


def heads(side: Side) -> list[str]:
    """What kind of datum each leaf holds, from the last word that says so; empty if none does."""
    table = vocabulary().head
    out = []
    for one in side.leaves:
        found = [table[w] for w in (*one.above[-2:], *one.words) if w in table]
        own = [table[w] for w in one.words if w in table]
        out.append((own or found or [""])[-1])
    return out

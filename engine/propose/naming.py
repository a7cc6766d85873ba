"""Signals from the letters of names: abbreviations, dropped vowels, shared prefixes.

Words are of no help where a name was cut to a few letters (``CstNm``, ``cust_nm_1``, ``ddrssln1``);
the order of the letters that are left still tells.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler, LCSseq

from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats
from engine.schema.paths import leaf as leaf_name
from engine.schema.paths import tokens

_GRAMS = 1024


def skeleton(name: str) -> str:
    """The consonants and digits; the name itself where it has none."""
    return re.sub(r"[aeiouy]", "", name) or name


def _names(p: Pairs) -> tuple[list[str], list[str]]:
    left, right = p.bare
    return [left[k] for k in p.i], [right[k] for k in p.j]


def _lengths(names: list[str]) -> Floats:
    return np.array([len(n) for n in names], dtype=np.float32)


def spelling_bare(p: Pairs) -> Floats:
    """Spelling of the names without shared prefixes and marks."""
    out: Floats = process.cpdist(*_names(p), scorer=fuzz.ratio, dtype=np.float32)
    return out / 100


def start_bare(p: Pairs) -> Floats:
    """The same with weight on the beginnings (Jaro-Winkler)."""
    return process.cpdist(*_names(p), scorer=JaroWinkler.similarity, dtype=np.float32)


def letters_in_order(p: Pairs) -> Floats:
    """Share of the shorter name's letters that the other has in the same order.

    Names of fewer than three letters are weighed down: any long name contains them.
    """
    left, right = _names(p)
    common: Floats = process.cpdist(left, right, scorer=LCSseq.similarity, dtype=np.float32)
    short = np.minimum(_lengths(left), _lengths(right))
    first = np.array([a[:1] == b[:1] for a, b in zip(left, right, strict=True)], dtype=np.float32)
    found: Floats = common / (short + 0.5) * (0.7 + 0.3 * first)
    return found


def skeletons(p: Pairs) -> Floats:
    """Spelling of the names without their vowels."""
    left, right = ([skeleton(name) for name in names] for names in p.bare)
    out: Floats = process.cpdist(
        [left[k] for k in p.i], [right[k] for k in p.j], scorer=fuzz.ratio, dtype=np.float32
    )
    return out / 100


def beginnings(short: str, words: Sequence[str]) -> float:
    """How well a name reads as beginnings of words in order (``CouReNam``, ``ASI`` for assay id).

    1 where every word gave its beginning and nothing is left over, 0.5 plus the share of words that
    gave one where some gave none, 0 where letters are left over.
    """
    reached = {0: 0}
    for word in words:
        for at, used in list(reached.items()):
            for size in range(1, min(len(word), len(short) - at) + 1):
                if word[size - 1] != short[at + size - 1]:
                    break
                reached[at + size] = max(reached.get(at + size, 0), used + 1)
    used = reached.get(len(short), 0)
    return 0.5 + 0.5 * used / len(words) if used else 0.0


def word_beginnings(p: Pairs) -> Floats:
    """One name made of the beginnings of the other's words; the better way of the two."""
    left, right = p.bare
    spoken = [
        [tuple(tokens(leaf_name(o.field.path))) for o in side.leaves] for side in (p.left, p.right)
    ]
    common = process.cpdist(
        [left[k] for k in p.i], [right[k] for k in p.j], scorer=LCSseq.similarity, dtype=np.int32
    )
    out = np.zeros(len(p), dtype=np.float32)
    for names, others, words, rows in (
        (left, p.i, spoken[1], p.j),
        (right, p.j, spoken[0], p.i),
    ):
        sizes = np.array([len(n) for n in names])[others]
        for k in np.flatnonzero((common == sizes) & (sizes >= 2)):
            out[k] = max(out[k], beginnings(names[others[k]], words[rows[k]]))
    return out


def _gram_table(names: list[str]) -> Floats:
    out = np.zeros((len(names), _GRAMS), dtype=np.float32)
    for row, name in enumerate(names):
        text = f"^{name}$"
        for size in (2, 3):
            for k in range(len(text) - size + 1):
                out[row, zlib.crc32(text[k : k + size].encode()) % _GRAMS] += 1.0
    return out


def rare_letters(p: Pairs) -> Floats:
    """Cosine of letter pairs and triples, where those that many fields have count little."""
    left, right = map(_gram_table, p.bare)
    seen = (left > 0).sum(axis=0) + (right > 0).sum(axis=0)
    weight = np.log((1 + len(left) + len(right)) / (1 + seen))
    tables = []
    for table in (left, right):
        scaled = table * weight
        norm = np.linalg.norm(scaled, axis=1, keepdims=True)
        tables.append((scaled / np.maximum(norm, 1e-6)).astype(np.float32))
    # Every row with every other is one product of tables: cheaper than picking wide rows pair by pair.
    alike: Floats = tables[0] @ tables[1].T
    return alike[p.i, p.j]

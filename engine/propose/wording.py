"""Signals from words: of names, paths and descriptions, with synonyms and near spellings counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from engine.propose.leaves import Leaf
from engine.propose.pairing import Alike, Pairs, dot, heads
from engine.propose.prepare import Floats, Side
from engine.propose.words import prose, vocabulary


def _forward(p: Pairs, want: str, have: str, table: Alike | None) -> Floats:
    rows = (p.j, p.i)
    return p.covered(p.right_bags[want], p.left_bags[have], rows, table)  # type: ignore[arg-type]


def _back(p: Pairs, want: str, have: str, table: Alike | None) -> Floats:
    rows = (p.i, p.j)
    return p.covered(p.left_bags[want], p.right_bags[have], rows, table)  # type: ignore[arg-type]


def same_words(p: Pairs) -> Floats:
    """Equal words in both names, as the mean of both ways."""
    return 0.5 * (_forward(p, "name", "name", None) + _back(p, "name", "name", None))


def name_covers_target(p: Pairs) -> Floats:
    """How much of the target's name the source's path says, synonyms counted."""
    return _forward(p, "name", "path", p.alike)


def name_covers_source(p: Pairs) -> Floats:
    """How much of the source's name the target's path says, synonyms counted."""
    return _back(p, "name", "path", p.alike)


def like_words(p: Pairs) -> Floats:
    """Words of both names, synonyms and near spellings counted, the smaller way."""
    return np.minimum(_forward(p, "name", "name", p.alike), _back(p, "name", "name", p.alike))


def label_words(p: Pairs) -> Floats:
    """Words of both labels, synonyms counted, as the mean of both ways."""
    return 0.5 * (_forward(p, "label", "label", p.alike) + _back(p, "label", "label", p.alike))


def path_words(p: Pairs) -> Floats:
    """Words of the whole paths with their entities, synonyms counted."""
    return 0.5 * (_forward(p, "path", "path", p.alike) + _back(p, "path", "path", p.alike))


def note_says_target(p: Pairs) -> Floats:
    """How much of the target's name the source's description says."""
    return _forward(p, "name", "note", p.alike)


def note_says_source(p: Pairs) -> Floats:
    """How much of the source's name the target's description says."""
    return _back(p, "name", "note", p.alike)


def note_words(p: Pairs) -> Floats:
    """Words of both descriptions."""
    return 0.5 * (_forward(p, "note", "note", p.alike) + _back(p, "note", "note", p.alike))


def _texts(p: Pairs, what: Callable[[Leaf], str]) -> tuple[list[str], list[str]]:
    left = [what(one) for one in p.left.leaves]
    right = [what(one) for one in p.right.leaves]
    return [left[k] for k in p.i], [right[k] for k in p.j]


def spelling(p: Pairs) -> Floats:
    """Spelling of the two names, words in any order (rapidfuzz token sort ratio)."""
    left, right = _texts(p, lambda one: " ".join(one.words))
    out: Floats = process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    return out / 100


def spelling_raw(p: Pairs) -> Floats:
    """Spelling of the names as they stand, without spelling abbreviations out."""
    left, right = _texts(p, lambda one: one.field.path.rsplit(".", 1)[-1].lower())
    out: Floats = process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32)
    return out / 100


def spelling_start(p: Pairs) -> Floats:
    """Spelling of the names with weight on their beginnings (Jaro-Winkler)."""
    left, right = _texts(p, lambda one: one.field.path.rsplit(".", 1)[-1].lower())
    return process.cpdist(left, right, scorer=JaroWinkler.similarity, dtype=np.float32)


def spelling_part(p: Pairs) -> Floats:
    """One path as a part of the other (rapidfuzz partial token set ratio of spelled-out paths)."""
    left, right = _texts(p, lambda one: " ".join((*one.above, *one.words)))
    out: Floats = process.cpdist(left, right, scorer=fuzz.token_set_ratio, dtype=np.float32)
    return out / 100


def head_same(p: Pairs) -> Floats:
    """Both names end in a word for the same kind of datum 1, in different kinds -1, unknown 0."""
    names = sorted({*heads(p.left), *heads(p.right)})
    left = np.array([names.index(h) for h in heads(p.left)])[p.i]
    right = np.array([names.index(h) for h in heads(p.right)])[p.j]
    empty = names.index("") if "" in names else -1
    known = (left != empty) & (right != empty)
    return np.where(known, np.where(left == right, 1.0, -1.0), 0.0).astype(np.float32)


def numbers_agree(p: Pairs) -> Floats:
    """Digits in both names: the same 1, different -1, only one side -0.4, none 0."""

    def digits(one: Leaf) -> str:
        return "".join(sorted(w for w in one.words if w.isdigit()))

    known = sorted({digits(o) for side in (p.left, p.right) for o in side.leaves})
    left = np.array([known.index(digits(o)) for o in p.left.leaves])[p.i]
    right = np.array([known.index(digits(o)) for o in p.right.leaves])[p.j]
    none = known.index("") if "" in known else -1
    both, either = (left != none) & (right != none), (left != none) | (right != none)
    out = np.where(left == right, 1.0, -1.0)
    return np.where(both, out, np.where(either, -0.4, 0.0)).astype(np.float32)


def _qualifiers(p: Pairs) -> tuple[Floats, Floats]:
    book = vocabulary()
    words = sorted(book.qualifiers)
    index = {w: k for k, w in enumerate(words)}

    def table(side: Side, *, wide: bool) -> Floats:
        out = np.zeros((len(side), len(words)), dtype=np.float32)
        for r, one in enumerate(side.leaves):
            seen = (*one.owner, *one.above, *one.words) if wide else one.words
            cols = [index[w] for w in seen if w in index]
            cols += [index[book.group[w]] for w in seen if book.group.get(w) in index]
            out[r, cols] = 1.0
        return out

    left, right = table(p.left, wide=False), table(p.right, wide=False)
    left_wide, right_wide = table(p.left, wide=True), table(p.right, wide=True)
    extra = left.sum(1)[p.i] - dot(p, left, right_wide)
    missing = right.sum(1)[p.j] - dot(p, left_wide, right)
    return extra, missing


def extra_qualifiers(p: Pairs) -> Floats:
    """Words such as last, month, minimum, tax that only the source has."""
    return np.minimum(_qualifiers(p)[0], 4.0)


def missing_qualifiers(p: Pairs) -> Floats:
    """Words such as last, month, minimum, tax that only the target has."""
    return np.minimum(_qualifiers(p)[1], 4.0)


def note_extra(p: Pairs) -> Floats:
    """Qualifying words of the source's description that the target says nowhere."""
    words = sorted(vocabulary().qualifiers)
    index = {w: k for k, w in enumerate(words)}
    group = vocabulary().group

    def table(side: Side, what: Callable[[Leaf], tuple[str, ...]]) -> Floats:
        out = np.zeros((len(side), len(words)), dtype=np.float32)
        for r, one in enumerate(side.leaves):
            seen = what(one)
            cols = {index[w] for w in seen if w in index}
            cols |= {index[group[w]] for w in seen if group.get(w) in index}
            out[r, list(cols)] = 1.0
        return out

    left = table(p.left, lambda o: prose(o.note))
    right = table(p.right, lambda o: (*o.above, *o.words, *o.owner, *prose(o.note)))
    found: Floats = np.minimum(left.sum(1)[p.i] - dot(p, left, right), 4.0)
    return found

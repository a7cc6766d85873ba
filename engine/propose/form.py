"""Signals from what a field can hold: type, length, allowed values, key or free field."""

from __future__ import annotations

import numpy as np

from engine.propose.leaves import Leaf
from engine.propose.pairing import Pairs, dot, per_leaf
from engine.propose.prepare import Floats
from engine.propose.words import spelled, vocabulary
from engine.schema.model import FieldType


def small_for_text(p: Pairs) -> Floats:
    """A source of at most five characters for a target that holds free text."""
    small = per_leaf(p.left, lambda o: 0 < (o.field.length or 0) <= 5)

    def free(one: Leaf) -> bool:
        plain = one.field.type is FieldType.STRING and not one.field.enum
        return plain and not one.field.references and (one.field.length or 500) >= 30

    return small[p.i] * per_leaf(p.right, free)[p.j]


_KIND = {
    FieldType.STRING: "text",
    FieldType.REFERENCE: "text",
    FieldType.ENUM: "choice",
    FieldType.BOOLEAN: "choice",
    FieldType.INTEGER: "number",
    FieldType.DECIMAL: "number",
    FieldType.DATE: "date",
    FieldType.DATETIME: "date",
}


_FIT = {
    ("text", "text"): 1.0,
    ("number", "number"): 1.0,
    ("date", "date"): 1.0,
    ("choice", "choice"): 1.0,
    ("choice", "text"): 0.5,
    ("text", "choice"): 0.5,
    ("number", "text"): 0.2,
    ("text", "number"): 0.1,
    ("number", "choice"): 0.0,
    ("choice", "number"): 0.0,
    ("date", "text"): -0.3,
    ("text", "date"): -0.6,
}


def _yes_no(one: Leaf) -> bool:
    codes = {c.lower() for c, _ in one.field.enum if c.strip()}
    return one.field.type is FieldType.BOOLEAN or (0 < len(codes) <= 2 and codes <= _YES_NO)


_YES_NO = frozenset({"y", "n", "yes", "no", "true", "false", "0", "1"})


def type_fit(p: Pairs) -> Floats:
    """Whether one type can become the other: 1 the same kind, below 0 hardly."""
    kinds = ["text", "choice", "number", "date"]
    table = np.array([[_FIT.get((a, b), -1.0) for b in kinds] for a in kinds], dtype=np.float32)
    left = np.array([kinds.index(_KIND.get(o.field.type, "text")) for o in p.left.leaves])
    right = np.array([kinds.index(_KIND.get(o.field.type, "text")) for o in p.right.leaves])
    found: Floats = table[left[p.i], right[p.j]]
    return found


def flag_fit(p: Pairs) -> Floats:
    """Both yes-or-no 1, only one of them -1, neither 0."""
    left, right = per_leaf(p.left, _yes_no)[p.i], per_leaf(p.right, _yes_no)[p.j]
    return np.where(left == right, left * right, -1.0).astype(np.float32)


def length_fit(p: Pairs) -> Floats:
    """Log ratio of the allowed lengths where both are known, else 0; below 0 it must be cut."""
    left = per_leaf(p.left, lambda o: o.field.length or 0)[p.i]
    right = per_leaf(p.right, lambda o: o.field.length or 0)[p.j]
    known = (left > 0) & (right > 0)
    ratio = np.log2(np.maximum(right, 1) / np.maximum(left, 1))
    return np.where(known, np.clip(ratio, -4, 4) / 4, 0.0).astype(np.float32)


def short_source(p: Pairs) -> Floats:
    """The source is a code of at most three characters."""
    return per_leaf(p.left, lambda o: 0 < (o.field.length or 0) <= 3)[p.i]


def enum_overlap(p: Pairs) -> Floats:
    """Allowed values in common (codes or meanings); -0.2 where both lists share nothing."""

    def words(one: Leaf) -> frozenset[str]:
        return frozenset(
            w.lower() for code, meaning in one.field.enum for w in (code, meaning) if w.strip()
        )

    left, right = [words(o) for o in p.left.leaves], [words(o) for o in p.right.leaves]
    some = (
        per_leaf(p.left, lambda o: bool(o.field.enum))[p.i]
        * per_leaf(p.right, lambda o: bool(o.field.enum))[p.j]
    )
    out = np.zeros(len(p), dtype=np.float32)
    for k in np.flatnonzero(some):
        a, b = left[p.i[k]], right[p.j[k]]
        out[k] = len(a & b) / max(1, min(len(a), len(b))) or -0.2
    return out


def enum_named(p: Pairs) -> Floats:
    """The name of one is an allowed value of the other (``Active`` and ACTIVE, ARCHIVED)."""
    group = vocabulary().group

    def codes(one: Leaf) -> frozenset[str]:
        return frozenset(
            group.get(w, w)
            for code, meaning in one.field.enum[:12]
            for w in spelled(code or meaning)
        )

    def index(rows: list[frozenset[str]], known: dict[str, int]) -> Floats:
        out = np.zeros((len(rows), len(known)), dtype=np.float32)
        for r, words in enumerate(rows):
            out[r, [known[w] for w in words if w in known]] = 1.0
        return out

    sides = (p.left.leaves, p.right.leaves)
    names = [
        [frozenset(group.get(w, w) for w in o.words) - {"code"} for o in side] for side in sides
    ]
    lists = [[codes(o) for o in side] for side in sides]
    known = {w: k for k, w in enumerate(sorted(set().union(*names[0], *names[1])))}
    one = dot(p, index(names[0], known), index(lists[1], known))
    two = dot(p, index(lists[0], known), index(names[1], known))
    return np.minimum(np.maximum(one, two), 1.0)


def custom_source(p: Pairs) -> Floats:
    """The source is free, user-defined or of unknown meaning."""

    def unknown(one: Leaf) -> bool:
        return "user" in one.words or (one.field.custom and not one.field.description)

    return per_leaf(p.left, unknown)[p.i]


def both_keys(p: Pairs) -> Floats:
    """Both are keys 1, only one of them -0.5."""
    left, right = (
        per_leaf(p.left, lambda o: o.field.key)[p.i],
        per_leaf(p.right, lambda o: o.field.key)[p.j],
    )
    return np.where(left == right, left, -0.5).astype(np.float32)

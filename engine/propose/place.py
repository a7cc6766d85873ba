"""Signals from where a field stands: entity, objects around it, line or header, what it points at."""

from __future__ import annotations

import numpy as np

from engine.propose.leaves import Leaf
from engine.propose.pairing import Pairs, dot, mask, per_leaf
from engine.propose.prepare import Floats
from engine.propose.words import spelled, vocabulary


def home_fit(p: Pairs) -> Floats:
    """A joined source entity is named by the target's path 1, is not -1; main entity 0 or -0.5."""
    group = vocabulary().group

    def say(words: tuple[str, ...]) -> frozenset[str]:
        return frozenset(group.get(w, w) for w in words)

    owners = {o.entity: (o.order, say(o.owner)) for o in p.left.leaves}
    main = frozenset().union(*(w for order, w in owners.values() if order == 0))
    common = main | {"account", "record", "master", "detail", "table"}
    names = list(owners)
    own = [owners[n][1] - common if owners[n][0] else frozenset() for n in names]
    says = [say((*o.above, *o.words)) for o in p.right.leaves]
    hit = np.array([[bool(w & s) for s in says] for w in own], dtype=np.float32)
    joined = np.array([bool(w) for w in own])
    score = np.where(joined[:, None], 2 * hit - 1, -0.5 * hit.max(axis=0)[None, :])
    at = np.array([names.index(o.entity) for o in p.left.leaves])
    found: Floats = score[at[p.i], p.j].astype(np.float32)
    return found


def side_conflict(p: Pairs) -> Floats:
    """The source's entity is about selling and the target's name about buying, or the reverse."""
    book = vocabulary().side
    owner = {
        o.entity: {book.get("bills" if w == "bill" else w) for w in o.owner} - {None}
        for o in p.left.leaves
    }
    main = next(iter(owner.values()), set())
    out = np.zeros(len(p), dtype=np.float32)
    for mine, other in (("sales", "purchase"), ("purchase", "sales")):
        left = per_leaf(p.left, lambda o, m=mine: m in (owner[o.entity] or main))  # type: ignore[misc]
        clash = mask(p.right, book, other) & ~mask(p.right, book, mine)
        out += left[p.i] * clash[p.j]
    return out


def side_words(p: Pairs) -> Floats:
    """Selling or buying in both fields' own paths: the same 1, opposite -1, only the target -0.4."""
    book = vocabulary().side
    out = np.zeros(len(p), dtype=np.float32)
    marks = {
        name: (mask(p.left, book, name), mask(p.right, book, name))
        for name in ("sales", "purchase")
    }
    for mine, other in (("sales", "purchase"), ("purchase", "sales")):
        right = marks[mine][1] & ~marks[other][1]
        left, against = marks[mine][0], marks[other][0] & ~marks[mine][0]
        score = np.where(left, 1.0, np.where(against, -1.0, -0.4))
        out += score[p.i] * right[p.j]
    return out


def above_fit(p: Pairs) -> Floats:
    """How much of what stands around the source the target's path says; 1 where nothing does."""
    rows = (p.i, p.j)
    found = p.covered(p.left_bags["above"], p.right_bags["path"], rows, p.alike)  # type: ignore[arg-type]
    empty = np.array([not o.above for o in p.left.leaves])
    return np.where(empty[p.i], 1.0, found).astype(np.float32)


def above_found(p: Pairs) -> Floats:
    """How much of what stands around the target the source's path says; 1 where nothing does."""
    rows = (p.j, p.i)
    found = p.covered(p.right_bags["above"], p.left_bags["path"], rows, p.alike)  # type: ignore[arg-type]
    empty = np.array([not o.above for o in p.right.leaves])
    return np.where(empty[p.j], 1.0, found).astype(np.float32)


def role_conflict(p: Pairs) -> Floats:
    """Billing against shipping or remittance, as told by the words of both paths."""
    book = vocabulary().role
    out = np.zeros(len(p), dtype=np.float32)
    roles = sorted(set(book.values()))
    left = {r: mask(p.left, book, r) for r in roles}
    right = {r: mask(p.right, book, r) for r in roles}
    for role in roles:
        others = [r for r in roles if r != role]
        pure = left[role] & ~np.logical_or.reduce([left[r] for r in others])
        out += (pure[p.i] & right[role][p.j]).astype(np.float32)
        clash = np.logical_or.reduce([right[r] for r in others]) & ~right[role]
        out -= (pure[p.i] & clash[p.j]).astype(np.float32)
    return out


def both_lines(p: Pairs) -> Floats:
    """Both on lines or both on the header 1, else -1."""
    left, right = per_leaf(p.left, lambda o: o.line)[p.i], per_leaf(p.right, lambda o: o.line)[p.j]
    return np.where(left == right, 1.0, -1.0).astype(np.float32)


def main_entity(p: Pairs) -> Floats:
    """How far the source's entity is from the main one (0 main, 1 joined first, …)."""
    return np.minimum(per_leaf(p.left, lambda o: o.order)[p.i], 3.0)


def references(p: Pairs) -> Floats:
    """Both point at entities whose names mean the same; -0.3 where only one points anywhere."""
    book = vocabulary().group

    def words(one: Leaf) -> frozenset[str]:
        target = one.field.references.split(".", maxsplit=1)[0]
        if not target and one.wrapped:
            target = " ".join(one.words)
        return frozenset(book.get(w, w) for w in spelled(target))

    left, right = [words(o) for o in p.left.leaves], [words(o) for o in p.right.leaves]
    names_left, names_right = list(dict.fromkeys(left)), list(dict.fromkeys(right))
    table = np.zeros((len(names_left), len(names_right)), dtype=np.float32)
    for a, x in enumerate(names_left):
        for b, y in enumerate(names_right):
            table[a, b] = len(x & y) / max(1, min(len(x), len(y))) if x and y else 0.0
            if bool(x) != bool(y):
                table[a, b] = -0.3
    at_left = np.array([names_left.index(x) for x in left])
    at_right = np.array([names_right.index(x) for x in right])
    found: Floats = table[at_left[p.i], at_right[p.j]]
    return found


def reference_says(p: Pairs) -> Floats:
    """The entity the source points at is named by the target."""
    book = vocabulary().group
    index: dict[str, int] = {}

    def table(rows: list[frozenset[str]]) -> list[list[int]]:
        return [[index.setdefault(w, len(index)) for w in sorted(r)] for r in rows]

    left = table(
        [frozenset(book.get(w, w) for w in spelled(o.field.references)) for o in p.left.leaves]
    )
    right = table([frozenset(book.get(w, w) for w in (*o.above, *o.words)) for o in p.right.leaves])
    a = np.zeros((len(left), len(index)), np.float32)
    b = np.zeros((len(right), len(index)), np.float32)
    for matrix, rows in ((a, left), (b, right)):
        for r, cols in enumerate(rows):
            matrix[r, cols] = 1.0
    return np.minimum(dot(p, a, b), 2.0)

"""The signals: what speaks for or against a pair of fields.

Each is a small function from pairs to one number per pair; ``SIGNALS`` is the table that names
them, tells people what they mean and fixes their order. The learned model is tied to this order by
``FEATURES_VERSION``; change one and the other refuses to load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from engine.propose.naming import (
    letters_in_order,
    rare_letters,
    skeletons,
    spelling_bare,
    start_bare,
)
from engine.propose.pairing import Pairs, heads, mask
from engine.propose.prepare import Floats, Leaf, Side
from engine.propose.sampling import (
    character_share,
    length_alike,
    range_alike,
    shape_overlap,
    spelling_alike,
    value_overlap,
)
from engine.propose.words import prose, spelled, vocabulary
from engine.schema.model import FieldType

FEATURES_VERSION = 2
Signal = Callable[[Pairs], Floats]


def _rows(side: Side, what: Callable[[Leaf], object]) -> npt.NDArray[np.float32]:
    return np.array([float(what(one)) for one in side.leaves], dtype=np.float32)  # type: ignore[arg-type]


def _dot(p: Pairs, left: Floats, right: Floats) -> Floats:
    out = np.empty(len(p), dtype=np.float32)
    step = 50_000
    for s in range(0, len(out), step):
        out[s : s + step] = np.einsum("nd,nd->n", left[p.i[s : s + step]], right[p.j[s : s + step]])
    return out


def _forward(p: Pairs, want: str, have: str, table: Floats) -> Floats:
    rows = (p.j, p.i)
    return p.covered(p.right_bags[want], p.left_bags[have], rows, table)  # type: ignore[arg-type]


def _back(p: Pairs, want: str, have: str, table: Floats) -> Floats:
    rows = (p.i, p.j)
    return p.covered(p.left_bags[want], p.right_bags[have], rows, table)  # type: ignore[arg-type]


def same_words(p: Pairs) -> Floats:
    """Equal words in both names, as the mean of both ways."""
    return 0.5 * (_forward(p, "name", "name", p.same) + _back(p, "name", "name", p.same))


def name_covers_target(p: Pairs) -> Floats:
    """How much of the target's name the source's path says, synonyms counted."""
    return _forward(p, "name", "path", p.alike)


def name_covers_source(p: Pairs) -> Floats:
    """How much of the source's name the target's path says, synonyms counted."""
    return _back(p, "name", "path", p.alike)


def like_words(p: Pairs) -> Floats:
    """Words of both names, synonyms and near spellings counted, the smaller way."""
    return np.minimum(_forward(p, "name", "name", p.alike), _back(p, "name", "name", p.alike))


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


def meaning_of_names(p: Pairs) -> Floats:
    """Vectors of the two names."""
    return _dot(p, p.left.name, p.right.name)


def meaning_of_fields(p: Pairs) -> Floats:
    """Vectors of entity, field, type, meaning and samples."""
    return _dot(p, p.left.full, p.right.full)


def meaning_of_notes(p: Pairs) -> Floats:
    """Vectors of the two descriptions."""
    return _dot(p, p.left.note, p.right.note)


def meaning_across(p: Pairs) -> Floats:
    """One side's description against the other's name, the better way."""
    return np.maximum(_dot(p, p.left.note, p.right.name), _dot(p, p.left.name, p.right.note))


def concept(p: Pairs) -> Floats:
    """Both speak of the same accounting concept."""
    return _dot(p, p.left_concepts, p.right_concepts)


def _related() -> Floats:
    """Concepts by concepts: 1 on the diagonal, less where one can stand in for the other."""
    names = list(vocabulary().concepts)
    table = np.eye(len(names), dtype=np.float32)
    for a, b, weight in vocabulary().relations:
        table[names.index(a), names.index(b)] = table[names.index(b), names.index(a)] = weight
    return table


def concept_related(p: Pairs) -> Floats:
    """What one speaks of can stand in for what the other speaks of."""
    return np.minimum(_dot(p, p.left_concepts @ _related(), p.right_concepts), 1.0)


def concept_of_note(p: Pairs) -> Floats:
    """What the source's description speaks of can stand in for what the target speaks of."""
    return np.minimum(_dot(p, p.left_note_concepts @ _related(), p.right_concepts), 1.0)


def concept_note_note(p: Pairs) -> Floats:
    """What both descriptions speak of."""
    return np.minimum(_dot(p, p.left_note_concepts @ _related(), p.right_note_concepts), 1.0)


def small_for_text(p: Pairs) -> Floats:
    """A source of at most five characters for a target that holds free text."""
    small = _rows(p.left, lambda o: 0 < (o.field.length or 0) <= 5)

    def free(one: Leaf) -> bool:
        plain = one.field.type is FieldType.STRING and not one.field.enum
        return plain and not one.field.references and (one.field.length or 500) >= 30

    return small[p.i] * _rows(p.right, free)[p.j]


def concept_first(p: Pairs) -> Floats:
    """The most likely concept of both is the same one."""
    same = p.left_concepts.argmax(1)[p.i] == p.right_concepts.argmax(1)[p.j]
    found: Floats = same.astype(np.float32)
    return found


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
    left, right = _rows(p.left, _yes_no)[p.i], _rows(p.right, _yes_no)[p.j]
    return np.where(left == right, left * right, -1.0).astype(np.float32)


def length_fit(p: Pairs) -> Floats:
    """Log ratio of the allowed lengths where both are known, else 0; below 0 it must be cut."""
    left = _rows(p.left, lambda o: o.field.length or 0)[p.i]
    right = _rows(p.right, lambda o: o.field.length or 0)[p.j]
    known = (left > 0) & (right > 0)
    ratio = np.log2(np.maximum(right, 1) / np.maximum(left, 1))
    return np.where(known, np.clip(ratio, -4, 4) / 4, 0.0).astype(np.float32)


def short_source(p: Pairs) -> Floats:
    """The source is a code of at most three characters."""
    return _rows(p.left, lambda o: 0 < (o.field.length or 0) <= 3)[p.i]


def enum_overlap(p: Pairs) -> Floats:
    """Allowed values in common (codes or meanings); -0.2 where both lists share nothing."""

    def words(one: Leaf) -> frozenset[str]:
        return frozenset(
            w.lower() for code, meaning in one.field.enum for w in (code, meaning) if w.strip()
        )

    left, right = [words(o) for o in p.left.leaves], [words(o) for o in p.right.leaves]
    some = (
        _rows(p.left, lambda o: bool(o.field.enum))[p.i]
        * _rows(p.right, lambda o: bool(o.field.enum))[p.j]
    )
    out = np.zeros(len(p), dtype=np.float32)
    for k in np.flatnonzero(some):
        a, b = left[p.i[k]], right[p.j[k]]
        out[k] = len(a & b) / max(1, min(len(a), len(b))) or -0.2
    return out


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
    extra = left.sum(1)[p.i] - _dot(p, left, right_wide)
    missing = right.sum(1)[p.j] - _dot(p, left_wide, right)
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
    found: Floats = np.minimum(left.sum(1)[p.i] - _dot(p, left, right), 4.0)
    return found


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
        left = _rows(p.left, lambda o, m=mine: m in (owner[o.entity] or main))  # type: ignore[misc]
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
    one = _dot(p, index(names[0], known), index(lists[1], known))
    two = _dot(p, index(lists[0], known), index(names[1], known))
    return np.minimum(np.maximum(one, two), 1.0)


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
    left, right = _rows(p.left, lambda o: o.line)[p.i], _rows(p.right, lambda o: o.line)[p.j]
    return np.where(left == right, 1.0, -1.0).astype(np.float32)


def main_entity(p: Pairs) -> Floats:
    """How far the source's entity is from the main one (0 main, 1 joined first, …)."""
    return np.minimum(_rows(p.left, lambda o: o.order)[p.i], 3.0)


def both_keys(p: Pairs) -> Floats:
    """Both are keys 1, only one of them -0.5."""
    left, right = (
        _rows(p.left, lambda o: o.field.key)[p.i],
        _rows(p.right, lambda o: o.field.key)[p.j],
    )
    return np.where(left == right, left, -0.5).astype(np.float32)


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
    return np.minimum(_dot(p, a, b), 2.0)


def custom_source(p: Pairs) -> Floats:
    """The source is free, user-defined or of unknown meaning."""

    def unknown(one: Leaf) -> bool:
        return "user" in one.words or (one.field.custom and not one.field.description)

    return _rows(p.left, unknown)[p.i]


def samples_equal(p: Pairs) -> Floats:
    """Sample values in common; 0 where either side has none."""
    return value_overlap(p)


def samples_spelling(p: Pairs) -> Floats:
    """Character n-grams of the sample values."""
    return spelling_alike(p)


def samples_meaning(p: Pairs) -> Floats:
    """Vectors of the sample values or allowed values."""
    known = np.array([bool(t) for t in p.left.value_texts])[p.i]
    known &= np.array([bool(t) for t in p.right.value_texts])[p.j]
    return np.where(known, _dot(p, p.left.value, p.right.value), 0.0).astype(np.float32)


def samples_say(p: Pairs) -> Floats:
    """One side's samples against the other's name and description, the better way."""
    left = np.array([bool(t) for t in p.left.value_texts])[p.i]
    right = np.array([bool(t) for t in p.right.value_texts])[p.j]
    one = np.where(left, _dot(p, p.left.value, p.right.full), 0.0)
    two = np.where(right, _dot(p, p.left.full, p.right.value), 0.0)
    return np.maximum(one, two).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Row:
    """One signal of the table.

    Attributes:
        name: stable name, used in the model file.
        score: the function.
        says: what it speaks of, for people ("the names' words").
    """

    name: str
    score: Signal
    says: str


SIGNALS: tuple[Row, ...] = (
    Row("same_words", same_words, "same words in the names"),
    Row("like_words", like_words, "words of the names that mean the same"),
    Row("name_covers_target", name_covers_target, "the target's name found in the source's path"),
    Row("name_covers_source", name_covers_source, "the source's name found in the target's path"),
    Row("path_words", path_words, "words of the whole paths"),
    Row("spelling", spelling, "spelling of the names"),
    Row("spelling_raw", spelling_raw, "spelling of the names as they stand"),
    Row("spelling_start", spelling_start, "beginning of the names"),
    Row("spelling_part", spelling_part, "one path part of the other"),
    Row("meaning_of_names", meaning_of_names, "meaning of the names"),
    Row("meaning_of_fields", meaning_of_fields, "meaning of entity, field and description"),
    Row("meaning_of_notes", meaning_of_notes, "meaning of the descriptions"),
    Row("meaning_across", meaning_across, "description of one, name of the other"),
    Row("note_says_target", note_says_target, "the source's description names the target"),
    Row("note_says_source", note_says_source, "the target's description names the source"),
    Row("note_words", note_words, "words of the descriptions"),
    Row("concept", concept, "same accounting concept"),
    Row("concept_related", concept_related, "a concept that can stand in for the other"),
    Row("concept_of_note", concept_of_note, "what the source's description speaks of"),
    Row("concept_note_note", concept_note_note, "what both descriptions speak of"),
    Row("small_for_text", small_for_text, "a short code for free text"),
    Row("concept_first", concept_first, "the most likely concept is the same"),
    Row("type_fit", type_fit, "types"),
    Row("flag_fit", flag_fit, "yes-or-no fields"),
    Row("length_fit", length_fit, "lengths"),
    Row("short_source", short_source, "short code"),
    Row("enum_overlap", enum_overlap, "allowed values"),
    Row("head_same", head_same, "kind of datum in the name"),
    Row("numbers_agree", numbers_agree, "numbers in the names"),
    Row("extra_qualifiers", extra_qualifiers, "qualifying words only the source has"),
    Row("missing_qualifiers", missing_qualifiers, "qualifying words only the target has"),
    Row("note_extra", note_extra, "qualifying words of the source's description"),
    Row("home_fit", home_fit, "the joined entity is the one the target speaks of"),
    Row("side_conflict", side_conflict, "selling against buying"),
    Row("side_words", side_words, "selling or buying in the paths"),
    Row("above_fit", above_fit, "what stands around the source"),
    Row("above_found", above_found, "what stands around the target"),
    Row("enum_named", enum_named, "one's name among the other's allowed values"),
    Row("role_conflict", role_conflict, "billing, shipping or remittance"),
    Row("both_lines", both_lines, "header or line"),
    Row("main_entity", main_entity, "distance from the main entity"),
    Row("both_keys", both_keys, "keys"),
    Row("references", references, "what the references point at"),
    Row("reference_says", reference_says, "the referenced entity is named by the target"),
    Row("custom_source", custom_source, "free or unknown source field"),
    Row("samples_equal", samples_equal, "equal sample values"),
    Row("samples_spelling", samples_spelling, "spelling of sample values"),
    Row("samples_meaning", samples_meaning, "meaning of sample values"),
    Row("samples_say", samples_say, "samples of one, name of the other"),
    Row("samples_range", range_alike, "range of the numbers"),
    Row("samples_shape", shape_overlap, "shape of sample values"),
    Row("samples_length", length_alike, "length of sample values"),
    Row("samples_characters", character_share, "letters and digits in sample values"),
    Row("spelling_bare", spelling_bare, "spelling of the names without shared prefixes"),
    Row("start_bare", start_bare, "beginning of the names without shared prefixes"),
    Row("letters_in_order", letters_in_order, "one name an abbreviation of the other"),
    Row("skeletons", skeletons, "names without vowels"),
    Row("rare_letters", rare_letters, "rare groups of letters in the names"),
)


def measure(p: Pairs) -> Floats:
    """All signals for all pairs, shape ``(pairs, len(SIGNALS))``."""
    out = np.empty((len(p), len(SIGNALS)), dtype=np.float32)
    for column, row in enumerate(SIGNALS):
        out[:, column] = row.score(p)
    return out

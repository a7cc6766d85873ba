"""One side of a proposal, made ready: leaf fields with their words, texts and vectors."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.ports import Embedder
from engine.propose.words import prose, spelled, vocabulary
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from engine.schema.paths import leaf as leaf_name
from engine.schema.paths import parent as parent_path

Floats = npt.NDArray[np.floating[Any]]

GENERIC = frozenset(
    [
        "id",
        "name",
        "code",
        "number",
        "type",
        "value",
        "description",
        "key",
        "date",
        "status",
        "text",
        "total",
        "amount",
        "rate",
        "note",
        "reference",
        "label",
        "title",
        "day",
        "percent",
        "detail",
        "line",
        "quantity",
        "unit",
        "price",
        "category",
        "option",
        "email",
        "address",
        "phone",
    ]
)
_LINE_WORDS = frozenset({"line", "detail", "item", "position", "row"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that can carry a value, with the words that name it.

    Attributes:
        entity: name of its entity.
        field: the field itself.
        words: words of the field's own name (with its parent's where its own say nothing).
        above: words of the objects around it, nearest last.
        owner: words of the entity.
        order: position of the entity among those given (0 is the main one).
        line: sits in a repeating line of a document.
        wrapped: it is the value of a reference (``CustomerRef.value``).
        note: its description, as it is to be read.
    """

    entity: str
    field: FieldSchema
    words: tuple[str, ...]
    above: tuple[str, ...]
    owner: tuple[str, ...]
    order: int = 0
    line: bool = False
    wrapped: bool = False
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Entity and path: what identifies the field."""
        return self.entity, self.field.path


@dataclass(slots=True)
class Side:
    """All leaves of one side and what is computed once for each.

    Attributes:
        leaves: the fields.
        name_texts: short text for each: parent and own words.
        full_texts: entity, name, type, meaning, samples.
        note_texts: the description, or the name where there is none.
        value_texts: samples or allowed values, empty where none are known.
        name: unit vectors of ``name_texts``; ``full``, ``note`` and ``value`` likewise.
    """

    leaves: tuple[Leaf, ...]
    name_texts: tuple[str, ...]
    full_texts: tuple[str, ...]
    note_texts: tuple[str, ...]
    value_texts: tuple[str, ...]
    name: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    full: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    note: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    value: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))

    def __len__(self) -> int:
        return len(self.leaves)


def leaves_of(schema: SystemSchema, entities: Sequence[str]) -> tuple[Leaf, ...]:
    """The leaves of some entities, in the order given.

    Raises:
        KeyError: the schema has no such entity.
    """
    out: list[Leaf] = []
    for order, name in enumerate(entities):
        entity = schema.entity(name)
        if entity is None:
            raise KeyError(name)
        out += _entity_leaves(entity, order)
    return tuple(out)


def _entity_leaves(entity: EntitySchema, order: int) -> Iterable[Leaf]:
    owner = _entity_words(entity)
    children: dict[str, list[FieldSchema]] = defaultdict(list)
    for one in entity.fields:
        children[parent_path(one.path)].append(one)
    containers = set(children)
    slots = _address_slots(entity.fields)
    rows = bool(entity.lines_of) or bool(_LINE_WORDS & set(owner[-1:]))
    for one in entity.fields:
        if one.path in containers or one.type in (FieldType.OBJECT, FieldType.ARRAY):
            continue
        above_path = parent_path(one.path)
        mates = children[above_path]
        own = slots.get(one.path) or spelled(unprefixed(leaf_name(one.path), mates))
        above = tuple(w for part in above_path.split(".") if part for w in spelled(part))
        wrapped = leaf_name(one.path).lower() == "value" and above[-1:] == ("reference",)
        if wrapped:
            above = above[:-1]
        if above_path and (len(mates) == 1 or wrapped):
            nearest = spelled(above_path.rsplit(".", 1)[-1])
            own = tuple(w for w in nearest if w != "reference" or len(nearest) == 1)
            above = above[: len(above) - len(nearest) + (1 if wrapped else 0)]
        above = tuple(w for w in above if w != "reference")
        own = _owned(_coded(own, one, wrapped=wrapped), owner, top=not above)
        yield Leaf(
            entity=entity.name,
            field=one,
            words=own or (leaf_name(one.path).lower(),),
            above=above,
            owner=owner,
            order=order,
            line=rows or bool(re.search(r"\[\]\.", one.path) and _LINE_WORDS & set(above)),
            wrapped=wrapped,
            note=" ".join(own) if one.path in slots else one.description,
        )


def _coded(words: tuple[str, ...], one: FieldSchema, *, wrapped: bool) -> tuple[str, ...]:
    """``Supplier`` as a key or a reference is the supplier's code, ``Invoice`` an invoice number."""
    book = vocabulary()
    bare = bool(words) and words[-1] not in book.head and not words[-1].isdigit()
    if not bare or not (one.key or one.references or wrapped):
        return words
    return (*words, "number" if words[-1] in book.documents else "code")


def _owned(words: tuple[str, ...], owner: tuple[str, ...], *, top: bool) -> tuple[str, ...]:
    """The words as the entity means them.

    Inside an invoice, the invoice date is the document's date; the account number of a customer is
    the customer's number, not a ledger account.
    """
    book = vocabulary()
    documents = book.documents & set(owner)
    if documents and len(words) > 1:
        words = tuple("document" if w in documents else w for w in words)
    party = next((w for w in owner if book.group.get(w, w) in ("customer", "supplier")), "")
    neutral = owner[0] if len(owner) == 1 and owner[0] in book.parties else ""
    if top and (party or neutral) and words in _ACCOUNT_NUMBERS:
        words = (party or neutral, *words)
    return words


_ACCOUNT_NUMBERS = {("account", "number"), ("account", "code"), ("account", "id"), ("account",)}


def party_word(leaves: Sequence[Leaf]) -> str:
    """``customer`` or ``supplier``, as the entities of a side tell by their names; else empty."""
    book = vocabulary()
    for one in sorted(leaves, key=lambda o: o.order):
        for word in one.owner:
            side = book.side.get("bills" if word == "bill" else word)
            if side:
                return "customer" if side == "sales" else "supplier"
    return ""


def speaking_of(leaves: Sequence[Leaf], party: str) -> tuple[Leaf, ...]:
    """The leaves with ``Contact`` read as the party the other side is about.

    A contact entity holds customers and suppliers alike; its ``ContactNumber`` is the supplier
    number when suppliers are mapped to it.
    """
    if not party:
        return tuple(leaves)
    neutral = vocabulary().parties
    out = []
    for one in leaves:
        entity_is_party = len(one.owner) == 1 and one.owner[0] in neutral
        segments = {s.lower() for s in one.field.path.split(".")[:-1]}
        inside = next((s for s in segments if s in neutral), "")
        if not entity_is_party and not inside:
            out.append(one)
            continue
        old = one.owner[0] if entity_is_party else inside
        words = one.words
        if (len(words) > 1 and words[0] == old and not one.above) or (inside and words[0] == old):
            words = (party, *words[1:])
        out.append(
            replace(
                one,
                owner=(party,) if entity_is_party else one.owner,
                above=tuple(party if inside and w == old else w for w in one.above),
                words=words,
            )
        )
    return tuple(out)


def _entity_words(entity: EntitySchema) -> tuple[str, ...]:
    words = spelled(entity.label) if entity.label else spelled(entity.name)
    return tuple(dict.fromkeys(words))


def unprefixed(name: str, mates: Sequence[FieldSchema]) -> str:
    """The name without a prefix that every sibling carries (``assays_tissue`` -> ``tissue``)."""
    head, mark, rest = name.partition("_")
    if not mark or not rest or len(mates) < 4:
        return name
    shared = sum(leaf_name(m.path).startswith(head + mark) for m in mates)
    return rest if shared == len(mates) else name


_SLOT = re.compile(r"^(.*?)(\d)(.*)$")


def _address_slots(fields: Sequence[FieldSchema]) -> dict[str, tuple[str, ...]]:
    """Words for numbered address lines that stand in for city, region and country.

    An address block of five numbered lines without a city of its own keeps the town in line 3, the
    state in line 4 and the country in line 5; that is how address blocks are filled in ERP systems
    which have no separate columns for them.
    """
    blocks: dict[str, dict[int, FieldSchema]] = defaultdict(dict)
    others: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for one in fields:
        found = _SLOT.match(one.path)
        words = spelled(found[1]) if found else spelled(one.path)
        if found and not found[3] and words and words[-1] in ("address", "line", "street"):
            stem = found[1]
            blocks[stem][int(found[2])] = one
        else:
            others[parent_path(one.path)].append(spelled(leaf_name(one.path)))
    out: dict[str, tuple[str, ...]] = {}
    for stem, lines in blocks.items():
        first = spelled(stem)[:1]
        mates = others[parent_path(next(iter(lines.values())).path)]
        own_city = any(
            {"city", "town"} & set(w)
            and (w[:1] == first or (len(w) == 1 and first[0] in ("address", "line")))
            for w in mates
        )
        if max(lines) < 5 or own_city:
            continue
        for number, word in ((3, "city"), (4, "region"), (5, "country")):
            if number in lines:
                out[lines[number].path] = (*spelled(stem), word)
    return out


def _samples(one: FieldSchema) -> tuple[str, ...]:
    if one.profile and one.profile.samples:
        return one.profile.samples
    return tuple(f"{code} {meaning}".strip() for code, meaning in one.enum)


def name_text(leaf: Leaf) -> str:
    """The field named in a few words, with its entity where its own words are too general."""
    near = leaf.above[-3:]
    own = [w for w in leaf.words if not w.isdigit() or len(leaf.words) > 1]
    general = set(own) <= GENERIC
    front = leaf.owner if general and not near else ()
    return " ".join(dict.fromkeys([*front, *near, *leaf.words]))


def prepare(leaves: Sequence[Leaf], embedder: Embedder) -> Side:
    """Words to texts to vectors, one call to the embedder for all texts."""
    names = tuple(name_text(one) for one in leaves)
    notes = tuple(one.note or n for one, n in zip(leaves, names, strict=True))
    values = tuple(", ".join(_samples(one.field)[:8])[:200] for one in leaves)
    full = tuple(
        " · ".join(p for p in (" ".join(one.owner), n, one.field.type.value, one.note, v[:80]) if p)
        for one, n, v in zip(leaves, names, values, strict=True)
    )
    side = Side(tuple(leaves), names, full, notes, values)
    texts = list(dict.fromkeys([*names, *full, *notes, *values]))
    vectors = np.asarray(embedder.embed(texts), dtype=np.float32)
    row = {text: k for k, text in enumerate(texts)}
    for attribute, column in (("name", names), ("full", full), ("note", notes), ("value", values)):
        setattr(side, attribute, vectors[[row[t] for t in column]] if column else vectors[:0])
    return side


def concept_phrases() -> tuple[tuple[str, str], ...]:
    """Every concept with each of its phrases."""
    return tuple((c, p) for c, phrases in vocabulary().concepts.items() for p in phrases)


def note_concepts(side: Side, embedder: Embedder) -> Floats:
    """Like :func:`concepts`, but from the description alone; a row of zeros without one."""
    out = concepts(side, embedder, note=True)
    out[[not one.note for one in side.leaves]] = 0.0
    return out


def concepts(
    side: Side, embedder: Embedder, *, sharpness: float = 14.0, note: bool = False
) -> Floats:
    """How strongly each leaf speaks of each concept: rows of unit length, shape (leaves, concepts).

    Two readings are mixed: vectors of name and full text against the phrase, and words of the
    phrase found in the name. With ``note`` only the description is read.
    """
    pairs = concept_phrases()
    phrases = np.asarray(embedder.embed([p for _, p in pairs]), dtype=np.float32)
    if note:
        score = np.maximum(side.note @ phrases.T, 0.0)
    else:
        near = np.maximum(0.55 * side.name @ phrases.T + 0.45 * side.full @ phrases.T, 0.0)
        score = 0.6 * near + 0.4 * _phrase_words(side, [p for _, p in pairs])
    names = list(dict.fromkeys(c for c, _ in pairs))
    starts = [next(k for k, (c, _) in enumerate(pairs) if c == n) for n in names]
    best = np.maximum.reduceat(score, starts, axis=1)
    top = best.max(axis=1, keepdims=True) if len(side) else best
    sharp = np.exp(sharpness * (best - top)) * np.clip(top, 0.05, 1.0)
    unit: Floats = (sharp / np.linalg.norm(sharp, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _phrase_words(side: Side, phrases: Sequence[str]) -> Floats:
    """Dice overlap of the words of names (own words and one level above) and of phrases."""
    group = vocabulary().group
    bags = [{group.get(w, w) for w in (*one.above[-2:], *one.words)} for one in side.leaves]
    wanted = [{group.get(w, w) for w in spelled(p)} - {"of", "the", "to"} for p in phrases]
    index = {w: k for k, w in enumerate(sorted(set().union(*bags, *wanted)))} if bags else {}
    left = np.zeros((len(bags), len(index)), np.float32)
    right = np.zeros((len(wanted), len(index)), np.float32)
    for matrix, rows in ((left, bags), (right, wanted)):
        for r, words in enumerate(rows):
            matrix[r, [index[w] for w in words if w in index]] = 1.0
    both = left @ right.T
    total = left.sum(1)[:, None] + right.sum(1)[None, :]
    out: Floats = 2 * both / np.maximum(total, 1.0)
    return out


def word_weights(sides: Sequence[Side]) -> dict[str, float]:
    """Inverse document frequency of every word over the fields of all sides, between 0.15 and 1."""
    seen: Counter[str] = Counter()
    total = 0
    for side in sides:
        for one in side.leaves:
            total += 1
            seen.update(set(one.words) | set(one.above))
            seen.update(prose(one.note))
    scale = np.log(1 + total)
    return {w: float(np.clip(np.log((1 + total) / n) / scale, 0.15, 1.0)) for w, n in seen.items()}

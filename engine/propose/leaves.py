"""The fields of a schema that can carry a value, with the words that name them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.propose.words import spelled, vocabulary
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from engine.schema.paths import leaf as leaf_name
from engine.schema.paths import parent as parent_path
from engine.schema.paths import tokens

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


MOST = 0.6
"""Share of the siblings that makes a prefix theirs: a table's few foreign columns go without it."""
_FEWEST, _SHARE = 6, 0.05
"""How many fields, and which share of them, make a letter before their names a mark of their sort."""
_HELD = frozenset({"value", "number", "address", "website", "id", "code", "uuid", "key"})
"""What an object with a single member may call it without saying more than its own name does."""
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
        said: words of its label, or of its name as it stands where it has no label.
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
    said: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Entity and path: what identifies the field."""
        return self.entity, self.field.path


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
    inside: Counter[str] = Counter()
    for one in entity.fields:
        children[parent_path(one.path)].append(one)
        inside.update(_around(one.path))
    containers = set(inside)
    slots = _address_slots(entity.fields)
    letters = _letters(entity.fields)
    rows = bool(entity.lines_of) or bool(_LINE_WORDS & set(owner[-1:]))
    for one in entity.fields:
        if one.path in containers or one.type in (FieldType.OBJECT, FieldType.ARRAY):
            continue
        above_path = parent_path(one.path)
        mates = children[above_path]
        own = slots.get(one.path) or spelled(unprefixed(leaf_name(one.path), mates))
        if len(own) > 1 and own[0] in letters:
            own = own[1:]
        above = tuple(w for part in above_path.split(".") if part for w in spelled(part))
        wrapped = leaf_name(one.path).lower() == "value" and above[-1:] == ("reference",)
        if wrapped:
            above = above[:-1]
        if above_path and (inside[above_path] == 1 or wrapped):
            nearest = spelled(above_path.rsplit(".", 1)[-1])
            held = () if wrapped or set(own) <= _HELD else own
            own = tuple(w for w in nearest if w != "reference" or len(nearest) == 1)
            own = tuple(dict.fromkeys((*own, *held)))
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
            said=spelled(one.label) if one.label else own,
        )


def _around(path: str) -> Iterator[str]:
    """The paths of all objects around a field, nearest first."""
    while path := parent_path(path):
        yield path


def _letters(fields: Sequence[FieldSchema]) -> frozenset[str]:
    """Single letters that stand before the names of many fields and say of what sort these are.

    ``MStockCode`` and ``NComment`` among the lines of an order, ``sName`` and ``dDue`` elsewhere.
    """
    first = Counter(found[0] for one in fields if len(found := tokens(leaf_name(one.path))) > 1)
    least = max(_FEWEST, len(fields) * _SHARE)
    return frozenset(w for w, many in first.items() if len(w) == 1 and many >= least)


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
        theirs = _ORDERING - set(owner)
        words = tuple(
            "document" if w in documents and not (w == "order" and theirs & set(words[:k])) else w
            for k, w in enumerate(words)
        )
    party = next((w for w in owner if book.group.get(w, w) in ("customer", "supplier")), "")
    neutral = owner[0] if len(owner) == 1 and owner[0] in book.parties else ""
    if top and (party or neutral) and words in _ACCOUNT_NUMBERS:
        words = (party or neutral, *words)
    return words


_ORDERING = frozenset({"customer", "client", "buyer", "purchase"})
"""An order of these is the customer's own, also inside our order for it: not the document itself."""
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


def unprefixed(name: str, mates: Sequence[FieldSchema], share: float = 1.0) -> str:
    """The name without a prefix that this share of siblings carries (``assays_tissue`` -> ``tissue``)."""
    head, mark, rest = name.partition("_")
    if not mark or not rest or len(mates) < 4:
        return name
    shared = sum(leaf_name(m.path).startswith(head + mark) for m in mates)
    return rest if shared >= share * len(mates) else name


def bare_names(leaves: Sequence[Leaf]) -> list[str]:
    """Letters and digits of each own name in lower case, without a prefix most siblings carry."""
    mates: dict[tuple[str, str], list[FieldSchema]] = defaultdict(list)
    for one in leaves:
        mates[one.entity, parent_path(one.field.path)].append(one.field)
    out = []
    for one in leaves:
        name = leaf_name(one.field.path)
        rest = unprefixed(name, mates[one.entity, parent_path(one.field.path)], share=MOST)
        out.append(re.sub(r"[\W_]+", "", rest.lower()) or name.lower())
    return out


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
        first = spelled(leaf_name(stem))[:1]
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

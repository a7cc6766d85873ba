"""Training data of our own: invented systems whose fields carry a meaning, so any two make a task.

No field list here is taken from a benchmark. The systems stand in ``fields_own.txt``: an entity is
``@ system entity label kind order`` (documents of one kind are mapped to each other), a field is
``name type length meaning`` and, after
``::``, a description; ``-`` means that it has no counterpart anywhere, ``ro`` that the system
assigns it. Two fields with the same meaning belong together (grade 2); ``NEAR`` lists meanings that
can stand in for each other (grade 1). Types: s text, n decimal, i integer, d date, b yes/no,
c code list, r reference.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import numpy as np

from bench.fields_data import Key, Task, matrix
from engine.propose.leaves import leaves_of
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

_TYPES = {
    "s": FieldType.STRING, "n": FieldType.DECIMAL, "i": FieldType.INTEGER, "d": FieldType.DATE,
    "t": FieldType.DATETIME, "b": FieldType.BOOLEAN, "c": FieldType.ENUM, "r": FieldType.STRING,
}  # fmt: skip

TEXT = Path(__file__).with_name("fields_own.txt").read_text(encoding="utf-8")

NEAR: tuple[tuple[str, str, bool], ...] = (
    # a value of the first meaning may feed the second; True: it is what one would choose
    ("person", "first", True), ("person", "last", True), ("name", "payee", False),
    ("payee", "name", False), ("text", "name", False), ("name", "text", False),
    ("code", "name", False), ("text", "ptext", False), ("line1", "sline1", False),
    ("line2", "sline2", False), ("city", "scity", False), ("region", "sregion", False),
    ("zip", "szip", False), ("country", "scountry", False), ("class", "income", True),
    ("class", "expense", True), ("class", "kind", False), ("warehouse", "asset", True),
    ("class", "asset", False), ("taxcode", "ptaxcode", False), ("area", "branch", False),
    ("warehouse", "branch", False), ("branch", "l.class", False), ("area", "l.class", False),
    ("group", "branch", False), ("l.class", "l.account", False), ("l.item", "l.text", False),
    ("reference", "notes", False), ("notes", "reference", False), ("notes", "message", False),
    ("message", "notes", False), ("reference", "l.text", False), ("notes", "l.text", False),
    ("phone", "mobile", False), ("code", "barcode", False), ("kind", "tracked", False),
    ("invoice", "number", False), ("due", "date", False), ("altunit", "unit", False),
    ("price", "sold", False), ("cost", "bought", False), ("hold", "active", False),
    ("terms", "due", False), ("partyname", "party", False), ("shipdate", "date", False),
)  # fmt: skip
# what looks like a counterpart and is none
NEVER = {
    ("hold", "active"),
    ("phone", "mobile"),
    ("due", "date"),
    ("terms", "due"),
    ("altunit", "unit"),
}
NEVER |= {("code", "barcode"), ("line1", "sline1"), ("line2", "sline2")}
DEMANDED = {"party", "customer", "supplier"}


@dataclass(slots=True)
class Document:
    """Entities of one invented system that describe one kind of document."""

    system: str
    kind: str
    entities: list[EntitySchema] = field(default_factory=list)
    meaning: dict[Key, str] = field(default_factory=dict)


def _reference(meaning: str, name: str) -> str:
    names = {
        "party": "Party", "currency": "Currency", "terms": "Terms", "l.item": "Item", "rep": "Salesperson",
        "branch": "Branch", "area": "Area", "taxcode": "TaxCode", "l.taxcode": "TaxCode", "bank": "Bank",
        "warehouse": "Warehouse", "supplier": "Supplier", "applied": "Invoice", "country": "Country",
    }  # fmt: skip
    for ending in ("account", "expense", "income", "asset"):
        if meaning.endswith(ending):
            return "Account"
    return names.get(meaning, name)


def documents() -> list[Document]:
    """All documents of ``TEXT``."""
    found: dict[tuple[str, str], Document] = {}
    rows: list[tuple[Document, str, str, list[FieldSchema]]] = []
    for line in TEXT.strip().splitlines():
        if line.startswith("@"):
            _, system, name, label, kind, _order = line.split()
            one = found.setdefault((system, kind), Document(system, kind))
            rows.append((one, name, label.replace("_", " "), []))
            continue
        said, _, note = line.partition("::")
        words = said.split()
        read_only = words[-1] == "ro"
        words = words[: len(words) - read_only]
        meaning, length, kind = words[-1], int(words[-2]), words[-3]
        path = " ".join(words[:-3])
        one, entity, _, fields = rows[-1]
        fields.append(
            FieldSchema(
                path=path,
                type=_TYPES[kind],
                length=length or None,
                read_only=read_only,
                references=_reference(meaning, path) if kind == "r" else "",
                description=note.strip(),
                key=meaning in ("code", "number") and not len(fields),
            )
        )
        one.meaning[entity, path] = meaning
    for one, name, label, fields in rows:
        one.entities.append(EntitySchema(name=name, label=label, fields=tuple(fields)))
    return list(found.values())


def own_tasks() -> list[Task]:
    """Every ordered pair of two systems that describe the same kind of document."""
    by_kind: dict[str, list[Document]] = defaultdict(list)
    for one in documents():
        by_kind[one.kind].append(one)
    return [_task(a, b) for kind in sorted(by_kind) for a, b in permutations(by_kind[kind], 2)]


def _task(a: Document, b: Document) -> Task:
    allowed = {(x, y): sure for x, y, sure in NEAR if (x, y) not in NEVER}
    left = leaves_of(
        SystemSchema(a.system, entities=tuple(a.entities)), [e.name for e in a.entities]
    )
    right = leaves_of(
        SystemSchema(b.system, entities=tuple(b.entities)), [e.name for e in b.entities]
    )
    pairs, x = matrix(left, right)
    have = [a.meaning[o.key] for o in left]
    want = [b.meaning[o.key] for o in right]

    def grade(s: str, t: str) -> int:
        if "-" in (s, t):
            return 0
        if s == t:
            return 2
        near = allowed.get((s, t))
        return 0 if near is None else (2 if near and t not in have else 1)

    table = np.array([[grade(s, t) for t in want] for s in have])
    gold = {
        right[k].key: {left[n].key: int(table[n, k]) for n in np.flatnonzero(table[:, k])}
        for k in range(len(right))
        if table[:, k].any()
    }
    return Task(
        f"{a.system}->{b.system}/{a.kind}", "own", "own", pairs, x, table[pairs.i, pairs.j],
        np.ones(len(pairs), bool), [o.key for o in left], [o.key for o in right], gold,
        {o.key for o in right} - set(gold),
    )  # fmt: skip

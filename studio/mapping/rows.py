"""Mapping rows as the review page shows them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine.mapping.nodes import Path, walk
from engine.mapping.parse import parse_expression
from engine.mapping.refusals import Unreadable
from engine.schema.model import FieldSchema
from studio.catalog.models import SchemaSnapshot
from studio.core.action import person_of
from studio.learning.opinions import Suggestion
from studio.mapping.models import Decision, Mapping, MappingRow
from studio.mapping.preview import Preview, Shown
from studio.mapping.risk import SENT_BACK, risk_name, risk_of, who_must_look
from studio.mapping.schemas import entities, latest_snapshot, sides, whole_entity


@dataclass(frozen=True, slots=True)
class Offered:
    """One candidate with the number of its key (1 is the best)."""

    number: int
    index: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowView:
    """One row, ready to draw."""

    row: MappingRow
    best: Offered | None
    others: Sequence[Offered]
    sources: Sequence[FieldSchema]
    shown: Shown
    notes: int = 0
    opinion: Suggestion | None = None
    returned: Decision | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.row.state == "open"

    @property
    def risk(self) -> str:
        """What of money the field decides, in words; empty where none."""
        return risk_name(risk_of(self.row))

    @property
    def approver(self) -> str:
        """The person behind the decision, who is not the one to confirm it."""
        return person_of(self.row.decided_by)

    @property
    def waits_for(self) -> str:
        """Whom what is approved waits for; empty where nobody."""
        return who_must_look(self.row)

    @property
    def expression(self) -> str:
        """What is in force, else what the best candidate says."""
        if self.row.expression:
            return self.row.expression
        return str(self.best.data["expression"]) if self.best and self.open else ""

    @property
    def samples(self) -> list[str]:
        """A few values of the first source field."""
        profiles = [f.profile for f in self.sources if f.profile]
        return [v for v in profiles[0].samples if v.strip()][:3] if profiles else []


@dataclass(slots=True)
class Fields:
    """The fields of both sides by path without list marks."""

    source: dict[str, FieldSchema] = field(default_factory=dict)
    target: dict[str, FieldSchema] = field(default_factory=dict)


@lru_cache(maxsize=64)
def _fields(snapshot_id: int, direction: str, entity: str, document: str) -> Fields:
    snapshot = SchemaSnapshot.objects.get(pk=snapshot_id)
    like = Mapping(direction=direction, entity=entity, document=document)
    found = Fields()
    for schema, name, into in zip(
        sides(like, snapshot), entities(like), (found.source, found.target), strict=True
    ):
        whole = whole_entity(schema, name)
        into.update({f.path.replace("[]", ""): f for f in (whole.fields if whole else ())})
    return found


def fields_of(mapping: Mapping) -> Fields:
    """Both sides of a mapping on its newest snapshot; kept because snapshots never change."""
    snapshot = latest_snapshot(mapping.connection)
    if snapshot is None:
        return Fields()
    return _fields(snapshot.pk, mapping.direction, mapping.entity, mapping.document)


def ranked(candidates: list[dict[str, Any]]) -> list[Offered]:
    """Best first, whatever order they are stored in; ``index`` is their place in the row."""
    order = sorted(range(len(candidates)), key=lambda n: -float(candidates[n]["confidence"]))
    return [Offered(n + 1, index, candidates[index]) for n, index in enumerate(order)]


def read_by(expression: str, block_id: str, blocks: list[dict[str, Any]]) -> list[str]:
    """The source paths an expression reads, without list marks, in order."""
    try:
        tree = parse_expression(expression) if expression else None
    except Unreadable:
        return []
    if tree is None:
        return []
    aliases = {b.get("as", "line"): str(b.get("each", "")) for b in blocks if b["id"] == block_id}
    found: list[str] = []
    for node in walk(tree):
        if isinstance(node, Path):
            head, *rest = node.names
            names = [aliases[head], *rest] if head in aliases else [head, *rest]
            found.append(".".join(names))
    return list(dict.fromkeys(found))


def views(
    mapping: Mapping,
    rows: Sequence[MappingRow],
    preview: Preview,
    notes: dict[int, int],
    opinions: dict[uuid.UUID, Suggestion],
) -> list[RowView]:
    """The rows ready to draw."""
    fields = fields_of(mapping)
    returned = _returned(rows)
    found = []
    for row in rows:
        offers = ranked(row.candidates)
        text = row.expression or (offers[0].data["expression"] if offers else "")
        paths = read_by(text, row.block, mapping.blocks)
        found.append(
            RowView(
                row=row,
                best=offers[0] if offers else None,
                others=offers[1:5],
                sources=[fields.source[p] for p in paths if p in fields.source],
                shown=preview.of(row.target_path),
                notes=notes.get(row.pk, 0),
                opinion=opinions.get(row.uuid),
                returned=returned.get(row.pk),
            )
        )
    return found


def _returned(rows: Sequence[MappingRow]) -> dict[int, Decision]:
    """By row, with which decision a second person sent it back: what stood there, and who approved it."""
    back = [row.pk for row in rows if row.sent_back_by]
    if not back:
        return {}
    found = Decision.objects.filter(row__in=back, verdict=SENT_BACK, undone_by=None)
    return {one.row_id: one for one in found.order_by("pk")}

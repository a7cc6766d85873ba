"""The machine proposes; what a person decided stays, and the machine may only object."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as fresh
from typing import Any

from django.utils import timezone

from engine.canon.needed import missing_amounts
from engine.ports import Embedder
from engine.schema.model import EntitySchema, FieldSchema, SystemSchema
from studio.accounts.roles import MAP
from studio.catalog.models import SchemaSnapshot
from studio.core.action import Actor, acting
from studio.core.refused import DecisionRefused
from studio.mapping.assemble import RowText
from studio.mapping.calibrated import fits_of, shown
from studio.mapping.candidates import Candidate, from_engine, from_starter, merged
from studio.mapping.models import Mapping, MappingRow, ProposalRun
from studio.mapping.opinions import reapply
from studio.mapping.paths import block_for
from studio.mapping.queries import BANDS
from studio.mapping.risk import risk_of
from studio.mapping.schemas import entities, is_leaf, latest_snapshot, sides, whole_entity
from studio.mapping.stored import from_store
from studio.mapping.telling import tell_mapping

Finder = Callable[
    [Mapping, SystemSchema, SystemSchema, Embedder], dict[tuple[str, str], list[Candidate]]
]
KEPT = 5
# How much surer than the decision in force the machine must be before it objects.
OBJECTION_LEAD = 0.2


@dataclass(slots=True)
class Slot:
    """One target field and what was found for it."""

    block: str
    path: str
    alternative: int
    field: FieldSchema | None
    candidates: list[Candidate] = fresh(default_factory=list)


def propose(
    actor: Actor, mapping: Mapping, embedder: Embedder, *, find: Finder = from_engine
) -> ProposalRun:
    """Propose for every target field of a mapping on the newest snapshot of its connection.

    Raises:
        DecisionRefused: the connection was never looked at, or the entity is not in its schema.
    """
    actor.require(MAP)
    started = time.monotonic()
    snapshot = latest_snapshot(mapping.connection)
    if snapshot is None:
        raise DecisionRefused(
            f"{mapping.connection} was never looked at.", "Take a schema snapshot first."
        )
    # Thinking takes seconds: nobody else's writes wait for it.
    slots = _slots(mapping, snapshot, embedder, find)
    with acting(actor, MAP, "mapping.proposed", f"mapping:{mapping.uuid}") as line:
        _store(mapping, slots)
        reapply(mapping)
        mapping.snapshot = snapshot
        mapping.proposed_at = timezone.now()
        mapping.save(update_fields=["snapshot", "proposed_at", "updated_at"])
        run = ProposalRun.objects.create(
            mapping=mapping,
            embedder=embedder.name,
            seconds=time.monotonic() - started,
            rows=len(slots),
        )
        line.data = {"rows": run.rows, "embedder": run.embedder, "snapshot": snapshot.number}
        tell_mapping("mapping.proposed", mapping, rows=run.rows, snapshot=snapshot.number)
    return run


def _slots(
    mapping: Mapping, snapshot: SchemaSnapshot, embedder: Embedder, find: Finder
) -> list[Slot]:
    source, target = sides(mapping, snapshot)
    from_name, to_name = entities(mapping)
    whole = whole_entity(target, to_name)
    if whole is None or source.entity(from_name) is None:
        missing = to_name if whole is None else from_name
        raise DecisionRefused(
            f"{mapping.connection} has no entity “{missing}” in its newest snapshot."
        )
    shipped = from_starter(mapping, source, target)
    found = find(mapping, source, target, embedder)
    slots = _empty_slots(mapping, whole, [row for row, _ in shipped])
    fits = fits_of(mapping.workspace)
    offers = {(r.block, r.target_path, r.alternative): c for r, c in shipped}
    for slot in slots:
        key = (slot.block, slot.path, slot.alternative)
        ranked = found.get((slot.block, slot.path), []) if slot.alternative == 0 else []
        slot.candidates = shown(merged(offers.get(key), ranked)[:KEPT], fits)
    return slots


def _empty_slots(mapping: Mapping, whole: EntitySchema, shipped: list[RowText]) -> list[Slot]:
    """Shipped rows first and in their order, then every other field that could be filled."""
    fields = {f.path: f for f in whole.fields}
    slots = [
        Slot(r.block, r.target_path, r.alternative, fields.get(r.target_path)) for r in shipped
    ]
    taken = {s.path for s in slots}
    holders = {f.path.rpartition(".")[0] for f in whole.fields}
    blocks = from_store(mapping.blocks)
    for one in whole.fields:
        if one.path in taken or one.path in holders or one.read_only or not is_leaf(one):
            continue
        block = block_for(one.path, blocks)
        if block is not None:
            slots.append(Slot(block, one.path, 0, one))
    return slots


def _store(mapping: Mapping, slots: list[Slot]) -> None:
    rows = {(r.block, r.target_path, r.alternative): r for r in mapping.rows.all()}
    fresh: list[MappingRow] = []
    changed: list[MappingRow] = []
    for position, slot in enumerate(slots):
        row = rows.get((slot.block, slot.path, slot.alternative))
        if row is None:
            row = MappingRow(
                mapping=mapping,
                block=slot.block,
                target_path=slot.path,
                alternative=slot.alternative,
            )
            fresh.append(row)
        else:
            changed.append(row)
        row.position = position
        _describe(row, slot.field)
        row.required = row.required or is_amount(mapping, row.target_path)
        if row.state == "open":
            row.risk = risk_of(row)
        _offer(row, slot.candidates)
    MappingRow.objects.bulk_create(fresh)
    MappingRow.objects.bulk_update(
        changed,
        [
            "position", "target_label", "target_type", "required",
            "candidates", "confidence", "method", "objection", "risk",
        ],
        batch_size=200,
    )  # fmt: skip


def is_amount(mapping: Mapping, path: str) -> bool:
    """Whether publishing asks for the field because it says how much money is moved."""
    return mapping.direction == "inbound" and path in missing_amounts(mapping.document, {})


def _describe(row: MappingRow, found: FieldSchema | None) -> None:
    row.target_label = (found.label if found else "")[:200]
    row.target_type = str(found.type) if found else ""
    row.required = bool(found and found.required)


def _offer(row: MappingRow, candidates: list[Candidate]) -> None:
    """Candidates for an open row; for a decided one only an objection."""
    plain: list[dict[str, Any]] = [c.plain() for c in candidates]
    if row.state == "open":
        row.candidates = plain
        row.confidence = candidates[0].confidence if candidates else 0.0
        row.method = candidates[0].method if candidates else ""
        row.objection = ""
    else:
        row.objection = objection(row, candidates)


def objection(row: MappingRow, candidates: list[Candidate]) -> str:
    """What the machine would say against the decision in force; empty when it agrees or doubts."""
    if not candidates or row.state == "rejected":
        return ""
    top = candidates[0]
    strong = dict(BANDS)["strong"]
    mine = next((c.confidence for c in candidates if c.expression == row.expression), 0.0)
    if top.expression == row.expression or top.confidence < strong:
        return ""
    if top.confidence - mine < OBJECTION_LEAD:
        return ""
    return (
        f"The machine would now say {top.expression} ({top.word}, {top.confidence:.0%}): "
        f"{top.sentence} Your decision stays."
    )

"""A checked mapping ready to run: rows of one target joined, each with what the target accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.mapping import fitting
from engine.mapping import runtime as r
from engine.mapping.nodes import Block, Confirm, Mapping, Path, Row
from engine.mapping.schemas import Node
from engine.schema.model import FieldSchema, FieldType


@dataclass(frozen=True, slots=True)
class Slot:
    """One target field and the rows that may fill it, first fitting row wins.

    Attributes:
        steps: names from the element (or document) down to the field.
        path: the schema's path.
        rows: in order.
        type: what the target accepts.
        limit: greatest number of characters, or None.
        places: digits after the point, or None.
        allowed: codes of a fixed list, or empty.
        required: must have a value.
    """

    steps: tuple[str, ...]
    path: str
    rows: tuple[Row, ...]
    type: FieldType
    limit: int | None = None
    places: int | None = None
    allowed: frozenset[str] = frozenset()
    required: bool = False


@dataclass(frozen=True, slots=True)
class PlanBlock:
    """One block with its slots."""

    block: Block
    steps: tuple[str, ...]
    slots: tuple[Slot, ...]
    blocks: tuple[PlanBlock, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole mapping with its slots.

    ``texts`` keeps the written form of expressions by their identity; the plan holds the expressions,
    so identities stay theirs as long as the plan lives.
    """

    mapping: Mapping
    slots: tuple[Slot, ...]
    blocks: tuple[PlanBlock, ...]
    texts: dict[int, str] = field(default_factory=dict, repr=False, compare=False)


def steps_of(path: str) -> tuple[str, ...]:
    """Names of a target path, without ``[]``."""
    return tuple(s.removesuffix("[]") for s in path.split("."))


def find(node: Node, path: str) -> Node | None:
    """The node at a target path; a free name below a custom object has no node."""
    for step in steps_of(path):
        below = node.below.get(step)
        if below is None:
            return Node(path, open=False) if node.open else None
        node = below
    return node


def _slot(target: str, rows: list[Row], node: Node) -> Slot:
    found = find(node, target)
    schema = found.field if found else None
    if schema is None:
        schema = FieldSchema(target, type=FieldType.OBJECT)
    return Slot(
        steps=steps_of(target),
        path=schema.path or target,
        rows=tuple(rows),
        type=schema.type,
        limit=schema.length,
        places=schema.scale,
        allowed=frozenset(code for code, _ in schema.enum),
        required=schema.required,
    )


def _slots(rows: tuple[Row, ...], node: Node) -> tuple[Slot, ...]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.target, []).append(row)
    return tuple(_slot(target, found, node) for target, found in grouped.items())


def _blocks(blocks: tuple[Block, ...], node: Node) -> tuple[PlanBlock, ...]:
    plans = []
    for block in blocks:
        below = find(node, block.target) or Node(block.target, open=True)
        plans.append(
            PlanBlock(
                block,
                steps_of(block.target),
                _slots(block.rows, below),
                _blocks(block.blocks, below),
            )
        )
    return tuple(plans)


def plan(mapping: Mapping, target: Node) -> Plan:
    """Join rows and attach what the target accepts."""
    return Plan(mapping, _slots(mapping.rows, target), _blocks(mapping.blocks, target))


def fit(slot: Slot, row: Row, value: Any) -> Any:
    """The value as the target takes it; blank becomes None.

    Raises:
        FieldFault: too long, not in the list, not of the type.
    """
    cut = row.confirm is Confirm.LOSSY
    if slot.allowed:
        return fitting.fit_enum(value, slot.allowed) or None
    match slot.type:
        case FieldType.STRING | FieldType.ENUM | FieldType.REFERENCE:
            return fitting.fit_text(value, slot.limit, cut=cut) or None
        case FieldType.DECIMAL:
            return fitting.fit_number(value, slot.places, cut=cut)
        case FieldType.INTEGER:
            return fitting.fit_whole(value, cut=cut)
        case FieldType.BOOLEAN:
            return fitting.fit_flag(value)
        case FieldType.DATE:
            return r.day(value) or None
        case FieldType.DATETIME:
            return r.text(value) or None
        case FieldType.OBJECT | FieldType.ARRAY:
            return None if r.blank(value) else value


def plain_path(path: Path) -> bool:
    """Whether the path is a single value (no list on the way)."""
    return path.bound is not None and not path.bound.arrays

"""Where every target field comes from, told once per version from the checked tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.mapping.evaluate import literal_text
from engine.mapping.nodes import Call, Expr, walk
from engine.mapping.paths import paths_of, shown
from engine.mapping.plan import Plan, PlanBlock, Slot
from engine.mapping.write import write_expression


@dataclass(frozen=True, slots=True)
class FieldLineage:
    """The static ancestry of one target field.

    Attributes:
        target: target path with ``[]``.
        expressions: the expressions that may make it, in order.
        sources: source paths with ``[]`` that its value depends on.
        conditions: source paths that decide whether or which.
        lookups: lookup tables it reads.
        links: kinds of links it uses.
    """

    target: str
    expressions: tuple[str, ...]
    sources: tuple[str, ...]
    conditions: tuple[str, ...]
    lookups: tuple[str, ...]
    links: tuple[str, ...]

    @property
    def constant(self) -> bool:
        """Whether it depends on no source field at all."""
        return not self.sources


def static_lineage(plan: Plan) -> tuple[FieldLineage, ...]:
    """The lineage of every target field of a plan, in document order."""
    return tuple(_level(plan.slots, plan.blocks, "", ()))


def _level(
    slots: tuple[Slot, ...], blocks: tuple[PlanBlock, ...], prefix: str, outer: tuple[str, ...]
) -> Iterator[FieldLineage]:
    for slot in slots:
        yield _field(slot, prefix, outer)
    for block in blocks:
        spec = block.block
        deciding = [spec.where] if spec.where is not None else []
        decided = _unique((*outer, *_sources([*deciding, *spec.group])))
        inside = f"{prefix}{'.'.join(block.steps)}[]."
        yield from _level(block.slots, block.blocks, inside, decided)


def _field(slot: Slot, prefix: str, outer: tuple[str, ...]) -> FieldLineage:
    values = [row.value for row in slot.rows]
    conditions = [row.when for row in slot.rows if row.when is not None]
    everything = [*values, *conditions]
    return FieldLineage(
        prefix + ".".join(slot.steps),
        tuple(write_expression(v) for v in values),
        _sources(values),
        _unique((*outer, *_sources(conditions))),
        _names(everything, "LOOKUP"),
        _names(everything, "LINK"),
    )


def _sources(expressions: list[Expr]) -> tuple[str, ...]:
    return _unique(tuple(shown(p) for e in expressions for p in paths_of(e)))


def _names(expressions: list[Expr], function: str) -> tuple[str, ...]:
    calls = [e for x in expressions for e in walk(x) if isinstance(e, Call) and e.name == function]
    return _unique(tuple(literal_text(c.args[0]) for c in calls))


def _unique(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))

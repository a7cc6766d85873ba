"""check(): all reasons why a mapping cannot be compiled."""

from __future__ import annotations

from engine.mapping.nodes import Mapping
from engine.mapping.passes import CHECKS
from engine.mapping.passes.draft import Catalog, Draft
from engine.mapping.passes.fold_constants import fold_constants
from engine.mapping.refusals import Refusal
from engine.mapping.schemas import Node, nearest, tree
from engine.schema.model import SystemSchema


def _entity(schema: SystemSchema, name: str, word: str) -> tuple[Node | None, list[Refusal]]:
    found = schema.entity(name)
    if found is not None:
        return tree(schema, found), []
    like = nearest(name, [e.name for e in schema.entities])
    fix = f"Did you mean “{like}”?" if like else "Choose an entity of the schema."
    return None, [Refusal(word, f"{schema.system} has no entity “{name}”.", fix)]


def examine(
    mapping: Mapping, source: SystemSchema, target: SystemSchema, catalog: Catalog
) -> tuple[Draft | None, list[Refusal]]:
    """The checked and bound mapping with everything found; None where an entity is unknown."""
    from_node, first = _entity(source, mapping.source.entity, "source")
    to_node, second = _entity(target, mapping.target.entity, "target")
    if from_node is None or to_node is None:
        return None, first + second
    draft = Draft(mapping, from_node, to_node, catalog)
    for one in CHECKS:
        draft = one(draft)
    if not draft.refusals:
        draft = fold_constants(draft)
    return draft, list(dict.fromkeys(draft.refusals))


def check(
    mapping: Mapping, source: SystemSchema, target: SystemSchema, catalog: Catalog | None = None
) -> list[Refusal]:
    """Every refusal, in the order of the passes; empty when the mapping can be compiled."""
    return examine(mapping, source, target, catalog or Catalog())[1]

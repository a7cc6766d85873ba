"""Proposals in two hops: from the source to the canonical model, from there to the target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.canon.fields import canonical_schema
from engine.ports import Embedder
from engine.propose import FieldCandidate, FieldProposal, Method, Options, propose_fields, word_for
from engine.propose.proposal import Step, Waterfall
from engine.propose.words import canonical, spelled
from engine.schema.model import EntitySchema, SystemSchema

MIDDLES = 3


def canonical_entity(entity: EntitySchema) -> str:
    """The canonical document an entity is about, by its name and label; ``party`` when unsure."""
    spoken = set(spelled(entity.label or entity.name))
    if {"bill", "payable"} & spoken and "payment" not in spoken:
        return "bill"
    words = {canonical(w) for w in spoken}
    order = ("credit_note", "journal", "payment", "invoice", "sales_order", "item", "party")
    for name in (*order, *(e.name for e in canonical_schema().entities)):
        said = {canonical(w) for w in spelled(name)}
        if said <= words or (name == "party" and {"customer", "supplier", "contact"} & words):
            return name
    return "party"


def propose_through(
    source: SystemSchema,
    source_entities: Sequence[str],
    target: SystemSchema,
    target_entity: str,
    *,
    embedder: Embedder,
    options: Options | None = None,
) -> list[FieldProposal]:
    """Compose both hops; the confidence of a way is the product of its halves.

    Raises:
        KeyError: an entity is not in its schema.
    """
    options = options or Options()
    home = target.entity(target_entity)
    if home is None:
        raise KeyError(target_entity)
    middle = canonical_entity(home)
    canon = canonical_schema()
    inner = replace(options, explain=False)
    first = propose_fields(source, source_entities, canon, middle, embedder=embedder, options=inner)
    second = propose_fields(
        canon, [middle], target, target_entity, embedder=embedder, options=inner
    )
    hops = {p.path: p.candidates for p in first}
    return [_composed(p, hops, options) for p in second]


def _composed(
    proposal: FieldProposal, hops: dict[str, tuple[FieldCandidate, ...]], options: Options
) -> FieldProposal:
    ways: dict[tuple[str, str], tuple[float, str]] = defaultdict(lambda: (0.0, ""))
    for outer in proposal.candidates[:MIDDLES]:
        for one in hops.get(outer.path, ()):
            both = outer.confidence * one.confidence
            ways[one.entity, one.path] = max(ways[one.entity, one.path], (both, outer.path))
    best = sorted(ways.items(), key=lambda w: (-w[1][0], w[0]))[: options.candidates]
    return replace(proposal, candidates=tuple(_candidate(key, *way) for key, way in best))


def _candidate(key: tuple[str, str], confidence: float, middle: str) -> FieldCandidate:
    confidence = float(np.clip(confidence, 0.001, 0.999))
    final = round(float(np.log(confidence / (1 - confidence))), 3)
    step = Step("canonical", f"both belong to the canonical field {middle}", final)
    return FieldCandidate(
        entity=key[0],
        path=key[1],
        confidence=round(confidence, 4),
        word=word_for(confidence),
        method=Method.CANONICAL,
        sentence=f"Both belong to the canonical field {middle}.",
        waterfall=Waterfall(0.0, (step,), final),
    )

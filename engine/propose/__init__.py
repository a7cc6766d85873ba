"""Proposals: which source field feeds which target field, and how sure we are.

``propose_fields`` is the whole interface; the result is plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.ports import Embedder
from engine.propose.explain import sentence, waterfall
from engine.propose.expression import expression_for
from engine.propose.leaves import Leaf, leaves_of
from engine.propose.prepare import Floats
from engine.propose.proposal import (
    BANDS,
    FieldCandidate,
    FieldProposal,
    Method,
    Step,
    Waterfall,
    word_for,
)
from engine.propose.ranking import FEATURES, Ranked, rank, shipped_model
from engine.propose.scorer import Model
from engine.schema.model import SystemSchema

__all__ = [
    "BANDS",
    "FieldCandidate",
    "FieldProposal",
    "Memory",
    "Method",
    "Options",
    "Step",
    "Waterfall",
    "propose_fields",
    "word_for",
]

#: (target entity, target path) -> {(source entity, source path): times approved minus rejected}
Memory = Mapping[tuple[str, str], Mapping[tuple[str, str], int]]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How to propose.

    Attributes:
        candidates: how many to keep for each target.
        floor: candidates below this confidence are left out, except the first of a target.
        explain: make waterfalls, sentences and expressions (costs about half of the time).
        read_only: propose for fields that the target assigns itself, too.
        model: another model than the shipped one.
    """

    candidates: int = 5
    floor: float = 0.0
    explain: bool = True
    read_only: bool = False
    model: Model | None = None


def propose_fields(  # noqa: PLR0913 the two ends, the embedder and what to take into account
    source: SystemSchema,
    source_entities: Sequence[str],
    target: SystemSchema,
    target_entity: str | Sequence[str],
    *,
    embedder: Embedder,
    memory: Memory | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
) -> list[FieldProposal]:
    """Propose for every leaf field of a target entity where its value comes from.

    Args:
        source: schema to take from.
        source_entities: its entities; the first is the main one, the others are joined to it.
        target: schema to fill.
        target_entity: the entity to fill, or several.
        embedder: turns texts into vectors.
        memory: what people approved (positive) or rejected (negative) for the same fields.
        options: see :class:`Options`.
        progress: called with the share done, 0 to 1.

    Returns:
        One proposal for each leaf, in the target's order; fields that the target assigns itself
        have no candidates and say so.

    Raises:
        KeyError: an entity is not in its schema.
    """
    options = options or Options()
    wanted = [target_entity] if isinstance(target_entity, str) else list(target_entity)
    left, every = leaves_of(source, source_entities), leaves_of(target, wanted)
    right = [one for one in every if options.read_only or not one.field.read_only]
    if not left or not right:
        return [FieldProposal(*one.key, reason=_why_empty(one)) for one in every]
    ranked = rank(left, right, embedder, options.model)
    if progress:
        progress(0.7)
    top = ranked.top(options.candidates)
    stories = _stories(ranked, top.values(), options) if options.explain else None
    made = {
        right[t].key: _candidates(ranked, _remembered(rows, ranked, memory or {}), options, stories)
        for t, rows in top.items()
    }
    if progress:
        progress(1.0)
    return [
        FieldProposal(*one.key, made.get(one.key, ()), "" if one.key in made else _why_empty(one))
        for one in every
    ]


def _why_empty(one: Leaf) -> str:
    if one.field.read_only:
        return "The target assigns this field itself."
    return "The source has no fields to choose from."


def _remembered(
    rows: list[tuple[int, float]], ranked: Ranked, memory: Memory
) -> list[tuple[int, float, Method]]:
    """Approved before: certain; rejected before: hardly; the rest as it was."""
    p = ranked.pairs
    out = []
    for k, confidence in rows:
        known = memory.get(p.right.leaves[p.j[k]].key, {}).get(p.left.leaves[p.i[k]].key, 0)
        if known > 0:
            out.append((k, max(confidence, (known + 18.0) / (known + 19.0)), Method.MEMORY))
        elif known < 0:
            out.append((k, min(confidence, 0.02), Method.MEMORY))
        else:
            out.append((k, confidence, Method.SIMILARITY))
    return sorted(out, key=lambda row: -row[1])


@dataclass(frozen=True, slots=True)
class _Stories:
    """What each feature added to each shown pair, found for all of them at once.

    Attributes:
        place: pair -> row of ``parts``.
        parts: contributions in log-odds.
        prior: what they start from.
    """

    place: dict[int, int]
    parts: Floats
    prior: float


def _stories(
    ranked: Ranked, shown: Iterable[list[tuple[int, float]]], options: Options
) -> _Stories:
    pairs = np.array([k for rows in shown for k, _ in rows], dtype=np.int64)
    parts, prior = (options.model or shipped_model()).pair.parts(ranked.x[pairs])
    return _Stories({int(k): n for n, k in enumerate(pairs)}, parts, prior)


def _candidates(
    ranked: Ranked,
    known: list[tuple[int, float, Method]],
    options: Options,
    stories: _Stories | None,
) -> tuple[FieldCandidate, ...]:
    p = ranked.pairs
    kept = [r for n, r in enumerate(known) if n == 0 or r[1] >= options.floor]
    out = []
    for k, likely, method in kept:
        confidence = float(np.clip(likely, 0.001, 0.999))
        source, target = p.left.leaves[p.i[k]], p.right.leaves[p.j[k]]
        story = Waterfall(0.0, (), round(float(np.log(confidence / (1 - confidence))), 3))
        words = ""
        if stories is not None:
            added = ranked.x[k], stories.parts[stories.place[k]]
            story = waterfall((source, target), FEATURES, added, stories.prior, confidence)
            words = sentence(p, k, ranked.x[k], FEATURES)
        out.append(
            FieldCandidate(
                entity=source.entity,
                path=source.field.path,
                confidence=round(confidence, 4),
                word=word_for(confidence),
                method=method,
                sentence=words,
                waterfall=story,
                expression=expression_for(source, target) if options.explain else {},
            )
        )
    return tuple(out)

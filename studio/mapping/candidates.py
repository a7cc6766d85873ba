"""Candidates of a mapping row: from the shipped mapping and from the proposer, in one shape."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.mapping import (
    Catalog,
    Expr,
    TableInfo,
    Unreadable,
    check,
    parse,
    parse_expression,
    write_expression,
)
from engine.mapping.nodes import Path, rebuild
from engine.ports import Embedder
from engine.propose.proposal import FieldCandidate
from engine.schema.model import SystemSchema
from studio.mapping.assemble import RowText, put_together, take_apart
from studio.mapping.catalog import calls, facts_known, first_text
from studio.mapping.models import LookupTable, Mapping
from studio.mapping.paths import as_expression, block_for, full_path
from studio.mapping.queries import word_of
from studio.mapping.schemas import entities
from studio.mapping.shipped import Starter, starters_of
from studio.mapping.stored import bars, from_store

# A shipped row whose paths, types and lengths all fit the connection's own schema. The share that
# people left as it was on the sample company; replaced by their decisions once there are enough.
SHIPPED_FITS = 0.97
SHIPPED_DOUBTFUL = 0.35
# Below this nothing is shown (product.md 7.1).
SHOWN = 0.30
# A formula that cannot run as it stands is a hint where to look, whatever its words resemble.
NEEDS_MORE = 0.34
METHODS = {
    "memory": "Memory",
    "similarity": "Similarity",
    "canonical": "Similarity",
    "model": "Model",
    "rule": "Rule",
    "identity": "Identity",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to fill a row.

    Attributes:
        expression: in the mapping language.
        confidence: probability that it is right.
        method: Identity, Memory, Rule, Similarity or Model.
        sentence: the reason, for people.
        waterfall: from the prior to the final, each with ``label``, ``effect`` (log-odds) and detail.
        condition: when it holds, or empty.
        confirm_lossy: the conversion may lose something and the shipped mapping accepts that.
        sources: fields it reads, as the schema calls them.
    """

    expression: str
    confidence: float
    method: str
    sentence: str
    waterfall: list[dict[str, Any]] = field(default_factory=list)
    condition: str = ""
    confirm_lossy: bool = False
    sources: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The band of its confidence."""
        return word_of(self.confidence)

    def plain(self) -> dict[str, Any]:
        """As a JSON column keeps it."""
        return asdict(self) | {"word": self.word}


def from_starter(
    mapping: Mapping, source: SystemSchema, target: SystemSchema
) -> list[tuple[RowText, Candidate]]:
    """The rows of the shipped mapping, each as a candidate checked against this schema."""
    starter = starter_for(mapping)
    if starter is None:
        return []
    parts = take_apart(starter.document)
    tables = {
        first_text(c): TableInfo()
        for row in parts.rows
        for text in (row.expression, row.condition)
        for c in calls(text)
        if c.name == "LOOKUP"
    }
    catalog = Catalog(lookups=tables, facts=facts_known(mapping.connection))
    tree = parse(put_together(parts.frame, parts.blocks, parts.rows))
    faults: dict[str, str] = {}
    for refusal in check(tree, source, target, catalog):
        faults.setdefault(refusal.target, refusal.sentence)
    return [(row, _shipped(row, mapping, faults.get(row.target_path, ""))) for row in parts.rows]


def starter_for(mapping: Mapping) -> Starter | None:
    """The shipped mapping for the same entity, direction and document."""
    return next(
        (
            s
            for s in starters_of(mapping.connection.system)
            if (s.direction, s.entity, s.canonical)
            == (mapping.direction, mapping.entity, mapping.document)
        ),
        None,
    )


def _shipped(row: RowText, mapping: Mapping, fault: str) -> Candidate:
    route = f"{mapping.entity} → {mapping.document.replace('_', ' ')}"
    if mapping.direction == "outbound":
        route = f"{mapping.document.replace('_', ' ')} → {mapping.entity}"
    if fault:
        sentence = f"Shipped mapping for {route}, but it does not fit this schema: {fault}"
    else:
        sentence = f"Shipped mapping for {route}, checked against the schema."
    confidence = SHIPPED_DOUBTFUL if fault else SHIPPED_FITS
    return Candidate(
        expression=row.expression,
        confidence=confidence,
        method="Rule",
        sentence=sentence,
        waterfall=[
            {"label": "prior", "effect": 0.0, "detail": "before any evidence"},
            {"label": "shipped mapping", "effect": 2.5, "detail": route},
            {
                "label": "does not fit" if fault else "fits the schema",
                "effect": _odds(confidence) - 2.5,
                "detail": fault or "paths, types and lengths fit",
            },
        ],
        condition=row.condition,
        confirm_lossy=row.confirm_lossy,
    )


def from_engine(
    mapping: Mapping, source: SystemSchema, target: SystemSchema, embedder: Embedder
) -> dict[tuple[str, str], list[Candidate]]:
    """What the proposer finds, by loop and target path, best first."""
    # numpy and the model are for workers; pages import this module too.
    from engine.propose import Options, propose_fields

    from_name, to_name = entities(mapping)
    blocks = from_store(mapping.blocks)
    kept = frozenset(
        LookupTable.objects.filter(connection=mapping.connection).values_list("name", flat=True)
    )
    found: dict[tuple[str, str], list[Candidate]] = {}
    for proposal in propose_fields(
        source,
        _with_lines(source, from_name),
        target,
        _with_lines(target, to_name),
        embedder=embedder,
        options=Options(floor=SHOWN),
    ):
        path = full_path(target, to_name, proposal.entity, proposal.path)
        block = block_for(path, blocks) if path else None
        if path is None or block is None:
            continue
        candidates = (
            _runnable(_similar(one, source, from_name, block, blocks), one, kept)
            for one in proposal.candidates
        )
        ranked = found.setdefault((block, path), [])
        ranked.extend(c for c in candidates if c is not None and c.confidence >= SHOWN)
        ranked.sort(key=lambda c: -c.confidence)
    return found


def _with_lines(schema: SystemSchema, entity: str) -> list[str]:
    """The entity and those whose rows belong to it."""
    return [entity, *(e.name for e in schema.entities if e.lines_of == entity)]


def _similar(
    one: FieldCandidate,
    source: SystemSchema,
    main: str,
    block: str,
    blocks: list[dict[str, Any]],
) -> Candidate | None:
    """The proposer's candidate as an expression that can stand in this loop."""
    path = full_path(source, main, one.entity, one.path)
    own = as_expression(path, block, blocks) if path else None
    if path is None or own is None:
        return None
    return Candidate(
        expression=_in_scope(str(one.expression.get("formula") or ""), one.path, own),
        confidence=round(one.confidence, 4),
        method=METHODS.get(str(one.method), "Similarity"),
        sentence=one.sentence,
        waterfall=bars(one.waterfall),
        sources=[path],
    )


def _runnable(
    made: Candidate | None, one: FieldCandidate, kept: frozenset[str]
) -> Candidate | None:
    """The same, doubtful where it needs what does not exist; ``kept`` are the connection's tables."""
    doubt = str(one.expression.get("doubt") or "")
    if made is None or not doubt or one.expression.get("table") in kept:
        return made
    confidence = min(made.confidence, NEEDS_MORE)
    change = _odds(confidence) - _odds(min(max(made.confidence, 0.01), 0.99))
    bar = {"label": "cannot run as it stands", "effect": round(change, 4), "detail": doubt}
    return replace(
        made,
        confidence=confidence,
        sentence=f"{doubt} {made.sentence}".strip(),
        waterfall=[*made.waterfall, bar],
    )


def _in_scope(formula: str, path: str, own: str) -> str:
    """The proposed formula with its field named as this loop names it; the bare field if unreadable."""
    if not formula:
        return own
    names = tuple(step.removesuffix("[]") for step in path.split("."))
    inside = parse_expression(own)

    def swap(node: Expr) -> Expr:
        return inside if isinstance(node, Path) and node.names == names else node

    try:
        return write_expression(rebuild(parse_expression(formula), swap))
    except Unreadable:
        return own


def merged(shipped: Candidate | None, ranked: list[Candidate]) -> list[Candidate]:
    """One list, best first; where both say the same, the reasons of both support one candidate.

    A shipped row that fits the schema stands first: it was written for exactly this entity, and
    what merely looks alike can be at most a little less likely than it.
    """
    ranked = _once(ranked)
    if shipped is None:
        return ranked
    same = next((c for c in ranked if c.expression == shipped.expression), None)
    others = [c for c in ranked if c.expression != shipped.expression]
    if same is not None:
        shipped = _agreed(shipped, same)
    if shipped.confidence >= SHIPPED_FITS:
        limit = SHIPPED_FITS - 0.02
        others = [replace(c, confidence=limit) if c.confidence > limit else c for c in others]
    return sorted([shipped, *others], key=lambda c: -c.confidence)


def _once(ranked: list[Candidate]) -> list[Candidate]:
    """Each way to fill the row once, as sure as the surest that led to it.

    A field of the lines is reached in two ways, as a member of the document and in an entity of its own.
    """
    found: dict[tuple[str, str], Candidate] = {}
    for one in sorted(ranked, key=lambda c: -c.confidence):
        found.setdefault((one.expression, one.condition), one)
    return list(found.values())


def _odds(share: float) -> float:
    return round(math.log(share / (1 - share)), 4)


def _agreed(shipped: Candidate, similar: Candidate) -> Candidate:
    confidence = max(shipped.confidence, similar.confidence)
    gain = _odds(confidence) - _odds(shipped.confidence)
    return Candidate(
        expression=shipped.expression,
        confidence=confidence,
        method=shipped.method,
        sentence=f"{shipped.sentence} {similar.sentence}".strip(),
        waterfall=[
            *shipped.waterfall,
            {"label": "looks alike too", "effect": gain, "detail": similar.sentence},
        ],
        condition=shipped.condition,
        confirm_lossy=shipped.confirm_lossy,
        sources=similar.sources,
    )

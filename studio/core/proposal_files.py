"""Two schemas between which fields are proposed before anything is connected, and how proposals are written.

The command ``propose-fields`` and the page “Try” both work this way. Nothing here loads an app.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.ports import Embedder
from engine.propose import FieldProposal, Options, propose_fields
from engine.schema.model import SystemSchema

# Candidates in a file: programs read on where a person would have stopped.
IN_FILES = 8
FOUND = 0.5


def pair_name(source: str, target: str, to: str = "") -> str:
    """What a result calls the two schemas and the entities that are filled."""
    return f"{source}->{target}/{to or 'all'}"


def propose_between(
    source: SystemSchema,
    source_entities: Sequence[str],
    target: SystemSchema,
    target_entities: Sequence[str],
    *,
    embedder: Embedder,
    options: Options,
    progress: Callable[[float], None] | None = None,
) -> list[FieldProposal]:
    """Proposals for every field of the target; where no entities are named, all of a side are meant."""
    return propose_fields(
        source,
        tuple(source_entities) or tuple(e.name for e in source.entities),
        target,
        tuple(target_entities) or tuple(e.name for e in target.entities),
        embedder=embedder,
        options=options,
        progress=progress,
    )


def options_for_files(*, explain: bool = True, read_only: bool = False) -> Options:
    """How proposals for a file are made."""
    return Options(IN_FILES, explain=explain, read_only=read_only)


def proposal_line(pair: str, proposal: FieldProposal, *, explain: bool = True) -> dict[str, Any]:
    """A target field as a JSON line of the result."""
    candidates: list[dict[str, Any]] = []
    for one in proposal.candidates:
        row: dict[str, Any] = {
            "source_entity": one.entity,
            "source_field": one.path,
            "confidence": one.confidence,
        }
        if explain:
            row |= {
                "word": one.word,
                "method": one.method.value,
                "sentence": one.sentence,
                "expression": one.expression,
            }
        candidates.append(row)
    return {
        "pair": pair,
        "target_entity": proposal.entity,
        "target_field": proposal.path,
        "candidates": candidates,
    }

"""Checks before anything is sent: rules of the documents and of the target's books."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.issue import Issue
from engine.mapping import Context
from engine.schema.model import Record
from studio.flows.bundle import Bundle


@dataclass(slots=True)
class Checked:
    """The payload after lawful adjustments, and what is wrong with it."""

    payload: Record
    issues: list[Issue] = field(default_factory=list)


def preflight(
    bundle: Bundle, entity: str, document: Record, payload: Record, context: Context
) -> Checked:
    """Check the document and the payload against what the target will accept and compute."""
    return Checked(payload)

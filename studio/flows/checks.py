"""Checks before anything is sent: rules of the document, the target's books, twins, credit."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.issue import Issue
from engine.mapping import Context
from engine.rules import TargetFacts, evaluate
from engine.schema.model import Record
from studio.flows.bundle import Bundle
from studio.flows.known import Known
from studio.flows.models import Flow


@dataclass(slots=True)
class Checked:
    """The payload after lawful adjustments, and what is wrong with it."""

    payload: Record
    issues: list[Issue] = field(default_factory=list)


def target_facts(flow: Flow, context: Context) -> TargetFacts:
    """The target's books as the snapshot told them: lock date, currencies."""
    text = {k: str(v) for k, v in context.facts.items() if v not in (None, "")}
    return TargetFacts(
        label=str(flow.target),
        lock_date=text.get("lock_date", ""),
        base_currency=text.get("base_currency", ""),
        currencies=frozenset(c.strip() for c in text.get("currencies", "").split(",") if c.strip()),
    )


# Whether an order may be posted is decided with the rules of the document it becomes.
BECOMES = {"sales_order": "invoice"}


def preflight(
    bundle: Bundle, document: Record, payload: Record, context: Context, known: Known
) -> Checked:
    """Check the document against its own arithmetic and against the target's books.

    Nothing is called: lock dates and currencies come from the latest snapshot, parties from what was
    read for matching.
    """
    flow = bundle.version.flow
    kind = BECOMES.get(bundle.document, bundle.document)
    known.read(document)
    verdict = evaluate(
        kind,
        document,
        target_facts(flow, context),
        known,
        bundle.rules,
        context=context,
    )
    return Checked(payload, list(verdict.issues))

"""Checks before anything is sent: rules of the document, the target's books, twins, credit."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from engine.issue import Issue
from engine.mapping import Context
from engine.rules import TargetFacts, evaluate
from engine.rules.facts import Reference, Twin
from engine.schema.model import Record
from studio.flows.bundle import Bundle
from studio.flows.models import Flow
from studio.linking.models import Party


@dataclass(slots=True)
class Checked:
    """The payload after lawful adjustments, and what is wrong with it."""

    payload: Record
    issues: list[Issue] = field(default_factory=list)


class Known:
    """What the studio has read about parties and items; rules make no call of their own."""

    def __init__(self, flow: Flow, document: Record) -> None:
        lines = document.get("lines")
        codes = {str(document.get("party") or "")}
        codes |= {
            str(x.get("item") or "")
            for x in (lines if isinstance(lines, list) else [])
            if isinstance(x, dict)
        }
        rows = Party.objects.filter(connection=flow.source, code__in=codes - {""})
        self._where = str(flow.source)
        self._parties = {(p.kind, p.code): p for p in rows}

    def reference(self, kind: str, code: str) -> Reference | None:
        """A customer, supplier or item of the source; None where it was never read."""
        party = self._parties.get((kind, code))
        if party is None:
            return None
        limit = party.data.get("credit_limit")
        return Reference(
            kind=kind,
            code=code,
            label=party.label,
            active=party.active,
            on_hold=bool(party.data.get("on_hold")),
            credit_limit=Decimal(str(limit)) if limit else None,
            where=self._where,
        )

    def twins(self, kind: str, number: str, party: str, date: str, gross: Decimal) -> list[Twin]:
        """Twins are looked up at the target when an outcome is unclear, not here."""
        return []


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


def preflight(bundle: Bundle, document: Record, payload: Record, context: Context) -> Checked:
    """Check the document against its own arithmetic and against the target's books.

    Nothing is called: lock dates and currencies come from the latest snapshot, parties from what was
    read for matching.
    """
    flow = bundle.version.flow
    kind = BECOMES.get(bundle.document, bundle.document)
    verdict = evaluate(
        kind,
        document,
        target_facts(flow, context),
        Known(flow, document),
        bundle.rules,
        context=context,
    )
    return Checked(payload, list(verdict.issues))

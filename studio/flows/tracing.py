"""Dynamic lineage as it is stored: for every target value its expression, reads, steps and tables."""

from __future__ import annotations

from typing import Any

from connectors.http.jsontext import plain
from engine.mapping import Result
from engine.mapping.context import Used


def traced(result: Result) -> dict[str, dict[str, Any]]:
    """Target path -> where its value came from, as a JSON column holds it; empty for a result without a trace."""
    return {
        t.target: {
            "value": plain(t.value),
            "expression": t.expression,
            "reads": [[r.path, plain(r.value)] for r in t.reads],
            "steps": list(t.steps),
            "used": [plain_used(u) for u in t.used],
        }
        for t in result.trace or ()
    }


def plain_used(used: Used) -> list[Any]:
    """Kind, table, code, value and key of the lookup row of what was used, as a JSON column holds it."""
    return [used.kind, used.table, used.code, plain(used.value), used.row]

"""Documents as JSON columns keep them: exact numbers travel as ``{"number": "0.10"}``; waterfalls as bars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.propose.proposal import Waterfall


def to_store(value: Any) -> Any:
    """The same with every Decimal marked, so that 5 and "5" stay apart in JSON."""
    if isinstance(value, Decimal):
        return {"number": format(value, "f")}
    if isinstance(value, dict):
        return {k: to_store(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_store(v) for v in value]
    return value


def from_store(value: Any) -> Any:
    """The reverse of ``to_store``."""
    if isinstance(value, dict):
        if value.keys() == {"number"}:
            return Decimal(value["number"])
        return {k: from_store(v) for k, v in value.items()}
    if isinstance(value, list):
        return [from_store(v) for v in value]
    return value


def bars(water: Waterfall) -> list[dict[str, Any]]:
    """A waterfall as ``studio.core.waterfalls`` draws it: the prior, then each signal, in log-odds."""
    prior = {"label": "prior", "effect": round(water.prior, 4), "detail": "before any evidence"}
    return [
        prior,
        *(
            {
                "label": s.name,
                "effect": round(s.change, 4),
                "detail": s.says,
                "left": s.source_value,
                "right": s.target_value,
            }
            for s in water.steps
        ),
    ]

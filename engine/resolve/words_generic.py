"""The evidence about two records of any sort in words."""

from __future__ import annotations

from engine.resolve.compare_generic import EVIDENCE
from engine.resolve.explain import Fact
from engine.resolve.keys import Floats

_AT = {name: k for k, (name, _) in enumerate(EVIDENCE)}
GROUPS: dict[str, str] = {
    "whole": "all words", "whole_left": "all words", "whole_right": "all words", "first": "main column", "first_left": "main column",
    "first_right": "main column", "first_ratio": "main column", "second": "second column", "mean": "columns on average",
    "lowest": "least alike column", "equal": "equal columns", "differ": "different columns", "codes": "codes",
    "codes_differ": "codes", "weight": "columns together", "fields": "columns together",
}  # fmt: skip


def facts(row: Floats) -> list[Fact]:
    """What the evidence row says, most telling first."""
    value = {name: float(row[k]) for name, k in _AT.items()}
    main = value["first_ratio"]
    out = [Fact("main column", f"main column {main:.2f} alike", 1 if main >= 0.7 else -1)]
    if value["codes"] > 0:
        out.append(Fact("codes", "shares a rare code", 1))
    elif value["codes_differ"] > 0:
        out.append(Fact("codes", "codes differ", -1))
    out.append(
        Fact("all words", f"words {value['whole']:.2f} alike", 1 if value["whole"] >= 0.5 else -1)
    )
    if value["differ"] >= 0.3:
        out.append(Fact("different columns", f"{value['differ']:.0%} of the columns differ", -1))
    return out

"""What the source has and a tie-out does not compare, because the flow leaves it out: counted, with its money.

It is no difference: nobody wants it posted. But who signs a period sees what is not in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from studio.flows.rehearsal.caution import condition_of

# Was there before the flow began, and nobody sent it through.
BEFORE = "before"
# Records of one reason that are told by name, those with most money first.
TOLD = 50


@dataclass(frozen=True, slots=True)
class Aside:
    """A document of the source that the flow leaves out; ``code`` says by what, as a rehearsal does."""

    key: str
    currency: str
    on: date | None
    gross: Decimal
    code: str


def told(asides: Iterable[Aside], design: dict[str, Any]) -> list[dict[str, Any]]:
    """By reason: what leaves them out, how many, their money, and those with most of it; most money first.

    Args:
        asides: of one currency.
        design: of the version in force.
    """
    groups: dict[str, list[Aside]] = defaultdict(list)
    for one in asides:
        groups[one.code].append(one)
    rows = [
        {
            "said": _("From before the flow began.")
            if code == BEFORE
            else condition_of(design, code)[0],
            "count": len(group),
            "gross": str(sum((one.gross for one in group), Decimal(0))),
            "records": [
                [one.key, one.on.isoformat() if one.on else "", str(one.gross)]
                for one in sorted(group, key=lambda a: (-abs(a.gross), a.key))[:TOLD]
            ],
        }
        for code, group in groups.items()
    ]
    return sorted(rows, key=lambda row: -abs(Decimal(row["gross"])))

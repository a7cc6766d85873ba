"""Approved rows that give nothing but a fault on every real record there is: said before a version is published."""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio.mapping.models import Mapping
from studio.mapping.preview import result_of, source_records

# Records that are tried; each costs a run of both hops.
TRIED = 5
_PLACE = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """One field that no tried record fills, with what the first of them says."""

    path: str
    sentence: str


def unresolved(mapping: Mapping) -> tuple[list[Unresolved], int]:
    """Fields that fail wherever they are tried, and how many records were tried."""
    rows = list(mapping.rows.filter(state="approved"))
    records = source_records(mapping, TRIED) if rows else []
    failed: dict[str, str] = {}
    worked = set[str]()
    for _label, record in records:
        result = result_of(mapping, rows, record)
        if result is None:
            return [], 0
        worked |= {_PLACE.sub("[]", one.target) for one in result.trace or ()}
        for issue in result.issues:
            # What is linked is not known on the way in: it depends on where the record goes.
            if mapping.direction == "outbound" or issue.evidence.get("kind") != "link":
                failed.setdefault(_PLACE.sub("[]", issue.path), issue.sentence)
    found = [Unresolved(path, said) for path, said in failed.items() if path not in worked]
    return found, len(records)

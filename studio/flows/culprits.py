"""Which fields of a record a case is about: what the value in question is made of, by the mappings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.canon.model import DOCUMENTS
from engine.errors import StudioError
from engine.mapping import CompiledMapping
from studio.flows.bundle import bundle_of
from studio.flows.models import InboxItem
from studio.triage.models import Case

Row = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Culprits:
    """Paths with ``[]``, of the source's record and of our own document; empty where not known."""

    source: frozenset[str] = frozenset()
    canonical: frozenset[str] = frozenset()


def plain(path: str) -> str:
    """The path of every line for that of one line: ``lines[3].tax_code`` is ``lines[].tax_code``."""
    return re.sub(r"\[\d+\]", "[]", path)


def culprits_of(case: Case, item: InboxItem) -> Culprits:
    """The fields that the place a case names is made of; a place may be ours or the target's."""
    version = item.flow.versions.filter(state="published").first()
    if not case.field or version is None:
        return Culprits()
    try:
        bundle = bundle_of(version)
    except StudioError:
        # The mappings of today may not compile any more; the case is shown all the same.
        return Culprits()
    place = plain(case.field)
    shape = DOCUMENTS.get(bundle.document)
    ours = shape is not None and re.split(r"[.\[]", place, maxsplit=1)[0] in shape.model_fields
    canonical = {place} if ours else _made_of(bundle.outbound.values(), {place})
    return Culprits(frozenset(_made_of([bundle.inbound], canonical)), frozenset(canonical))


def _made_of(mappings: Iterable[CompiledMapping], targets: set[str]) -> set[str]:
    found = (f for m in mappings for f in m.lineage() if f.target in targets)
    return {path for field in found for path in field.sources}


def marked(rows: list[Row], places: frozenset[str], case: Case) -> list[tuple[str, Any, bool]]:
    """The rows, with those that the case is about marked.

    Only where nobody knows the field, any row with the value in question is: the same two letters may
    be a tax code in one field and a state in another.
    """
    code = str(case.evidence.get("code", "")).strip()
    return [(path, value, _is_marked(path, value, places, case, code)) for path, value in rows]


def _is_marked(path: str, value: Any, places: frozenset[str], case: Case, code: str) -> bool:
    if path == case.field:
        return True
    same = bool(code) and str(value).strip() == code
    if not places:
        return same
    # Without a value in question the lines cannot be told apart, and only a field of the head is meant.
    return plain(path) in places and (same if code else "[" not in path)

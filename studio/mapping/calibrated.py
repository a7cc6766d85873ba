"""What decisions on mapping rows teach, and open rows shown with it.

Each method family is calibrated by itself: a shipped mapping and a likeness of names are wrong in
different ways. What people remember or wrote themselves needs no calibration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from engine.resolve.refit import Fit, Label
from studio.accounts.models import Workspace
from studio.accounts.roles import MAP
from studio.learning.fits import in_force, on_line, shipped_odds
from studio.learning.learners import Learner
from studio.mapping.actions.decide import best
from studio.mapping.candidates import Candidate
from studio.mapping.models import Decision, MappingRow, MappingVersion
from studio.mapping.queries import word_of

KINDS = {
    "field:rule": gettext_noop("Fields, shipped mappings"),
    "field:similarity": gettext_noop("Fields, likeness"),
}
_FAMILY = {"Rule": "field:rule", "Similarity": "field:similarity", "Model": "field:similarity"}
_CHUNK = 500


def fits_of(workspace: Workspace) -> dict[str, Fit]:
    """The fits in force for fields, by kind."""
    return in_force(workspace, KINDS)


def shown(candidates: list[Candidate], fits: Mapping[str, Fit]) -> list[Candidate]:
    """Candidates with what was learned here, best first."""
    if not fits:
        return candidates
    found = []
    for one in candidates:
        confidence, bars = on_line(one.confidence, one.waterfall, _fit(one.method, fits))
        found.append(replace(one, confidence=confidence, waterfall=bars))
    return sorted(found, key=lambda c: -c.confidence)


def _fit(method: str, fits: Mapping[str, Fit]) -> Fit | None:
    return fits.get(_FAMILY.get(method, ""))


def stored(one: dict[str, Any], fits: Mapping[str, Fit]) -> dict[str, Any]:
    """A stored candidate with what is in force now; as shipped where nothing is."""
    confidence, bars = on_line(
        float(one["confidence"]), list(one.get("waterfall", [])), _fit(one.get("method", ""), fits)
    )
    return one | {"confidence": confidence, "word": word_of(confidence), "waterfall": bars}


def rescore(workspace: Workspace, _kind: str) -> int:
    """Open rows with the calibrations in force; candidates keep their places, their keys do not move."""
    fits = fits_of(workspace)
    rows = MappingRow.objects.filter(mapping__workspace=workspace, state="open").exclude(
        candidates=[]
    )
    changed: list[MappingRow] = []
    for row in rows.iterator(chunk_size=_CHUNK):
        told = [stored(one, fits) for one in row.candidates]
        if told == row.candidates:
            continue
        top = best(told) or {}
        row.candidates = told
        row.confidence = float(top.get("confidence", 0))
        row.method = top.get("method", "")
        changed.append(row)
    with transaction.atomic():
        for start in range(0, len(changed), _CHUNK):
            part = changed[start : start + _CHUNK]
            # Somebody may have decided meanwhile: only what is still open is written.
            still = set(rows.filter(pk__in=[r.pk for r in part]).values_list("pk", flat=True))
            MappingRow.objects.bulk_update(
                [row for row in part if row.pk in still], ["candidates", "confidence", "method"]
            )
    return len(changed)


def labels(workspace: Workspace) -> dict[str, list[Label]]:
    """For every row decided in a published mapping: was the best candidate of its family right."""
    decisions = (
        Decision.objects.filter(
            row__mapping__workspace=workspace,
            row__mapping__in=MappingVersion.objects.values("mapping"),
            verdict__in=["approved", "rejected", "do_not_map"],
            undo_of=None,
            undone_by=None,
        )
        .exclude(role="machine")
        .exclude(row__state="open")  # a second person sent it back: nothing stands there
        .order_by("row_id", "-id")
        .values_list("row_id", "uuid", "verdict", "after", "candidates", "unseen")
    )
    seen: set[int] = set()
    found: dict[str, list[Label]] = {}
    for row, key, verdict, after, candidates, unseen in decisions.iterator(chunk_size=_CHUNK):
        if row in seen:
            continue
        seen.add(row)
        top = best(candidates)
        family = _FAMILY.get((top or {}).get("method", ""))
        # What nobody looked at would only teach the machine that it was right.
        if top is None or family is None or unseen:
            continue
        said = shipped_odds(float(top["confidence"]), top.get("waterfall", []))
        right = verdict == "approved" and after.get("expression") == top["expression"]
        found.setdefault(family, []).append(Label(str(key), {"said": said}, right))
    return found


LEARNER = Learner(kinds=KINDS, weights=False, permission=MAP, labels=labels, rescore=rescore)

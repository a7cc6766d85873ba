"""What somebody should know before putting a name under a rehearsal: that it posts nothing, or little of what it read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studio.core.shares import percent_of
from studio.flows.conditions import in_words
from studio.flows.edits import normal
from studio.flows.models import Rehearsal
from studio.flows.rehearsal.reasons import Reason, reasons_of
from studio.flows.steps import is_open, name_of, steps_of

WRITES = ("create", "update", "void", "would_duplicate")
LEFT = ("filtered", "refused")
# From this share of the records on, those that are left out or refused are many.
MANY = 0.5
# Reasons of one kind that are told; the page lists all refusals further down.
TOLD = 3
# Where a record is left out that meets the condition of no branch.
BRANCHES = "branches"


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning before the signature.

    Attributes:
        nothing: whether it would post nothing at all, which is signed only by saying so.
        sentence: what share of the records is left, in words.
        reasons: why, most records first, with the way to what leaves them out.
        untold: how many reasons of refusals are left to the list further down.
        twice: whether a record stands in several of the reasons, so that they add up to more.
    """

    nothing: bool
    sentence: str
    reasons: list[Reason] = field(default_factory=list)
    untold: int = 0
    twice: bool = False


def caution_of(found: Rehearsal) -> Caution | None:
    """What to know before signing a finished rehearsal; None where most of what it read is posted."""
    if found.kind != "rehearsal" or found.state != "ready":
        return None
    outcomes: dict[str, Any] = found.totals.get("outcomes", {})
    counts = {name: int(said["count"]) for name, said in outcomes.items()}
    written = sum(counts.get(name, 0) for name in WRITES)
    left = sum(counts.get(name, 0) for name in LEFT)
    if written and left < MANY * found.records:
        return None
    refused = reasons_of(found)
    told = sorted([*_left_out(found), *refused[:TOLD]], key=lambda one: -one.count)
    return Caution(
        not written,
        _sentence(found.records, left, nothing=not written),
        told,
        untold=len(refused[TOLD:]),
        twice=sum(one.count for one in refused) > counts.get("refused", 0),
    )


def _sentence(records: int, left: int, *, nothing: bool) -> str:
    if not records:
        return _("It read no record, so it would post nothing.")
    said = {"left": left, "records": records, "share": percent_of(left / records)}
    if left:
        told = ngettext(
            "%(left)d of the %(records)d record it read (%(share)d %%) is left out or refused.",
            "%(left)d of the %(records)d records it read (%(share)d %%) are left out or refused.",
            records,
        )
        return (_("It would post nothing.") + " " if nothing else "") + told % said
    told = ngettext(
        "It would post nothing: the record it read is posted already or not to be posted.",
        "It would post nothing: the %(records)d records it read are posted already or not to be posted.",
        records,
    )
    return told % said


def _left_out(found: Rehearsal) -> list[Reason]:
    """By which condition records are left out, as the version had it, with the way to it in the draft."""
    design: dict[str, Any] = found.version.content["design"]
    rows = []
    for code, count, money in found.totals.get("left_out", []):
        said, step = condition_of(design, code)
        row = Reason(said, count, money)
        if step:
            row.url = reverse("flows:flow-step", args=[found.flow.key, step])
            row.action = _("Look at the condition")
        rows.append(row)
    return rows


def condition_of(design: dict[str, Any], code: str) -> tuple[str, str]:
    """What leaves records out by the code of a plan or a tie-out, and the step where it stands, if it is one."""
    step = next((s for s in steps_of(design) if s["id"] == code), None)
    if step is not None:
        said = {"name": name_of(step), "condition": in_words(str(step.get("when") or ""))}
        return _("“%(name)s” lets only those pass where %(condition)s.") % said, code
    if code == BRANCHES:
        branches = [b for b in normal(design)["branches"] if not is_open(b.get("when"))]
        asked = " · ".join(in_words(str(b["when"])) for b in branches)
        words = _("They meet the condition of no branch: %(conditions)s.")
        return words % {"conditions": asked}, str(branches[0]["id"]) if branches else ""
    return _(
        "They are not for this flow: what was there before it began, or nothing it looks at."
    ), ""

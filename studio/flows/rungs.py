"""The rung of the automation ladder that a flow stands on: how far it goes by itself, and who may change that.

Down is always allowed to who runs flows or approves postings, and happens by itself with a doubt that is
a case. Up is one rung at a time, after clean runs, by somebody who approves postings and did not publish
what runs. It takes effect on what is decided from then on; what waits for an approval still waits.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studio.accounts.models import machine
from studio.accounts.roles import APPROVE, OPERATE
from studio.core.action import Actor, acting, person_of, record
from studio.core.models import AuditEvent
from studio.flows.digests import TOLD
from studio.flows.levels import BY_ITSELF
from studio.flows.models import LADDER, Flow, Run
from studio.flows.poll import BY_HAND
from studio.triage.letters import page_of, write
from studio.triage.models import Case, CaseNote

RUNGS = [key for key, _label in LADDER]
# Runs without a doubt that a flow shows before it may go one rung further.
CLEAN_RUNS = 3
CHANGED = "flow.rung_changed"


def change_rung(actor: Actor, flow: Flow, rung: str, reason: str) -> None:
    """Put a flow on another rung.

    Raises:
        PermissionDenied: the role may not go in this direction.
        ValidationError: no such rung, no reason, too far up, too few clean runs, or the own flow.
    """
    if rung not in RUNGS:
        raise ValidationError(_("There is no such rung."))
    if not reason.strip():
        raise ValidationError(_("Say why it is to go so far."))
    up = RUNGS.index(rung) - RUNGS.index(flow.ladder)
    if up == 0:
        raise ValidationError(_("It stands there already."))
    if up > 0:
        actor.require(APPROVE)
        if why := why_not_up(actor, flow, up):
            raise ValidationError(why)
    elif not may_change(actor):
        raise PermissionDenied
    with acting(actor, APPROVE if actor.may(APPROVE) else OPERATE, CHANGED, _subject(flow)) as line:
        words = dict(LADDER)
        line.data = {
            "flow": flow.name,
            "before": words[flow.ladder],
            "after": words[rung],
            "reason": reason.strip()[:300],
        }
        flow.ladder = rung
        flow.save(update_fields=["ladder", "updated_at"])


def step_down(flow: Flow, case: Case) -> bool:
    """Take a flow that posts by itself one rung down, because of a doubt that is a case; tells who answers.

    Below that nothing goes out unseen, and a flow that a person put lower stays there. Call inside the
    transaction of the case.
    """
    if flow.ladder not in BY_ITSELF:
        return False
    lower = RUNGS[RUNGS.index(flow.ladder) - 1]
    # Somebody may have put it elsewhere just now: then that stands.
    if not Flow.objects.filter(pk=flow.pk, ladder=flow.ladder).update(ladder=lower):
        return False
    words = dict(LADDER)
    before, after = words[flow.ladder], words[lower]
    said = _("Taken down from “%(before)s” to “%(after)s”: %(why)s") % {
        "before": before,
        "after": after,
        "why": case.sentence,
    }
    record(
        machine(flow.workspace),
        CHANGED,
        _subject(flow),
        {"flow": flow.name, "before": before, "after": after, "reason": case.sentence[:300]},
    )
    flow.ladder = lower
    CaseNote.objects.create(case=case, author="machine", kind="rung", text=said)
    subject = _("%(flow)s goes one rung less far by itself") % {"flow": flow.name}
    write(case, TOLD, subject, f"{said}\n\n{page_of(case)}")
    return True


def may_change(actor: Actor) -> bool:
    """Whether somebody may change how far flows go, in one direction at least."""
    return actor.may(OPERATE) or actor.may(APPROVE)


def rungs_for(actor: Actor, flow: Flow) -> list[tuple[str, str]]:
    """The rungs that this person may put the flow on now, lowest first; none for who may not."""
    if not may_change(actor):
        return []
    here = RUNGS.index(flow.ladder)
    top = here + 1 if actor.may(APPROVE) and not why_not_up(actor, flow) else here
    return [one for n, one in enumerate(LADDER[: top + 1]) if n != here]


def why_not_up(actor: Actor, flow: Flow, rungs: int = 1) -> str:
    """Why this person may not take the flow so many rungs up now; empty when they may."""
    if rungs > 1:
        return _("One rung at a time: each is to be seen at work before the next.")
    live = flow.versions.filter(state="published").first()
    if live is None:
        return _("Publish the flow first: nothing of it was seen at work yet.")
    if person_of(live.published_by) == actor.person:
        return _("Who published what runs does not let it go further; ask a colleague.")
    missing = CLEAN_RUNS - _clean_runs(flow)
    if missing > 0:
        return ngettext(
            "It needs %(n)d more run without a doubt and with nothing held up.",
            "It needs %(n)d more runs without a doubt and with nothing held up.",
            missing,
        ) % {"n": missing}
    return ""


def _clean_runs(flow: Flow) -> int:
    """Finished runs since the rung was last changed, newest first, up to one with a doubt."""
    runs = Run.objects.filter(flow=flow, finished_at__isnull=False)
    # Looking again by hand, where nothing is new, shows nothing about the flow.
    runs = runs.exclude(trigger=BY_HAND, read=0)
    changed = AuditEvent.objects.filter(key=CHANGED, subject=_subject(flow)).first()
    if changed is not None:
        runs = runs.filter(created_at__gt=changed.at)
    clean = 0
    for run in runs[:CLEAN_RUNS]:
        if run.suspect or run.items.filter(state="parked").exists():
            break
        clean += 1
    return clean


def _subject(flow: Flow) -> str:
    return f"flow:{flow.uuid}"

"""Calibrations: made in the background of finished reviews, put in force where they are better, reversible.

Decisions are never touched: a calibration changes how sure open proposals are shown to be, no more.
"""

from __future__ import annotations

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.resolve.calibrate import ENOUGH
from engine.resolve.refit import Fit, Lesson, learn
from studio.accounts.models import Workspace
from studio.accounts.roles import ADMINISTER, READ
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.learning.fits import environment, in_force
from studio.learning.learners import LEARNERS, Learner, kind_name
from studio.learning.models import Calibration

IN_FORCE, NOT_BETTER, RETIRED, TAKEN_BACK = "in_force", "not_better", "retired", "taken_back"
# Fewer new judgements than this, or than a tenth of the last ones, teach nothing new.
NEW_ENOUGH = 10


def refit(actor: Actor, workspace: Workspace) -> list[Calibration]:
    """Learn from the workspace's judgements; one row per kind that has enough new ones."""
    actor.require(READ)
    made = []
    for learner in LEARNERS.all():
        for kind, labels in learner.labels(workspace).items():
            if not _due(workspace, kind, len(labels)):
                continue
            now = in_force(workspace, [kind]).get(kind, Fit())
            lesson = learn(labels, now, weights=learner.weights)
            if lesson is not None:
                made.append(_keep(actor, workspace, kind, lesson))
    return made


def _due(workspace: Workspace, kind: str, count: int) -> bool:
    """Whether enough was judged since the last time, and no person's “take it back” stands against it."""
    rows = Calibration.objects.filter(workspace=workspace, environment=environment(), kind=kind)
    last = rows.first()
    if last is None:
        return True
    if last.state == TAKEN_BACK:
        return count >= last.labels + ENOUGH
    return abs(count - last.labels) >= max(NEW_ENOUGH, last.labels // 10)


def _keep(actor: Actor, workspace: Workspace, kind: str, lesson: Lesson) -> Calibration:
    with acting(actor, READ, "learning.refitted", f"workspace:{workspace.uuid}") as line:
        now = timezone.now()
        if lesson.better:
            _current(workspace, kind).update(state=RETIRED, ended_by=actor.name, ended_at=now)
        highest = Calibration.objects.filter(
            workspace=workspace, environment=environment(), kind=kind
        ).aggregate(top=Max("number"))["top"]
        made = Calibration.objects.create(
            workspace=workspace,
            environment=environment(),
            kind=kind,
            number=(highest or 0) + 1,
            form=lesson.form,
            content=lesson.fit.to_json(),
            labels=lesson.count,
            right=lesson.right,
            before=lesson.before.to_json(),
            after=lesson.after.to_json(),
            gain=lesson.gain,
            doubt=lesson.doubt,
            state=IN_FORCE if lesson.better else NOT_BETTER,
            put_by=actor.name if lesson.better else "",
            applied_at=None if lesson.better else now,
        )
        line.data = {
            "kind": kind,
            "number": made.number,
            "labels": made.labels,
            "state": made.state,
            "before": made.before,
            "after": made.after,
        }
        if lesson.better:
            nudge("learning.rescore", workspace.pk)
    return made


def _current(workspace: Workspace, kind: str) -> QuerySet[Calibration]:
    return Calibration.objects.filter(
        workspace=workspace, environment=environment(), kind=kind, state=IN_FORCE
    )


def rescore(actor: Actor, workspace: Workspace) -> int:
    """Show open proposals with what is in force now; returns how many changed. Safe to repeat."""
    actor.require(READ)
    waiting = Calibration.objects.filter(
        workspace=workspace, environment=environment(), applied_at__isnull=True
    )
    changed = 0
    for kind in dict.fromkeys(waiting.values_list("kind", flat=True)):
        seen = list(waiting.filter(kind=kind).values_list("pk", flat=True))
        changed += LEARNERS.of(kind).rescore(workspace, kind)
        Calibration.objects.filter(pk__in=seen).update(applied_at=timezone.now())
    return changed


def take_back(actor: Actor, calibration: Calibration, *, reason: str) -> Calibration:
    """End a calibration; what was shipped is in force again.

    Raises:
        DecisionRefused: it is not in force, or no reason was given.
    """
    with acting(
        actor, _permission(actor, calibration), "learning.withdrawn", _subject(calibration)
    ) as line:
        if not reason.strip():
            raise DecisionRefused(_("Say in a few words why."), _("The next reader wants to know."))
        won = Calibration.objects.filter(pk=calibration.pk, state=IN_FORCE).update(
            state=TAKEN_BACK,
            ended_by=actor.name,
            ended_at=timezone.now(),
            reason=reason.strip(),
            applied_at=None,
            updated_at=timezone.now(),
        )
        if not won:
            raise DecidedMeanwhile(_("This calibration is not in force any more."))
        calibration.refresh_from_db()
        line.data = {
            "kind": kind_name(calibration.kind),
            "number": calibration.number,
            "reason": reason.strip(),
        }
        nudge("learning.rescore", calibration.workspace_id)
    return calibration


def put_back(actor: Actor, calibration: Calibration) -> Calibration:
    """Put an earlier calibration in force again, in place of the present one.

    Raises:
        DecisionRefused: it was never in force, or is of another environment.
    """
    with acting(
        actor, _permission(actor, calibration), "learning.put_back", _subject(calibration)
    ) as line:
        if calibration.environment != environment():
            raise DecisionRefused(
                _("It was learned in another environment."), _("What a sandbox learns stays in it.")
            )
        now = timezone.now()
        _current(calibration.workspace, calibration.kind).exclude(pk=calibration.pk).update(
            state=RETIRED, ended_by=actor.name, ended_at=now
        )
        won = Calibration.objects.filter(pk=calibration.pk, state__in=(RETIRED, TAKEN_BACK)).update(
            state=IN_FORCE,
            put_by=actor.name,
            ended_by="",
            ended_at=None,
            reason="",
            applied_at=None,
            updated_at=now,
        )
        if not won:
            raise DecisionRefused(_("Only what was in force before can be put back."))
        calibration.refresh_from_db()
        line.data = {"kind": kind_name(calibration.kind), "number": calibration.number}
        nudge("learning.rescore", calibration.workspace_id)
    return calibration


def may_change(actor: Actor, learner: Learner) -> bool:
    """Whether a person may take back or put back calibrations of a family."""
    return actor.may(learner.permission) or actor.may(ADMINISTER)


def _permission(actor: Actor, calibration: Calibration) -> str:
    """Who decides such proposals, and administrators."""
    return ADMINISTER if actor.may(ADMINISTER) else LEARNERS.of(calibration.kind).permission


def _subject(calibration: Calibration) -> str:
    return f"calibration:{calibration.uuid}"

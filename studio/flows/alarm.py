"""Runs whose numbers look wrong are marked suspect in the same run, with a case for a person."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from engine.errors import Audience, CaseClass
from engine.runtime.volume import USUAL, Limits, Volume, suspicion
from studio.accounts.roles import ADMINISTER
from studio.core.action import Actor, acting
from studio.flows.actions import replay
from studio.flows.models import Flow, InboxItem, Run, RunAlarm
from studio.flows.poll import BY_HAND, HISTORY
from studio.flows.rungs import step_down
from studio.triage.actions import Trouble, close_cases, open_case
from studio.triage.models import Case

UNDER_WAY = ("new", "working")
# Earlier runs that say what is usual, and runs judged in one sweep.
LOOK_BACK = 50
AT_ONCE = 100
# What was there before a flow began is left alone on purpose.
NEWS = ~Q(items__why=HISTORY)


def judge_runs() -> int:
    """Look at every run whose records are decided; returns how many look wrong."""
    open_ = Run.objects.filter(judged_at__isnull=True, finished_at__isnull=False, suspect="")
    waiting = InboxItem.objects.filter(state__in=UNDER_WAY, run__isnull=False).values("run_id")
    rows = open_.exclude(pk__in=waiting).select_related("flow__workspace")
    return sum(_judge(run) for run in rows.order_by("pk")[:AT_ONCE])


def _volumes(flow: Flow) -> dict[int, Volume]:
    runs = (
        Run.objects.filter(flow=flow, suspect="", judged_at__isnull=False)
        .exclude(trigger=BY_HAND, read=0)
        .order_by("-pk")
        .annotate(
            handed=Count("items", filter=NEWS & ~Q(items__state="filtered")),
            n=Count("items", filter=NEWS),
        )
    )
    return {r.pk: Volume(r.n, r.handed) for r in runs[:LOOK_BACK]}


def limits_of(flow: Flow) -> Limits:
    """What makes a run of this flow suspect."""
    own = RunAlarm.objects.filter(flow=flow).first()
    if own is None:
        return USUAL
    return Limits(own.nothing, own.too_much, own.times, own.least)


def keep_limits(actor: Actor, alarm: RunAlarm) -> None:
    """Store other limits of a flow; its next runs are judged by them."""
    flow = alarm.flow
    with acting(actor, ADMINISTER, "flow.alarm_changed", f"flow:{flow.uuid}") as line:
        before = limits_of(flow)
        alarm.save()
        line.data = {
            "flow": flow.name,
            "before": asdict(before),
            "after": asdict(limits_of(flow)),
        }


def _judge(run: Run) -> bool:
    items = run.items.exclude(why=HISTORY)
    # What was known before is no news: only what this run took counts.
    mine = Volume(items.count(), items.exclude(state="filtered").count())
    said = suspicion(mine, list(_volumes(run.flow).values()), limits_of(run.flow))
    with transaction.atomic():
        won = Run.objects.filter(pk=run.pk, judged_at__isnull=True)
        if not won.update(judged_at=timezone.now(), suspect=said[:200]):
            return False
        if said:
            step_down(run.flow, open_case(run.flow.workspace, _trouble(run, said)))
    return bool(said)


def _trouble(run: Run, said: str) -> Trouble:
    flow = run.flow
    return Trouble(
        subject=f"run:{run.uuid}",
        code="suspect-run",
        case_class=str(CaseClass.SCHEMA),
        audience=str(Audience.INTEGRATOR),
        sentence=f"{flow.name}: {said} Has the filter, a field or the source changed?",
        cause=f"{flow.key}:suspect-run",
        cause_label=f"Runs of {flow.name} look wrong",
        record_label=f"Run of {run.created_at:%Y-%m-%d %H:%M}",
        flow_key=flow.key,
        flow_label=flow.name,
    )


def run_of(case: Case) -> Run | None:
    """The run a case is about."""
    kind, _, key = case.subject.partition(":")
    return Run.objects.select_related("flow").filter(uuid=key).first() if kind == "run" else None


def work_again(case: Case) -> int:
    """Send what the run filtered out through the version in force; returns how many records."""
    run = run_of(case)
    if run is None:
        return 0
    again = sum(replay(item) for item in run.items.filter(state="filtered"))
    Run.objects.filter(pk=run.pk).update(suspect="", judged_at=None)
    close_cases(case.subject, state="fixed", reason="Worked again.", by="machine")
    return again


def take_as_right(case: Case, reason: str, by: str) -> None:
    """The run is as it should be; from now on it counts as usual."""
    run = run_of(case)
    if run is not None:
        Run.objects.filter(pk=run.pk).update(suspect="")
    close_cases(case.subject, state="accepted", reason=reason, by=by)

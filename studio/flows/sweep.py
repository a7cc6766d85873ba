"""Finding what was left behind: lost messages, dead workers, records that waited in vain."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from studio.core.dispatch import nudge
from studio.flows.alarm import judge_runs
from studio.flows.deliver import release
from studio.flows.drain import end_drains
from studio.flows.drift_cases import look_again as end_drifts
from studio.flows.heal import heal
from studio.flows.models import ChangeEvent, Delivery, Flow, FlowVersion, InboxItem, Rehearsal
from studio.flows.notices import send_notices
from studio.flows.triggers import in_force, is_due, is_heard
from studio.triage.letters import send_letters

# Processed messages of the filesystem broker that are kept; it never empties its folder itself.
KEEP_MESSAGES = 200


def sweep() -> dict[str, int]:
    """Wake workers for everything that is due; returns how many wake-ups of each kind."""
    now = timezone.now()
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    stale = Q(lease_until__lt=now)
    flows = (
        InboxItem.objects.filter(due, Q(state="new") | (Q(state="working") & stale))
        .filter(flow__state__in=("live", "draining"))
        .values_list("flow_id", flat=True)
        .distinct()
    )
    connections = (
        Delivery.objects.filter(
            due, Q(state__in=("ready", "unknown")) | (Q(state="sending") & stale)
        )
        .exclude(flow__state="paused")
        .filter(Q(connection__paused_until__isnull=True) | Q(connection__paused_until__lte=now))
        .values_list("connection_id", flat=True)
        .distinct()
    )
    woken = {"flows": 0, "connections": 0, "released": _release_waiting(), "healed": heal()}
    for flow_id in flows:
        nudge("flows.pump_items", flow_id)
        woken["flows"] += 1
    for connection_id in connections:
        nudge("flows.pump_deliveries", connection_id)
        woken["connections"] += 1
    send_notices()
    send_letters()
    _wake_rehearsals_and_events()
    judge_runs()
    end_drifts()
    end_drains()
    _purge_broker()
    return woken


def _wake_rehearsals_and_events() -> None:
    """Rehearsals nobody has begun or whose worker died, and events whose records were not read yet."""
    asked = Q(state="waiting") | Q(state="running", lease_until__lt=timezone.now())
    for pk in Rehearsal.objects.filter(asked).exclude(kind="check").values_list("pk", flat=True):
        nudge("flows.rehearse", pk)
    told = ChangeEvent.objects.filter(handled_at__isnull=True)
    for pk in told.values_list("connection_id", flat=True).distinct():
        nudge("flows.take_events", pk)


def _release_waiting() -> int:
    """Items whose wait ended while nobody looked (the link was made between check and wait)."""
    keys = InboxItem.objects.filter(state="waiting").values_list("waiting_on", flat=True).distinct()
    finished = Delivery.objects.filter(
        idempotency_key__in=list(keys), state__in=("done", "void")
    ).values_list("idempotency_key", flat=True)
    return sum(release(key) for key in finished)


def poll_due() -> int:
    """Wake a poll for every live flow whose time has come."""
    now = timezone.now()
    count = 0
    heard = dict[int, bool]()
    for version in FlowVersion.objects.filter(state="published", flow__state="live").select_related(
        "flow__source"
    ):
        flow = version.flow
        if flow.source_id not in heard:
            heard[flow.source_id] = is_heard(flow.source)
        known = heard[flow.source_id]
        if not flow.source.resting() and is_due(version, flow.last_polled_at, now, heard=known):
            nudge("flows.poll", flow.pk)
            count += 1
    return count


def wake_flows_of(connection_id: int) -> int:
    """Wake a poll for every live flow whose source has just sent something; some keep hours of their own."""
    count = 0
    flows = Flow.between.filter(source_id=connection_id, state="live").select_related("source")
    for flow in flows:
        kind = in_force(flow).get("trigger", {}).get("kind", "poll")
        if kind == "poll" and not flow.source.resting():
            nudge("flows.poll", flow.pk)
            count += 1
    return count


def _purge_broker() -> None:
    options = getattr(settings, "CELERY_BROKER_TRANSPORT_OPTIONS", {})
    folder = options.get("processed_folder")
    if not folder:
        return
    files = sorted(Path(folder).glob("*"), key=lambda p: p.name)
    for file in files[:-KEEP_MESSAGES]:
        file.unlink(missing_ok=True)

"""When a flow looks at its source: read from the version in force, never from the draft."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from connectors.registry import capabilities
from engine.runtime.schedule import Schedule
from studio.catalog.models import Connection
from studio.flows.models import ChangeEvent, Flow, FlowVersion

KINDS = ("poll", "webhook", "schedule", "manual")
# A flow that is told about changes still looks now and then: a message may have been lost.
REPAIR_SECONDS = 900
# Where the source has told nothing for a day, nobody may have set its notices up: the flow does not rely on them.
UNHEARD_SECONDS = 300
HEARD_WITHIN = timedelta(days=1)
# The scheduler's beat and the end of a look are never a whole poll's time apart.
BEAT_SLACK = timedelta(seconds=2)


def in_force(flow: Flow) -> dict[str, Any]:
    """The design of the published version; empty where there is none."""
    content = flow.versions.filter(state="published").values_list("content", flat=True).first()
    design: dict[str, Any] = content["design"] if content else {}
    return design


def seconds_between(trigger: Mapping[str, Any], *, heard: bool = True) -> int:
    """Seconds between two looks of a flow that looks by itself; ``heard``: its source does tell of changes."""
    told = REPAIR_SECONDS if heard else UNHEARD_SECONDS
    usual = told if trigger.get("kind") == "webhook" else settings.POLL_SECONDS
    return int(trigger.get("every_seconds") or usual)


def is_heard(source: Connection) -> bool:
    """Whether the source told us of any change within the last day."""
    since = timezone.now() - HEARD_WITHIN
    told = ChangeEvent.objects.filter(connection=source, found_by="webhook", created_at__gte=since)
    return told.exists()


def doorbell(flow: Flow, trigger: Mapping[str, Any]) -> str:
    """The entity whose notices say that what the flow reads has changed; empty where it has notices of its own."""
    rings = capabilities(flow.source.system).doorbells
    return rings.get(str(trigger.get("entity")), "") if trigger.get("kind") == "webhook" else ""


def is_rung(flow: Flow, trigger: Mapping[str, Any], last: datetime | None, now: datetime) -> bool:
    """Whether the bell of the flow rang since it looked; it looks once for all that rang within a poll's time."""
    bell = doorbell(flow, trigger)
    pause = timedelta(seconds=settings.POLL_SECONDS)
    if not bell or last is None or now - last < pause - BEAT_SLACK:
        return False
    rang = ChangeEvent.objects.filter(connection=flow.source, entity=bell, found_by="webhook")
    # What rang while it looked may have come after it had read.
    return rang.filter(created_at__gt=last - pause).exists()


def schedule_of(trigger: Mapping[str, Any]) -> Schedule:
    """The schedule of a trigger.

    Raises:
        ValueError: a time, day or zone is not one.
    """
    at, days = list(trigger.get("at") or []), list(trigger.get("days") or [])
    return Schedule.read(at, days, str(trigger.get("zone") or ""))


def is_due(
    version: FlowVersion, last: datetime | None, now: datetime, *, heard: bool = True
) -> bool:
    """Whether the flow of a published version looks at its source now.

    Args:
        version: the version in force.
        last: when it looked last.
        now: the present moment.
        heard: the source does tell of changes.
    """
    trigger = version.content["design"].get("trigger", {})
    match trigger.get("kind", "poll"):
        case "manual":
            return False
        case "schedule":
            return schedule_of(trigger).due(last or version.published_at or version.created_at, now)
        case _:
            pause = timedelta(seconds=seconds_between(trigger, heard=heard))
            return last is None or now - last >= pause or is_rung(version.flow, trigger, last, now)

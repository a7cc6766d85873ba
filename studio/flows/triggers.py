"""When a flow looks at its source: read from the version in force, never from the draft."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from engine.runtime.schedule import Schedule
from studio.flows.models import Flow, FlowVersion

KINDS = ("poll", "webhook", "schedule", "manual")
# A flow that is told about changes still looks now and then: a message may have been lost.
REPAIR_SECONDS = 900


def in_force(flow: Flow) -> dict[str, Any]:
    """The design of the published version; empty where there is none."""
    content = flow.versions.filter(state="published").values_list("content", flat=True).first()
    design: dict[str, Any] = content["design"] if content else {}
    return design


def seconds_between(trigger: Mapping[str, Any]) -> int:
    """Seconds between two looks of a flow that looks by itself."""
    usual = REPAIR_SECONDS if trigger.get("kind") == "webhook" else settings.POLL_SECONDS
    return int(trigger.get("every_seconds") or usual)


def schedule_of(trigger: Mapping[str, Any]) -> Schedule:
    """The schedule of a trigger.

    Raises:
        ValueError: a time, day or zone is not one.
    """
    at, days = list(trigger.get("at") or []), list(trigger.get("days") or [])
    return Schedule.read(at, days, str(trigger.get("zone") or ""))


def is_due(version: FlowVersion, last: datetime | None, now: datetime) -> bool:
    """Whether the flow of a published version looks at its source now.

    Args:
        version: the version in force.
        last: when it looked last.
        now: the present moment.
    """
    trigger = version.content["design"].get("trigger", {})
    match trigger.get("kind", "poll"):
        case "manual":
            return False
        case "schedule":
            return schedule_of(trigger).due(last or version.published_at or version.created_at, now)
        case _:
            return last is None or now - last >= timedelta(seconds=seconds_between(trigger))

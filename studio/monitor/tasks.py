"""Celery entry points of monitoring."""

from __future__ import annotations

from celery import shared_task

from studio.monitor.seal import seal_events
from studio.monitor.watch import watch as look_for_alerts


@shared_task(name="monitor.seal")
def seal() -> None:
    """Seal new audit lines."""
    while seal_events():
        continue


@shared_task(name="monitor.watch")
def watch() -> None:
    """Raise alerts, and end those whose cause is gone."""
    look_for_alerts()

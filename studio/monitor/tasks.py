"""Celery entry points of monitoring."""

from __future__ import annotations

from celery import shared_task

from studio.monitor.seal import seal_events
from studio.monitor.search import keep_words
from studio.monitor.watch import watch as look_for_alerts


@shared_task(name="monitor.seal")
def seal() -> None:
    """Seal new audit lines, and keep the words they are found by."""
    while seal_events():
        continue
    while keep_words():
        continue


@shared_task(name="monitor.watch")
def watch() -> None:
    """Raise alerts, and end those whose cause is gone."""
    look_for_alerts()

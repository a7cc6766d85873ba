"""Celery entry points of monitoring."""

from __future__ import annotations

from celery import shared_task

from studio.monitor.seal import seal_events


@shared_task(name="monitor.seal")
def seal() -> None:
    """Seal new audit lines."""
    while seal_events():
        continue

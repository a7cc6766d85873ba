"""Celery entry points: keys in, one action called, no logic."""

from __future__ import annotations

from celery import shared_task

from studio.triage.letters import send_letters


@shared_task(name="triage.send_letters")
def letters() -> None:
    """Mail what people are asked about cases."""
    send_letters()

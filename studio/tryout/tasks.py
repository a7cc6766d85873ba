"""Celery entry points of trials: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

from celery import shared_task

from studio.tryout import work as trials


@shared_task(name="tryout.work")
def work(trial_id: int) -> None:
    """Work one trial."""
    trial = trials.claim(trial_id)
    if trial:
        trials.run(trial)


@shared_task(name="tryout.due")
def due() -> None:
    """Trials that were left behind, and those that are too old."""
    trials.due()

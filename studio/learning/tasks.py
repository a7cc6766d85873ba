"""Celery entry points: keys in, one action called."""

from __future__ import annotations

from celery import shared_task

from studio.accounts.models import Workspace, machine
from studio.accounts.roles import READ
from studio.learning import actions


@shared_task(name="learning.sample_due")
def sample_due() -> None:
    """Draw the blind repeats of every workspace."""
    for workspace in Workspace.objects.all():
        actions.sample(machine(workspace, "the sampler", READ), workspace)

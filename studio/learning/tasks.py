"""Celery entry points: keys in, one action called."""

from __future__ import annotations

import uuid

from celery import shared_task

from studio.accounts.models import Workspace, machine
from studio.accounts.roles import READ
from studio.learning import actions

NAME = "the learner"


@shared_task(name="learning.due")
def due() -> None:
    """Draw blind repeats, learn what is new, and finish what a lost message left, everywhere."""
    for workspace in Workspace.objects.all():
        actor = machine(workspace, NAME, READ)
        actions.sample(actor, workspace)
        actions.refit(actor, workspace)
        actions.rescore(actor, workspace)


@shared_task(name="learning.refit")
def refit(workspace_id: int) -> None:
    """Learn from a workspace's judgements after a review was finished."""
    workspace = Workspace.objects.get(pk=workspace_id)
    actions.refit(machine(workspace, NAME, READ), workspace)


@shared_task(name="learning.rescore")
def rescore(workspace_id: int) -> None:
    """Show open proposals with the calibration in force."""
    workspace = Workspace.objects.get(pk=workspace_id)
    actions.rescore(machine(workspace, NAME, READ), workspace)


@shared_task(name="learning.ask")
def ask(workspace_id: int, kind: str, subject: str, asked_by: str) -> None:
    """Ask the language model what a person wants its opinion on."""
    workspace = Workspace.objects.get(pk=workspace_id)
    actions.ask(workspace, kind, uuid.UUID(subject), asked_by)

"""Starting a trial and deleting it, by a person or by age."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from engine.schema.exports import Upload
from studio.accounts.models import Workspace, machine
from studio.accounts.roles import MATCH
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.tryout.models import Trial, TrialFile


def start(actor: Actor, workspace: Workspace, kind: str, left: Upload, right: Upload) -> Trial:
    """Keep both files and put the trial before the workers."""
    trial = Trial(
        workspace=workspace,
        kind=kind,
        left_name=left.name,
        right_name=right.name,
        asked_by=actor.name,
    )
    with acting(actor, MATCH, "trial.started", f"trial:{trial.uuid}") as line:
        trial.save()
        for side, upload in (("left", left), ("right", right)):
            TrialFile.objects.create(trial=trial, side=side, content=upload.content)
        line.data = _facts(trial)
        nudge("tryout.work", trial.pk)
    return trial


def delete(actor: Actor, trial: Trial, *, key: str = "trial.deleted") -> None:
    """Remove files, result and row at once; a worker that is at it finds that out and stops."""
    with acting(actor, MATCH, key, f"trial:{trial.uuid}") as line:
        line.data = _facts(trial)
        trial.delete()


def delete_old() -> int:
    """Delete what has been kept for its days; returns how many."""
    before = timezone.now() - timedelta(days=settings.TRY_DAYS)
    old = list(Trial.objects.filter(created_at__lt=before).select_related("workspace"))
    for trial in old:
        delete(machine(trial.workspace, "the upkeep", MATCH), trial, key="trial.expired")
    return len(old)


def _facts(trial: Trial) -> dict[str, str]:
    return {"left": trial.left_name, "right": trial.right_name, "kind": trial.kind}

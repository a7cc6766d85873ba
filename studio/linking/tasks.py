"""Celery entry points: keys in, one action called."""

from __future__ import annotations

from celery import shared_task

from studio.accounts.models import machine
from studio.accounts.roles import MATCH
from studio.catalog.models import Connection
from studio.linking import actions


@shared_task(name="linking.find_pairs")
def find_pairs(source_id: int, target_id: int, kind: str) -> None:
    """Compare what is new between two connections."""
    source = Connection.objects.select_related("workspace").get(pk=source_id)
    target = Connection.objects.get(pk=target_id)
    actions.find_pairs(machine(source.workspace, "the matcher", MATCH), source, target, kind)

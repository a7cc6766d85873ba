"""Celery entry points of connections: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

from celery import shared_task

from studio.accounts.models import Membership
from studio.catalog.models import Connection
from studio.catalog.ready import get_ready as make_ready


@shared_task(name="catalog.get_ready")
def get_ready(connection_id: int, user_id: int) -> None:
    """Test and read a connection for a person who asked for it."""
    connection = Connection.objects.select_related("workspace").filter(pk=connection_id).first()
    if connection is None:
        return
    member = Membership.objects.filter(user_id=user_id, workspace=connection.workspace).first()
    if member is not None:
        make_ready(member.actor(), connection)

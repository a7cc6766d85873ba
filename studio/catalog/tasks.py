"""Celery entry points of connections: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

import logging

from celery import shared_task

from engine.errors import StudioError
from studio.accounts.models import Membership, machine
from studio.accounts.roles import CONNECT
from studio.catalog.actions import introspect
from studio.catalog.agents.desk import tidy as forget_calls
from studio.catalog.models import Connection
from studio.catalog.ready import get_ready as make_ready

log = logging.getLogger(__name__)


@shared_task(name="catalog.look")
def look(connection_id: int) -> None:
    """Look at a system again, because something there is said to be otherwise."""
    connection = Connection.objects.select_related("workspace").filter(pk=connection_id).first()
    if connection is None or connection.resting():
        return
    try:
        introspect(machine(connection.workspace, "machine", CONNECT), connection)
    except StudioError as error:
        # Nothing depends on it: what was said is tried anyway, and the target has the last word.
        log.warning("look at %s: %s", connection, error.code)


@shared_task(name="catalog.get_ready")
def get_ready(connection_id: int, user_id: int) -> None:
    """Test and read a connection for a person who asked for it."""
    connection = Connection.objects.select_related("workspace").filter(pk=connection_id).first()
    if connection is None:
        return
    member = Membership.objects.filter(user_id=user_id, workspace=connection.workspace).first()
    if member is not None:
        make_ready(member.actor(), connection)


@shared_task(name="catalog.tidy")
def tidy() -> None:
    """Forget requests to agents whose worker died while it waited."""
    forget_calls()

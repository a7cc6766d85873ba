"""What needs a connection, and how it is stopped when the connection is ended."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.urls import reverse

from studio.accounts.roles import CONNECT
from studio.catalog.models import Connection
from studio.catalog.uses import Hit
from studio.core.action import Actor
from studio.flows.actions import pause
from studio.flows.models import UNDER_WAY, Delivery, Flow

RUNNING = ("live", "draining")


def flows_of(connection: Connection) -> QuerySet[Flow]:
    """Flows that read from a connection or write to it."""
    return Flow.objects.filter(Q(source=connection) | Q(target=connection)).order_by("name")


def needed_by(connection: Connection) -> list[Hit]:
    """Flows, running or not, and what is on its way there; two queries."""
    found = [
        Hit(
            "flow",
            f"{flow.name} is {flow.get_state_display().lower()}",
            reverse("portal:desk") if flow.own else reverse("flows:flow", args=[flow.key]),
        )
        for flow in flows_of(connection)
    ]
    waiting = Delivery.objects.filter(connection=connection, state__in=UNDER_WAY).count()
    if waiting:
        words = (
            f"{waiting} deliveries to it are not finished; they wait until it is connected again"
        )
        found.append(Hit("delivery", words, reverse("flows:runs")))
    return found


def pause_on(actor: Actor, connection: Connection, reason: str) -> list[str]:
    """Pause every running flow of a connection."""
    stopped = []
    for flow in flows_of(connection).filter(state__in=RUNNING):
        pause(actor, flow, reason, permission=CONNECT)
        stopped.append(flow.name)
    return stopped

"""Draining a flow: nothing new is read, what was read is worked and sent, then the flow rests."""

from __future__ import annotations

from django.db import transaction

from studio.accounts.roles import OPERATE
from studio.core.action import Actor, acting
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.telling import tell_flow

UNDER_WAY = ("new", "working", "waiting")
TO_SEND = ("ready", "sending", "unknown")


def drain(actor: Actor, flow: Flow, reason: str) -> None:
    """End what is under way and read nothing more; the flow pauses by itself when all is done."""
    with acting(actor, OPERATE, "flow.drained", f"flow:{flow.uuid}") as line:
        flow.state, flow.paused_reason = "draining", reason.strip() or f"drained by {actor.name}"
        flow.save(update_fields=["state", "paused_reason", "updated_at"])
        line.data = {"flow": flow.name, "reason": flow.paused_reason}


def _rest(flow: Flow) -> int:
    with transaction.atomic():
        won = Flow.objects.filter(pk=flow.pk, state="draining").update(state="paused")
        if won:
            tell_flow("flow.paused", flow)
    return won


def end_drains() -> int:
    """Pause draining flows that have nothing under way any more; returns how many."""
    ended = 0
    for flow in Flow.objects.filter(state="draining"):
        busy = (
            InboxItem.objects.filter(flow=flow, state__in=UNDER_WAY).exists()
            or Delivery.objects.filter(flow=flow, state__in=TO_SEND).exists()
        )
        if not busy:
            ended += _rest(flow)
    return ended

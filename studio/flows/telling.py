"""What programs outside are told about flows and deliveries; inside the transaction of what happened."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from studio.flows.models import Delivery, Flow, Rehearsal
from studio.webhooks.outbox import amount, tell


def tell_delivery(key: str, delivery: Delivery, **more: Any) -> None:
    """An event about one write: which document, where, how much."""
    flow = delivery.flow
    data = {
        "flow": flow.key,
        "step": delivery.step,
        "entity": delivery.entity,
        "connection": str(delivery.connection.uuid),
        "business_key": delivery.business_key,
        **amount(delivery.gross, delivery.currency),
        **more,
    }
    page = reverse("flows:item", args=[delivery.item.uuid])
    tell(flow.workspace_id, key, f"delivery:{delivery.uuid}", data, page=page)


def tell_flow(key: str, flow: Flow, **more: Any) -> None:
    """An event about a flow."""
    page = reverse("flows:flow", args=[flow.key])
    data = {"flow": flow.key, **more}
    tell(flow.workspace_id, key, f"flow:{flow.uuid}", data, page=page)


def tell_rehearsal(asked: Rehearsal) -> None:
    """A rehearsal that somebody asked for has come to its end."""
    flow = asked.flow
    page = reverse("flows:rehearsal", args=[asked.uuid])
    data = {"flow": flow.key, "kind": asked.kind, "state": asked.state, "records": asked.records}
    tell(flow.workspace_id, "rehearsal.ready", f"rehearsal:{asked.uuid}", data, page=page)

"""Writing down that something is to be told; the only thing that other apps call."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from studio.core.dispatch import nudge
from studio.webhooks.models import LISTENING, Endpoint, Event, Message


def tell(
    workspace_id: int, key: str, subject: str, data: dict[str, Any], *, page: str = ""
) -> Event | None:
    """Write an event for every address that wants it; None where nobody does.

    Call inside the transaction of what happened: both are committed, or neither.

    Args:
        workspace_id: where it happened.
        key: of ``EVENTS``.
        subject: what it is about, such as ``case:<uuid>``.
        data: ids and an amount, ready for JSON; nothing secret, no record.
        page: path of the page that shows it.
    """
    listening = Endpoint.objects.filter(workspace=workspace_id, state__in=LISTENING)
    wanted = [e for e in listening.only("id", "events", "state") if key in e.events]
    if not wanted:
        return None
    with transaction.atomic(savepoint=False):
        event = Event.objects.create(
            workspace_id=workspace_id, key=key, subject=subject, data=data, page=page
        )
        Message.objects.bulk_create([Message(endpoint=e, event=event) for e in wanted])
    for endpoint in wanted:
        if endpoint.state == "on":
            nudge("webhooks.pump", endpoint.pk)
    return event


def amount(value: object, currency: str) -> dict[str, str]:
    """Money as the API writes it."""
    return {"amount": f"{value:.2f}", "currency": currency}

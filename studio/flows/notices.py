"""Telling people: a notice is a row written with its cause; mail is sent afterwards, several in one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from studio.accounts.letters import Letter, send_waiting
from studio.core.dispatch import nudge
from studio.flows.models import Flow, InboxItem, Notice

# Event -> what several records did, for the subject of a mail.
EVENTS = {
    "posted": "were posted",
    "held": "wait for a person",
    "gave_up": "were tried often enough and wait for a person",
}
# A burst of records is one mail: notices of one flow and rule that wait are sent together.
AT_ONCE = 200


def tell(flow: Flow, design: Mapping[str, Any], event: str, item: InboxItem, words: str) -> int:
    """Write a notice for every rule of the design about this event; call inside its transaction.

    The same words about the same record are told once, however often the record is tried again.
    """
    fitting = [
        rule
        for rule in design.get("notify") or []
        if rule.get("on") == event and abs(item.amount) >= Decimal(str(rule.get("at_least") or 0))
    ]
    told = 0
    for rule in fitting:
        if Notice.objects.filter(item=item, step=rule["id"], words=words[:300]).exists():
            continue
        told += 1
        Notice.objects.create(
            flow=flow,
            item=item,
            step=rule["id"],
            event=event,
            audience=str(rule.get("to") or "integrator"),
            words=words[:300],
            amount=item.amount,
            currency=item.currency,
        )
    if told:
        nudge("flows.send_notices")
    return told


def send_notices() -> int:
    """Mail what waits, one mail per flow and rule; returns how many notices were told."""
    rows = Notice.objects.select_related("flow", "item")
    return send_waiting(rows, AT_ONCE, lambda n: (n.flow_id, n.step, n.audience), _letter)


def _letter(group: list[Notice]) -> Letter:
    first, many = group[0], len(group)
    what = first.words if many == 1 else f"{many} records {EVENTS[first.event]}"
    subject = f"{first.flow.name}: {what}"
    return Letter(first.flow.workspace_id, first.audience, subject, _body(group))


def _body(group: list[Notice]) -> str:
    lines = []
    for notice in group:
        money = f"  {notice.amount:,.2f} {notice.currency}" if notice.amount else ""
        place = reverse("flows:item", args=[notice.item.uuid])
        lines.append(f"{notice.words}{money}\n  {settings.SITE_URL}{place}")
    return "\n\n".join(lines)

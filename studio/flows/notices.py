"""Telling people: a notice is a row written with its cause; mail is sent afterwards, several in one."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from studio.accounts.addresses import addresses
from studio.core.dispatch import nudge
from studio.flows.models import Flow, InboxItem, Notice

log = logging.getLogger(__name__)
# Event -> what several records did, for the subject of a mail.
EVENTS = {
    "posted": "were posted",
    "held": "wait for a person",
    "gave_up": "were tried often enough and wait for a person",
}
# A burst of records is one mail: notices of one flow and rule that wait are sent together.
AT_ONCE = 200
LEASE = timedelta(minutes=5)


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
    """Mail what waits, one mail per flow and rule; returns how many notices were told.

    A notice whose people have no address is shown in the studio only and counts as told.
    """
    now = timezone.now()
    due = Q(state="new") | Q(state="sending", lease_until__lt=now)
    waiting = Notice.objects.filter(due).select_related("flow", "item").order_by("id")[:AT_ONCE]
    groups: dict[tuple[int, str, str], list[Notice]] = defaultdict(list)
    for notice in waiting:
        mine = Notice.objects.filter(due, pk=notice.pk)
        if mine.update(state="sending", lease_until=now + LEASE):
            groups[(notice.flow_id, notice.step, notice.audience)].append(notice)
    return sum(_mail(group) for group in groups.values())


def _mail(group: list[Notice]) -> int:
    flow = group[0].flow
    to = addresses(flow.workspace_id, group[0].audience)
    rows = Notice.objects.filter(pk__in=[n.pk for n in group])
    if not to:
        return rows.update(state="shown", sent_at=timezone.now())
    many = len(group)
    what = group[0].words if many == 1 else f"{many} records {EVENTS[group[0].event]}"
    try:
        send_mail(f"{flow.name}: {what}"[:180], _body(group), settings.DEFAULT_FROM_EMAIL, to)
    except OSError as error:
        # The mail server is a remote system like others: tried again at the next sweep.
        log.warning("notice mail of %s: %s", flow.key, type(error).__name__)
        until = timezone.now() + LEASE
        rows.update(state="sending", lease_until=until, trouble=str(error)[:200])
        return 0
    return rows.update(state="sent", sent_at=timezone.now(), recipients=to, trouble="")


def _body(group: list[Notice]) -> str:
    lines = []
    for notice in group:
        money = f"  {notice.amount:,.2f} {notice.currency}" if notice.amount else ""
        place = reverse("flows:item", args=[notice.item.uuid])
        lines.append(f"{notice.words}{money}\n  {settings.SITE_URL}{place}")
    return "\n\n".join(lines)

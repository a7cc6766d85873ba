"""What vendors tell us, stored once per event.

SYSPRO tells nobody anything; what a poll finds there is noted in the same words, so that everything
downstream sees one kind of event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from connectors.registry import capabilities
from engine.ports import ChangeNotice, SourceRecord
from studio.catalog.models import Connection
from studio.core.dispatch import nudge
from studio.flows.models import ChangeEvent


def store_events(
    connection: Connection, notices: Iterable[ChangeNotice], *, found_by: str = "webhook"
) -> int:
    """Keep each event once; returns how many were new. Those of another company are not ours."""
    now: datetime | None = timezone.now() if found_by == "poll" else None
    rows = [
        ChangeEvent(
            connection=connection,
            event_id=n.event_id[:200],
            entity=n.entity[:60],
            key=n.key[:80],
            operation=n.operation[:20],
            occurred_at=n.occurred_at,
            found_by=found_by,
            handled_at=now,
        )
        for n in notices
        if n.connection == connection.company
    ]
    before = ChangeEvent.objects.filter(
        connection=connection, event_id__in=[r.event_id for r in rows]
    ).count()
    ChangeEvent.objects.bulk_create(rows, ignore_conflicts=True)
    fresh = len({r.event_id for r in rows}) - before
    if fresh and found_by == "webhook":
        nudge("flows.take_events", connection.pk)
    return fresh


def simulated(connection: Connection, records: Sequence[SourceRecord]) -> list[ChangeNotice]:
    """What a poll found, in the words of a webhook; nothing for systems that speak themselves."""
    if capabilities(connection.system).webhooks:
        return []
    return [
        ChangeNotice(
            connection=connection.company,
            entity=r.entity,
            key=r.key,
            operation="delete" if r.deleted else "update",
            occurred_at=r.changed_at,
            event_id=f"{r.entity}:{r.key}:{r.version}",
        )
        for r in records
    ]

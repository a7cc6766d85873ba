"""From changes at the source to inbox rows: cursor and rows move in one transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.http.jsontext import dump
from engine.errors import StudioError
from engine.ports import Page, SourceRecord
from engine.runtime.idempotency import content_hash
from studio.catalog.services import evidence_about
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.dispatch import nudge
from studio.flows.comparing import is_comparing
from studio.flows.control import stated
from studio.flows.events import simulated, store_events
from studio.flows.models import Cursor, Flow, InboxItem, Run
from studio.flows.triggers import in_force

# Pages taken in one poll before others get their turn; the cursor remembers the place.
PAGES_PER_POLL = 50
PAGE_SIZE = 100
# Who must know everything waits so long for another worker's poll, and looks so often.
PATIENCE, AGAIN_SECONDS = 20.0, 0.2
# The trigger of a run that a person asked for.
BY_HAND = "manual"
# Why a record of before the flow stays unposted; the tie-out leaves these out.
HISTORY = "was there before the flow began"


def is_batch_lane(design: Mapping[str, Any]) -> bool:
    """Whether each page read is a batch of its own, with control totals of its own."""
    return design.get("lane") == "batch"


def take_lease(flow: Flow, entity: str, patience: float = 0.0) -> Cursor | None:
    """One poller per flow and entity at a time; another one waits so many seconds for its turn."""
    cursor, _made = Cursor.objects.get_or_create(flow=flow, entity=entity)
    deadline = time.monotonic() + patience
    while True:
        now = timezone.now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        won = Cursor.objects.filter(free, pk=cursor.pk).update(
            lease_until=now + timedelta(seconds=settings.LEASE_SECONDS)
        )
        if won or time.monotonic() >= deadline:
            return Cursor.objects.get(pk=cursor.pk) if won else None
        time.sleep(AGAIN_SECONDS)


def poll(flow: Flow, *, trigger: str = "poll") -> Run | None:
    """Read what changed since the cursor and put it into the inbox.

    What a person asked for (``BY_HAND``) leaves a run whatever came of it, and waits for its turn.

    Returns:
        The run, or None when nothing was read: another worker is polling, the flow is not live or its
        source rests; also where the flow compares both sides, for which another worker is woken.
    """
    by_hand = trigger == BY_HAND
    run, behind = _poll(flow, trigger, PATIENCE if by_hand else 0.0)
    if by_hand and run is None and not is_comparing(in_force(flow)):
        run = _begin(flow, trigger)
        run.suspect, run.finished_at = behind[:200], timezone.now()
        run.save(update_fields=["suspect", "finished_at", "updated_at"])
    return run


def _begin(flow: Flow, trigger: str) -> Run:
    version = flow.versions.filter(state="published").first()
    return Run.objects.create(flow=flow, trigger=trigger, version=version)


def catch_up(flow: Flow) -> str:
    """Read everything that changed since the cursor; why that could not be done, empty when it was."""
    return _poll(flow, "comparison", PATIENCE)[1]


def _why_idle(flow: Flow, entity: str) -> str:
    """Why a flow looks at nothing just now; empty where it may look."""
    if flow.state != "live" or not entity:
        return _("%(flow)s is not live.") % {"flow": flow.name}
    return (
        _("%(system)s rests just now.") % {"system": flow.source} if flow.source.resting() else ""
    )


def _poll(flow: Flow, trigger: str, patience: float = 0.0) -> tuple[Run | None, str]:
    """The run, and why something that changed may not have been read."""
    design = in_force(flow)
    entity = design.get("trigger", {}).get("entity", "")
    if flow.state == "live" and is_comparing(design):
        nudge("tieout.compare_flow", flow.pk)
        return None, ""
    idle = _why_idle(flow, entity)
    cursor = take_lease(flow, entity, patience) if not idle else None
    if cursor is None:
        return None, idle or _("Another worker reads for %(flow)s.") % {"flow": flow.name}
    run: Run | None = None
    behind = _("%(flow)s has more to read than one turn takes.") % {"flow": flow.name}
    batches = is_batch_lane(flow.design)
    size = int(flow.design.get("batch_size", PAGE_SIZE)) if batches else PAGE_SIZE
    try:
        with evidence_about(""), opened(flow.source) as connector:
            for _page in range(PAGES_PER_POLL):
                page = connector.changes(entity, cursor=cursor.value, limit=size)
                run = take_page(flow, cursor, page, None if batches else run, trigger)
                if batches and run:
                    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now())
                if not page.more:
                    behind = ""
                    break
        note_success(flow.source)
    except StudioError as error:
        behind = str(error)
        note_fault(flow.source, error)
        if run:
            run.suspect = str(error)[:200]
            run.save(update_fields=["suspect", "updated_at"])
    finally:
        now = timezone.now()
        Cursor.objects.filter(pk=cursor.pk).update(lease_until=None)
        Flow.objects.filter(pk=flow.pk).update(last_polled_at=now)
        if run:
            Run.objects.filter(pk=run.pk).update(finished_at=now)
    return run, behind


def take_page(flow: Flow, cursor: Cursor, page: Page, run: Run | None, trigger: str) -> Run | None:
    """Store one page and the cursor together: a crash in between repeats the page, loses nothing."""
    with transaction.atomic():
        if page.records and run is None:
            run = _begin(flow, trigger)
        items = new_items(flow, run, page.records, history=_is_history(flow, cursor))
        InboxItem.objects.bulk_create(items, ignore_conflicts=True)
        if not page.more and cursor.started_at is None:
            cursor.started_at = timezone.now()
        Cursor.objects.filter(pk=cursor.pk).update(
            value=page.cursor,
            started_at=cursor.started_at,
            lease_until=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS),
        )
        cursor.value = page.cursor
        if run and page.records:
            store_events(flow.source, simulated(flow.source, page.records), found_by="poll")
            run.read += len(page.records)
            # What is known already conflicted with its row and belongs to the run that brought it.
            run.taken = run.items.count()
            run.save(update_fields=["read", "taken", "updated_at"])
            nudge("flows.pump_items", flow.pk)
    return run


def new_items(
    flow: Flow, run: Run | None, records: Sequence[SourceRecord], *, history: bool = False
) -> list[InboxItem]:
    """Inbox rows of records, not stored yet; what is known already conflicts with its row."""
    items = [_item(flow, run, r, history=history) for r in records]
    _count_turns(flow, items, {r.key for r in records if r.changed_at is None})
    return items


def _count_turns(flow: Flow, items: list[InboxItem], undated: set[str]) -> None:
    """A record that returns to an earlier content is a change, not something known.

    Only where the source does not say when it changed: a dated record that we know is a repetition,
    perhaps read late, and must not pass for the newest.
    """
    keys = {i.key for i in items} & undated
    latest: dict[tuple[str, str], str] = {}
    seen: Counter[tuple[str, str, str]] = Counter()
    known = InboxItem.objects.filter(flow=flow, key__in=keys).order_by("pk")
    for entity, key, content in known.values_list("entity", "key", "payload_hash"):
        latest[entity, key] = content
        seen[entity, key, content] += 1
    for item in items:
        said = latest.get((item.entity, item.key))
        times = seen[item.entity, item.key, item.payload_hash]
        if item.key in undated and times:
            item.turn = times if said != item.payload_hash else times - 1
            seen[item.entity, item.key, item.payload_hash] += said != item.payload_hash
        latest[item.entity, item.key] = item.payload_hash


def _is_history(flow: Flow, cursor: Cursor) -> bool:
    """Whether what is read was there before the flow began and is to be left alone (``start: now``)."""
    return cursor.started_at is None and in_force(flow)["trigger"].get("start") == "now"


def _item(flow: Flow, run: Run | None, record: SourceRecord, *, history: bool = False) -> InboxItem:
    body: dict[str, Any] = dict(record.data)
    # History stays visible and can be sent through by a person; the machine never posts it.
    left_out = {"state": "filtered", "why": HISTORY} if history else {}
    return InboxItem(
        **left_out,
        flow=flow,
        run=run,
        entity=record.entity,
        key=record.key,
        source_version=record.version[:80],
        changed_at=record.changed_at,
        payload=dump({"deleted": record.deleted, "data": body}).decode(),
        payload_hash=content_hash({"deleted": record.deleted, "data": body}),
        control=stated(flow.design, body),
        label=f"{record.entity} {record.key}"[:200],
    )

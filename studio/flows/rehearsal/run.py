"""Running a rehearsal: a row that a worker claims, reads for, plans chunk by chunk and adds up."""

from __future__ import annotations

import gc
import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connectors.http.jsontext import load
from engine.errors import MappingRefused, StudioError
from engine.ports import SourceRecord
from engine.runtime.idempotency import content_hash
from studio.catalog.actions import every
from studio.catalog.wiring import PATIENCE_APART, note_fault, opened
from studio.core.action import Actor, record
from studio.core.dispatch import nudge
from studio.flows.actions import assemble
from studio.flows.bundle import bundle_of
from studio.flows.ledger import lease
from studio.flows.models import Cursor, Flow, FlowVersion, InboxItem, Planned, Rehearsal
from studio.flows.rehearsal.execute import CHUNK, newest, plan_chunk
from studio.flows.rehearsal.replay import replay
from studio.flows.rehearsal.target import look
from studio.flows.rehearsal.totals import Totals
from studio.flows.telling import tell_rehearsal

log = logging.getLogger(__name__)
# What the collector usually waits for; two rehearsals at once end with it, too.
_USUAL = gc.get_threshold()
# Unsigned rehearsals of a flow whose plan is kept; totals and hash of older ones stay.
KEEP_PLANS = 3
READS = {
    "live": "everything the source has, read now",
    "new": "what the source has changed since the flow last looked",
    "stored": "the records as they were stored when they came: for a look, not for a signature",
}


def candidate(actor: Actor, flow: Flow) -> FlowVersion:
    """The version that the present design and published mappings make, prepared for a rehearsal.

    Raises:
        MappingRefused: with every reason why it cannot run.
    """
    content = assemble(flow)
    digest = content_hash(content)
    known = flow.versions.filter(content_hash=digest).exclude(state="retired").first()
    if known is not None:
        return known
    last = flow.versions.first()
    version = FlowVersion.objects.create(
        flow=flow,
        number=last.number + 1 if last else 1,
        content=content,
        content_hash=digest,
        state="rehearsal",
        prepared_by=actor.name,
    )
    bundle_of(version)
    return version


def ask(actor: Actor, flow: Flow, *, reads: str = "live", since: str = "") -> Rehearsal:
    """Put a rehearsal of the flow as it is designed now before the workers.

    Args:
        actor: who wants to know; for the audit trail and for four eyes at the signature.
        flow: draft or live.
        reads: ``live``, ``new`` or ``stored``, see ``READS``.
        since: ISO date; documents dated before it are left out.

    Raises:
        MappingRefused: the design cannot run.
    """
    with transaction.atomic():
        version = candidate(actor, flow)
        asked = Rehearsal.objects.create(
            flow=flow,
            version=version,
            scope={"reads": reads if reads in READS else "live", "since": since},
            asked_by=actor.name,
        )
        said = {"flow": flow.name, "version": version.number, **asked.scope}
        record(actor, "flow.rehearsed", f"flow:{flow.uuid}", said)
        nudge("flows.rehearse", asked.pk)
    return asked


def claim(pk: int) -> Rehearsal | None:
    """Take a rehearsal for this worker; one whose worker died is begun again."""
    now = timezone.now()
    free = Q(state="waiting") | Q(state="running", lease_until__lt=now)
    mine = Rehearsal.objects.filter(free, pk=pk).exclude(kind="check")
    won = mine.update(state="running", lease_until=now + lease())
    if not won:
        return None
    return Rehearsal.objects.select_related(
        "flow__workspace", "flow__source", "flow__target", "version"
    ).get(pk=pk)


def begin_check(actor: Actor, version: FlowVersion, scope: dict[str, Any]) -> Rehearsal:
    """A fresh look at what a version would do, made by the caller and by no worker."""
    return Rehearsal.objects.create(
        flow=version.flow,
        version=version,
        kind="check",
        state="running",
        scope=scope,
        asked_by=actor.name,
    )


def run(asked: Rehearsal) -> Rehearsal:
    """Carry out a claimed rehearsal; what stops it is said on its page, nothing is half kept."""
    began = time.monotonic()
    try:
        asked.plan.all().delete()
        if asked.kind == "replay":
            replay(asked, lambda: _renew(asked))
        else:
            with _much_held():
                _plan(asked)
        asked.state, asked.error = "ready", ""
    except StudioError as error:
        if not isinstance(error, MappingRefused):
            note_fault(asked.flow.source, error)
        asked.state, asked.error = "failed", str(error)
    except Exception as error:
        log.exception("rehearsal %s", asked.uuid)
        asked.state = "failed"
        asked.error = f"The studio met a fault of its own ({type(error).__name__})."
    asked.seconds = round(time.monotonic() - began, 2)
    asked.finished_at, asked.lease_until = timezone.now(), None
    with transaction.atomic():
        asked.save()
        if asked.kind != "check":
            tell_rehearsal(asked)
        if any(place[0] == "lookup" for place in asked.totals.get("places", [])):
            # Codes that were met and are in no table: the page the reasons lead to is to propose for them.
            for side in (asked.flow.target_id, asked.flow.source_id):
                nudge("mapping.propose_values", side)
    _forget_old_plans(asked.flow)
    return asked


@contextmanager
def _much_held() -> Iterator[None]:
    """Collect garbage rarely: all records are held at once, and each round would look through them again."""
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)


def _plan(asked: Rehearsal) -> None:
    flow, version = asked.flow, asked.version
    version.flow = flow
    bundle = bundle_of(version)
    records = newest(_alive(asked, _records(version, asked.scope)))
    now = look(flow, bundle.design)
    totals = Totals(flow.target, bundle.design, now)
    since = str(asked.scope.get("since", ""))
    said = hashlib.sha256(version.content_hash.encode())
    done = set[tuple[str, str]]()
    for start in range(0, len(records), CHUNK):
        found = plan_chunk(flow, bundle, records[start : start + CHUNK], now)
        rows = [r for r in found.rows if _wanted(r, since, done)]
        kept = set(map(id, rows))
        totals.leave(r for r in found.rows if since and id(r) not in kept)
        for row in rows:
            row.rehearsal = asked
            said.update(f"{row.outcome}\x1f{row.key}\x1f{row.intent}\n".encode())
        Planned.objects.bulk_create(rows)
        totals.add(rows, found.where)
        for row, payload in found.payloads:
            if id(row) in kept:
                totals.add_payload(row, payload)
        _renew(asked)
    asked.records = len(records)
    asked.totals = totals.plain()
    asked.content_hash = said.hexdigest()


def _renew(asked: Rehearsal) -> None:
    Rehearsal.objects.filter(pk=asked.pk).update(lease_until=timezone.now() + lease())


def _alive(asked: Rehearsal, records: Iterator[SourceRecord]) -> Iterator[SourceRecord]:
    """The records, renewing the claim while they are read."""
    for number, one in enumerate(records):
        if number % 500 == 0:
            _renew(asked)
        yield one


def _wanted(row: Planned, since: str, done: set[tuple[str, str]]) -> bool:
    """Documents from the chosen day on; a party that several records need is planned once."""
    if row.step.startswith("create_"):
        mark = (row.step, row.key)
        if mark in done:
            return False
        done.add(mark)
        return True
    return not since or row.document_on is None or row.document_on.isoformat() >= since


def _records(version: FlowVersion, scope: dict[str, Any]) -> Iterator[SourceRecord]:
    flow, entity = version.flow, version.content["design"]["trigger"]["entity"]
    reads = scope.get("reads", "live")
    if reads == "stored":
        yield from stored(flow, entity)
        return
    cursor = Cursor.objects.filter(flow=flow, entity=entity).first() if reads == "new" else None
    with opened(flow.source, patience=PATIENCE_APART) as source:
        yield from every(source, entity, cursor=cursor.value if cursor else "")


def stored(flow: Flow, entity: str) -> Iterator[SourceRecord]:
    """Records as they came, newest version last."""
    rows = InboxItem.objects.filter(flow=flow, entity=entity).order_by("pk")
    for item in rows.iterator():
        kept = load(item.payload)
        yield SourceRecord(
            item.entity, item.key, item.source_version, kept["data"], deleted=kept["deleted"]
        )


def _forget_old_plans(flow: Flow) -> None:
    old = flow.rehearsals.filter(signed_at__isnull=True).exclude(state="running")
    for one in old.order_by("-pk")[KEEP_PLANS:]:
        one.plan.all().delete()

"""The executor of live runs over some records, with every write captured and every row taken back.

Items, deliveries and cases are really made, by the same code as in a live run, inside a transaction
that is rolled back: what is planned is what would be done, whatever that code learns to do. Records are read
before; only what the decision itself asks the target (open invoices) is called inside. On SQLite others
wait for a chunk, so chunks are small.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connectors.http.jsontext import load
from engine.ports import SourceRecord
from engine.runtime.idempotency import content_hash
from studio.flows.bundle import Bundle, Contexts
from studio.flows.deliver import deliver
from studio.flows.evidence import flat
from studio.flows.ledger import Claim, lease
from studio.flows.models import Cursor, Delivery, Flow, InboxItem, Planned
from studio.flows.poll import new_items
from studio.flows.rehearsal.captured import CapturedSink
from studio.flows.rehearsal.caution import BRANCHES
from studio.flows.rehearsal.reasons import Place, place_of
from studio.flows.rehearsal.target import TargetNow
from studio.flows.together import work_all
from studio.flows.work import NO_BRANCH
from studio.triage.models import OPEN_STATES, Case

CHUNK = 100
# States of a record whose content was settled before: a live run leaves it as it is.
SETTLED = {"done": "unchanged", "unchanged": "unchanged", "void": "unchanged"}
STEPS = {
    "post": "create",
    "update": "update",
    "void": "void",
    "write_back": "unchanged",
    "attach": "unchanged",
}


@dataclass(slots=True)
class Found:
    """What one chunk would do: rows to store, the payloads behind them for the totals, and where what is missing is settled."""

    rows: list[Planned] = field(default_factory=list)
    payloads: list[tuple[Planned, dict[str, Any]]] = field(default_factory=list)
    where: dict[str, Place] = field(default_factory=dict)


def newest(records: Iterable[SourceRecord]) -> list[SourceRecord]:
    """The last version read of each record, in the order in which the last ones came."""
    found: dict[tuple[str, str], SourceRecord] = {}
    for record in records:
        found.pop((record.entity, record.key), None)
        found[(record.entity, record.key)] = record
    return list(found.values())


def plan_chunk(
    flow: Flow, bundle: Bundle, records: Sequence[SourceRecord], now: TargetNow
) -> Found:
    """What a live run of this version would do with these records, the newest version of each."""
    contexts = Contexts(flow)
    found = Found()
    with transaction.atomic():
        token = uuid.uuid4().hex
        items, settled = _inbox(flow, bundle, records, token)
        known = contexts.now()
        work_all(items, bundle, known, _stop)
        sink = CapturedSink()
        created: dict[int, Delivery] = {}
        # A record that misses several parties asks for them one after another.
        while asked := _create_parties(items, sink):
            created |= {d.pk: d for d in asked}
            known = contexts.now()
            work_all(_released(items, token), bundle, known, _stop)
        _collect(found, items, list(created.values()), now)
        transaction.set_rollback(True)
    for item, state in settled:
        found.rows.append(_row(item, state, item.why))
    return found


def _stop(item: InboxItem, error: Exception) -> None:
    """A fault of our own ends the rehearsal: a plan with a record missing is no plan."""
    raise error


def _inbox(
    flow: Flow, bundle: Bundle, records: Sequence[SourceRecord], token: str
) -> tuple[list[InboxItem], list[tuple[InboxItem, str]]]:
    """Rows for the records, claimed by us; records whose very content was settled before apart."""
    trigger = bundle.design["trigger"]
    began = Cursor.objects.filter(flow=flow, entity=trigger["entity"], started_at__isnull=False)
    history = trigger.get("start") == "now" and not began.exists()
    fresh = new_items(flow, None, records, history=history)
    latest: dict[tuple[str, str], InboxItem] = {}
    known = set[tuple[str, str, str, int]]()
    rows = InboxItem.objects.filter(flow=flow, key__in=[i.key for i in fresh]).order_by("pk")
    for row in rows:
        latest[(row.entity, row.key)] = row
        known.add((row.entity, row.key, row.payload_hash, row.turn))
    make, again = list[InboxItem](), list[InboxItem]()
    settled: list[tuple[InboxItem, str]] = []
    for item in fresh:
        seen = latest.get((item.entity, item.key))
        if (item.entity, item.key, item.payload_hash, item.turn) not in known:
            (settled.append((item, "filtered")) if history else make.append(item))
        elif seen is None or seen.payload_hash != item.payload_hash:
            # An earlier version, read late: a live run has it already and does nothing.
            settled.append((item, "unchanged"))
        elif seen.state in SETTLED:
            settled.append((seen, SETTLED[seen.state]))
        else:
            again.append(seen)
    until = timezone.now() + lease()
    for item in [*make, *again]:
        item.state, item.claimed_by, item.lease_until, item.flow = "working", token, until, flow
    InboxItem.objects.bulk_create(make)
    InboxItem.objects.filter(pk__in=[i.pk for i in again]).update(
        state="working", claimed_by=token, lease_until=until
    )
    return [*make, *again], settled


def _create_parties(items: list[InboxItem], sink: CapturedSink) -> list[Delivery]:
    """Carry out, with captured writes, the creations that records wait for; returns them."""
    waiting = InboxItem.objects.filter(pk__in=[i.pk for i in items], state="waiting")
    asked = Q(item__in=items) | Q(idempotency_key__in=waiting.values("waiting_on"))
    made = list(
        Delivery.objects.filter(asked, step__startswith="create_", state="ready")
        .select_related("flow", "flow__workspace", "version", "item", "connection")
        .order_by("pk")
    )
    for delivery in made:
        token = uuid.uuid4().hex
        Delivery.objects.filter(pk=delivery.pk).update(state="sending", claimed_by=token)
        deliver([Claim(delivery, token, unclear=False)], sink.as_connector())
    return made


def _released(items: list[InboxItem], token: str) -> list[InboxItem]:
    """The records that waited for a creation, taken again."""
    free = InboxItem.objects.filter(pk__in=[i.pk for i in items if i.state == "waiting"])
    ready = set(free.filter(state="new").values_list("pk", flat=True))
    until = timezone.now() + lease()
    InboxItem.objects.filter(pk__in=ready).update(
        state="working", claimed_by=token, lease_until=until
    )
    return [i for i in items if i.pk in ready]


def _collect(found: Found, items: list[InboxItem], created: list[Delivery], now: TargetNow) -> None:
    """Turn the rows that were made into the plan; call before they are taken back."""
    sent: dict[int, list[Delivery]] = {}
    held = {item.pk: item for item in items}
    steps = Delivery.objects.filter(item__in=items).exclude(state__in=("done", "void", "parked"))
    # What a plan does not show is not read: traces are longer than payloads.
    for delivery in steps.defer("trace", "receipt").order_by("pk"):
        delivery.item = held[delivery.item_id]
        sent.setdefault(delivery.item_id, []).append(delivery)
    for delivery in created:
        _add(found, delivery, now)
    why = _cases_of(items)
    for item in items:
        if item.state == "done" and sent.get(item.pk):
            for delivery in sent[item.pk]:
                _add(found, delivery, now)
            continue
        cases = why.get(f"inbox:{item.uuid}", [])
        case = cases[0] if cases else None
        outcome = {"parked": "refused", "filtered": "filtered"}.get(item.state, "unchanged")
        if item.state in ("waiting", "new"):
            outcome = "refused"
        row = _row(item, outcome, item.why, code=case.code if case else "")
        if outcome == "filtered":
            row.code = _left_out_by(item)
        if outcome == "refused":
            row.reasons = [c.sentence for c in cases] or [item.why]
            found.where |= {c.sentence: place for c in cases if (place := place_of(c))}
        if case and case.case_class == "conflict":
            row.diff = _changed_since_posting(item)
        found.rows.append(row)


def _left_out_by(item: InboxItem) -> str:
    """The step whose condition the record does not meet; empty where no condition says so."""
    if item.why.startswith(NO_BRANCH):
        return BRANCHES
    last = item.log[-1] if item.log else {}
    return str(last.get("step", "")) if last.get("tone") == "warn" else ""


def _cases_of(items: list[InboxItem]) -> dict[str, list[Case]]:
    """The open cases of each record, in the order in which they were found."""
    found: dict[str, list[Case]] = {}
    subjects = [f"inbox:{i.uuid}" for i in items]
    for case in Case.objects.filter(subject__in=subjects, state__in=OPEN_STATES).order_by("pk"):
        found.setdefault(case.subject, []).append(case)
    return found


def _row(item: InboxItem, outcome: str, why: str, *, code: str = "") -> Planned:
    return Planned(
        outcome=outcome,
        key=item.key,
        intent=content_hash([outcome, code]),
        label=item.label,
        party=item.party,
        code=code,
        why=why,
        net=item.net,
        tax=item.tax,
        gross=item.amount,
        currency=item.currency,
        document_on=item.document_on,
    )


def _add(found: Found, delivery: Delivery, now: TargetNow) -> None:
    """One intended write as a row of the plan."""
    payload = load(delivery.payload)
    outcome = (
        "create" if delivery.step.startswith("create_") else STEPS.get(delivery.step, "update")
    )
    row = _row(delivery.item, outcome, "")
    row.step, row.entity, row.key = delivery.step, delivery.entity, delivery.business_key
    row.intent = content_hash([delivery.step, delivery.entity, delivery.business_key, payload])
    if delivery.step.startswith("create_"):
        row.label = delivery.reference[:200]
        row.net = row.tax = row.gross = 0
        twin = now.names.get((delivery.step, delivery.reference.casefold()))
    else:
        row.net, row.tax, row.gross = delivery.net, delivery.tax, delivery.gross
        twin = now.twins.get((delivery.entity, delivery.reference))
    if outcome == "create" and twin is not None:
        row.outcome, row.twin = "would_duplicate", twin.plain()
        row.why = f"{delivery.connection} has {twin.number or twin.key} already"
    if outcome != "create":
        before = now.ours.get((delivery.entity, delivery.target_key), {})
        row.diff = difference(before, payload)
    found.rows.append(row)
    found.payloads.append((row, payload))


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[list[str]]:
    """Places that would change: (place, before, after), equal ones left out."""
    was = dict(flat(before))
    return [
        [place, _text(was.get(place)), _text(value)]
        for place, value in flat(after)
        if _text(was.get(place)) != _text(value)
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _changed_since_posting(item: InboxItem) -> list[list[str]]:
    """What the source says now against what was posted."""
    posted = (
        Delivery.objects.filter(flow=item.flow, step="post", state="done", item__key=item.key)
        .select_related("item")
        .first()
    )
    if posted is None:
        return []
    after: dict[str, Any] = json.loads(json.dumps(item.canonical))
    return difference(posted.item.canonical, after)

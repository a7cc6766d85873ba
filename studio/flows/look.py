"""Reading again what a notice names: new versions for the flows, and what people did to our postings."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from connectors.http.jsontext import load
from engine.canon.money import spoken
from engine.errors import Audience, CaseClass, StudioError
from engine.issue import Issue
from engine.ports import Connector, SourceRecord
from studio.catalog.models import Connection
from studio.catalog.services import evidence_about
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.dispatch import nudge
from studio.flows.models import ChangeEvent, Delivery, Flow, InboxItem, Run
from studio.flows.poll import new_items
from studio.flows.sending import total_of
from studio.flows.triggers import doorbell, in_force, is_rung
from studio.flows.work import trouble_of
from studio.triage.actions import open_case

# Notices taken in one turn; the others have theirs in the next.
AT_ONCE = 200


def take_events(connection: Connection) -> int:
    """Read the records that open notices name, each once; returns how many records were read."""
    if connection.resting():
        return 0
    open_ = ChangeEvent.objects.filter(connection=connection, handled_at__isnull=True).order_by(
        "pk"
    )
    rows = list(open_[:AT_ONCE])
    named = list(dict.fromkeys((n.entity, n.key) for n in rows))
    if not named:
        return 0
    try:
        with evidence_about(""), opened(connection) as connector:
            for entity, key in named:
                _look(connection, connector, entity, key)
                mine = [n.pk for n in rows if (n.entity, n.key) == (entity, key)]
                ChangeEvent.objects.filter(pk__in=mine).update(handled_at=timezone.now())
        note_success(connection)
        _ring(connection, {entity for entity, _ in named})
    except StudioError as error:
        # The notices stay open; the sweep takes them up when the connection is usable again.
        note_fault(connection, error)
    if len(rows) == AT_ONCE:
        nudge("flows.take_events", connection.pk)
    return len(named)


def _ring(connection: Connection, entities: set[str]) -> None:
    """Let flows look whose records have no notices of their own, where one told of that which changes with them."""
    now = timezone.now()
    for flow in Flow.objects.filter(source=connection, state="live").select_related("source"):
        trigger = in_force(flow).get("trigger", {})
        if doorbell(flow, trigger) in entities and is_rung(flow, trigger, flow.last_polled_at, now):
            nudge("flows.poll", flow.pk)


def _look(connection: Connection, connector: Connector, entity: str, key: str) -> None:
    """Read one record and hand it to whoever is concerned: flows that read it, postings that made it."""
    flows = [
        f
        for f in Flow.objects.filter(source=connection, state="live")
        if in_force(f).get("trigger", {}).get("entity") == entity
    ]
    posted = (
        Delivery.objects.filter(
            connection=connection, entity=entity, target_key=key, step="post", state="done"
        )
        .select_related("flow__workspace", "flow__source", "flow__target", "version", "item__flow")
        .first()
    )
    if not flows and posted is None:
        return
    record = connector.read(entity, key)
    for flow in flows:
        take(flow, entity, key, record)
    if posted is not None:
        watch(posted, record)


def take(flow: Flow, entity: str, key: str, record: SourceRecord | None) -> None:
    """Put what was read into the inbox, unless its content is known."""
    known = InboxItem.objects.filter(flow=flow, entity=entity, key=key)
    if record is None:
        last = known.order_by("-pk").first()
        if last is None:
            return
        # What it was says which document it became; that it is gone is all that is new.
        was = load(last.payload)["data"]
        record = SourceRecord(entity, key, "gone", was, deleted=True)
    with transaction.atomic():
        item = new_items(flow, None, [record])[0]
        if known.filter(payload_hash=item.payload_hash, turn=item.turn).exists():
            return
        item.run = Run.objects.create(
            flow=flow,
            trigger="webhook",
            version=flow.versions.filter(state="published").first(),
            read=1,
            taken=1,
            finished_at=timezone.now(),
        )
        InboxItem.objects.bulk_create([item], ignore_conflicts=True)
        nudge("flows.pump_items", flow.pk)


def watch(posted: Delivery, record: SourceRecord | None) -> str:
    """Compare what we posted with what stands there now; a person's change or deletion is a case.

    A document that a person deleted is never posted again by itself: the deletion is an instruction.

    Returns:
        ``echo`` (our own write or nothing of weight), ``deleted`` or ``changed``.
    """
    name = posted.target_number or posted.target_key
    if record is None or record.deleted:
        code, said = "deleted-at-target", "was deleted or voided there by a person. It stays so"
    elif record.version == posted.target_version:
        return "echo"
    else:
        total = total_of(posted, dict(record.data))
        if total is None or total == posted.gross:
            return "echo"
        code = "changed-at-target"
        said = f"was changed there from {spoken(posted.gross)} to {spoken(total)}"
    with transaction.atomic():
        open_case(
            posted.flow.workspace,
            trouble_of(
                posted.item,
                Issue(
                    code=code,
                    path="",
                    sentence=f"{posted.connection}: {name} {said}.",
                    case_class=CaseClass.CONFLICT,
                    audience=Audience.OWNER,
                    evidence={"posted": str(posted.gross), "key": posted.target_key},
                ),
            ),
        )
    return "deleted" if code == "deleted-at-target" else "changed"

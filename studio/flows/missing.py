"""Records that are gone at a source that tells nobody: all keys are read once a day and compared."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max, Q
from django.utils import timezone

from connectors.registry import capabilities
from engine.errors import StudioError
from studio.catalog.actions import every
from studio.catalog.services import evidence_about
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.dispatch import nudge
from studio.flows.comparing import is_comparing
from studio.flows.look import take
from studio.flows.models import Cursor, Flow, InboxItem
from studio.flows.triggers import in_force

EVERY = timedelta(days=1)
# What the place of a flow's last comparison is kept under, beside the cursors of its polls.
MARK = "deletions of "


def due() -> list[Flow]:
    """Live flows whose source tells no deletions and was not compared for a day."""
    flows = Flow.between.filter(state="live").select_related("source")
    since = timezone.now() - EVERY
    done = set(
        Cursor.objects.filter(entity__startswith=MARK, updated_at__gt=since).values_list(
            "flow_id", flat=True
        )
    )
    return [
        f
        for f in flows
        if f.pk not in done
        and not is_comparing(f.design)
        and not capabilities(f.source.system).tells_deletions
        and not f.source.resting()
    ]


def wake_comparisons() -> int:
    """Wake a comparison for every flow that is due; returns how many."""
    flows = due()
    for flow in flows:
        nudge("flows.find_missing", flow.pk)
    return len(flows)


def find_missing(flow: Flow) -> int:
    """Compare all keys of the source with those we know; returns how many records are gone.

    A key that did not come is read once more by itself before it is believed: a record may move
    between pages while they are read.
    """
    entity = str(in_force(flow).get("trigger", {}).get("entity", ""))
    if not entity or flow.source.resting():
        return 0
    gone = 0
    try:
        with evidence_about(""), opened(flow.source) as source:
            there = {record.key for record in every(source, entity)}
            for key in sorted(_known(flow, entity) - there):
                if source.read(entity, key) is None:
                    take(flow, entity, key, None)
                    gone += 1
        note_success(flow.source)
    except StudioError as error:
        note_fault(flow.source, error)
        return gone
    mark, _ = Cursor.objects.get_or_create(flow=flow, entity=f"{MARK}{entity}"[:60])
    mark.value = timezone.now().isoformat()
    mark.save()
    return gone


def _known(flow: Flow, entity: str) -> set[str]:
    """Keys whose latest version is no deletion."""
    latest = (
        InboxItem.objects.filter(flow=flow, entity=entity).values("key").annotate(last=Max("pk"))
    )
    rows = InboxItem.objects.filter(pk__in=latest.values("last"))
    return set(rows.filter(~Q(source_version="gone")).values_list("key", flat=True))

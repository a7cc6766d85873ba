"""Making a posted payload again from what is stored: raw record, version, tables and links of that day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max

from connectors.http.jsontext import dump
from engine.errors import MappingRefused
from studio.flows.bundle import Bundle, Sides, bundle_of, context_of
from studio.flows.models import Delivery, Flow, FlowVersion
from studio.flows.tracing import plain_used
from studio.flows.work import Outcome, decide, looked_up
from studio.linking.models import Link
from studio.mapping.models import LookupRow

Stamp = tuple[int | None, int | None, int, str]


class Then:
    """What a flow could read at moments of the past; kept while nothing it is made of changed."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._kept: tuple[Stamp, Sides] | None = None

    def at(self, moment: datetime) -> Sides:
        """Tables, links and facts as they were."""
        stamp = self._stamp(moment)
        if self._kept is None or self._kept[0] != stamp:
            self._kept = (stamp, context_of(self._flow, moment))
        return self._kept[1]

    def _stamp(self, moment: datetime) -> Stamp:
        rows = LookupRow.history.filter(history_date__lte=moment).aggregate(n=Max("history_id"))
        links = Link.objects.filter(left_connection=self._flow.source)
        made = links.filter(created_at__lte=moment).aggregate(n=Max("id"))
        ended = links.filter(ended_at__lte=moment).aggregate(n=Count("id"))
        return rows["n"], made["n"], ended["n"] or 0, moment.date().isoformat()


def decided_again(posted: Delivery, version: FlowVersion, then: Then) -> Outcome:
    """What a version makes of the record of a posting, knowing what was known when it was posted."""
    bundle = bundle_of(version)
    return decide(posted.item, bundle, then.at(posted.decided_at or posted.created_at))


def looked_up_then(posted: Delivery) -> dict[str, list[list[Any]]]:
    """What was looked up for each value of our own document, made again as ``recomputed`` does.

    A posting keeps the trace of its way out; that of the way in is asked for by people only, and costs every
    record if it is kept.
    """
    if not posted.trace:
        return {}
    try:
        bundle = bundle_of(posted.version)
    except (MappingRefused, LookupError):
        # The schema it was compiled on is gone: what the posting kept itself is told all the same.
        return {}
    if not _looks_up(bundle):
        return {}
    sides = Then(posted.flow).at(posted.decided_at or posted.created_at)
    found = looked_up(posted.item, bundle, sides)
    return {place: [plain_used(one) for one in used] for place, used in found.items()}


def _looks_up(bundle: Bundle) -> bool:
    """Whether understanding a record, or a step of the flow, asks any table or link."""
    if any(step["kind"] in ("lookup", "set") for step in bundle.steps):
        return True
    return any(one.lookups or one.links for one in bundle.inbound.lineage())


def recomputed(posted: Delivery) -> bytes:
    """The payload of a posting, made again from the stored record and the version it names."""
    return dump(decided_again(posted, posted.version, Then(posted.flow)).payload)

"""Making a posted payload again from what is stored: raw record, version, tables and links of that day."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Max

from connectors.http.jsontext import dump
from studio.flows.bundle import Sides, bundle_of, context_of
from studio.flows.models import Delivery, Flow, FlowVersion
from studio.flows.work import Outcome, decide
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


def recomputed(posted: Delivery) -> bytes:
    """The payload of a posting, made again from the stored record and the version it names."""
    return dump(decided_again(posted, posted.version, Then(posted.flow)).payload)

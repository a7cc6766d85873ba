"""Reads of the home page and the audit trail."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.models import AuditEvent
from studio.flows.models import Delivery
from studio.flows.queries import flow_rows
from studio.linking.models import KINDS
from studio.linking.queries import Narrowing, open_pairs
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.value_risk import alone
from studio.monitor.models import Alert
from studio.monitor.pace import pace
from studio.monitor.search import find
from studio.tieout.models import TieOut
from studio.triage.queries import at_risk, groups, held_up, open_cases
from studio.triage.words import COUNTED

DAYS = 14
# How long a worker may take with the proposals for new mappings; what is left then was refused.
STILL = timedelta(minutes=30)


def decided_alone(workspace: Workspace) -> list[dict[str, Any]]:
    """Who said alone what how many codes of tax and accounts mean, the most first."""
    found = alone(workspace).order_by().values(who=F("row__decided_by")).annotate(n=Count("id"))
    return [dict(row) for row in found.order_by("-n", "who")]


def posted_per_day(workspace: Workspace) -> list[int]:
    """Postings of the last days, oldest first."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = dict(
        Delivery.objects.filter(
            flow__workspace=workspace, step="post", state="done", done_at__gte=since
        )
        .annotate(day=TruncDate("done_at"))
        .values_list("day")
        .annotate(n=Count("id"))
    )
    today = timezone.now().date()
    return [rows.get(today - timedelta(days=n), 0) for n in range(DAYS - 1, -1, -1)]


def home(workspace: Workspace) -> dict[str, Any]:
    """Everything on the home page; a constant number of queries."""
    cases = open_cases(workspace)
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    posted = list(
        Delivery.objects.filter(
            flow__workspace=workspace, step="post", state="done", done_at__gte=today
        )
        .values("currency")
        .annotate(n=Count("id"), gross=Sum("gross"))
        .order_by("-gross")
    )
    latest: dict[tuple[int, str], TieOut] = {}
    for tie in TieOut.objects.filter(flow__workspace=workspace).select_related("flow")[:60]:
        # A currency of which the flow leaves out everything has nothing to say here.
        if any(tie.totals.get(place, {}).get("count") for place in ("source", "ledger", "target")):
            latest.setdefault((tie.flow_id, tie.currency), tie)
    return {
        "causes": groups(cases, workspace.base_currency, size=6),
        "held_up": held_up(cases),
        "counted": COUNTED,
        "at_risk": at_risk(cases),
        "posted": posted,
        "posted_spark": posted_per_day(workspace),
        "pace": pace(workspace),
        "flows": flow_rows(workspace),
        "ties": list(latest.values()),
        "connections": list(Connection.objects.filter(workspace=workspace)),
        "rows_open": MappingRow.objects.filter(
            mapping__workspace=workspace, state="open", confidence__gte=0.3
        ).count(),
        "unproposed": Mapping.objects.filter(
            workspace=workspace, proposed_at=None, created_at__gte=timezone.now() - STILL
        ).count(),
        "pairs_open": sum(open_pairs(workspace, Narrowing(kind)).count() for kind, _label in KINDS),
        # A connection that cannot be used is said beside its name already.
        "alerts": list(
            Alert.objects.filter(workspace=workspace, over_at=None, acknowledged_at=None).exclude(
                kind="connection"
            )[:10]
        ),
        "zero": Decimal(0),
    }


def packs(workspace: Workspace, size: int = 6) -> list[AuditEvent]:
    """The latest auditor's packs: the line that each of them ends with."""
    taken = AuditEvent.objects.filter(subject=f"workspace:{workspace.uuid}", key="audit.packed")
    return list(taken.filter(seal__isnull=False, data__has_key="files")[:size])


def audit(
    workspace: Workspace, *, key: str = "", actor: str = "", text: str = "", who: str = ""
) -> QuerySet[AuditEvent]:
    """The trail of a workspace, newest first; ``who``: ``people``, ``machine`` or both."""
    events = AuditEvent.objects.filter(workspace_key=str(workspace.uuid))
    if key:
        events = events.filter(key__startswith=key)
    if actor:
        events = events.filter(actor=actor)
    if who in ("people", "machine"):
        by_machine = Q(role="machine")
        events = events.filter(by_machine if who == "machine" else ~by_machine)
    return find(events, text)


def actors_of(workspace: Workspace) -> list[str]:
    """Who stands in the trail, the machine too; read from the index alone."""
    events = AuditEvent.objects.filter(workspace_key=str(workspace.uuid))
    return list(events.order_by("actor").values_list("actor", flat=True).distinct())

"""What was missing is there now: the records that waited for it go through again.

A link may be made on the match page and a code translated on the value page or in the admin site, far from
the cases that ask for them. The sweep compares open questions with what people have answered since.
"""

from __future__ import annotations

from django.db.models import Min, Q

from studio.flows.actions import item_of, replay_cause
from studio.flows.models import Flow
from studio.linking.models import Judgement, Link
from studio.mapping.models import LookupRow
from studio.triage.models import OPEN_STATES, Case

MISSING = ("missing_lookup", "missing_link")
# Causes looked at in one sweep, oldest first; the others have their turn in the next.
AT_ONCE = 200


def answered(flow: Flow, case: Case) -> bool:
    """Whether the question of a case was answered after it was last asked.

    An answer that is older did not help then, and trying it again would go round in circles.
    """
    kind, table, code = (str(case.evidence.get(k, "")) for k in ("kind", "table", "code"))
    since = case.updated_at
    if kind == "lookup":
        rows = LookupRow.objects.filter(
            table__name=table, table__connection__in=(flow.source_id, flow.target_id), source=code
        )
        changed = LookupRow.history.filter(
            id__in=rows.values_list("pk", flat=True), history_date__gt=since
        )
        return bool(changed.exists())
    if kind != "link":
        return False
    forth = Q(left_connection=flow.source_id, left_code=code, right_connection=flow.target_id)
    back = Q(left_connection=flow.target_id, right_key=code, right_connection=flow.source_id)
    linked = Link.objects.filter(forth | back, kind=table, active=True, created_at__gt=since)
    wanted = Judgement.objects.filter(
        kind=table,
        left__connection=flow.source_id,
        left__code=code,
        target=flow.target_id,
        verdict="create_new",
        undone_by__isnull=True,
        undo_of__isnull=True,
        created_at__gt=since,
    )
    return linked.exists() or wanted.exists()


def heal() -> int:
    """Send through again every record whose question was answered; returns how many."""
    causes = (
        Case.objects.filter(state__in=OPEN_STATES, code__in=MISSING)
        .values("cause")
        .annotate(first=Min("id"))
        .order_by("first")[:AT_ONCE]
    )
    healed = 0
    for case in Case.objects.filter(pk__in=[c["first"] for c in causes]):
        item = item_of(case)
        if item is not None and item.state == "parked" and answered(item.flow, case):
            healed += replay_cause(case)
    return healed

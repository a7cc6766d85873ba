"""Periods that were signed and into which a flow has posted since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from studio.accounts.models import Workspace
from studio.flows.models import Delivery
from studio.tieout.models import TieOut

# Signed periods that are looked at on a page, newest first: of a flow those of the last months matter.
LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Since:
    """What was posted into a signed period after it was compared."""

    count: int
    gross: Decimal


def posted_since(ties: Iterable[TieOut]) -> dict[int, Since]:
    """By key of a signed comparison of a period; one query.

    Only the newest signature of the same flow, currency and period is asked: an older one was replaced by
    comparing again. A comparison of all documents is a look and closes nothing.
    """
    newest: dict[tuple[int, str, date | None, date | None], TieOut] = {}
    for tie in ties:
        if tie.signed_at and tie.period_to:
            place = (tie.flow_id, tie.currency, tie.period_from, tie.period_to)
            if place not in newest or newest[place].pk < tie.pk:
                newest[place] = tie
    asked = sorted(newest.values(), key=lambda t: -t.pk)[:LOOKED_AT]
    if not asked:
        return {}
    wanted = Q()
    for tie in asked:
        wanted |= _into(tie)
    posts = Delivery.objects.filter(wanted, step="post", state="done").values_list(
        "flow_id", "currency", "document_on", "done_at", "gross"
    )
    found: dict[int, list[Decimal]] = defaultdict(list)
    for flow, currency, on, done, gross in posts:
        for tie in asked:
            if (tie.flow_id, tie.currency) == (flow, currency) and _holds(tie, on, done):
                found[tie.pk].append(gross)
    return {pk: Since(len(some), sum(some, Decimal(0))) for pk, some in found.items()}


def _into(tie: TieOut) -> Q:
    days = Q(document_on__lte=tie.period_to)
    if tie.period_from:
        days &= Q(document_on__gte=tie.period_from)
    return days & Q(flow=tie.flow_id, currency=tie.currency, done_at__gt=tie.created_at)


def _holds(tie: TieOut, on: date | None, done: datetime | None) -> bool:
    begins, ends = tie.period_from, tie.period_to
    if on is None or done is None:
        return False
    here = (begins is None or on >= begins) and (ends is None or on <= ends)
    return here and done > tie.created_at


def overtaken(workspace: Workspace) -> list[tuple[TieOut, Since]]:
    """Signed periods of a workspace that do not say what is in the books any more, newest first."""
    signed = TieOut.objects.filter(
        flow__workspace=workspace, signed_at__isnull=False, period_to__isnull=False
    ).select_related("flow")
    ties = list(signed[: LOOKED_AT * 2])
    found = posted_since(ties)
    return [(tie, found[tie.pk]) for tie in ties if tie.pk in found]

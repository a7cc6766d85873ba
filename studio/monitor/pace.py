"""How long a completed order takes until it is in the books: median, 90th percentile, by day.

An order counts from when its source says it changed; SYSPRO does not say it, so there from when we read
it, at most one poll later. The database counts whole seconds by day, so that a busy week costs no more
rows than its times differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F
from django.db.models.functions import Coalesce, TruncDate, TruncSecond
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.flows.models import Delivery

DAYS = 14
HALF, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Pace:
    """Times from completed to posted over the last days, in seconds.

    Attributes:
        orders: how many were posted.
        median: half of them took at most so long.
        most: nine of ten took at most so long.
        days: median of each day on which something was posted, oldest first.
    """

    orders: int = 0
    median: int = 0
    most: int = 0
    days: tuple[int, ...] = ()


def pace(workspace: Workspace) -> Pace:
    """Times of the postings of completed orders in the last days; one query."""
    rows = (
        Delivery.objects.filter(
            flow__workspace=workspace,
            flow__design__document="sales_order",
            step="post",
            state="done",
            done_at__gte=timezone.now() - timedelta(days=DAYS),
        )
        .annotate(
            day=TruncDate("done_at"),
            took=ExpressionWrapper(
                TruncSecond("done_at")
                - TruncSecond(Coalesce(F("item__changed_at"), F("item__created_at"))),
                output_field=DurationField(),
            ),
        )
        .values_list("day", "took")
        .annotate(n=Count("id"))
    )
    days: dict[date, Counter[int]] = {}
    for day, took, count in rows:
        # Where the source's clock is ahead of ours, an order was posted at once, not before.
        days.setdefault(day, Counter())[max(0, int(took.total_seconds()))] += count
    every = sum(days.values(), Counter[int]())
    if not every:
        return Pace()
    return Pace(
        orders=every.total(),
        median=quantile(every, HALF),
        most=quantile(every, MOST),
        days=tuple(quantile(days[day], HALF) for day in sorted(days)),
    )


def quantile(counts: Mapping[int, int], share: float) -> int:
    """The least value that at least this share of all values do not exceed.

    Args:
        counts: value -> how often; not empty.
        share: above 0, at most 1.
    """
    wanted = share * sum(counts.values())
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    raise ValueError("there are no values")

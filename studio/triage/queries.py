"""Reads of the exception queue: groups by cause, cases in the order of what hurts most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.triage.models import OPEN_STATES, Case

CLASS_LABELS = {
    "connection": "Connection",
    "throttled": "Throttled",
    "missing_reference": "Missing reference",
    "value": "Value not accepted",
    "duplicate": "Possible duplicate",
    "period": "Period closed",
    "amount": "Amount does not tie",
    "payment": "Payment cannot be applied",
    "conflict": "Conflict of owners",
    "schema": "Schema changed",
    "approval": "Needs approval",
    "unknown_outcome": "Unknown outcome",
}
# Groups that are ranked in memory; the database has already put the money first.
RANKED = 400


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that one fix heals."""

    cause: str
    label: str
    case_class: str
    count: int
    money: Decimal
    currency: str
    oldest: datetime
    first_case: Any
    flow_label: str
    score: float

    @property
    def class_label(self) -> str:
        """The words for the class."""
        return CLASS_LABELS.get(self.case_class, self.case_class)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person narrowed the queue to."""

    case_class: str = ""
    flow: str = ""
    mine: bool = False
    state: str = ""
    text: str = ""


def open_cases(workspace: Workspace) -> QuerySet[Case]:
    """Cases that wait for somebody; one that waits for a later moment comes back by itself."""
    later = Q(state="waiting", waiting_until__gt=timezone.now())
    return Case.objects.filter(workspace=workspace, state__in=OPEN_STATES).exclude(later)


def narrowed(workspace: Workspace, filters: Filters, user_id: int | None) -> QuerySet[Case]:
    """The cases a person wants to see."""
    if filters.state == "waiting":
        cases = Case.objects.filter(workspace=workspace, state="waiting")
    elif filters.state == "closed":
        cases = Case.objects.filter(workspace=workspace).exclude(state__in=OPEN_STATES)
    else:
        cases = open_cases(workspace)
    if filters.case_class:
        cases = cases.filter(case_class=filters.case_class)
    if filters.flow:
        cases = cases.filter(flow_key=filters.flow)
    if filters.mine:
        cases = cases.filter(assignee_id=user_id)
    if filters.text:
        cases = cases.filter(
            Q(record_label__icontains=filters.text)
            | Q(sentence__icontains=filters.text)
            | Q(cause_label__icontains=filters.text)
        )
    return cases


def urgency(money: Decimal, oldest: datetime, period_end_days: int = 30) -> float:
    """Money at risk times age times closeness of the period's end (product.md 7.4)."""
    age_days = max(0.0, (timezone.now() - oldest).total_seconds() / 86400)
    nearness = 1 + max(0, 7 - period_end_days) / 7
    return float(abs(money) + 1) * (1 + age_days / 3) * nearness


def groups(cases: QuerySet[Case], size: int = 50) -> list[Group]:
    """One row per cause, most urgent first."""
    now = timezone.now()
    next_month = (now.replace(day=28) + timedelta(days=4)).replace(day=1)
    days_left = (next_month - now).days
    rows = (
        cases.values("cause", "case_class")
        .annotate(
            label=Max("cause_label"),
            n=Count("id"),
            money=Sum("base_amount"),
            currency_=Max("currency"),
            oldest=Min("created_at"),
            first=Min("id"),
            flow=Max("flow_label"),
        )
        .order_by("-money", "first")[:RANKED]
    )
    first = dict(Case.objects.filter(pk__in=[r["first"] for r in rows]).values_list("pk", "uuid"))
    found = [
        Group(
            cause=r["cause"],
            label=r["label"],
            case_class=r["case_class"],
            count=r["n"],
            money=r["money"] or Decimal(0),
            currency=r["currency_"],
            oldest=r["oldest"],
            first_case=first.get(r["first"]),
            flow_label=r["flow"],
            score=urgency(r["money"] or Decimal(0), r["oldest"], days_left),
        )
        for r in rows
    ]
    return sorted(found, key=lambda g: -g.score)[:size]


def facets(workspace: Workspace, filters: Filters) -> list[dict[str, Any]]:
    """Counts beside the ways to narrow the queue."""
    cases = open_cases(workspace)
    classes = cases.values_list("case_class").annotate(n=Count("id")).order_by("-n")
    flows = cases.values_list("flow_key", "flow_label").annotate(n=Count("id")).order_by("-n")
    return [
        {
            "name": "Kind",
            "rows": [
                {
                    "label": CLASS_LABELS.get(c, c),
                    "count": n,
                    "url": "?" if filters.case_class == c else f"?class={c}",
                    "on": filters.case_class == c,
                }
                for c, n in classes
            ],
        },
        {
            "name": "Flow",
            "rows": [
                {
                    "label": label or "Connections",
                    "count": n,
                    "url": "?" if filters.flow == key else f"?flow={key}",
                    "on": bool(key) and filters.flow == key,
                }
                for key, label, n in flows
            ],
        },
    ]


def similar_solved(case: Case, limit: int = 4) -> QuerySet[Case]:
    """How the same kind of trouble was solved before."""
    return (
        Case.objects.filter(
            workspace_id=case.workspace_id, code=case.code, state__in=("fixed", "accepted")
        )
        .exclude(pk=case.pk)
        .order_by("-closed_at")[:limit]
    )


def neighbours(case: Case) -> QuerySet[Case]:
    """Other open cases with the same cause: what one fix would heal."""
    return open_cases(case.workspace).filter(cause=case.cause).exclude(pk=case.pk)


def next_case(case: Case) -> Case | None:
    """The case to go to when this one is done: next group by urgency."""
    for group in groups(open_cases(case.workspace).exclude(cause=case.cause), size=1):
        return Case.objects.filter(uuid=group.first_case).first()
    return None

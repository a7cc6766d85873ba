"""Reads of the exception queue: groups by cause, cases in the order of what hurts most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Case as Choose
from django.db.models import (
    Count,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.utils import formats, timezone
from django.utils.translation import ngettext

from studio.accounts.models import Workspace
from studio.core.once import once
from studio.triage.models import OPEN_STATES, Case, CaseNote
from studio.triage.narrowing import Narrowing
from studio.triage.words import CLASS_LABELS

# Groups that are ranked in memory; the database has already put the money first.
RANKED = 400
# What of the evidence says which kind of thing a case is about.
KIND = ("kind", "table")


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in one currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that one fix heals.

    ``sums`` is the money of the records in each of their currencies; ``own`` is all of it in the
    company's own currency, by which the queue is sorted.
    """

    cause: str
    label: str
    case_class: str
    count: int
    sums: tuple[Money, ...]
    own: Money
    oldest: datetime
    first_case: Any
    flow_label: str
    waiting_for: str = ""
    waiting_until: datetime | None = None
    asked: tuple[str, ...] = ()

    @property
    def class_label(self) -> str:
        """The words for the class."""
        return str(CLASS_LABELS.get(self.case_class, self.case_class))

    @property
    def converted(self) -> bool:
        """Whether the sums do not say by themselves what the queue is sorted by."""
        return self.own.amount != 0 and self.sums != (self.own,)


def open_cases(workspace: Workspace) -> QuerySet[Case]:
    """Cases that wait for somebody; one that waits for a later moment comes back by itself."""
    # One moment for a whole page: what is counted twice is the same question, and has one answer.
    later = Q(state="waiting", waiting_until__gt=once("now", timezone.now))
    # An open case has not been closed at any time: this is what the indexes of the queue know.
    return Case.objects.filter(workspace=workspace, closed_at__isnull=True).exclude(later)


def in_state(workspace: Workspace, state: str) -> QuerySet[Case]:
    """Open cases, or those that are put aside (``waiting``) or ``closed``."""
    if state == "waiting":
        return Case.objects.filter(workspace=workspace, closed_at__isnull=True, state="waiting")
    if state == "closed":
        return Case.objects.filter(workspace=workspace, closed_at__isnull=False)
    return open_cases(workspace)


def narrowed(workspace: Workspace, now: Narrowing) -> QuerySet[Case]:
    """The cases a person wants to see."""
    return now.apply(in_state(workspace, now.state))


def urgency(money: Decimal, oldest: datetime, period_end_days: int = 30) -> float:
    """Money at risk times age times closeness of the period's end (product.md 7.4)."""
    age_days = max(0.0, (timezone.now() - oldest).total_seconds() / 86400)
    nearness = 1 + max(0, 7 - period_end_days) / 7
    return float(abs(money) + 1) * (1 + age_days / 3) * nearness


def groups(cases: QuerySet[Case], currency: str, size: int = 50, start: int = 0) -> list[Group]:
    """One row per cause: ``size`` of them from place ``start`` on.

    Amounts are compared within one currency only, a company's own. Companies that keep their books
    in ``currency`` stand first, with what has no money; the others follow in the order of their
    currencies. Within a currency the most urgent stands first. The sums come from an index alone;
    words are read for the rows that are shown.
    """
    now = timezone.now()
    next_month = (now.replace(day=28) + timedelta(days=4)).replace(day=1)
    days_left = (next_month - now).days
    rows = (
        cases.annotate(company=_company(currency))
        .values("cause", "case_class", "company")
        .annotate(
            n=Count("pk"), money=Sum("base_amount"), oldest=Min("created_at"), first=Min("pk")
        )
        .order_by("company", "-money", "first")[:RANKED]
    )

    def place(row: Mapping[str, Any]) -> tuple[str, float]:
        return row["company"], -urgency(row["money"] or Decimal(0), row["oldest"], days_left)

    shown = sorted(rows, key=place)[start : start + size]
    first = Case.objects.in_bulk([r["first"] for r in shown])
    sums = _sums_by_cause(cases, currency, [r["cause"] for r in shown])
    asked = _asked_by_cause(cases, [r["cause"] for r in shown])
    return [
        Group(
            cause=r["cause"],
            label=first[r["first"]].cause_label,
            case_class=r["case_class"],
            count=r["n"],
            sums=tuple(sums.get((r["cause"], r["company"]), ())),
            own=Money(r["money"] or Decimal(0), r["company"] or currency),
            oldest=r["oldest"],
            first_case=first[r["first"]].uuid,
            flow_label=first[r["first"]].flow_label,
            waiting_for=first[r["first"]].waiting_for,
            waiting_until=first[r["first"]].waiting_until,
            asked=tuple(asked.get(r["cause"], ())),
        )
        for r in shown
        if r["first"] in first
    ]


def open_questions(workspace: Workspace) -> QuerySet[CaseNote]:
    """Questions about cases that nobody has answered, the oldest first."""
    return CaseNote.objects.filter(
        case__workspace=workspace,
        case__closed_at__isnull=True,
        asked__isnull=False,
        answered_at__isnull=True,
    ).select_related("case", "asked")


def with_questions() -> Prefetch[str]:
    """Puts ``questions`` on each case: what waits for an answer."""
    waiting = CaseNote.objects.filter(asked__isnull=False, answered_at__isnull=True)
    return Prefetch("notes", waiting.select_related("asked"), to_attr="questions")


def _asked_by_cause(cases: QuerySet[Case], causes: list[str]) -> dict[str, list[str]]:
    """Who was asked about a case of each cause and has not answered."""
    shown = cases.order_by().filter(cause__in=causes)
    waiting = CaseNote.objects.filter(
        asked__isnull=False, answered_at__isnull=True, case__in=shown.values("pk")
    )
    found: dict[str, list[str]] = {}
    for one in waiting.select_related("case", "asked"):
        names = found.setdefault(one.case.cause, [])
        if (name := str(one.asked)) not in names:
            names.append(name)
    return found


def _company(currency: str) -> Choose:
    """The currency in which a record's company keeps its books; empty for ``currency`` itself."""
    ours = When(base_currency__in=("", currency), then=Value(""))
    return Choose(ours, default="base_currency")


def _sums_by_cause(
    cases: QuerySet[Case], currency: str, causes: list[str]
) -> dict[tuple[str, str], list[Money]]:
    rows = (
        cases.filter(cause__in=causes)
        .annotate(company=_company(currency))
        .values("cause", "company", "currency")
        .annotate(money=Sum("amount"))
        .order_by("-money")
    )
    found: dict[tuple[str, str], list[Money]] = {}
    for row in rows:
        if row["money"]:
            money = Money(row["money"], row["currency"])
            found.setdefault((row["cause"], row["company"]), []).append(money)
    return found


def held_up(cases: QuerySet[Case]) -> int:
    """How many records are held up, each counted once however many its cases.

    The one number of the queue: the navigation, Home and the queue itself all say this one.
    """
    records = cases.order_by().values("subject").distinct()
    try:
        key = records.query.sql_with_params()
    except EmptyResultSet:
        return 0
    return once(key, records.count)


def held_up_words(count: int, state: str = "") -> str:
    """What :func:`held_up` counted among the cases that are ``in_state``."""
    if state == "waiting":
        words = ngettext("%(n)s record is put aside", "%(n)s records are put aside", count)
    elif state == "closed":
        words = ngettext("%(n)s record was held up", "%(n)s records were held up", count)
    else:
        words = ngettext("%(n)s record is held up", "%(n)s records are held up", count)
    return words % {"n": formats.number_format(count, 0, use_l10n=True, force_grouping=True)}


def at_risk(cases: QuerySet[Case]) -> list[Money]:
    """Money of the records that wait, by currency; a record counts once, however many its cases."""
    records = cases.order_by().values("subject").annotate(money=Max("amount"))
    found = [
        Money(records.filter(currency=c).aggregate(sum=Sum("money"))["sum"], c)
        for c in cases.order_by().values_list("currency", flat=True).distinct()
    ]
    return sorted((m for m in found if m.amount), key=lambda m: -m.amount)


def similar_solved(case: Case, limit: int = 4) -> QuerySet[Case]:
    """How the same kind of trouble was solved before: what a person did, as ``how`` and ``who``; the same cause first.

    Only what healed counts: a record that something else holds up still is no example, nor is a case that
    nobody did anything about.
    """
    fixes = CaseNote.objects.filter(case=OuterRef("pk"), kind="fix").order_by("-created_at")
    held = Case.objects.filter(workspace=case.workspace_id, state__in=OPEN_STATES).values("subject")
    alike = {f"evidence__{name}": case.evidence[name] for name in KIND if name in case.evidence}
    return (
        Case.objects.filter(
            workspace_id=case.workspace_id,
            code=case.code,
            case_class=case.case_class,
            state__in=("fixed", "accepted"),
            **alike,
        )
        .exclude(pk=case.pk)
        .exclude(subject__in=held)
        .annotate(how=Subquery(fixes.values("text")[:1]), who=Subquery(fixes.values("author")[:1]))
        .filter(how__isnull=False)
        .order_by(Choose(When(cause=case.cause, then=0), default=1), "-closed_at")[:limit]
    )


def also_held(case: Case) -> QuerySet[Case]:
    """What else holds up the record of a case: other open cases of the same record."""
    others = Case.objects.filter(workspace=case.workspace_id, state__in=OPEN_STATES)
    return others.filter(subject=case.subject).exclude(cause=case.cause).order_by("pk")


def held_twice(case: Case) -> int:
    """How many records of a cause wait for something else, too, so that its fix alone does not heal them."""
    alike = open_cases(case.workspace).filter(cause=case.cause).values("subject")
    others = Case.objects.filter(workspace=case.workspace_id, state__in=OPEN_STATES)
    found = others.filter(subject__in=alike).exclude(cause=case.cause)
    return found.values("subject").distinct().count()


def neighbours(case: Case) -> QuerySet[Case]:
    """Other open cases with the same cause: what one fix would heal."""
    return open_cases(case.workspace).filter(cause=case.cause).exclude(pk=case.pk)


def next_case(case: Case) -> Case | None:
    """The case to go to when this one is done: next group by urgency."""
    others = open_cases(case.workspace).exclude(cause=case.cause)
    for group in groups(others, case.workspace.base_currency, size=1):
        return Case.objects.filter(uuid=group.first_case).first()
    return None

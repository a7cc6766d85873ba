"""What alerts look for: each kind reads rows that are there anyway and says what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from studio.accounts.models import Workspace
from studio.flows.models import UNDER_WAY, Delivery, InboxItem
from studio.triage.models import OPEN_STATES, Case
from studio.triage.queries import open_cases
from studio.webhooks.models import Endpoint

Finder = Callable[[Workspace, int], Iterator["Sign"]]


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is wrong now.

    Attributes:
        key: what it is about, the same as long as it lasts.
        sentence: for people.
        link: where it is seen to.
    """

    key: str
    sentence: str
    link: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert.

    Attributes:
        find: what is wrong now, given the threshold.
        means: what the threshold is, in words; empty where there is none.
        usual: the threshold at first.
        audience: who is told at first.
    """

    find: Finder
    means: str
    usual: int
    audience: str


def _before(minutes: int) -> Q:
    return Q(created_at__lt=timezone.now() - timedelta(minutes=minutes))


def _connections(workspace: Workspace, minutes: int) -> Iterator[Sign]:
    rows = Case.objects.filter(
        _before(minutes),
        workspace=workspace,
        subject__startswith="connection:",
        state__in=OPEN_STATES,
    )
    for case in rows:
        link = reverse("triage:case", args=[case.uuid])
        yield Sign(case.subject, f"{case.record_label}: {case.sentence}", link)


def _suspect_runs(workspace: Workspace, _threshold: int) -> Iterator[Sign]:
    for case in Case.objects.filter(workspace=workspace, code="suspect-run", state__in=OPEN_STATES):
        yield Sign(case.subject, case.sentence, reverse("triage:case", args=[case.uuid]))


def _stuck(workspace: Workspace, minutes: int) -> Iterator[Sign]:
    """Nothing a person could do holds them: a worker is missing, or a system is."""
    moving = Q(flow__workspace=workspace, flow__state__in=("live", "draining"))
    old = _before(minutes)
    n = InboxItem.objects.filter(moving, old, state__in=("new", "working")).count()
    n += Delivery.objects.filter(moving, old, state__in=UNDER_WAY).count()
    if n:
        words = ngettext(
            "%(n)d record has not moved for %(m)d minutes.",
            "%(n)d records have not moved for %(m)d minutes.",
            n,
        )
        yield Sign("stuck", words % {"n": n, "m": minutes}, reverse("flows:runs"))


def _held(workspace: Workspace, hours: int) -> Iterator[Sign]:
    rows = Delivery.objects.filter(_before(60 * hours), flow__workspace=workspace, state="held")
    n = rows.count()
    if n:
        words = ngettext(
            "%(n)d posting has waited for approval for %(h)d hours.",
            "%(n)d postings have waited for approval for %(h)d hours.",
            n,
        )
        yield Sign("held", words % {"n": n, "h": hours}, f"{reverse('flows:runs')}?state=held")


def _overdue(workspace: Workspace, least: int) -> Iterator[Sign]:
    n = open_cases(workspace).filter(due_at__lt=timezone.now()).count()
    if n >= max(least, 1):
        words = ngettext("%(n)d exception is overdue.", "%(n)d exceptions are overdue.", n)
        yield Sign("overdue", words % {"n": n}, reverse("triage:queue"))


def _webhooks(workspace: Workspace, _threshold: int) -> Iterator[Sign]:
    for one in Endpoint.objects.filter(workspace=workspace, state="failed"):
        words = f"The webhook {one.name} was switched off: {one.why}"
        yield Sign(f"webhook:{one.uuid}", words, reverse("webhooks:hook", args=[one.uuid]))


KINDS: dict[str, Kind] = {
    "connection": Kind(_connections, "after so many minutes", 15, "integrator"),
    "suspect_run": Kind(_suspect_runs, "", 1, "integrator"),
    "stuck": Kind(_stuck, "after so many minutes", 60, "integrator"),
    "held": Kind(_held, "after so many hours", 24, "accountant"),
    "overdue": Kind(_overdue, "from so many exceptions on", 1, "accountant"),
    "webhook": Kind(_webhooks, "", 1, "integrator"),
}

"""The daily digest of flows that post by themselves: what went out, what it came to, what is held up."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Count, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engine.canon.days import spoken_day
from engine.canon.money import spoken
from studio.accounts.letters import Letter, send_waiting
from studio.flows.models import Delivery, Digest, Flow
from studio.triage.models import Case

AT_ONCE = 200
TOLD = "accountant"


def write_digests(now: datetime | None = None) -> int:
    """Write yesterday's digest of each flow that has one and did something; the same day is told once."""
    moment = now or timezone.now()
    day = timezone.localdate(moment) - timedelta(days=1)
    written = 0
    for flow in Flow.objects.filter(ladder="digest").exclude(state="draft"):
        if Digest.objects.filter(flow=flow, day=day).exists():
            continue
        words = _words(flow, day)
        if words:
            Digest.objects.get_or_create(flow=flow, day=day, defaults={"words": words})
            written += 1
    return written


def _words(flow: Flow, day: date) -> str:
    """What one flow did on a day; empty where it did nothing."""
    start = timezone.make_aware(datetime.combine(day, time.min))
    span = (start, start + timedelta(days=1))
    posted = (
        Delivery.objects.filter(
            flow=flow, step="post", state__in=("done", "reversed"), done_at__range=span
        )
        .order_by()
        .values_list("currency")
        .annotate(n=Count("id"), gross=Sum("gross"))
    )
    rows = sorted(posted, key=lambda row: -row[2])
    count = sum(n for _currency, n, _gross in rows)
    held = Case.objects.filter(
        workspace=flow.workspace, flow_key=flow.key, created_at__range=span, closed_at=None
    ).count()
    said = []
    if count:
        sums = ", ".join(spoken(gross, currency) for currency, _n, gross in rows if gross)
        posts = ngettext("%(n)d posting", "%(n)d postings", count) % {"n": count}
        said.append(f"{posts}: {sums}" if sums else posts)
    if held:
        said.append(
            ngettext("%(n)d exception is still open", "%(n)d exceptions are still open", held)
            % {"n": held}
        )
    return "; ".join(said)


def send_digests() -> int:
    """Mail the digests that wait to the accountants, one mail per workspace and day."""
    rows = Digest.objects.select_related("flow__workspace")
    return send_waiting(rows, AT_ONCE, lambda d: (d.flow.workspace_id, d.day), _letter)


def _letter(group: list[Digest]) -> Letter:
    first = group[0].flow
    day = spoken_day(group[0].day)
    subject = _("%(workspace)s: what went out on %(day)s") % {
        "workspace": first.workspace,
        "day": day,
    }
    runs = reverse("flows:runs")
    lines = (
        f"{d.flow.name}\n  {d.words}\n  {settings.SITE_URL}{runs}?flow={d.flow.key}" for d in group
    )
    return Letter(first.workspace_id, TOLD, subject, "\n\n".join(lines))

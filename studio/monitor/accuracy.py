"""Accuracy: what was said against what was true, by kind, from the decisions of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.models import Workspace
from studio.accounts.roles import READ
from studio.core.action import Actor
from studio.core.charts import reliability
from studio.core.models import AuditEvent
from studio.core.reliability import ENOUGH, Measured, measure
from studio.learning.actions import may_change
from studio.learning.learners import LEARNERS, kind_name
from studio.learning.models import Calibration
from studio.learning.queries import Repeated, calibrations, repeated
from studio.linking.models import KINDS
from studio.linking.queries import pair_decisions
from studio.mapping.queries import field_decisions, value_decisions

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of proposal with its picture."""

    name: str
    measured: Measured
    picture: SafeString
    repeated: Repeated | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """One calibration as the page shows it."""

    kind: str
    row: Calibration
    may_change: bool


def learned(actor: Actor, workspace: Workspace) -> list[Learned]:
    """The newest calibrations of every kind."""
    return [
        Learned(kind_name(row.kind), row, may_change(actor, LEARNERS.of(row.kind)))
        for row in calibrations(workspace)[:SHOWN]
    ]


def kinds(workspace: Workspace) -> list[Kind]:
    """Fields, values, and records of each kind."""
    found = [
        ("field", _("Fields"), field_decisions(workspace)),
        ("value", _("Values"), value_decisions(workspace)),
        *((kind, _(label), pair_decisions(workspace, kind)) for kind, label in KINDS),
    ]
    twice = repeated(workspace)
    out = []
    for key, name, decisions in found:
        seen = measure(decisions)
        label = _("%(kind)s: confidence said against share right") % {"kind": name}
        picture = reliability(seen.bins, label) if seen.bins else SafeString("")
        out.append(Kind(name, seen, picture, twice.get(key)))
    return out


@page(READ)
@require_GET
def accuracy(request: StudioRequest) -> HttpResponse:
    """Reliability by kind, and who reviewed how much in the last week."""
    since = timezone.now() - timedelta(days=7)
    reviewers = (
        AuditEvent.objects.filter(
            workspace_key=str(request.workspace.uuid),
            at__gte=since,
            key__in=["mapping.decided", "linking.same", "linking.not_a_match", "lookup.approved"],
        )
        .values("actor", "role")
        .annotate(n=Count("id"))
        .order_by("-n")[:10]
    )
    context = {
        "kinds": kinds(request.workspace),
        "reviewers": list(reviewers),
        "learned": learned(request.actor, request.workspace),
        "enough": ENOUGH,
    }
    return render(request, "monitor/accuracy.html", context)

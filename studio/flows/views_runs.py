"""One run (a batch) and the approval of what it holds."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import APPROVE, READ
from studio.core.htmx import page_or_part
from studio.flows.batches import (
    adjustments_of,
    approve_batch,
    held_of,
    left_out,
    not_moved,
    places_of,
    progress_of,
    why_not_approved,
)
from studio.flows.comparing import is_comparing
from studio.flows.models import Run
from studio.flows.poll import is_batch_lane


def _run(request: StudioRequest, key: str) -> Run:
    return get_object_or_404(
        Run.objects.select_related("flow", "flow__source", "flow__target", "version"),
        flow__workspace=request.workspace,
        uuid=key,
    )


@page(READ)
@require_GET
def run(request: StudioRequest, key: str) -> HttpResponse:
    """How far a run is, its control totals, and what did not move."""
    found = _run(request, key)
    batch, places = places_of(found) if is_batch_lane(found.flow.design) else (None, [])
    return page_or_part(
        request,
        "flows/run.html",
        "flows/_run.html",
        {
            "run": found,
            "progress": progress_of(found),
            "held": held_of(found),
            "batch": batch,
            "places": places,
            "stuck": not_moved(found),
            "left_out": left_out(found),
            "currency": found.flow.source.currency,
            "why_not": why_not_approved(request.actor, found),
            "adjusts": is_comparing(found.flow.design),
            "adjustments": adjustments_of(found),
        },
    )


@page(APPROVE)
@require_POST
def approve(request: StudioRequest, key: str) -> HttpResponse:
    """Let the held postings of a batch go."""
    found = _run(request, key)
    try:
        count = approve_batch(request.actor, found, request.POST.get("seen", ""))
        messages.success(
            request,
            _("%(count)s documents are on their way to %(target)s.")
            % {"count": count, "target": found.flow.target},
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:run", key=key)

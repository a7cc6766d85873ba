"""Pages of flows: list, one flow, runs and deliveries, a record's journey, explain."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from engine.errors import MappingRefused
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import OPERATE, PUBLISH, READ, TRIAGE
from studio.catalog.models import Connection
from studio.core.htmx import page_or_part
from studio.core.paging import keyset
from studio.core.refused import DecisionRefused
from studio.flows import actions, queries
from studio.flows.drain import drain
from studio.flows.evidence import flat
from studio.flows.models import Delivery, Flow, InboxItem, Run
from studio.flows.pairing import start_pair
from studio.flows.retry import HOW, retry
from studio.flows.rungs import change_rung, may_change
from studio.flows.splitting import answers_to
from studio.flows.views_designer import note_place

DELIVERY_TABS = [
    ("", "All"),
    ("done", "Done"),
    ("held", "Held"),
    ("ready", "Ready"),
    ("unknown", "Outcome unknown"),
    ("parked", "Parked"),
]


@page(READ)
@require_GET
def flows(request: StudioRequest) -> HttpResponse:
    """All flows with what they did."""
    return render(request, "flows/flows.html", {"rows": queries.flow_rows(request.workspace)})


@page(PUBLISH)
@require_POST
def start_between(request: StudioRequest, one: str, other: str) -> HttpResponse:
    """Open the mappings and draft the flows between two connections."""
    here = Connection.objects.select_related("workspace").filter(workspace=request.workspace)
    first, second = get_object_or_404(here, uuid=one), get_object_or_404(here, uuid=other)
    try:
        made = start_pair(request.actor, first, second)
    except DecisionRefused as refusal:
        messages.error(request, f"{refusal.sentence} {refusal.fix}".strip())
        return redirect("catalog:connection", key=one)
    messages.success(
        request,
        _(
            "%(mappings)s mappings between %(first)s and %(second)s are being proposed and %(flows)s flows "
            "are drafted. Review the mappings; nothing runs before you publish it."
        )
        % {"mappings": made.mappings, "first": first, "second": second, "flows": made.flows},
    )
    return redirect("mapping:mappings")


@page(PUBLISH)
@require_POST
def publish(request: StudioRequest, key: str) -> HttpResponse:
    """Publish the design as a new version; the note outlives a refusal, and a rehearsal in between."""
    found = get_object_or_404(Flow, workspace=request.workspace, key=key)
    place = note_place(found)
    note = request.POST.get("note", "").strip() or request.session.get(place, "")
    request.session[place] = note
    try:
        version = actions.publish_flow(request.actor, found, note=note)
        del request.session[place]
        messages.success(request, _("Version %(number)s is live.") % {"number": version.number})
    except MappingRefused as refusal:
        messages.error(request, " ".join(refusal.problems))
    except DecisionRefused as refusal:
        messages.error(request, f"{refusal.sentence} {refusal.fix}")
        return redirect("flows:flow-rehearsals", key=key)
    return redirect("flows:flow", key=key)


@page(OPERATE)
@require_POST
def switch(request: StudioRequest, key: str) -> HttpResponse:
    """Pause at once, pause when all is done, or resume."""
    found = get_object_or_404(Flow, workspace=request.workspace, key=key)
    try:
        if found.state == "live" and request.POST.get("how") == "drain":
            drain(request.actor, found, request.POST.get("reason", ""))
            said = _("%(flow)s reads nothing new and pauses when all it has is posted.")
        elif found.state == "live":
            actions.pause(request.actor, found, request.POST.get("reason", ""))
            said = _("%(flow)s is paused; nothing is sent until it is resumed.")
        else:
            actions.resume(request.actor, found)
            said = _("%(flow)s runs again.")
        messages.success(request, said % {"flow": found.name})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:flow", key=key)


@page(READ)
@require_POST
def rung(request: StudioRequest, key: str) -> HttpResponse:
    """How far the flow goes by itself."""
    if not may_change(request.actor):
        raise PermissionDenied
    found = get_object_or_404(Flow, workspace=request.workspace, key=key)
    get = request.POST.get
    try:
        change_rung(request.actor, found, get("rung", ""), get("reason", ""))
        messages.success(request, _("From now on: %(how)s.") % {"how": found.get_ladder_display()})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:flow", key=key)


@page(READ)
@require_GET
def runs(request: StudioRequest) -> HttpResponse:
    """What moved: deliveries, newest first, and the latest runs."""
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip()[:60]
    of = Flow.objects.filter(workspace=request.workspace, key=request.GET.get("flow", "")).first()
    rows = queries.deliveries(request.workspace, state, text, of.key if of else "")
    latest = Run.objects.filter(flow__workspace=request.workspace).select_related("flow")
    window = keyset(rows, ["-id"], after=request.GET.get("after"), before=request.GET.get("before"))
    return page_or_part(
        request,
        "flows/runs.html",
        "flows/_deliveries.html",
        {
            "rows": window,
            "state": state,
            "text": text,
            "states": DELIVERY_TABS,
            "of": of,
            "runs": (latest.filter(flow=of) if of else latest)[:12],
        },
    )


@page(READ)
@require_GET
def item(request: StudioRequest, key: str) -> HttpResponse:
    """The journey of one record from change to confirmation."""
    found = get_object_or_404(
        InboxItem.objects.select_related("flow", "flow__source", "flow__target"),
        flow__workspace=request.workspace,
        uuid=key,
    )
    deliveries = list(found.deliveries.select_related("connection"))
    standing = [d for d in deliveries if d.state == "done"]
    return render(
        request,
        "flows/item.html",
        {
            "other_totals": [t for d in standing if (t := queries.other_total(d, found))],
            "item": found,
            "events": queries.journey(found),
            "deliveries": deliveries,
            "may_triage": request.actor.may(TRIAGE),
            "ways": HOW.items(),
        },
    )


@page(TRIAGE)
@require_POST
def replay(request: StudioRequest, key: str) -> HttpResponse:
    """Send a record through again, as the person chooses."""
    found = get_object_or_404(
        InboxItem.objects.select_related("flow__source"),
        flow__workspace=request.workspace,
        uuid=key,
    )
    try:
        if retry(found, request.POST.get("how", "current")):
            messages.success(request, _("The record goes through again."))
        else:
            messages.error(request, _("The record is not parked; nothing was sent."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:item", key=key)


@page(READ)
@require_GET
def explain(request: StudioRequest, key: str) -> HttpResponse:
    """The ancestry of every value of one posting."""
    found = get_object_or_404(
        Delivery.objects.select_related("flow", "version", "item", "connection"),
        flow__workspace=request.workspace,
        uuid=key,
    )
    receipt: Any = json.loads(found.receipt) if found.receipt else {}
    subject, difference = f"inbox:{found.item.uuid}", found.item.amount - found.gross
    answer = answers_to([subject]).get(subject) if found.step == "post" and difference else None
    text = request.GET.get("q", "").strip()[:60]
    return render(
        request,
        "flows/explain.html",
        {
            "delivery": found,
            "answer": answer.of(difference) if answer and answer.covers(difference) else (),
            "answered_by": answer.by if answer else "",
            "other_total": queries.other_total(found, found.item),
            "files": queries.files_of(found),
            "rows": [one for one in queries.ancestry(found) if one.speaks_of(text)],
            "text": text,
            "receipt": flat(receipt)[:80],
        },
    )

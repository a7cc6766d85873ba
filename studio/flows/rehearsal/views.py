"""Pages of rehearsals: ask for one, read what it found, put a name under it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from engine.errors import MappingRefused
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import APPROVE, PUBLISH, READ
from studio.core.htmx import page_or_part
from studio.core.paging import keyset
from studio.flows.models import OUTCOMES, Flow, Rehearsal
from studio.flows.rehearsal.caution import caution_of
from studio.flows.rehearsal.changed import changed_by, dropped_by
from studio.flows.rehearsal.narrowed import narrowed
from studio.flows.rehearsal.reasons import reasons_of
from studio.flows.rehearsal.run import READS, ask
from studio.flows.rehearsal.sign import (
    risk_of,
    sign,
    signed_rehearsal,
    standing_of,
    why_not_signed,
)
from studio.flows.rehearsal.standing import Present

GROUPS = {
    "account": "Account",
    "tax_code": "Tax code",
    "party": "Customer or supplier",
    "period": "Month",
}


@page(READ)
@require_GET
def listed(request: StudioRequest, key: str) -> HttpResponse:
    """What was rehearsed of a flow, and the form for another one."""
    flow = get_object_or_404(
        Flow.between.select_related("source", "target"), workspace=request.workspace, key=key
    )
    now = Present(flow)
    context = {
        "flow": flow,
        "rows": [(r, standing_of(r, now)) for r in flow.rehearsals.select_related("version")[:20]],
        "reads": READS.items(),
        "may_rehearse": request.actor.may(PUBLISH),
    }
    return render(request, "flows/rehearsals.html", context)


@page(PUBLISH)
@require_POST
def start(request: StudioRequest, key: str) -> HttpResponse:
    """Rehearse the draft."""
    flow = get_object_or_404(Flow, workspace=request.workspace, key=key)
    try:
        reads, since = request.POST.get("reads", "live"), _day(request.POST.get("since", ""))
        asked = ask(request.actor, flow, reads=reads, since=since)
    except MappingRefused as refusal:
        messages.error(request, " ".join(refusal.problems))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        return redirect("flows:rehearsal", key=asked.uuid)
    return redirect("flows:flow-rehearsals", key=key)


def _day(text: str) -> str:
    """An ISO date or nothing."""
    try:
        return date.fromisoformat(text.strip()).isoformat() if text.strip() else ""
    except ValueError as error:
        raise ValidationError(_("Give the first day as YYYY-MM-DD.")) from error


@page(READ)
@require_GET
def show(request: StudioRequest, key: str) -> HttpResponse:
    """Totals first, then groups, then records."""
    found = get_object_or_404(
        Rehearsal.objects.select_related("flow__source", "flow__target", "version", "baseline"),
        flow__workspace=request.workspace,
        uuid=key,
    )
    wanted = request.GET.get("outcome", "")
    rows = found.plan.all()
    if wanted:
        rows = rows.filter(outcome=wanted)
    asked = request.GET
    shown = keyset(rows, ["pk"], after=asked.get("after"), before=asked.get("before"))
    outcomes: dict[str, Any] = found.totals.get("outcomes", {})
    now = Present(found.flow)
    gone = now.over(found) if found.state == "ready" else None
    less = narrowed(found)
    context = {
        "one": found,
        "flow": found.flow,
        "outcomes": [(k, label, outcomes[k]) for k, label in OUTCOMES if k in outcomes],
        "changed": changed_by(found) if found.kind == "rehearsal" else None,
        "groups": [
            (GROUPS[name], rows_, _unsaid(name, found))
            for name, rows_ in found.totals.get("groups", {}).items()
            if rows_
        ],
        "reasons": reasons_of(found),
        "dropped": [] if gone else dropped_by(found),
        "delta": found.totals.get("delta"),
        "rows": shown,
        "becomes": any(row.step for row in shown.rows),
        "outcome": wanted,
        "standing": standing_of(found, now),
        "gone": gone,
        "caution": None if gone or found.signed_at or less else caution_of(found),
        "narrowed": less,
        "why_not": why_not_signed(request.actor, found),
        "may_sign": request.actor.may(APPROVE),
        "may_rehearse": request.actor.may(PUBLISH),
        "may_publish": request.actor.may(PUBLISH)
        and found.version.state == "rehearsal"
        and not gone,
        "needs_signature": risk_of(found.version.content["design"]) == "money",
        "signed": signed_rehearsal(found.version),
    }
    return page_or_part(request, "flows/rehearsal.html", "flows/_rehearsal_answer.html", context)


def _unsaid(group: str, found: Rehearsal) -> str:
    """What it means that a line says nothing of what a group is about."""
    plans = found.version.content["design"].get("entities", {}).values()
    if group == "account" and any(plan.get("lines", {}).get("account_of") for plan in plans):
        return _("as the item says")
    if group in ("account", "tax_code"):
        return _("as %(system)s decides: the line says none") % {"system": found.flow.target}
    return _("not said")


@page(APPROVE)
@require_POST
def sign_it(request: StudioRequest, key: str) -> HttpResponse:
    """Sign what was shown."""
    found = get_object_or_404(
        Rehearsal.objects.select_related("flow", "version"),
        flow__workspace=request.workspace,
        uuid=key,
    )
    try:
        sign(
            request.actor,
            found,
            content_hash=request.POST.get("hash", ""),
            allow_new=request.POST.get("allow_new") == "yes",
            share=request.POST.get("share", "0"),
            note=request.POST.get("note", ""),
            aware=request.POST.get("aware") == "yes",
        )
        messages.success(request, _("Signed. The integrator can let this version go live."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("flows:rehearsal", key=key)

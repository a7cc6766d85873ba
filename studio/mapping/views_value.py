"""One code in depth: how its candidates came about, who decided, remarks; and putting it off."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import LOOKUP, READ
from studio.core import addresses
from studio.core.htmx import wants_part
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.core.waterfalls import drawn
from studio.mapping import actions
from studio.mapping.models import ValueProposal
from studio.mapping.views_values import LIST, answer, proposal_of


@page(READ)
@require_GET
def explain(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Waterfalls of all candidates, remarks, and what people decided."""
    proposal = proposal_of(request, key)
    context = {
        "row": proposal,
        "candidates": [(one, _picture(one)) for one in proposal.candidates],
        "notes": list(proposal.notes.all()),
        "history": _history(proposal),
        "may_edit": request.actor.may(LOOKUP),
        "ask": request.GET.get("ask", ""),
        "back": addresses.came_from(request, reverse(LIST)),
    }
    template = "mapping/_value_detail.html" if wants_part(request) else "mapping/value.html"
    return render(request, template, context)


def _picture(one: dict[str, Any]) -> str:
    share = float(one["confidence"])
    label = _("How %(percent)s came about") % {"percent": f"{share:.0%}"}
    return drawn(one.get("waterfall", []), share, label)


def _history(proposal: ValueProposal) -> list[AuditEvent]:
    """What people decided about a code, from the trail: the row keeps only what is in force.

    A code that was answered from a case, or entered in its table, has its line at the table.
    """
    decided = (
        "lookup.approved",
        "lookup.rejected",
        "lookup.do_not_map",
        "lookup.undone",
        "lookup.confirmed",
    )
    here = Q(subject=f"value:{proposal.uuid}", key__in=decided)
    entered = Q(
        subject=f"table:{proposal.table.uuid}",
        key="lookup.row_added",
        data__source=proposal.source,
    )
    return list(AuditEvent.objects.filter(here | entered).order_by("-id")[:10])


@page(LOOKUP)
@require_POST
def note(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """A remark or a question to a colleague."""
    proposal = proposal_of(request, key)
    try:
        actions.comment_value(request.actor, proposal, request.POST.get("text", ""))
    except DecisionRefused as fault:
        return answer(request, fault.sentence, "error")
    return answer(request, _("Your remark stands beside “%s”.") % proposal.source)


@page(LOOKUP)
@require_POST
def later(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Show a code last on this person's list; ``of`` (the toast's Undo) or ``back``: in its place."""
    proposal = proposal_of(request, key)
    back = bool(request.POST.get("of") or request.POST.get("back"))
    try:
        actions.put_off(request.actor, proposal, back=back)
    except DecisionRefused as fault:
        return answer(request, fault.sentence, "warning")
    if back:
        return answer(request, _("“%s” is in its place again.") % proposal.source)
    address = reverse("mapping:value-later", args=[key])
    text = _("“%s” comes back at the end of your list.") % proposal.source
    return answer(request, text, undo=str(key), undo_url=address)

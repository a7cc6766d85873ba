"""One link: who made it on which evidence, and breaking it with its consequences shown."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import MATCH, READ
from studio.core.refused import DecisionRefused
from studio.linking import actions
from studio.linking.models import Judgement, Link


@page(READ)
@require_GET
def link(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """One link: who made it on which evidence, and what unlinking would touch."""
    found = _link_of(request, key)
    context = {
        "link": found,
        "uses": actions.consequences(found),
        "judgements": list(
            Judgement.objects.filter(
                left__connection=found.left_connection,
                left__code=found.left_code,
                kind=found.kind,
                target=found.right_connection,
            )
            .select_related("right")
            .order_by("-id")[:10]
        ),
        "may_match": request.actor.may(MATCH),
    }
    return render(request, "linking/link.html", context)


def _link_of(request: StudioRequest, key: uuid.UUID) -> Link:
    return get_object_or_404(
        Link.objects.select_related("left_connection", "right_connection"),
        uuid=key,
        workspace=request.workspace,
    )


@page(MATCH)
@require_POST
def unlink(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Break a link, with a reason."""
    found = _link_of(request, key)
    try:
        actions.unlink(request.actor, found, reason=request.POST.get("reason", ""))
    except DecisionRefused as fault:
        messages.error(request, fault.sentence)
        return redirect("linking:link", key=key)
    messages.success(
        request, _("Unlinked. What was posted stays posted; new records will ask again.")
    )
    return redirect("linking:matches")

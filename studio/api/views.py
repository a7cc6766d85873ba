"""The page where people make and revoke tokens."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import ADMINISTER, INGEST, READ
from studio.api.models import ApiToken
from studio.api.tokens import SENDERS, make_token, revoke_token
from studio.catalog.models import Connection


@page(READ)
@require_http_methods(["GET", "POST"])
def tokens(request: StudioRequest) -> HttpResponse:
    """Tokens of the person (an administrator sees all); a new secret is shown this once."""
    context: dict[str, Any] = {}
    senders = _senders(request)
    if request.method == "POST":
        days, source = request.POST.get("days", "90"), request.POST.get("source")
        try:
            token, secret = make_token(
                request.actor,
                request.workspace,
                request.POST.get("name", ""),
                request.POST.getlist("scope"),
                days=int(days) if days.isdecimal() else 0,
                source=get_object_or_404(senders, uuid=source) if source else None,
            )
            context = {"made": token, "secret": secret}
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    rows = ApiToken.objects.filter(workspace=request.workspace).select_related("maker", "source")
    if not request.actor.may(ADMINISTER):
        rows = rows.filter(maker=request.user)
    context |= {
        "rows": rows[:200],
        "scopes": sorted(request.actor.permissions - {READ, INGEST}),
        "senders": senders,
        "source": request.GET.get("source", ""),
    }
    response = render(request, "api/tokens.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _senders(request: StudioRequest) -> QuerySet[Connection]:
    """Systems that send their records, for which this person may make a token."""
    found = Connection.objects.filter(workspace=request.workspace, system__in=SENDERS)
    return found.order_by("name") if request.actor.may(INGEST) else found.none()


@page(READ)
@require_POST
def revoke(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """End a token at once."""
    token = get_object_or_404(ApiToken, workspace=request.workspace, uuid=key)
    revoke_token(request.actor, token)
    messages.success(request, _("The token works no more."))
    return redirect("api:tokens")

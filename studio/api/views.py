"""The page where people make and revoke tokens."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import ADMINISTER, READ
from studio.api.models import ApiToken
from studio.api.tokens import make_token, revoke_token


@page(READ)
@require_http_methods(["GET", "POST"])
def tokens(request: StudioRequest) -> HttpResponse:
    """Tokens of the person (an administrator sees all); a new secret is shown this once."""
    context: dict[str, Any] = {}
    if request.method == "POST":
        days = request.POST.get("days", "90")
        try:
            token, secret = make_token(
                request.actor,
                request.workspace,
                request.POST.get("name", ""),
                request.POST.getlist("scope"),
                days=int(days) if days.isdecimal() else 0,
            )
            context = {"made": token, "secret": secret}
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    rows = ApiToken.objects.filter(workspace=request.workspace).select_related("maker")
    if not request.actor.may(ADMINISTER):
        rows = rows.filter(maker=request.user)
    context |= {"rows": rows[:200], "scopes": sorted(request.actor.permissions - {READ})}
    response = render(request, "api/tokens.html", context)
    response["Cache-Control"] = "no-store"
    return response


@page(READ)
@require_POST
def revoke(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """End a token at once."""
    token = get_object_or_404(ApiToken, workspace=request.workspace, uuid=key)
    revoke_token(request.actor, token)
    messages.success(request, _("The token works no more."))
    return redirect("api:tokens")

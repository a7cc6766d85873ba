"""Pages of webhooks: the addresses, one address with what it was told, and what can be done about it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import CONNECT
from studio.core.htmx import page_or_part, wants_part
from studio.core.paging import keyset
from studio.core.refused import DecisionRefused
from studio.webhooks import actions
from studio.webhooks.forms import EndpointForm
from studio.webhooks.models import UNDER_WAY, Endpoint, Message

SHOWN = 30


def _found(request: StudioRequest, key: uuid.UUID) -> Endpoint:
    mine = Endpoint.objects.filter(workspace=request.workspace).exclude(state="removed")
    return get_object_or_404(mine, uuid=key)


def _private(response: HttpResponse) -> HttpResponse:
    """A page that may show a secret is kept by nobody."""
    response["Cache-Control"] = "no-store"
    return response


@page(CONNECT)
@require_http_methods(["GET", "POST"])
def hooks(request: StudioRequest) -> HttpResponse:
    """All addresses, and a new one; its secret is shown this once."""
    form = EndpointForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made, secret = actions.add(
                request.actor, request.workspace, said["name"], said["url"], said["events"]
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            context, form = {"made": made, "secret": secret}, EndpointForm()
    rows = Endpoint.objects.filter(workspace=request.workspace).exclude(state="removed")
    context |= {"rows": rows, "form": form}
    status = 422 if form.errors else 200
    return _private(render(request, "webhooks/hooks.html", context, status=status))


@page(CONNECT)
@require_GET
def hook(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """One address: how it does, what it was told and what it answered."""
    return _shown(request, _found(request, key))


def _shown(
    request: StudioRequest,
    found: Endpoint,
    *,
    form: EndpointForm | None = None,
    secret: str = "",
    toast: tuple[str, str] | None = None,
) -> HttpResponse:
    told = Message.objects.filter(endpoint=found).select_related("event")
    asked = request.GET
    rows = keyset(told, ("-id",), after=asked.get("after"), before=asked.get("before"), size=SHOWN)
    held = {"name": found.name, "url": found.url, "events": found.events}
    context: dict[str, Any] = {
        "hook": found,
        "rows": rows,
        "moving": told.filter(state__in=UNDER_WAY, attempts=0).exists() and found.state == "on",
        "form": form or EndpointForm(initial=held),
        "secret": secret,
        "waiting": told.filter(state="new").count(),
    }
    if toast:
        context |= {"text": toast[0], "tone": toast[1]}
    status = 422 if form is not None else 200
    return _private(
        page_or_part(
            request, "webhooks/hook.html", "webhooks/_messages_answer.html", context, status=status
        )
    )


@page(CONNECT)
@require_POST
def change(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Another name, address or choice of events."""
    found, form = _found(request, key), EndpointForm(request.POST)
    if form.is_valid():
        try:
            actions.change(request.actor, found, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Changed."))
            return redirect("webhooks:hook", key)
    found.refresh_from_db()
    return _shown(request, found, form=form)


@page(CONNECT)
@require_POST
def renew_secret(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """A new secret, shown this once."""
    found = _found(request, key)
    return _shown(request, found, secret=actions.renew_secret(request.actor, found))


@page(CONNECT)
@require_POST
def switch(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Off, or on again."""
    found, on = _found(request, key), request.POST.get("on") == "yes"
    actions.switch(request.actor, found, on=on)
    messages.success(request, _("It is on; what waits is sent.") if on else _("It is off."))
    return redirect("webhooks:hook", key)


@page(CONNECT)
@require_POST
def remove(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """End it for good."""
    found = _found(request, key)
    actions.remove(request.actor, found)
    messages.success(request, _("%(name)s is told nothing any more.") % {"name": found.name})
    return redirect("webhooks:hooks")


@page(CONNECT)
@require_POST
def ping(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Send a test message."""
    found = _found(request, key)
    actions.ping(request.actor, found)
    return _said(request, found, _("A test message is on its way."), "success")


@page(CONNECT)
@require_POST
def send_again(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Send one event once more."""
    mine = Message.objects.select_related("endpoint", "event")
    message = get_object_or_404(mine, endpoint__workspace=request.workspace, uuid=key)
    try:
        actions.send_again(request.actor, message)
    except DecisionRefused as refusal:
        return _said(request, message.endpoint, f"{refusal.sentence} {refusal.fix}", "error")
    return _said(request, message.endpoint, _("It is sent again, with the id it had."), "success")


def _said(request: StudioRequest, found: Endpoint, text: str, tone: str) -> HttpResponse:
    """The messages anew with a toast for htmx, the whole page for everybody else."""
    if wants_part(request):
        return _shown(request, found, toast=(text, tone))
    (messages.error if tone == "error" else messages.success)(request, text)
    return redirect("webhooks:hook", found.uuid)

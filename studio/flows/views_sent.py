"""The page where a person says what the records of a sender are."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import PUBLISH
from studio.catalog.models import Connection
from studio.core.refused import DecisionRefused
from studio.flows.sent import choices_for, sender_of, sent_by, start_sent

PREFIX = "is:"


@page(PUBLISH)
@require_http_methods(["GET", "POST"])
def start(request: StudioRequest, one: str, other: str) -> HttpResponse:
    """What each entity of a sender is; a POST opens the mappings and drafts the flows."""
    here = Connection.objects.select_related("workspace").filter(workspace=request.workspace)
    source, target = get_object_or_404(here, uuid=one), get_object_or_404(here, uuid=other)
    if sender_of(source, target) != (source, target):
        raise Http404("nothing goes that way")
    said = {
        name.removeprefix(PREFIX): str(value)
        for name, value in request.POST.items()
        if name.startswith(PREFIX) and value
    }
    refused = ""
    if request.method == "POST":
        try:
            mappings, flows = start_sent(request.actor, source, target, said)
        except DecisionRefused as refusal:
            refused = f"{refusal.sentence} {refusal.fix}".strip()
        else:
            messages.success(
                request,
                _(
                    "%(mappings)s mappings between %(first)s and %(second)s are being proposed and %(flows)s flows "
                    "are drafted. Review the mappings; nothing runs before you publish it."
                )
                % {"mappings": mappings, "first": source, "second": target, "flows": flows},
            )
            return redirect("mapping:mappings")
    context = {
        "source": source,
        "target": target,
        "rows": [(s, said.get(s.entity.name, s.chosen)) for s in sent_by(source)],
        "choices": choices_for(target),
        "refused": refused,
    }
    return render(request, "flows/start_sent.html", context, status=422 if refused else 200)

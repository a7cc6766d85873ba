"""Pages of trials: the form with earlier ones, one trial with what it found, download, deletion."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import MATCH
from studio.core import addresses
from studio.core.htmx import page_or_part, wants_part
from studio.core.paging import keyset
from studio.core.templatetags.studio import BANDS
from studio.tryout import actions
from studio.tryout.forms import TryForm
from studio.tryout.models import UNDER_WAY, Finding, Trial
from studio.tryout.results import download, field, pair

# Findings of a page.
SIZE = 200


@page(MATCH)
@require_http_methods(["GET", "POST"])
def trials(request: StudioRequest) -> HttpResponse:
    """Earlier trials, and the form of a new one."""
    form = TryForm()
    if request.method == "POST":
        form = TryForm(request.POST, request.FILES)
        if form.is_valid():
            left, right = form.sides()
            made = actions.start(
                request.actor, request.workspace, form.cleaned_data["kind"], left, right
            )
            return redirect("tryout:trial", made.uuid)
    rows = Trial.objects.filter(workspace=request.workspace)
    asked = request.GET
    return page_or_part(
        request,
        "tryout/trials.html",
        "tryout/_trials.html",
        {
            "form": form,
            "rows": keyset(rows, ("-id",), after=asked.get("after"), before=asked.get("before")),
            "busy": rows.filter(state__in=UNDER_WAY).exists(),
        },
        status=422 if form.errors else 200,
    )


def _found(request: StudioRequest, key: uuid.UUID) -> Trial:
    return get_object_or_404(Trial, workspace=request.workspace, uuid=key)


@page(MATCH)
@require_GET
def trial(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """How far a trial is, or what it found."""
    if wants_part(request) and not Trial.objects.filter(uuid=key).exists():
        # Its page asks again and again; 404 would be swapped nowhere, and asked for ever.
        return render(request, "tryout/_gone.html")
    one = _found(request, key)
    context: dict[str, Any] = {"one": one, "counts": one.counts}
    if one.state == "done":
        asked = request.GET
        band = asked.get("band", "")
        findings = Finding.objects.filter(trial=one)
        if band:
            findings = findings.filter(band=band)
        rows = keyset(
            findings,
            ("position",),
            after=asked.get("after"),
            before=asked.get("before"),
            size=SIZE,
        )
        shown = field if one.of_fields else pair
        context |= {
            "rows": rows,
            "shown": [shown(row) for row in rows.rows],
            "groups": [{"name": _("Confidence"), "key": "band", "rows": _bands(one, asked, band)}],
        }
    return page_or_part(request, "tryout/trial.html", "tryout/_trial.html", context)


def _bands(one: Trial, asked: QueryDict, chosen: str) -> list[dict[str, Any]]:
    """Words of confidence with how many findings there are of each."""
    words = [(style, _(word)) for _least, word, style in BANDS]
    if one.of_fields:
        words.append(("none", _("nothing proposed")))
    return [
        {
            "value": band,
            "label": label,
            "count": one.counts["bands"].get(band, 0),
            "on": band == chosen,
            "url": addresses.narrowed(asked, band="" if band == chosen else band),
        }
        for band, label in words
    ]


@page(MATCH)
@require_GET
def result(request: StudioRequest, key: uuid.UUID) -> StreamingHttpResponse:
    """Everything that was found, as a file."""
    return download(_found(request, key))


@page(MATCH)
@require_POST
def delete(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Remove a trial with its files and its result."""
    one = _found(request, key)
    actions.delete(request.actor, one)
    messages.success(request, _("%(trial)s is deleted, files and result.") % {"trial": one})
    return redirect("tryout:trials")

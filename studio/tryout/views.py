"""Pages of trials: the form with earlier ones, one trial with what it found, download, deletion."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import MATCH
from studio.core import addresses
from studio.core.htmx import page_or_part
from studio.core.match_files import HEAD
from studio.core.paging import keyset
from studio.core.paper import TYPES, as_text
from studio.core.templatetags.studio import BANDS
from studio.tryout import actions
from studio.tryout.forms import TryForm
from studio.tryout.models import UNDER_WAY, Finding, Trial

# Findings of a page, and sources shown beside the best one of a field.
SIZE = 200
OTHERS = 5
# Findings that are read at once for a download.
_CHUNK = 2000


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
        shown = _field if one.of_fields else _pair
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


def _pair(row: Finding) -> dict[str, Any]:
    left, right, probability, _word, method, sentence = row.said["row"]
    return {
        "position": row.position,
        "left_key": left,
        "left_name": row.said["left_name"],
        "right_key": right,
        "right_name": row.said["right_name"],
        "probability": float(probability),
        "method": method,
        "sentence": sentence,
    }


def _field(row: Finding) -> dict[str, Any]:
    line = row.said["line"]
    return {
        "position": row.position,
        "entity": line["target_entity"],
        "path": line["target_field"],
        "best": line["candidates"][0] if line["candidates"] else None,
        "others": line["candidates"][1 : OTHERS + 1],
        "reason": row.said["reason"],
    }


@page(MATCH)
@require_GET
def result(request: StudioRequest, key: uuid.UUID) -> StreamingHttpResponse:
    """Everything that was found: pairs as CSV, fields as JSON lines."""
    one = _found(request, key)
    if one.state != "done":
        raise Http404(_("There is no result of a trial that is not done."))
    form = "jsonl" if one.of_fields else "csv"
    lines = _json_lines(one) if one.of_fields else _csv_lines(one)
    answer = StreamingHttpResponse(lines, content_type=TYPES.get(form, "application/jsonl"))
    name = f"trial-{one.kind}-{one.created_at:%Y%m%d-%H%M}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _said(one: Trial) -> Iterator[dict[str, Any]]:
    rows = Finding.objects.filter(trial=one).order_by("position").values_list("said", flat=True)
    return rows.iterator(chunk_size=_CHUNK)


class _Echo:
    """What ``csv`` writes to, which hands the line back."""

    def write(self, text: str) -> str:
        return text


def _csv_lines(one: Trial) -> Iterator[str]:
    out = csv.writer(_Echo(), lineterminator="\n")
    yield out.writerow(HEAD)
    for said in _said(one):
        yield out.writerow([as_text(cell) for cell in said["row"]])


def _json_lines(one: Trial) -> Iterator[str]:
    for said in _said(one):
        yield json.dumps(said["line"]) + "\n"


@page(MATCH)
@require_POST
def delete(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Remove a trial with its files and its result."""
    one = _found(request, key)
    actions.delete(request.actor, one)
    messages.success(request, _("%(trial)s is deleted, files and result.") % {"trial": one})
    return redirect("tryout:trials")

"""Others than who decides, on the review page: a second person confirms or sends back, the model is asked."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import DECIDE_AI, MAP, READ
from studio.core.action import person_of
from studio.core.refused import DecisionRefused
from studio.mapping import actions
from studio.mapping.opinions import ask_about
from studio.mapping.ticks import ticks
from studio.mapping.views import answer_review, mapping_of, row_of


@page(READ)
@require_POST
def confirm(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Put a second name under what is approved on a row."""
    row = row_of(request, key)
    revision = request.POST.get("revision", "")
    try:
        actions.confirm(request.actor, row, revision=int(revision) if revision.isdigit() else None)
    except DecisionRefused as fault:
        return answer_review(request, row.mapping, f"{fault.sentence} {fault.fix}".strip(), "error")
    text = _("%(field)s is confirmed: %(expression)s.")
    said = text % {"field": row.target_path, "expression": row.expression}
    return answer_review(request, row.mapping, said)


@page(READ)
@require_POST
def send_back(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Disagree, with the reason: the row is open again."""
    row = row_of(request, key)
    revision = request.POST.get("revision", "")
    try:
        made = actions.send_back(
            request.actor,
            row,
            request.POST.get("reason", ""),
            revision=int(revision) if revision.isdigit() else None,
        )
    except DecisionRefused as fault:
        return answer_review(request, row.mapping, f"{fault.sentence} {fault.fix}".strip(), "error")
    text = _("%(field)s is sent back; %(who)s sees why.")
    said = text % {"field": row.target_path, "who": person_of(made.before["decided_by"])}
    undo_of = made.uuid if request.actor.may(MAP) else None
    return answer_review(request, row.mapping, said, undo_of=undo_of)


@page(READ)
@require_POST
def confirm_ticked(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Confirm everything ticked; each is confirmed singly."""
    mapping = mapping_of(request, key)
    seen = dict(ticks(request.POST))
    rows = list(mapping.rows.filter(uuid__in=seen).select_related("mapping__connection"))
    if not rows:
        return answer_review(request, mapping, _("Tick some rows first (x)."), "warning")
    result = actions.confirm_many(request.actor, rows, {row.pk: seen[row.uuid] for row in rows})
    return answer_review(request, mapping, result.sentence, "warning" if result.left else "success")


@page(READ)
@require_POST
def send_back_ticked(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Send everything ticked back with one reason; each is sent back singly."""
    mapping = mapping_of(request, key)
    seen = dict(ticks(request.POST))
    rows = list(mapping.rows.filter(uuid__in=seen).select_related("mapping__connection"))
    if not rows:
        return answer_review(request, mapping, _("Tick some rows first (x)."), "warning")
    revisions = {row.pk: seen[row.uuid] for row in rows}
    try:
        reason = request.POST.get("reason", "")
        result = actions.send_back_many(request.actor, rows, reason, revisions)
    except DecisionRefused as fault:
        return answer_review(request, mapping, f"{fault.sentence} {fault.fix}".strip(), "error")
    tone = "warning" if result.left else "success"
    undo_of = result.bulk if result.done and request.actor.may(MAP) else None
    return answer_review(request, mapping, result.sentence, tone, undo_of=undo_of)


@page(DECIDE_AI)
@require_POST
def ask(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Have the language model asked about an open row."""
    row = row_of(request, key)
    try:
        ask_about(request.actor, row)
    except DecisionRefused as fault:
        return answer_review(request, row.mapping, f"{fault.sentence} {fault.fix}".strip(), "error")
    text = _("The language model is being asked about %s; reload in a few seconds.")
    return answer_review(request, row.mapping, text % row.target_path)

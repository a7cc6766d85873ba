"""Second looks: one question at a time, blind; and the third look where two answers differ."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import READ
from studio.core.refused import DecisionRefused
from studio.learning import actions
from studio.learning.actions.repeats import TAKEN_BACK
from studio.learning.learners import kind_name
from studio.learning.models import Calibration, Repeat
from studio.learning.queries import third_looks, to_ask, to_settle, to_take_back
from studio.learning.sources import CANNOT_SAY, NONE, SOURCES, Question

PAGE, ACCURACY = "learning:looks", "monitor:accuracy"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Third:
    """A repeat that was answered differently, as the page shows it."""

    repeat: Repeat
    first: str
    second: str
    url: str
    may_keep: bool
    may_take_back: bool


@page(READ)
@require_GET
def looks(request: StudioRequest) -> HttpResponse:
    """The next question of this person, and what waits for a third look."""
    waiting = to_ask(request.actor, request.workspace)
    asked, question = _next(list(waiting[:SHOWN]))
    keep = set(to_settle(request.actor, request.workspace).values_list("pk", flat=True))
    back = set(to_take_back(request.actor, request.workspace).values_list("pk", flat=True))
    context = {
        "repeat": asked,
        "question": question,
        "waiting": waiting.count(),
        "thirds": [
            _third(request, one, keep, back) for one in third_looks(request.workspace)[:SHOWN]
        ],
        "hints": [("1–9", _("answer"))],
    }
    return render(request, "learning/looks.html", context)


def _next(waiting: list[Repeat]) -> tuple[Repeat | None, Question | None]:
    """The first repeat whose thing still exists, with its question."""
    for one in waiting:
        question = SOURCES.of(one.kind).question(one.decision)
        if question is not None:
            return one, question
    return None, None


def _third(request: StudioRequest, repeat: Repeat, keep: set[int], back: set[int]) -> Third:
    source = SOURCES.of(repeat.kind)
    return Third(
        repeat,
        _words(repeat.first),
        _words(repeat.answer),
        source.address(repeat.subject),
        repeat.pk in keep,
        repeat.pk in back and request.actor.may(source.back_permission),
    )


def _words(answer: str) -> str:
    known = {
        NONE: _("nothing of what was proposed"),
        CANNOT_SAY: _("cannot say"),
        "same": _("the same"),
        "not_a_match": _("not a match"),
    }
    return known.get(answer, answer)


def _repeat_of(request: StudioRequest, key: uuid.UUID) -> Repeat:
    return get_object_or_404(
        Repeat.objects.select_related("workspace"), uuid=key, workspace=request.workspace
    )


@page(READ)
@require_POST
def answer(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Give the second answer; the first is told only now."""
    repeat = _repeat_of(request, key)
    try:
        done = actions.answer(
            request.actor,
            repeat,
            request.POST.get("answer", ""),
            comment=request.POST.get("comment", ""),
        )
    except DecisionRefused as fault:
        messages.error(request, f"{fault.sentence} {fault.fix}".strip())
        return redirect(PAGE)
    if done.agrees is None:
        messages.success(request, _("Noted. Nothing was changed."))
    elif done.agrees:
        messages.success(request, _("%s had said the same.") % done.decided_by)
    else:
        said = _("%(who)s had said: %(answer)s. Somebody takes a third look; until then it stands.")
        messages.warning(request, said % {"who": done.decided_by, "answer": _words(done.first)})
    return redirect(PAGE)


@page(READ)
@require_POST
def settle(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """The third look: keep what stands, or take it back."""
    repeat = _repeat_of(request, key)
    verdict = request.POST.get("verdict", "")
    try:
        actions.settle(request.actor, repeat, verdict, reason=request.POST.get("reason", ""))
    except DecisionRefused as fault:
        messages.error(request, f"{fault.sentence} {fault.fix}".strip())
        return redirect(PAGE)
    if verdict == TAKEN_BACK:
        messages.success(request, _("%s is open again and is decided anew.") % repeat.label)
    else:
        messages.success(request, _("What stands for %s is kept.") % repeat.label)
    return redirect(PAGE)


def _calibration_of(request: StudioRequest, key: uuid.UUID) -> Calibration:
    return get_object_or_404(
        Calibration.objects.select_related("workspace"), uuid=key, workspace=request.workspace
    )


@page(READ)
@require_POST
def take_back(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """End a calibration; the shipped one is in force again."""
    found = _calibration_of(request, key)
    try:
        actions.take_back(request.actor, found, reason=request.POST.get("reason", ""))
    except DecisionRefused as fault:
        messages.error(request, f"{fault.sentence} {fault.fix}".strip())
    else:
        said = _("%s: the shipped calibration is in force again. Decisions stay as they are.")
        messages.success(request, said % kind_name(found.kind))
    return redirect(ACCURACY)


@page(READ)
@require_POST
def put_back(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Put an earlier calibration in force again."""
    found = _calibration_of(request, key)
    try:
        actions.put_back(request.actor, found)
    except DecisionRefused as fault:
        messages.error(request, f"{fault.sentence} {fault.fix}".strip())
    else:
        said = _("%(kind)s: version %(n)d is in force. Decisions stay as they are.")
        messages.success(request, said % {"kind": kind_name(found.kind), "n": found.number})
    return redirect(ACCURACY)

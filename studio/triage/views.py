"""Pages of the exception queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.models import User
from studio.accounts.roles import READ, TRIAGE
from studio.core.htmx import page_or_part
from studio.triage import actions, queries
from studio.triage.evidence import evidence_of
from studio.triage.models import Case
from studio.triage.remedies import Choice, Input, Remedy, remedies_for, remedy


@dataclass(frozen=True, slots=True)
class Control:
    """One input of a button, with its choices and first value."""

    spec: Input
    choices: list[Choice]
    initial: str


@dataclass(frozen=True, slots=True)
class Button:
    """One fix as the page shows it."""

    remedy: Remedy
    allowed: bool
    controls: list[Control]


def filters_of(request: HttpRequest) -> queries.Filters:
    """The narrowing in the address."""
    get = request.GET
    return queries.Filters(
        case_class=get.get("class", ""),
        flow=get.get("flow", ""),
        mine=get.get("mine") == "1",
        state=get.get("state", ""),
        text=get.get("q", "").strip()[:80],
    )


@page(READ)
@require_GET
def queue(request: StudioRequest) -> HttpResponse:
    """Groups by cause, what hurts most first."""
    filters = filters_of(request)
    cases = queries.narrowed(request.workspace, filters, request.user.pk)
    found = queries.groups(cases)
    return page_or_part(
        request,
        "triage/queue.html",
        "triage/_queue_table.html",
        {
            "groups": found,
            "filters": filters,
            "facets": queries.facets(request.workspace, filters),
            "count": sum(g.count for g in found),
        },
    )


def buttons_of(request: StudioRequest, case: Case) -> list[Button]:
    """The fixes of a case with their inputs filled in."""
    found = []
    for one in remedies_for(case):
        controls = [
            Control(
                spec,
                spec.choices(case, "") if spec.choices else [],
                spec.initial(case) if spec.initial else "",
            )
            for spec in one.inputs
        ]
        found.append(Button(one, request.actor.may(one.permission), controls))
    return found


@page(READ)
@require_GET
def case_page(request: StudioRequest, key: str) -> HttpResponse:
    """One case: sentence, evidence, buttons, what the fix heals."""
    case = get_object_or_404(
        Case.objects.select_related("assignee", "workspace"), workspace=request.workspace, uuid=key
    )
    return render(request, "triage/case.html", case_context(request, case))


def case_context(request: StudioRequest, case: Case) -> dict[str, Any]:
    """Everything the case page shows."""
    others = queries.neighbours(case)
    return {
        "case": case,
        "class_label": queries.CLASS_LABELS.get(case.case_class, case.case_class),
        "is_open": case.closed_at is None,
        "buttons": buttons_of(request, case) if case.closed_at is None else [],
        "notes": case.notes.all(),
        "others": others[:6],
        "others_count": others.count(),
        "evidence": evidence_of(case),
        "solved": queries.similar_solved(case),
        "colleagues": User.objects.filter(memberships__workspace=request.workspace),
        "may_triage": request.actor.may(TRIAGE),
        "groups": queries.groups(queries.open_cases(request.workspace), size=30),
    }


@page(READ)
@require_POST
def fix(request: StudioRequest, key: str, name: str) -> HttpResponse:
    """Press a button; on success go on to the next case."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    values = {k: v for k, v in request.POST.items() if isinstance(v, str)}
    try:
        sentence = actions.apply_remedy(request.actor, case, name, values)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("triage:case", key=case.uuid)
    messages.success(request, sentence)
    following = queries.next_case(case)
    return redirect("triage:case", key=following.uuid) if following else redirect("triage:queue")


@page(READ)
@require_POST
def fix_group(request: StudioRequest) -> HttpResponse:
    """Press one button for every ticked group; each case gets its own audit line."""
    causes = request.POST.getlist("cause")
    name = request.POST.get("remedy", "")
    values = {k: v for k, v in request.POST.items() if isinstance(v, str)}
    cases = queries.open_cases(request.workspace).filter(cause__in=causes)
    done, left = actions.apply_to_many(request.actor, cases, name, values)
    sentence = f"{done} done" + (f", {len(left)} left because: {left[0]}" if left else "")
    (messages.success if done else messages.error)(request, sentence)
    return redirect("triage:queue")


@page(READ)
@require_GET
def choices(request: StudioRequest, key: str, name: str, field: str) -> HttpResponse:
    """Options of an input that fit what was typed."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    found = remedy(name)
    spec = next((i for i in found.inputs if i.name == field), None) if found else None
    options = spec.choices(case, request.GET.get("q", "").strip()) if spec and spec.choices else []
    return render(
        request, "triage/_choices.html", {"choices": options, "field": field, "name": name}
    )


@page(TRIAGE)
@require_POST
def comment(request: StudioRequest, key: str) -> HttpResponse:
    """Leave a remark."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    try:
        actions.comment(request.actor, case, request.POST.get("text", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(reverse("triage:case", args=[case.uuid]) + "#notes")


@page(TRIAGE)
@require_POST
def assign(request: StudioRequest, key: str) -> HttpResponse:
    """Give the case to somebody, or take it."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    chosen = request.POST.get("person", "")
    person = User.objects.filter(memberships__workspace=request.workspace, username=chosen).first()
    actions.assign(request.actor, case, person)
    messages.success(request, f"Assigned to {person}." if person else "Back in the queue.")
    return redirect("triage:case", key=case.uuid)


@page(TRIAGE)
@require_POST
def put_aside(request: StudioRequest, key: str) -> HttpResponse:
    """Wait for somebody until a day."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    days = {"1": 1, "3": 3, "7": 7}.get(request.POST.get("days", ""), 3)
    try:
        actions.wait(
            request.actor,
            case,
            on=request.POST.get("on", ""),
            until=timezone.now() + timedelta(days=days),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("triage:case", key=case.uuid)
    messages.success(request, f"Put aside for {days} days.")
    return redirect("triage:queue")

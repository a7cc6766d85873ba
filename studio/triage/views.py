"""Pages of the exception queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.models import User, colleagues
from studio.accounts.roles import READ, TRIAGE, who_may
from studio.core import addresses
from studio.core.htmx import page_or_part
from studio.core.paging import KeysetPage, keyset
from studio.triage import actions, queries
from studio.triage.evidence import evidence_of
from studio.triage.models import Case
from studio.triage.narrowing import Narrowing, facets
from studio.triage.remedies import Choice, Input, Remedy, absent_from, remedies_for, remedy
from studio.triage.ways import ways_for
from studio.triage.words import CLASS_LABELS, COUNTED, FACETS_COUNT, OWNERS


@dataclass(frozen=True, slots=True)
class Control:
    """One input of a button, with its choices and first value."""

    spec: Input
    label: str
    choices: list[Choice]
    initial: str


@dataclass(frozen=True, slots=True)
class Button:
    """One fix as the page shows it."""

    remedy: Remedy
    allowed: bool
    controls: list[Control]
    about: str = ""

    @property
    def who_may(self) -> str:
        """The roles that may press it."""
        return who_may(self.remedy.permission)

    @property
    def offers(self) -> bool:
        """Whether it can be pressed as it stands: every list to choose from has something."""
        return all(c.choices for c in self.controls if c.spec.kind == "choice")


PAGE = 50
# Where a refused form waits until its case is shown again.
REFUSED = "case_form_refused"
HINTS = [
    ("↓ ↑", _lazy("move")),
    ("Enter", _lazy("open")),
    ("x", _lazy("tick")),
    ("/", _lazy("find")),
]


@page(READ)
@require_GET
def queue(request: StudioRequest) -> HttpResponse:
    """Groups by cause, what hurts most first."""
    now = Narrowing.of(request.GET)
    here = queries.in_state(request.workspace, now.state)
    cases = now.apply(here)
    number = request.GET.get("page", "1")
    start = (int(number) - 1) * PAGE if number.isdigit() and int(number) else 0
    currency = request.workspace.base_currency
    found = queries.groups(cases, currency, size=PAGE + 1, start=start)
    return page_or_part(
        request,
        "triage/queue.html",
        "triage/_queue_table.html",
        {
            "groups": found[:PAGE],
            "records": _records(request, cases) if now.cause else None,
            "held_up": queries.held_up_words(queries.held_up(cases), now.state),
            "counted": COUNTED,
            "at_risk": [
                (money, addresses.narrowed(request.GET, currency=money.currency, page=""))
                for money in queries.at_risk(cases)
            ],
            "narrowing": now,
            "facets_count": FACETS_COUNT,
            "facets": facets(request.workspace, here, request.GET, now),
            "states": [
                (value, label, addresses.narrowed(request.GET, state=value, page=""))
                for value, label in (
                    ("", _("Open")),
                    ("waiting", _("Put aside")),
                    ("closed", _("Closed")),
                )
            ],
            "mine": addresses.narrowed(
                request.GET,
                who="" if now.who == request.user.username else request.user.username,
                page="",
            ),
            "earlier": addresses.narrowed(request.GET, page=str(start // PAGE)) if start else "",
            "later": addresses.narrowed(request.GET, page=str(start // PAGE + 2))
            if len(found) > PAGE
            else "",
            "colleagues": colleagues(request.workspace),
            "may_triage": request.actor.may(TRIAGE),
            "back": addresses.here(reverse("triage:queue"), request.GET),
            "hints": HINTS,
        },
    )


def _records(request: StudioRequest, cases: QuerySet[Case]) -> KeysetPage[Case]:
    """Each case of the cause that the queue is narrowed to, the most money first."""
    after, before = request.GET.get("after"), request.GET.get("before")
    return keyset(cases, ["-base_amount", "-id"], after=after, before=before, size=PAGE)


def buttons_of(
    request: StudioRequest, case: Case, typed: Mapping[str, Any] | None = None
) -> list[Button]:
    """The fixes of a case with their inputs filled in; ``typed`` is what was refused a moment ago."""
    found = []
    for one in remedies_for(case):
        kept = typed["values"] if typed and typed["remedy"] == one.key else {}
        controls = [
            Control(
                spec,
                spec.words(case),
                spec.choices(case, "") if spec.choices else [],
                kept.get(spec.name) or (spec.initial(case) if spec.initial else ""),
            )
            for spec in one.inputs
        ]
        about = one.about(case) if one.about else ""
        found.append(Button(one, one.allows(request.actor, case), controls, about))
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
    count = others.count()
    typed = request.session.pop(REFUSED, None) if REFUSED in request.session else None
    typed = typed if typed and typed["case"] == str(case.uuid) else None
    buttons = buttons_of(request, case, typed) if case.closed_at is None else []
    likeliest = next((b.remedy.key for b in sorted(buttons, key=lambda b: not b.offers)), "")
    return {
        "case": case,
        "class_label": CLASS_LABELS.get(case.case_class, case.case_class),
        "owner": OWNERS.get(case.audience, ""),
        "overdue": case.closed_at is None and case.due_at and case.due_at < timezone.now(),
        "is_open": case.closed_at is None,
        "buttons": buttons,
        "opened": typed["remedy"] if typed else likeliest,
        "ways": ways_for(request.actor, case) if case.closed_at is None else [],
        "absent": absent_from(case) if case.closed_at is None else [],
        "notes": case.notes.all(),
        "others": others[:6],
        "others_count": count,
        "also": queries.also_held(case)[:5] if case.closed_at is None else [],
        "heals": max(0, count + 1 - queries.held_twice(case)),
        "alike_count": queries.open_cases(request.workspace).filter(cause=case.cause).count(),
        "evidence": evidence_of(case),
        "solved": queries.similar_solved(case),
        "colleagues": colleagues(request.workspace),
        "may_triage": request.actor.may(TRIAGE),
        "may_answer": request.actor.may(TRIAGE) or case.is_for(request.actor),
        "groups": queries.groups(
            queries.open_cases(request.workspace), request.workspace.base_currency, size=30
        ),
    }


def _to_heading(view: str, **kwargs: Any) -> HttpResponse:
    """Go on to a page with the focus on its heading; a decision by keyboard must not lose its place."""
    return redirect(reverse(view, kwargs=kwargs) + "#heading")


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
        # What was typed is not typed twice: the form comes back as it was sent.
        pressed = remedy(name)
        kept = (
            {i.name: values[i.name] for i in pressed.inputs if i.name in values} if pressed else {}
        )
        request.session[REFUSED] = {"case": str(case.uuid), "remedy": name, "values": kept}
        return _to_heading("triage:case", key=case.uuid)
    messages.success(request, sentence)
    following = queries.next_case(case)
    return (
        _to_heading("triage:case", key=following.uuid) if following else _to_heading("triage:queue")
    )


@page(READ)
@require_POST
def fix_group(request: StudioRequest) -> HttpResponse:
    """Press one button for every ticked cause; each case gets its own audit line."""
    to_queue = redirect(addresses.back(request, reverse("triage:queue")))
    causes = request.POST.getlist("tick")
    if not causes:
        messages.warning(request, _("Tick some causes first (x)."))
        return to_queue
    values = {k: v for k, v in request.POST.items() if isinstance(v, str)}
    cases = queries.open_cases(request.workspace).filter(cause__in=causes)
    try:
        done, left = actions.apply_to_many(
            request.actor, cases, request.POST.get("remedy", ""), values
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return to_queue
    said = ngettext("%(n)d case done", "%(n)d cases done", done) % {"n": done}
    if left:
        said += _(", %(n)d left because: %(why)s") % {"n": len(left), "why": left[0]}
    (messages.success if done else messages.error)(request, said)
    return to_queue


@page(TRIAGE)
@require_POST
def assign_group(request: StudioRequest) -> HttpResponse:
    """Give every case of the ticked causes to somebody; each is one decision."""
    causes = request.POST.getlist("tick")
    person = _colleague(request)
    cases = queries.open_cases(request.workspace).filter(cause__in=causes)
    count = actions.assign_many(request.actor, cases, person)
    if not count:
        messages.warning(request, _("Tick some causes first (x)."))
    else:
        words = ngettext("%(n)d case: %(who)s.", "%(n)d cases: %(who)s.", count)
        messages.success(request, words % {"n": count, "who": person or _("back in the queue")})
    return redirect(addresses.back(request, reverse("triage:queue")))


def _colleague(request: StudioRequest) -> User | None:
    chosen = request.POST.get("person", "")
    return colleagues(request.workspace).filter(username=chosen).first()


@page(READ)
@require_GET
def choices(request: StudioRequest, key: str, name: str, field: str) -> HttpResponse:
    """Options of an input that fit what was typed."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    found = remedy(name)
    spec = next((i for i in found.inputs if i.name == field), None) if found else None
    text = request.GET.get("q", "").strip()
    options = spec.choices(case, text) if spec and spec.choices else []
    context = {"choices": options, "field": field, "name": name, "text": text}
    return render(request, "triage/_choices.html", context)


@page(READ)
@require_POST
def comment(request: StudioRequest, key: str) -> HttpResponse:
    """Leave a remark."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    try:
        actions.comment(request.actor, case, request.POST.get("text", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(reverse("triage:case", args=[case.uuid]) + "#notes")


@page(READ)
@require_POST
def assign(request: StudioRequest, key: str) -> HttpResponse:
    """Give the case to somebody, or take it."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    person = _colleague(request)
    try:
        actions.assign(request.actor, case, person)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("Assigned to %s.") % person if person else _("Back in the queue.")
        messages.success(request, said)
    return _to_heading("triage:case", key=case.uuid)


@page(TRIAGE)
@require_POST
def plan(request: StudioRequest, key: str) -> HttpResponse:
    """Tags and the day by which the case is to be settled."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    try:
        actions.plan(
            request.actor,
            case,
            tags=request.POST.get("tags", "").split(","),
            due=request.POST.get("due", ""),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Kept."))
    return _to_heading("triage:case", key=case.uuid)


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
        return _to_heading("triage:case", key=case.uuid)
    messages.success(
        request, ngettext("Put aside for %d day.", "Put aside for %d days.", days) % days
    )
    return _to_heading("triage:queue")

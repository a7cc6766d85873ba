"""Pages of the exception queue."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.models import User, askable, colleagues
from studio.accounts.roles import READ, TRIAGE, who_may
from studio.core import addresses
from studio.core.htmx import page_or_part
from studio.core.paging import KeysetPage, keyset
from studio.triage import actions, queries
from studio.triage.evidence import evidence_of
from studio.triage.models import Case
from studio.triage.narrowing import Narrowing, facets
from studio.triage.remedies import (
    Choice,
    Hint,
    Input,
    Remedy,
    absent_from,
    remedies_for,
    remedy,
)
from studio.triage.ways import ways_for
from studio.triage.words import CLASS_LABELS, COUNTED, FACETS_COUNT, OWNERS


@dataclass(frozen=True, slots=True)
class Control:
    """One input of a button, with its choices and first value."""

    spec: Input
    label: str
    choices: list[Choice]
    initial: str
    error: str = ""
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """One fix as the page shows it."""

    remedy: Remedy
    allowed: bool
    controls: list[Control]
    about: str = ""
    error: str = ""

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
# What is refused there if it is no remedy; and for how long a case is usually put aside.
ASIDE = "aside"
USUAL_DAYS = 3
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
            "aside": _aside(_typed(request, "")),
            "back": addresses.here(reverse("triage:queue"), request.GET),
            "hints": HINTS,
        },
    )


def _records(request: StudioRequest, cases: QuerySet[Case]) -> KeysetPage[Case]:
    """Each case of the cause that the queue is narrowed to, the most money first."""
    after, before = request.GET.get("after"), request.GET.get("before")
    cases = cases.prefetch_related(queries.with_questions())
    return keyset(cases, ["-base_amount", "-id"], after=after, before=before, size=PAGE)


def buttons_of(
    request: StudioRequest, case: Case, typed: Mapping[str, Any] | None = None
) -> list[Button]:
    """The fixes of a case with their inputs filled in; ``typed`` is what was refused a moment ago."""
    found = []
    for one in remedies_for(case):
        mine = typed if typed and typed["remedy"] == one.key else None
        errors = mine["errors"] if mine else {}
        controls = []
        for spec in one.inputs:
            if spec.kind == "confirm" and spec.name not in errors:
                continue
            initial = spec.initial(case) if spec.initial else ""
            controls.append(
                Control(
                    spec,
                    spec.words(case),
                    spec.choices(case, "") if spec.choices else [],
                    mine["values"].get(spec.name, initial) if mine else initial,
                    errors.get(spec.name, ""),
                    spec.hint(case) if spec.hint else None,
                )
            )
        about = one.about(case) if one.about else ""
        allowed = one.allows(request.actor, case)
        found.append(Button(one, allowed, controls, about, errors.get("", "")))
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
    typed = _typed(request, str(case.uuid))
    buttons = buttons_of(request, case, typed) if case.closed_at is None else []
    likeliest = next((b.remedy.key for b in sorted(buttons, key=lambda b: not b.offers)), "")
    may_triage = request.actor.may(TRIAGE)
    may_answer = may_triage or case.is_for(request.actor)
    may_comment = may_answer or actions.is_asked(request.actor, case)
    causes = queries.groups(
        queries.open_cases(request.workspace), request.workspace.base_currency, size=30
    )
    ways = ways_for(request.actor, case) if case.closed_at is None else []
    preceding, following = _beside(causes, case.cause)
    hints = [
        ("f", _("first fix"), buttons or ways),
        ("n", _("next case"), following),
        ("p", _("previous case"), preceding),
        ("c", _("remark"), may_comment),
    ]
    return {
        "case": case,
        "class_label": CLASS_LABELS.get(case.case_class, case.case_class),
        "owner": OWNERS.get(case.audience, ""),
        "overdue": case.closed_at is None and case.due_at and case.due_at < timezone.now(),
        "is_open": case.closed_at is None,
        "buttons": buttons,
        "opened": typed["remedy"] if typed else likeliest,
        "ways": ways,
        "absent": absent_from(case) if case.closed_at is None else [],
        "notes": case.notes.select_related("asked"),
        "others": others[:6],
        "others_count": count,
        "also": queries.also_held(case)[:5] if case.closed_at is None else [],
        "heals": max(0, count + 1 - queries.held_twice(case)),
        "alike_count": queries.open_cases(request.workspace).filter(cause=case.cause).count(),
        "evidence": evidence_of(case),
        "solved": queries.similar_solved(case),
        "colleagues": colleagues(request.workspace),
        "aside": _aside(typed if typed and typed["remedy"] == ASIDE else None),
        "may_triage": may_triage,
        "may_answer": may_answer,
        "may_comment": may_comment,
        "may_ask": askable(request.workspace).exclude(pk=request.user.pk),
        "groups": causes,
        "preceding": preceding,
        "following": following,
        "hints": [(key, words) for key, words, there in hints if there],
    }


def _beside(causes: list[queries.Group], cause: str) -> tuple[str, str]:
    """The causes before and after this one in the list beside the case; empty where there is none."""
    names = [one.cause for one in causes]
    if cause not in names:
        # It is settled, or stands further down: the list begins at its top.
        return "", names[0] if names else ""
    here = names.index(cause)
    return names[here - 1] if here else "", names[here + 1] if here + 1 < len(names) else ""


def _to_heading(view: str, **kwargs: Any) -> HttpResponse:
    """Go on to a page with the focus on its heading; a decision by keyboard must not lose its place."""
    return redirect(reverse(view, kwargs=kwargs) + "#heading")


def _refuse(
    request: StudioRequest, key: str, name: str, values: Mapping[str, Any], error: ValidationError
) -> str:
    """Keep a refused form for the page that shows it again; returns the input that is wrong, or "".

    What was typed is not typed twice, and what is wrong stands where it was typed.
    """
    said = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    errors = {field: " ".join(words) for field, words in said.items()}
    request.session[REFUSED] = {
        "case": key,
        "remedy": name,
        "values": dict(values),
        "errors": errors,
    }
    return next(iter(errors))


def _typed(request: StudioRequest, key: str) -> dict[str, Any] | None:
    """What was refused a moment ago on the page of ``key``; it is shown once."""
    held: dict[str, Any] | None = request.session.get(REFUSED)
    if held is None or held["case"] != key:
        return None
    del request.session[REFUSED]
    return held


def _aside(typed: dict[str, Any] | None) -> dict[str, Any]:
    """The form that puts cases aside, as it starts or as it was refused."""
    day = timezone.localdate() + timedelta(days=USUAL_DAYS)
    start = {"values": {"on": "", "until": day.isoformat(), "tick": [], "record": []}, "errors": {}}
    return (typed or start) | {"open": typed is not None}


@page(READ)
@require_POST
def fix(request: StudioRequest, key: str, name: str) -> HttpResponse:
    """Press a button; on success go on to the next case."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    values = {k: v for k, v in request.POST.items() if isinstance(v, str)}
    try:
        sentence = actions.apply_remedy(request.actor, case, name, values)
    except ValidationError as error:
        case.refresh_from_db()
        pressed = next((r for r in remedies_for(case) if r.key == name), None)
        if case.closed_at is not None or pressed is None:
            # There is no form any more that could say it.
            messages.error(request, " ".join(error.messages))
            return _to_heading("triage:case", key=case.uuid)
        kept = {i.name: values[i.name] for i in pressed.inputs if i.name in values}
        wrong = _refuse(request, str(case.uuid), name, kept, error)
        place = f"{name}-{wrong}" if wrong else f"{name}-refused"
        return redirect(f"{reverse('triage:case', args=[case.uuid])}#{place}")
    messages.success(request, sentence)
    following = queries.next_case(case)
    return (
        _to_heading("triage:case", key=following.uuid) if following else _to_heading("triage:queue")
    )


@page(READ)
@require_POST
def fix_group(request: StudioRequest) -> HttpResponse:
    """Press one button for every ticked cause; each case gets its own audit line."""
    to_queue = redirect(_queue_of(request))
    cases = _ticked(request)
    if not cases:
        return to_queue
    values = {k: v for k, v in request.POST.items() if isinstance(v, str)}
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
    cases = _ticked(request)
    if cases:
        person = _colleague(request)
        count = actions.assign_many(request.actor, cases, person)
        words = ngettext("%(n)d case: %(who)s.", "%(n)d cases: %(who)s.", count)
        messages.success(request, words % {"n": count, "who": person or _("back in the queue")})
    return redirect(_queue_of(request))


@page(TRIAGE)
@require_POST
def put_group_aside(request: StudioRequest) -> HttpResponse:
    """Let the ticked causes and records wait for somebody until a day; each is one decision."""
    cases = _ticked(request)
    if not cases:
        return redirect(_queue_of(request))
    on, until = (request.POST.get(name, "") for name in ("on", "until"))
    try:
        said = actions.put_aside(request.actor, cases, on=on, until=until)
    except ValidationError as error:
        ticks = {name: request.POST.getlist(name) for name in ("tick", "record")}
        wrong = _refuse(request, "", ASIDE, {"on": on, "until": until, **ticks}, error)
        return redirect(f"{_queue_of(request)}#{wrong}")
    messages.success(request, said)
    return redirect(_queue_of(request))


@page(TRIAGE)
@require_POST
def take_group_up(request: StudioRequest) -> HttpResponse:
    """Bring ticked causes and records back before their day."""
    cases = _ticked(request)
    if cases:
        count = actions.take_up(request.actor, cases)
        words = ngettext("%(n)d record is taken up.", "%(n)d records are taken up.", count)
        messages.success(request, words % {"n": count})
    return redirect(_queue_of(request))


def _queue_of(request: StudioRequest) -> str:
    return addresses.back(request, reverse("triage:queue"))


def _keys(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


def _ticked(request: StudioRequest) -> list[Case]:
    """What was ticked, of what the list showed; a person is told to tick something first.

    Of a cause only the records that were shown: who narrowed the list to large amounts does not mean
    the small ones behind the same cause.
    """
    shown = Narrowing.of(QueryDict(urlsplit(_queue_of(request)).query))
    causes, records = request.POST.getlist("tick"), request.POST.getlist("record")
    cases = queries.narrowed(request.workspace, shown).filter(
        Q(cause__in=causes) | Q(uuid__in=_keys(records))
    )
    found = list(cases.order_by("pk"))
    if not found:
        messages.warning(request, _("Tick some causes or records first (x)."))
    return found


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
    """Leave a remark, or ask a colleague."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    try:
        ask = _colleague(request)
        actions.comment(request.actor, case, request.POST.get("text", ""), ask=ask)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if ask is not None:
            messages.success(request, _("%s finds your question at home.") % ask)
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
    """Let the case, or every case of its cause, wait for somebody until a day."""
    case = get_object_or_404(
        Case.objects.select_related("workspace"), workspace=request.workspace, uuid=key
    )
    on, until = (request.POST.get(name, "") for name in ("on", "until"))
    every = request.POST.get("which") == "cause"
    cases = [case, *queries.neighbours(case).order_by("pk")] if every else [case]
    if case.closed_at is not None:
        messages.error(request, _("This case is settled already. Reload it."))
        return _to_heading("triage:case", key=case.uuid)
    try:
        said = actions.put_aside(request.actor, cases, on=on, until=until)
    except ValidationError as error:
        typed = {"on": on, "until": until, "which": request.POST.get("which", "")}
        wrong = _refuse(request, str(case.uuid), ASIDE, typed, error)
        return redirect(f"{reverse('triage:case', args=[case.uuid])}#{wrong}")
    messages.success(request, said)
    return _to_heading("triage:queue")


@page(TRIAGE)
@require_POST
def take_up(request: StudioRequest, key: str) -> HttpResponse:
    """Bring the case back before its day."""
    case = get_object_or_404(Case, workspace=request.workspace, uuid=key)
    if actions.take_up(request.actor, [case]):
        messages.success(request, _("Taken up again."))
    return _to_heading("triage:case", key=case.uuid)

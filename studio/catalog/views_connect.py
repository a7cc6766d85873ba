"""Connecting step by step: which system, how it is reached, who we are there, which company, then ready."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.registry import CONNECTORS
from engine.errors import StudioError
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import CONNECT, PUBLISH, READ
from studio.catalog import actions, another, consent, ending, moving
from studio.catalog.emulated import TYPED, beside
from studio.catalog.forms import WORDS, ReachForm, SenderForm, SignInForm
from studio.catalog.models import AGENT, Connection
from studio.catalog.ready import ask_to_get_ready, progress_of
from studio.catalog.twins import twins_of
from studio.catalog.uses import dependents_of, next_steps_of
from studio.core.htmx import page_or_part
from studio.core.vault import unseal

STEPS = ("System", "Reach", "Sign-in", "Ready")
PENDING = "consents"
BOTH = require_http_methods(["GET", "POST"])


def steps_at(at: int) -> list[tuple[str, str]]:
    """The steps of the wizard with their state, for the line at the top."""
    return [(name, "done" if n < at else "here" if n == at else "") for n, name in enumerate(STEPS)]


def _found(request: StudioRequest, key: str) -> Connection:
    return get_object_or_404(Connection, workspace=request.workspace, uuid=key)


@page(CONNECT)
@require_GET
def connect(request: StudioRequest) -> HttpResponse:
    """First step: which system."""
    return render(
        request, "catalog/connect.html", {"systems": CONNECTORS.values(), "steps": steps_at(0)}
    )


@page(CONNECT)
@BOTH
def reach(request: StudioRequest, system: str) -> HttpResponse:
    """Second step: address, path, hours, throughput, owner."""
    known = CONNECTORS.get(system)
    if known is None:
        raise Http404(f"no system {system}")
    emulator = beside(system)
    initial: dict[str, Any] = {"owner": request.actor.user_id}
    if emulator:
        initial |= {"base_url": emulator["url"], "company": emulator.get("company", "")}
    sends = known.capabilities.receives
    form = (SenderForm if sends else ReachForm)(
        request.POST or None, workspace=request.workspace, system=known, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        data: dict[str, Any] = {"base_url": "", "company": ""} | form.cleaned_data
        details = actions.Details(
            system, data["name"], data["base_url"], data["company"], data["currency"]
        )
        made = actions.connect(request.actor, request.workspace, details)
        actions.settle(request.actor, made, form.reach())
        if sends:
            return redirect("catalog:connection", key=made.uuid)
        step = "agents" if made.network_path == AGENT else "sign-in"
        return redirect(f"catalog:connection-{step}", key=made.uuid)
    steps = [] if sends else steps_at(1)
    context = {"form": form, "system": known, "steps": steps, "emulator": emulator}
    return render(request, "catalog/reach.html", context, status=422 if form.errors else 200)


@page(CONNECT)
@BOTH
def settings(request: StudioRequest, key: str) -> HttpResponse:
    """Change how a connection is reached and when it may be used."""
    found = _found(request, key)
    initial: dict[str, Any] = {
        "name": found.name, "base_url": found.base_url, "company": found.company, "currency": found.currency,
        "network_path": found.network_path, "allowed_hours": found.allowed_hours,
        "per_minute": found.limits.get("per_minute"), "owner": found.owner_id,
        "unlocks": found.unlocks,
    }  # fmt: skip
    system = CONNECTORS[found.system]
    form = (SenderForm if system.capabilities.receives else ReachForm)(
        request.POST or None, workspace=request.workspace, system=system,
        connection=found, initial=initial,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data: dict[str, Any] = form.cleaned_data
        plain = {n: data[n] for n in ("name", "base_url", "company", "currency") if n in data}
        # What kept it from being ready, or was read of another company, is looked at anew.
        other = data.get("company", found.company) != found.company
        anew = bool(found.progress.get("trouble")) or other
        try:
            if other and found.company:
                another.leave_company(request.actor, found)
            move = moving.change(request.actor, found, {**plain, **form.reach()})
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if anew:
                ask_to_get_ready(request.actor, found)
                return redirect("catalog:connection-ready", key=key)
            said = (
                _("Saved. The new address answers, and is used once a second person agrees.")
                if move
                else _("Saved. Workers keep to it from the next call on.")
            )
            messages.success(request, said)
            wants_agent = found.network_path == AGENT and not found.agents.filter(revoked_at=None)
            return redirect(f"catalog:connection{'-agents' if wants_agent else ''}", key=key)
    context = {"form": form, "system": system, "connection": found}
    return render(request, "catalog/reach.html", context, status=422 if form.errors else 200)


@page(READ)
@require_POST
def move(request: StudioRequest, key: str, move: str) -> HttpResponse:
    """The second person's word about a new address, or the first one's to leave it."""
    moving.require_a_say(request.actor)
    found = _found(request, key)
    asked = get_object_or_404(found.moves, uuid=move)
    try:
        if request.POST.get("verdict") == "agree":
            moving.agree(request.actor, asked)
            messages.success(
                request, _("%(name)s is reached at %(after)s from the next call on.")
                % {"name": found.name, "after": asked.after},
            )  # fmt: skip
        else:
            moving.drop(request.actor, asked)
            messages.success(request, _("The address stays as it is."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("catalog:connection", key=key)


@page(CONNECT)
@BOTH
def disconnect(request: StudioRequest, key: str) -> HttpResponse:
    """What needs the connection, and the button that ends it."""
    found = _found(request, key)
    if request.method == "POST":
        try:
            left = ending.disconnect(request.actor, found, request.POST.get("reason", ""))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("catalog:connection-disconnect", key=key)
        messages.success(
            request,
            _("%(name)s is disconnected. Its secrets are forgotten.") % {"name": found.name},
        )
        if left:
            messages.error(request, left)
        return redirect("catalog:connection", key=key)
    context = {"connection": found, "needed": dependents_of(found)}
    return render(request, "catalog/disconnect.html", context)


@page(CONNECT)
@BOTH
def sign_in(request: StudioRequest, key: str) -> HttpResponse:
    """Third step, and again whenever a sign-in has ended: who we are there."""
    found = _found(request, key)
    system = CONNECTORS[found.system]
    if system.capabilities.receives:
        # It signs in to us, by its token.
        if request.method == "POST":
            actions.reconnect(request.actor, found, {})
            actions.check(_found(request, key))
            messages.success(request, _("Its records are taken again."))
        return redirect("catalog:connection", key=key)
    stored = unseal(found.credential.sealed)
    held = frozenset({*stored, *found.options})
    emulator = beside(found.system)
    if emulator.get("url") != found.base_url:
        emulator = {}
    initial = {n: v for n, v in emulator.items() if n in ("operator", "client_id")} | found.options
    form = SignInForm(request.POST or None, system=system, held=held, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.reconnect(request.actor, found, form.secrets(), form.options())
        found = _found(request, key)
        if system.capabilities.consent is None or form.secrets().get("tokens"):
            ask_to_get_ready(request.actor, found)
            return redirect("catalog:connection-ready", key=key)
        messages.success(request, _("Saved. Now sign in at %(label)s.") % {"label": system.label})
        return redirect("catalog:connection-sign-in", key=key)
    context: dict[str, Any] = {
        "form": form, "system": system, "connection": found, "steps": steps_at(2),
        "return_address": consent.return_address(),
        "emulator": [(WORDS[n], emulator[n]) for n in TYPED if n in emulator and n in form.fields],
    }  # fmt: skip
    if system.capabilities.consent is not None and found.options.get("client_id"):
        context |= _consent_link(request, found)
    return render(request, "catalog/sign_in.html", context, status=422 if form.errors else 200)


def _consent_link(request: StudioRequest, found: Connection) -> dict[str, str]:
    """A link, not a form: the policy lets no form of ours lead to another site."""
    pending: consent.Pending = request.session.get(PENDING, {})
    try:
        link = consent.ask(found, pending)
    except StudioError as error:
        return {"trouble": str(error)}
    request.session[PENDING] = pending
    return {"consent_link": link}


@page(CONNECT)
@require_GET
def consent_back(request: StudioRequest) -> HttpResponse:
    """Where the vendor sends the person back to."""
    pending: consent.Pending = request.session.get(PENDING, {})
    said = request.GET.dict()
    try:
        held = consent.expected(pending, said)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("catalog:connections")
    request.session[PENDING] = pending
    found = _found(request, held["connection"])
    try:
        consent.take(request.actor, found, held, said)
        if found.company:
            consent.require_reached(found)
    except (ValidationError, StudioError) as error:
        words = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        messages.error(request, words)
        return redirect("catalog:connection-sign-in", key=found.uuid)
    if not found.company:
        return redirect("catalog:connection-company", key=found.uuid)
    ask_to_get_ready(request.actor, found)
    return redirect("catalog:connection-ready", key=found.uuid)


@page(CONNECT)
@BOTH
def company(request: StudioRequest, key: str) -> HttpResponse:
    """Which of the companies that the sign-in reaches this connection stands for."""
    found = _found(request, key)
    trouble, is_twin = "", False
    if request.method == "POST":
        try:
            if request.POST.get("leave") == "1":
                another.leave_company(request.actor, found)
                return redirect("catalog:connection-sign-in", key=key)
            again = request.POST.get("again") == "1"
            chosen = request.POST.get("company", "")
            consent.choose_company(request.actor, found, chosen, again=again)
            ask_to_get_ready(request.actor, found)
            return redirect("catalog:connection-ready", key=key)
        except ValidationError as error:
            trouble = " ".join(error.messages)
            is_twin = error.code == consent.TWIN
    status = 422 if trouble else 200
    try:
        known = consent.companies(found)
        if not trouble and consent.REACHED in found.progress:
            consent.require_single(found, found.progress[consent.REACHED])
    except StudioError as error:
        known, trouble, status = {}, str(error), 422
    except ValidationError as error:
        trouble, is_twin = " ".join(error.messages), True
    context = {"connection": found, "companies": known, "trouble": trouble, "is_twin": is_twin,
               "chosen": request.POST.get("company", found.company), "steps": steps_at(2),
               "rests": dependents_of(found), "can": CONNECTORS[found.system].capabilities}  # fmt: skip
    return render(request, "catalog/company.html", context, status=status)


@page(CONNECT)
@BOTH
def ready(request: StudioRequest, key: str) -> HttpResponse:
    """Last step: the test and what is read, while it happens; a POST begins again."""
    found = _found(request, key)
    if request.method == "POST":
        ask_to_get_ready(request.actor, found)
        return redirect("catalog:connection-ready", key=key)
    context = {
        "connection": found, "progress": progress_of(found), "steps": steps_at(3),
        "next_steps": next_steps_of(found), "twins": twins_of(found),
        "may": {"publish": request.actor.may(PUBLISH)},
        "can": CONNECTORS[found.system].capabilities,
    }  # fmt: skip
    return page_or_part(request, "catalog/ready.html", "catalog/_ready.html", context)

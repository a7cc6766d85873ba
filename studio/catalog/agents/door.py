"""Where agents ask for work and bring answers. Programs only: a token, JSON, no session, no page."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.agent.wire import HOLD_SECONDS, MOST_JSON, Brought
from studio.catalog.agents.actions import MOST_ALLOWED, Said, introduce, seen
from studio.catalog.agents.desk import Handed, accept, hand_out
from studio.catalog.models import AGENT, Agent
from studio.core.vault import digest_of

LOOK_SECONDS = 0.05
# How often a poll that is held looks whether its agent is still the one.
STILL_SECONDS = 1.0
# What an agent waits that cannot be held, or has nothing to do here.
ASK_AGAIN, ASK_SELDOM = 1.0, 15.0
MOST_SAID = 64 * 1024

_holds = threading.BoundedSemaphore(settings.AGENT_HOLDS)


class _TooLargeError(Exception):
    """More was sent than anybody reads."""


def _agent_of(request: HttpRequest) -> Agent | None:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    found = Agent.objects.select_related("connection__workspace")
    here = found.filter(digest=digest_of(secret.strip()), revoked_at=None)
    return here.exclude(connection__state="ended").first()


def _read(request: HttpRequest, most: int) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        _TooLargeError: it is larger than ``most``.
        ValueError: it is none.
    """
    # Not request.body: Django keeps that below what an answer may have.
    raw = request.read(most + 1)
    if len(raw) > most:
        raise _TooLargeError
    said = json.loads(raw)
    if not isinstance(said, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what came over the wire is a value
    return said


def _refused(status: int, words: str) -> JsonResponse:
    return JsonResponse({"words": words}, status=status)


@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """The next request for this agent; held for a while where there is none."""
    began = time.monotonic()
    agent = _agent_of(request)
    if agent is None:
        return _refused(401, "The token is unknown or revoked.")
    try:
        asked = _read(request, MOST_SAID)
        said, hold = _said(asked), min(float(asked.get("hold", 0)), HOLD_SECONDS)
    except _TooLargeError:
        return _refused(413, "That is too much.")
    except (ValueError, TypeError):
        return _refused(400, "This cannot be read.")
    if asked.get("first") is True:
        introduce(agent, said)
    elif agent.run != said.run:
        return _refused(409, "Another agent was started with this token.")
    seen(agent)
    handed, again = _next(agent, hold)
    return JsonResponse(
        {
            "connection": agent.connection.name,
            "again": again,
            "waited": time.monotonic() - began,
            "call": handed
            and {"id": handed.key, "within": handed.within, "request": handed.asked.plain()},
        }
    )


def _said(asked: dict[str, Any]) -> Said:
    allowed = asked.get("allowed", [])
    if not isinstance(allowed, list):
        raise ValueError("no list")  # noqa: TRY004 - what came over the wire is a value
    return Said(
        run=_kept(asked.get("run"), 40),
        host=_kept(asked.get("host"), 120),
        version=_kept(asked.get("version"), 20),
        allowed=[_kept(one, 300) for one in allowed[:MOST_ALLOWED]],
    )


def _kept(said: Any, most: int) -> str:
    """A text as a row can keep it; PostgreSQL keeps no NUL."""
    return str(said or "").replace("\0", "")[:most]


def _next(agent: Agent, hold: float) -> tuple[Handed | None, float]:
    """What waits for the agent, or nothing and the seconds after which to ask again."""
    if agent.connection.network_path != AGENT:
        return None, ASK_SELDOM
    handed = hand_out(agent)
    if handed is not None or hold <= 0:
        return handed, 0.0
    if not _holds.acquire(blocking=False):
        # Pages need threads, too.
        return None, ASK_AGAIN
    try:
        return _held(agent, hold), 0.0
    finally:
        _holds.release()


def _held(agent: Agent, hold: float) -> Handed | None:
    until = time.monotonic() + hold
    look = time.monotonic()
    while time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        handed = hand_out(agent)
        if handed is not None:
            return handed
        if time.monotonic() >= look:
            look += STILL_SECONDS
            here = Agent.objects.filter(pk=agent.pk, run=agent.run, revoked_at=None)
            if not here.exists():
                return None
    return None


@csrf_exempt
@require_POST
def answer(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What an agent brings back; 410 where nobody waits for it any more."""
    agent = _agent_of(request)
    if agent is None:
        return _refused(401, "The token is unknown or revoked.")
    try:
        brought = Brought.read(_read(request, MOST_JSON))
    except _TooLargeError:
        return _refused(413, "That is too much.")
    except (ValueError, TypeError):
        return _refused(400, "This cannot be read.")
    if not accept(agent, str(key), brought):
        return _refused(410, "The request is over; the answer was dropped.")
    return JsonResponse({"words": "Taken."})

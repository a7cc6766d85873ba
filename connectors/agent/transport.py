"""The studio's side of an agent: a transport of httpx that lays a request on a desk and waits for the answer.

What httpx knows of a network is kept: the time to connect is the time until an agent takes the request, the
time to read is the time until it brings the answer. A request that nobody took is withdrawn and was surely
not sent; one that was taken and not answered may have taken effect.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Protocol

import httpx

from connectors.agent.wire import MOST_BYTES, Asked, Brought, Outcome, end_to_end, wire_form
from connectors.http.faults import NeverSent, NoAgent, Unanswered

GRACE_SECONDS = 5.0
"""The agent ends this much before us, so that it is it who says what happened."""

_CONNECT, _READ = 10.0, 60.0
_FIRST_LOOK, _LAST_LOOK = 0.02, 0.2


class Stage(StrEnum):
    """How far a request on the desk has come."""

    WAITING = "waiting"
    TAKEN = "taken"
    # Taken by an agent that was started anew since, or revoked: no answer will come, but it may have left.
    LOST = "lost"
    ANSWERED = "answered"


class Desk(Protocol):
    """Where requests to one system lie until an agent takes them; shared by all processes."""

    def absent(self) -> str:
        """Why nobody can take anything just now and what to do; empty where an agent is connected."""
        ...

    def put(self, asked: Asked, *, wait: float, within: float) -> str:
        """Lay a request down, to be taken in ``wait`` seconds and worked in ``within``; returns its key."""
        ...

    def stage(self, key: str) -> Stage:
        """How far it has come."""
        ...

    def drop(self, key: str, stage: Stage) -> bool:
        """Take it away if it is still in that stage (what is lost is taken, too); whether it was."""
        ...

    def collect(self, key: str) -> Brought:
        """The answer, which is forgotten here."""
        ...


class ThroughAgent(httpx.BaseTransport):
    """Sends through whichever agent of the connection is free."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.BaseTransport``.

        Raises:
            NeverSent: the system surely did not get it.
            Unanswered: it may have.
        """
        asked = Asked(
            request.method,
            str(request.url),
            end_to_end(request.headers.multi_items()),
            request.read(),
        )
        if len(asked.body) > MOST_BYTES:
            raise NeverSent(f"It is larger than the {MOST_BYTES} bytes that an agent carries.")
        if why := self._desk.absent():
            raise NoAgent(why)
        limits = request.extensions.get("timeout", {})
        wait, within = limits.get("connect") or _CONNECT, limits.get("read") or _READ
        key = self._desk.put(asked, wait=wait, within=within)
        try:
            safe = bool(request.extensions.get("safe"))
            return _response(self._brought(key, (wait, within), safe=safe))
        except httpx.HTTPError:
            raise
        except Exception as error:
            raise Unanswered(
                f"Waiting for the agent broke off ({type(error).__name__})."
            ) from error

    def _brought(self, key: str, limits: tuple[float, float], *, safe: bool) -> Brought:
        wait, within = limits
        last = self._last(key, {Stage.WAITING}, wait)
        if last is Stage.WAITING and self._desk.drop(key, Stage.WAITING):
            raise NeverSent(f"No agent took it within {wait:.0f} s; it was withdrawn.")
        # It counts from when we see that it was taken, which is after it was.
        longest = within + GRACE_SECONDS
        # Who lost a write must wait: until its time is over a frozen agent may still begin it.
        last = self._last(key, {Stage.TAKEN} if safe else {Stage.TAKEN, Stage.LOST}, longest)
        if last is not Stage.ANSWERED and self._desk.drop(key, Stage.TAKEN):
            if safe and last is Stage.LOST:
                raise Unanswered("The agent that had it is gone.")
            raise Unanswered(f"The agent took it and did not answer within {longest:.0f} s.")
        return self._desk.collect(key)

    def _last(self, key: str, stages: set[Stage], seconds: float) -> Stage:
        """Wait for it to leave these stages, as long as there is time; the stage it is in then."""
        until, pause = time.monotonic() + seconds, _FIRST_LOOK
        while (found := self._desk.stage(key)) in stages and time.monotonic() < until:
            time.sleep(pause)
            pause = min(_LAST_LOOK, pause * 1.25)
        return found


def _response(brought: Brought) -> httpx.Response:
    match brought.outcome:
        case Outcome.NOT_SENT:
            raise NeverSent(brought.words)
        case Outcome.NO_ANSWER:
            raise Unanswered(brought.words)
        case Outcome.ANSWERED:
            headers = wire_form(brought.headers)
            return httpx.Response(brought.status, headers=headers, content=brought.body)

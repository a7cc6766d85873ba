"""The agent's life: ask the studio for work, carry it, bring the answer, and come back when the way was cut."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from connectors.agent.allow import AllowList
from connectors.agent.carry import Carrier, Deadline
from connectors.agent.wire import HOLD_SECONDS, VERSION, Asked, Brought, Outcome
from connectors.http.tls import tls_floor

LONGEST_PAUSE = 60.0
# An answer is offered again for as long: then the studio has given it up in any case.
OFFER_SECONDS = 60.0
_NOT_KNOWN = "The studio does not accept the token: it was revoked, or is not one of its own. Make a new one on the page of the connection, under Agents."
_ANOTHER = "Another agent was started with this token, so this one ends. Each agent needs a token of its own."


class EndedError(Exception):
    """The studio does not want this agent any more; the words say why."""


@dataclass(frozen=True, slots=True)
class Work:
    """One request that was handed to us, and until when it may be begun."""

    key: str
    asked: Asked
    deadline: Deadline


class Agent:
    """One running agent.

    Args:
        studio: the studio's address.
        token: of this agent, for one connection.
        allowed: where it may go.
        say: takes a sentence for the console.
        parallel: requests carried at once.
        carrier: replaces the way to the systems (tests).
    """

    def __init__(
        self,
        studio: str,
        token: str,
        allowed: AllowList,
        say: Callable[[str], None],
        *,
        parallel: int = 4,
        carrier: Carrier | None = None,
    ) -> None:
        self._allowed, self._say, self._parallel = allowed, say, parallel
        self._studio = studio.rstrip("/")
        self._carrier = carrier or Carrier(allowed)
        self._run = uuid4().hex
        self._stop = threading.Event()
        self._ended = ""
        self._http = httpx.Client(
            base_url=self._studio,
            headers={"Authorization": f"Bearer {token}", "User-Agent": f"mapping-agent/{VERSION}"},
            timeout=httpx.Timeout(HOLD_SECONDS + 20, connect=10.0),
            verify=tls_floor(),
            follow_redirects=False,
            # Outwards a company's proxy may be the only way, but never between us and this machine.
            trust_env=self._studio.startswith("https"),
        )

    def stop(self) -> None:
        """Take nothing more; ``run`` ends once what is under way has been answered."""
        self._stop.set()

    def run(self) -> int:
        """Work until ``stop``; 0, or 1 where the studio sent us away."""
        hands = threading.Semaphore(self._parallel)
        with ThreadPoolExecutor(self._parallel) as pool:
            self._until_stopped(hands, pool)
        self._http.close()
        self._carrier.close()
        self._say(self._ended or "Stopped.")
        return 1 if self._ended else 0

    def _until_stopped(self, hands: threading.Semaphore, pool: ThreadPoolExecutor) -> None:
        first, failures = True, 0
        while not self._stop.is_set():
            if not hands.acquire(timeout=0.5):
                continue
            try:
                said, work = self._take(first=first)
            except EndedError as end:
                self._ended = str(end)
                return
            except (httpx.HTTPError, ValueError) as fault:
                hands.release()
                failures += 1
                self._rest(fault, failures)
                continue
            if first or failures:
                self._say(f"Connected to {self._studio} for “{said.get('connection', '')}”.")
            first, failures = False, 0
            if work is None:
                hands.release()
                self._stop.wait(float(said.get("again", 0)))
            else:
                pool.submit(self._work, work).add_done_callback(lambda _: hands.release())

    def _rest(self, fault: Exception, failures: int) -> None:
        """Wait, ever longer, not in step with others."""
        pause = min(LONGEST_PAUSE, 2.0 ** min(failures - 1, 6)) * random.uniform(0.75, 1.0)  # noqa: S311
        unreached = f"cannot be reached ({type(fault).__name__})"
        why = str(fault) if isinstance(fault, ValueError) else unreached
        self._say(f"The studio {why}; trying again in {pause:.0f} s.")
        self._stop.wait(pause)

    def _take(self, *, first: bool) -> tuple[dict[str, Any], Work | None]:
        """Ask for work; the first time without waiting, so that a person sees at once that it works.

        Raises:
            EndedError: the studio sends us away.
            ValueError: it answered something else.
        """
        began = Deadline.clocks()
        said = {
            "run": self._run, "first": first, "hold": 0 if first else HOLD_SECONDS, "version": VERSION,
            "host": socket.gethostname(), "allowed": self._allowed.addresses,
        }  # fmt: skip
        answer = self._http.post("/agent/take/", json=said)
        if answer.status_code == 401:
            raise EndedError(_NOT_KNOWN)
        if answer.status_code == 409:
            raise EndedError(_ANOTHER)
        if answer.status_code != 200:
            raise ValueError(f"answers with status {answer.status_code}")
        try:
            told = dict(answer.json())
        except (ValueError, TypeError):
            raise ValueError("answers what an agent cannot read") from None
        call = told.get("call")
        if call is None:
            return told, None
        # It was handed out this long after we asked, at the earliest; so we never think we have longer.
        within = float(told.get("waited", 0)) + float(call.get("within", 0))
        return told, Work(
            str(call.get("id")), Asked.read(call.get("request", {})), Deadline(within, began)
        )

    def _work(self, work: Work) -> None:
        began = time.monotonic()
        if self._stop.is_set():
            brought = Brought(Outcome.NOT_SENT, "The agent was being stopped and did not send it.")
        else:
            brought = self._carrier.carry(work.asked, work.deadline)
        took = time.monotonic() - began
        self._tell(work.asked, brought, took)
        try:
            self._offer(work, brought)
        except EndedError as end:
            self._ended = str(end)
            self._stop.set()

    def _tell(self, asked: Asked, brought: Brought, took: float) -> None:
        """One line for the console; of the address what stands before the question mark, for secrets come after."""
        where = f"{asked.method} {asked.url.partition('?')[0]}"
        if brought.outcome is Outcome.ANSWERED:
            self._say(f"{where}: {brought.status}, {len(brought.body)} bytes, {took:.2f} s.")
        else:
            self._say(f"{where}: {brought.words}")

    def _offer(self, work: Work, brought: Brought) -> None:
        """Bring the answer, again where the way was cut: the request itself is never carried again."""
        until, pause = time.monotonic() + OFFER_SECONDS, 0.5
        while True:
            try:
                place = f"/agent/answer/{work.key}/"
                status = self._http.post(place, json=brought.plain()).status_code
            except httpx.HTTPError:
                status = 0
            if status in (200, 410):
                break
            if status == 401:
                raise EndedError(_NOT_KNOWN)
            if status == 413:
                size = len(brought.body)
                why = f"An answer of {size} bytes is too large for the way to the studio."
                brought = Brought(Outcome.NO_ANSWER, why)
            elif time.monotonic() > until:
                status = 410
                break
            self._pause(pause)
            pause = min(5.0, pause * 2)
        if status == 410:
            self._say(
                "The studio waited no longer for this answer, or has it already; it was dropped."
            )

    @staticmethod
    def _pause(seconds: float) -> None:
        """Not ended by a stop: what was carried is answered first."""
        time.sleep(seconds)

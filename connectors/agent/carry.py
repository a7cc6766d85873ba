"""Carrying one request: once, to an allowed address only, without following anybody elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from connectors.agent.allow import AllowList
from connectors.agent.wire import MOST_BYTES, Asked, Brought, Outcome, end_to_end, wire_form
from connectors.http.tls import tls_floor

CONNECT_SECONDS = 10.0
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Deadline:
    """Until when a request may be begun and worked.

    Two clocks, the earlier counts: the even one stands still while the machine sleeps, the one on the wall may be set.

    Args:
        seconds: from the moment ``began``.
        began: what both clocks showed then.
    """

    def __init__(self, seconds: float, began: tuple[float, float]) -> None:
        self._until = (began[0] + seconds, began[1] + seconds)

    @staticmethod
    def clocks() -> tuple[float, float]:
        """What both clocks show now."""
        return time.monotonic(), time.time()

    def left(self) -> float:
        """Seconds left; less than nothing once it is over."""
        now = Deadline.clocks()
        return min(self._until[0] - now[0], self._until[1] - now[1])


class Carrier:
    """Asks the systems beside it.

    Args:
        allowed: where it may go.
        before: called right before a request leaves (tests stop time here).
    """

    def __init__(self, allowed: AllowList, before: Callable[[], None] = lambda: None) -> None:
        self._allowed = allowed
        self._before = before
        self._http = httpx.Client(
            verify=tls_floor(),
            follow_redirects=False,
            # A proxy of the environment leads outwards; here we go inwards.
            trust_env=False,
        )

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def carry(self, asked: Asked, deadline: Deadline) -> Brought:
        """Ask once; whatever happens is an outcome, nothing is raised."""
        try:
            url = httpx.URL(asked.url)
        except httpx.InvalidURL:
            return Brought(Outcome.NOT_SENT, "The agent was asked for what is no address.")
        if why := self._allowed.refuses(asked.method, url):
            return Brought(Outcome.NOT_SENT, why)
        self._before()
        left = deadline.left()
        if left <= 0:
            # The studio has given up, may have looked, and may send it anew: never begin late.
            return Brought(Outcome.NOT_SENT, "The agent came to it too late and did not send it.")
        try:
            return self._ask(asked, url, left, deadline)
        except _NEVER_SENT as fault:
            return Brought(
                Outcome.NOT_SENT, f"The agent cannot reach {url.host} ({type(fault).__name__})."
            )
        except Exception as fault:
            # Whatever it was, it may have left.
            return Brought(
                Outcome.NO_ANSWER, f"{url.host} did not answer the agent ({type(fault).__name__})."
            )

    def _ask(self, asked: Asked, url: httpx.URL, left: float, deadline: Deadline) -> Brought:
        with self._http.stream(
            asked.method,
            url,
            # Its own name of the host: another one in the headers could mean another site there.
            headers=wire_form(end_to_end(asked.headers)),
            content=asked.body or None,
            timeout=httpx.Timeout(left, connect=min(left, CONNECT_SECONDS)),
        ) as response:
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    return Brought(
                        Outcome.NO_ANSWER, f"Its answer is larger than {MOST_BYTES} bytes."
                    )
                if deadline.left() <= 0:
                    return Brought(Outcome.NO_ANSWER, "Its answer did not end in time.")
        headers = end_to_end(response.headers.multi_items())
        return Brought(Outcome.ANSWERED, "", response.status_code, headers, bytes(body))

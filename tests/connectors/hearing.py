"""What an emulated vendor posts to us, caught as raw body and headers, for QuickBooks and Xero alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from engine.ports import ChangeNotice

HOOK = "https://studio.test/hook"
Delivery = tuple[bytes, dict[str, str]]


@contextmanager
def caught(system: str, emulator: Any, connector: Any) -> Iterator[list[Delivery]]:
    """Deliveries that an emulator sends while the block runs, in the order they arrive."""
    heard: list[Delivery] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.read()
        if not connector.verify(body, request.headers):
            return httpx.Response(401)
        heard.append((body, dict(request.headers)))
        return httpx.Response(200)

    def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        return answer(httpx.Request("POST", url, content=body, headers=headers)).status_code

    if system == "qbo":
        emulator.webhooks.post = post
        emulator.sends_webhooks = False  # sent when the block says so
        emulator.webhooks.subscribe(HOOK)
    else:
        emulator.webhooks.transport = httpx.MockTransport(answer)
        assert emulator.webhooks.subscribe(HOOK)
        heard.clear()  # the intent to receive is no delivery
    yield heard
    if system == "qbo":
        emulator.webhooks.pump()


@contextmanager
def listening(world: Any) -> Iterator[Callable[[], list[ChangeNotice]]]:
    """The notices our connector reads from what is sent while the block runs."""
    with caught(world.system, world.emulator, world.connector) as heard:
        yield lambda: [n for body, _ in heard for n in world.connector.parse(body)]

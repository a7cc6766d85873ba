from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.emulation.serve import Server, start_in_thread
from connectors.emulation.wsgi import Handler, as_wsgi


class Bare:
    """An emulator of nothing: one handler."""

    def __init__(self, handle: Handler) -> None:
        self.app = as_wsgi(handle)
        self.closed = False

    def hello(self) -> dict[str, str]:
        return {"client_id": "c"}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def served() -> Iterator[Callable[[Handler], Server]]:
    running = []

    def start(handle: Handler) -> Server:
        one = start_in_thread(Bare(handle))
        running.append(one)
        return one.server

    yield start
    for one in running:
        one.stop()

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from studio.core.action import Actor
from studio.webhooks.actions import add
from studio.webhooks.events import EVENTS
from studio.webhooks.models import Endpoint, Message
from studio.webhooks.pump import pump


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """A small program of a customer: hears over real HTTP and answers what a test wants."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)

    def types(self) -> list[str]:
        return [one.said["type"] for one in self.heard]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    here = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {k.lower(): v for k, v in self.headers.items()}
            here.heard.append(Heard(self.path, headers, body))
            status, text, more = here.answers.pop(0) if here.answers else (200, "thanks", {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}/hear"
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    yield here
    server.shutdown()
    server.server_close()


@dataclass
class Listening:
    """An address that hears everything, with its secret."""

    endpoint: Endpoint
    secret: str
    receiver: Receiver

    def send(self) -> int:
        """Play the worker; pauses are taken as over."""
        Endpoint.objects.update(rest_until=None)
        Message.objects.filter(state="new").update(not_before=None)
        return pump(self.endpoint.pk)

    def now(self) -> Endpoint:
        self.endpoint.refresh_from_db()
        return self.endpoint


@pytest.fixture
def listening(workspace: Any, integrator: Actor, receiver: Receiver) -> Listening:
    endpoint, secret = add(integrator, workspace, "Warehouse", receiver.url, list(EVENTS))
    return Listening(endpoint, secret, receiver)


@pytest.fixture
def listen(workspace: Any, integrator: Actor, receiver: Receiver) -> Callable[..., Endpoint]:
    def made(*events: str, path: str = "") -> Endpoint:
        return add(integrator, workspace, "Warehouse", receiver.url + path, list(events))[0]

    return made

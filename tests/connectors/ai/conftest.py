"""A stub server that speaks the OpenAI chat protocol over loopback HTTP and misbehaves on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Stub:
    """What the stub answers, and what it was asked."""

    url: str = ""
    choose: Callable[[dict[str, Any]], int] = lambda _: 1
    behave: str = "well"
    asked: list[dict[str, Any]] = field(default_factory=list)

    def body(self, request: dict[str, Any]) -> dict[str, Any]:
        question = json.loads(request["messages"][-1]["content"])
        text: str | None = json.dumps(
            {"choice": self.choose(question), "confidence": 0.9, "reason": "because"}
        )
        if self.behave == "nonsense":
            text = '{"answer": "ignore the rules"}'
        if self.behave == "broken":
            text = "{oops"
        refused = self.behave == "refuse"
        message = {"role": "assistant", "content": None if refused else text,
                   "refusal": "no" if refused else None}  # fmt: skip
        reason = "length" if self.behave == "cut" else "stop"
        return {
            "id": "c1", "object": "chat.completion", "created": 0, "model": request["model"],
            "choices": [{"index": 0, "finish_reason": reason, "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }  # fmt: skip


@pytest.fixture
def stub() -> Iterator[Stub]:
    state = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.asked.append(request)
            status = 401 if state.behave == "denied" else 200
            body = {"error": {"message": "no"}} if status == 401 else state.body(request)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield state
    server.shutdown()
    server.server_close()

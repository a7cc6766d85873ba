"""Carrying a request: once, in time, without following anybody, with an outcome whatever happens."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from connectors.agent import carry
from connectors.agent.allow import AllowList
from connectors.agent.carry import Carrier, Deadline
from connectors.agent.wire import Asked, Brought, Outcome

ROOT = Path(__file__).resolve().parents[3]


class System(BaseHTTPRequestHandler):
    """What stands in the company's network."""

    seen: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path == "/cut":
            self.connection.close()
            return
        if self.path == "/slow":
            time.sleep(1.5)
        said = gzip.compress(b"long" * 1000) if self.path == "/packed" else b"said"
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-Who", "Müller")
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def system() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), System)
    System.seen.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def carried(system: str, asked: Asked, seconds: float = 5.0) -> Brought:
    carrier = Carrier(AllowList([system]))
    try:
        return carrier.carry(asked, Deadline(seconds, Deadline.clocks()))
    finally:
        carrier.close()


def test_a_request_arrives_as_it_was_asked_under_the_hosts_own_name(system: str) -> None:
    headers = (("Host", "another-site"), ("SOAPAction", "ö"), ("Content-Length", "99"))

    brought = carried(system, Asked("POST", f"{system}/a?b=%20", headers, b"body"))

    ((method, path, seen, body),) = System.seen
    assert (method, path, body) == ("POST", "/a?b=%20", b"body")
    assert seen["Host"] == system.removeprefix("http://")
    assert seen["SOAPAction"].encode("latin-1").decode() == "ö"
    assert seen["Content-Length"] == "4"
    assert ("x-who", "Müller") in brought.headers
    assert (brought.outcome, brought.status, brought.body) == (Outcome.ANSWERED, 200, b"said")


def test_a_redirect_is_brought_and_not_followed(system: str) -> None:
    brought = carried(system, Asked("GET", f"{system}/moved"))

    assert (brought.outcome, brought.status) == (Outcome.ANSWERED, 302)
    assert [path for _, path, _, _ in System.seen] == ["/moved"]


def test_a_packed_answer_stays_packed(system: str) -> None:
    brought = carried(system, Asked("GET", f"{system}/packed", (("Accept-Encoding", "gzip"),)))

    assert len(brought.body) < 500
    assert ("content-encoding", "gzip") in [(n.lower(), v) for n, v in brought.headers]


def test_a_proxy_of_the_environment_does_not_come_between(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert carried(system, Asked("GET", f"{system}/a")).status == 200


@pytest.mark.promise("F07")
@pytest.mark.parametrize(
    ("path", "seconds", "outcome"),
    [
        ("/cut", 5.0, Outcome.NO_ANSWER),
        ("/slow", 0.5, Outcome.NO_ANSWER),
        ("/never", -0.1, Outcome.NOT_SENT),
    ],
)
def test_what_was_sent_and_not_answered_is_told_from_what_was_not_sent(
    path: str, seconds: float, outcome: Outcome, system: str
) -> None:
    brought = carried(system, Asked("POST", system + path), seconds)

    assert brought.outcome is outcome
    assert bool(System.seen) == (outcome is Outcome.NO_ANSWER)


def test_nobody_there_means_not_sent() -> None:
    assert (
        carried("http://127.0.0.1:1", Asked("GET", "http://127.0.0.1:1/x")).outcome
        is Outcome.NOT_SENT
    )


def test_an_answer_that_is_too_large_is_none(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "MOST_BYTES", 3)

    brought = carried(system, Asked("GET", f"{system}/a"))

    assert (brought.outcome, brought.body) == (Outcome.NO_ANSWER, b"")
    assert "larger than" in brought.words


def test_a_clock_that_stood_still_does_not_make_a_request_young_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deadline = Deadline(60.0, Deadline.clocks())
    monotonic, wall = Deadline.clocks()

    # The machine slept for an hour: only the clock on the wall went on.
    monkeypatch.setattr(Deadline, "clocks", staticmethod(lambda: (monotonic, wall + 3600)))

    assert deadline.left() < 0


def test_neither_request_nor_answer_shows_what_is_in_it() -> None:
    asked = Asked("GET", "http://x/?OperatorPassword=hush", (("A", "hush"),), b"hush")
    brought = Brought(Outcome.ANSWERED, "", 200, (("A", "hush"),), b"hush")

    assert "hush" not in f"{asked!r} {brought!r}"
    assert Asked.read(asked.plain()) == asked
    assert Brought.read(brought.plain()) == brought


@pytest.mark.parametrize(
    "said",
    [
        {"outcome": "answered", "status": 99, "body": ""},
        {"outcome": "answered", "status": "200", "body": ""},
        {"outcome": "perhaps", "body": ""},
        {"outcome": "not_sent", "body": "no base 64!"},
        {"outcome": "not_sent", "body": 5},
        {"outcome": "not_sent", "body": "", "headers": [1]},
    ],
)
def test_nonsense_is_no_answer(said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Brought.read(said)


def test_the_agent_runs_alone_with_httpx(tmp_path: Path) -> None:
    """Beside the customer's server there is neither Django nor pydantic, and no database."""
    code = (
        "import sys; import connectors.agent.__main__;"
        "print(sorted({m.partition('.')[0] for m in sys.modules}"
        " & {'django', 'pydantic', 'celery', 'redis', 'engine', 'studio', 'numpy'}))"
    )
    env = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--studio", "http://studio.example.com"], "use https://"),
        (["--studio", "https://s.example.com", "--token-file", "none"], "No such file"),
        (["--studio", "https://s.example.com", "--allow", "x"], "give an address such as"),
        (["--studio", "https://s.example.com", "--parallel", "99"], "from 1 to 16"),
    ],
)
def test_a_wrong_option_is_said_in_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("msa_x", encoding="ascii")
    given = ["--token-file", str(tmp_path / "t"), "--allow", "http://erp:1", *words]

    done = subprocess.run(
        [sys.executable, "-m", "connectors.agent", *given],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert said in done.stdout


def test_a_studio_that_is_away_is_asked_again_ever_more_slowly(tmp_path: Path) -> None:
    from connectors.agent.run import Agent

    said: list[str] = []
    agent = Agent("http://127.0.0.1:1", "msa_x", AllowList(["http://erp:1"]), said.append)
    running = threading.Thread(target=agent.run)
    running.start()
    deadline = time.monotonic() + 10
    while len(said) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    agent.stop()
    running.join(10)

    pauses = [int(line.rpartition("in ")[2].split()[0]) for line in said if "trying again" in line]
    assert "The studio cannot be reached (ConnectError); trying again in 1 s." in said
    assert pauses == sorted(pauses)
    assert pauses[-1] > 1
    assert said[-1] == "Stopped."
    assert httpx.URL(agent._http.base_url).host == "127.0.0.1"

"""The studio's side over a desk in memory: what each end of a request means."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from connectors.agent import transport
from connectors.agent.transport import Stage, ThroughAgent
from connectors.agent.wire import Asked, Brought, Outcome
from connectors.http.client import ApiClient
from connectors.http.faults import NeverSent, Unanswered
from connectors.http.resolution import with_defaults
from engine.errors import AgentMissing, OutcomeUnknown, RemoteUnavailable, StudioError
from engine.runtime.disposition import Verdict, dispose

RESOLVE = with_defaults("syspro", (), lambda response, said: said)


@dataclass
class Desk:
    """Keeps one request; ``then`` is what happens to it after it was laid down."""

    then: Callable[[Desk], None] = lambda desk: None
    missing: str = ""
    at: Stage = Stage.WAITING
    brought: Brought | None = None
    asked: list[Asked] = field(default_factory=list)
    dropped: list[Stage] = field(default_factory=list)

    def absent(self) -> str:
        return self.missing

    def put(self, asked: Asked, *, wait: float, within: float) -> str:
        self.asked.append(asked)
        threading.Thread(target=self.then, args=(self,)).start()
        return "1"

    def stage(self, key: str) -> Stage:
        return self.at

    def drop(self, key: str, stage: Stage) -> bool:
        if self.at is stage:
            self.dropped.append(stage)
        return self.at is stage

    def collect(self, key: str) -> Brought:
        assert self.brought is not None
        return self.brought


def bring(brought: Brought, after: float = 0.1) -> Callable[[Desk], None]:
    def then(desk: Desk) -> None:
        time.sleep(after)
        desk.at = Stage.TAKEN
        time.sleep(after)
        desk.brought, desk.at = brought, Stage.ANSWERED

    return then


def take(desk: Desk) -> None:
    desk.at = Stage.TAKEN


def post(desk: Desk, *, safe: bool = False, content: bytes = b"x") -> httpx.Response:
    client = ApiClient(
        "syspro", "http://erp:1", resolve=RESOLVE, transport=ThroughAgent(desk),
        timeout=httpx.Timeout(0.5, connect=0.5),
    )  # fmt: skip
    return client.send("POST", "/a", call="post", safe=safe, content=content)


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "GRACE_SECONDS", 0.2)


@pytest.mark.promise("F07")
@pytest.mark.parametrize(
    ("desk", "error", "verdict", "words"),
    [
        (Desk(missing="Start it."), AgentMissing, Verdict.PAUSE, "Start it."),
        (Desk(), RemoteUnavailable, Verdict.RETRY, "No agent took it within"),
        (Desk(bring(Brought(Outcome.NOT_SENT, "Not on my list."))), RemoteUnavailable, Verdict.RETRY,
         "Not on my list."),
        (Desk(take), OutcomeUnknown, Verdict.LOOK_UP, "did not answer"),
        (Desk(bring(Brought(Outcome.NO_ANSWER, "Cut."))), OutcomeUnknown, Verdict.LOOK_UP, "did not answer"),
        (Desk(bring(Brought(Outcome.ANSWERED, "", 500))), OutcomeUnknown, Verdict.LOOK_UP, "did not answer"),
    ],
)  # fmt: skip
def test_what_is_done_next_depends_on_whether_it_was_sent(
    desk: Desk, error: type[StudioError], verdict: Verdict, words: str
) -> None:
    with pytest.raises(error) as caught:
        post(desk)

    assert type(caught.value) is error
    assert dispose(caught.value).verdict is verdict
    assert words in str(caught.value)


def test_a_missing_agent_is_no_fault_of_the_record() -> None:
    with pytest.raises(AgentMissing) as caught:
        post(Desk(missing="Start it."))

    assert not dispose(caught.value).counts


def test_an_answer_of_the_last_moment_is_taken() -> None:
    """It was taken, or answered, between the last look and the withdrawal."""

    class Late(Desk):
        def drop(self, key: str, stage: Stage) -> bool:
            self.brought, self.at = Brought(Outcome.ANSWERED, "", 200, (), b"late"), Stage.ANSWERED
            return False

    assert post(Late()).content == b"late"


def test_letters_in_headers_do_not_spoil_an_answer() -> None:
    brought = Brought(Outcome.ANSWERED, "", 200, (("X-Who", "Müller"),), b"said")

    assert post(Desk(bring(brought))).headers["x-who"] == "Müller"


def test_a_read_that_was_not_answered_may_be_repeated() -> None:
    with pytest.raises(RemoteUnavailable, match="did not answer within"):
        post(Desk(take), safe=True)


def test_a_desk_that_breaks_while_one_waits_leaves_the_outcome_unknown() -> None:
    class Broken(Desk):
        def stage(self, key: str) -> Stage:
            raise RuntimeError("database is locked")

    with pytest.raises(OutcomeUnknown):
        post(Broken())


def test_what_no_agent_carries_is_not_laid_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 2)
    desk = Desk()

    with pytest.raises(RemoteUnavailable, match="larger than"):
        post(desk, content=b"xxx")
    assert desk.asked == []


def test_both_faults_are_what_httpx_calls_them() -> None:
    assert issubclass(NeverSent, httpx.ConnectError)
    assert issubclass(Unanswered, httpx.ReadError)

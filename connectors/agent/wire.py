"""What studio and agent say to each other, as JSON: a request, and what became of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

VERSION = "1"
MOST_BYTES = 16 * 1024 * 1024
"""Of the body of a request and of an answer."""

MOST_JSON = MOST_BYTES * 3 // 2
"""Of a message with a body of that size in it."""

HOLD_SECONDS = 20.0
"""How long the studio keeps an agent waiting that asks for work and finds none."""

# About one connection, not about the request (RFC 9110 7.6.1), or made anew by whoever sends.
_OF_THE_HOP = frozenset(
    ("connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
     "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)  # fmt: skip

Headers = tuple[tuple[str, str], ...]


class Outcome(StrEnum):
    """What became of a request that an agent took."""

    ANSWERED = "answered"
    NOT_SENT = "not_sent"
    NO_ANSWER = "no_answer"


def end_to_end(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers that go all the way."""
    return tuple((n, v) for n, v in headers if n.lower() not in _OF_THE_HOP)


def wire_form(headers: Headers) -> list[tuple[bytes, bytes]]:
    """As bytes: some systems write names of people into headers, in whatever letters."""
    return [(name.encode(), value.encode()) for name, value in headers]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be carried; its address, headers and body may hold secrets."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Asked({self.method}, {len(self.body)} bytes)"

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"method": self.method, "url": self.url, **_packed(self.headers, self.body)}

    @staticmethod
    def read(said: dict[str, Any]) -> Asked:
        """What ``plain`` made.

        Raises:
            ValueError: it is none.
        """
        headers, body = _unpacked(said)
        return Asked(_text(said, "method").upper(), _text(said, "url"), headers, body)


@dataclass(frozen=True, slots=True)
class Brought:
    """What an agent brings back.

    Attributes:
        outcome: whether the system answered, was surely not reached, or may have been.
        words: why there is no answer; never anything of the request.
        status: of HTTP.
        headers: of the answer, end to end.
        body: of the answer, as it came (still compressed where its headers say so).
    """

    outcome: Outcome
    words: str = ""
    status: int = 0
    headers: Headers = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Brought({self.outcome}, {self.status}, {len(self.body)} bytes)"

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        said = {"outcome": str(self.outcome), "words": self.words, "status": self.status}
        return said | _packed(self.headers, self.body)

    @staticmethod
    def read(said: dict[str, Any]) -> Brought:
        """What ``plain`` made.

        Raises:
            ValueError: it is none.
        """
        headers, body = _unpacked(said)
        status = said.get("status", 0)
        outcome = Outcome(_text(said, "outcome"))
        if not isinstance(status, int) or (
            outcome is Outcome.ANSWERED and not 200 <= status <= 599
        ):
            raise ValueError("the status is none of HTTP")
        words = _text(said, "words").replace("\0", "")[:300]
        return Brought(outcome, words, status, headers, body)


def _packed(headers: Headers, body: bytes) -> dict[str, Any]:
    return {"headers": [list(h) for h in headers], "body": base64.b64encode(body).decode()}


def _unpacked(said: dict[str, Any]) -> tuple[Headers, bytes]:
    try:
        headers = tuple((str(name), str(value)) for name, value in said.get("headers", []))
        body = base64.b64decode(_text(said, "body"), validate=True)
    except (TypeError, binascii.Error) as error:
        raise ValueError(f"the message cannot be read: {error}") from error
    if len(body) > MOST_BYTES:
        raise ValueError("the body is too large")
    return headers, body


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")  # noqa: TRY004 - what came over the wire is a value
    return value

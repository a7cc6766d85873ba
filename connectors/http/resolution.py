"""From a vendor's answer to the one error tree: a table of rules, most particular first.

A vendor lists its own rules and puts them before ``STATUS_RULES``::

    TABLE = ResolutionTable("qbo", QBO_RULES + STATUS_RULES, read=read_fault)

A rule says *what it looks like* (HTTP status, vendor code, words) and *what it means* (a maker of
an error). Nothing here retries: the error says whether the same call may succeed later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from connectors.http.redact import detail
from engine.errors import (
    AccessDenied,
    OutcomeUnknown,
    PermissionMissing,
    RecordMissing,
    RemoteBusy,
    RemoteFault,
    RemoteRejected,
    RemoteUnavailable,
    StaleVersion,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a vendor said about one failed call.

    Attributes:
        system: ``syspro``, ``qbo``, ``xero``.
        call: the call as a person would name it.
        status: HTTP status.
        code: the vendor's code, leading zeros removed; may be empty.
        message: the vendor's short words.
        detail: the vendor's longer words.
        field: the field the vendor points at.
        trace: the vendor's trace id.
        wait: seconds the vendor asks to wait, or None.
        scope: which limit, where the vendor says (``minute``, ``day``, ``concurrent``, ``app``).
        safe: the call changes nothing, so repeating it is harmless.
    """

    system: str
    call: str
    status: int
    code: str = ""
    message: str = ""
    detail: str = ""
    field: str = ""
    trace: str = ""
    wait: float | None = None
    scope: str = ""
    safe: bool = False

    def words(self) -> str:
        """The vendor's words on one line, masked and cut to 500 characters."""
        if self.detail and self.message and self.message not in self.detail:
            return detail(f"{self.message}: {self.detail}")
        return detail(self.detail or self.message or f"HTTP {self.status}")

    def base(self) -> dict[str, Any]:
        """Keyword arguments that every ``RemoteFault`` takes."""
        return {
            "system": self.system,
            "call": self.call,
            "detail": self.words(),
            "vendor_code": self.code,
            "field": self.field,
            "trace": self.trace,
        }


Maker = Callable[[Said], RemoteFault]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a resolution table; empty conditions match anything.

    Attributes:
        makes: builds the error from what was said.
        status: HTTP statuses that match.
        code: vendor codes that match, as text without leading zeros.
        words: lower-case text that must occur in message or detail.
        why: the source of the fact, for the generated ``docs/errors.md``.
    """

    makes: Maker
    status: tuple[int, ...] = ()
    code: tuple[str, ...] = ()
    words: str = ""
    why: str = ""

    def fits(self, said: Said) -> bool:
        """Whether the rule applies to what was said."""
        if self.status and said.status not in self.status:
            return False
        if self.code and said.code not in self.code:
            return False
        return not self.words or self.words in f"{said.message} {said.detail}".lower()


@dataclass(frozen=True, slots=True)
class ResolutionTable:
    """Rules in order, and how to read the vendor's answer.

    Attributes:
        system: name used in errors.
        rules: the first that fits decides.
        read: turns an answer into ``Said`` (vendor's body format); must not raise.
    """

    system: str
    rules: tuple[Rule, ...]
    read: Callable[[httpx.Response, Said], Said]

    def __call__(self, response: httpx.Response, *, call: str, safe: bool) -> RemoteFault:
        """The error that a failed answer means."""
        first = Said(
            system=self.system,
            call=call,
            status=response.status_code,
            wait=retry_after(response),
            safe=safe,
        )
        return self.judge(self.read(response, first))

    def judge(self, said: Said) -> RemoteFault:
        """The error for what was said (also used for faults inside a batch)."""
        for rule in self.rules:
            if rule.fits(said):
                return rule.makes(said)
        return RemoteRejected(**said.base())


def retry_after(response: httpx.Response) -> float | None:
    """Seconds of the ``Retry-After`` header (number or HTTP date), or None."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        served = parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, (until - served).total_seconds())
    except (ValueError, TypeError):
        return None


def plain(kind: type[RemoteFault], **more: Any) -> Maker:
    """A maker of ``kind`` with fixed extra fields."""

    def make(said: Said) -> RemoteFault:
        return kind(**said.base(), **more)

    return make


def busy(scope: str = "minute", wait: float = 60.0) -> Maker:
    """A maker of ``RemoteBusy``; the vendor's own wait and scope win over the defaults."""

    def make(said: Said) -> RemoteFault:
        seconds = said.wait if said.wait is not None else wait
        return RemoteBusy(**said.base(), wait_seconds=seconds, scope=said.scope or scope)

    return make


def failed_inside(said: Said) -> RemoteFault:
    """A 5xx after a write may have taken effect, after a read nothing happened."""
    if said.safe:
        return RemoteUnavailable(**said.base(), wait_seconds=said.wait)
    return OutcomeUnknown(**said.base())


def unavailable(said: Said) -> RemoteFault:
    """The system says it did not even begin."""
    return RemoteUnavailable(**said.base(), wait_seconds=said.wait)


STATUS_RULES: tuple[Rule, ...] = (
    Rule(plain(AccessDenied), status=(401,), why="RFC 9110: credentials missing or refused"),
    Rule(plain(PermissionMissing), status=(403,), why="RFC 9110: understood, refused"),
    Rule(plain(RecordMissing), status=(404, 410), why="RFC 9110"),
    Rule(plain(StaleVersion), status=(409, 412), why="RFC 9110: conflict, precondition"),
    Rule(busy(), status=(429,), why="RFC 6585"),
    Rule(failed_inside, status=(408, 500, 502, 504), why="RFC 9110: the effect is not known"),
    Rule(unavailable, status=(503,), why="RFC 9110: service unavailable, not begun"),
    Rule(failed_inside, status=tuple(range(500, 600)), why="RFC 9110: other server faults"),
    Rule(plain(RemoteRejected), why="anything else is a refusal"),
)


def with_defaults(
    system: str, rules: Sequence[Rule], read: Callable[[httpx.Response, Said], Said]
) -> ResolutionTable:
    """A vendor's table: its own rules first, the plain HTTP meanings behind them."""
    return ResolutionTable(system, (*rules, *STATUS_RULES), read)

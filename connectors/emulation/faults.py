"""Seeded, replayable faults that an emulator commits on request.

A ``FaultBook`` holds armed faults and decides, request by request and always in the same way for the
same seed, which one strikes. ``around`` turns a struck fault into what the client sees; kinds that
need the vendor's knowledge (half-written batch, webhooks, schema change) are drawn by the vendor.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from connectors.emulation.wsgi import DropConnectionError, HangError, Request, Response


class FaultKind(StrEnum):
    """What can go wrong."""

    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    MINUTE_LIMIT = "429-minute"
    DAY_LIMIT = "429-day"
    CONCURRENT_LIMIT = "429-concurrent"
    SERVER_ERROR = "500"
    SERVER_ERROR_AFTER = "500-after"
    UNAVAILABLE = "503"
    TIMEOUT_BEFORE = "timeout-before"
    TIMEOUT_AFTER = "timeout-after"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    HALF_BATCH = "half-batch"
    SLOW = "slow"
    WEBHOOK_DUPLICATE = "webhook-duplicate"
    WEBHOOK_LATE = "webhook-late"
    WEBHOOK_REORDERED = "webhook-reordered"
    SCHEMA_CHANGE = "schema-change"


ANSWERED = frozenset(
    {
        FaultKind.UNAUTHORISED,
        FaultKind.FORBIDDEN,
        FaultKind.MINUTE_LIMIT,
        FaultKind.DAY_LIMIT,
        FaultKind.CONCURRENT_LIMIT,
        FaultKind.SERVER_ERROR,
        FaultKind.UNAVAILABLE,
    }
)
AROUND = ANSWERED | {
    FaultKind.SERVER_ERROR_AFTER,
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.TIMEOUT_AFTER,
    FaultKind.DROP_BEFORE,
    FaultKind.DROP_AFTER,
    FaultKind.SLOW,
}


@dataclass(slots=True)
class Fault:
    """One armed fault.

    Attributes:
        kind: what happens.
        count: how many times it strikes; None without end.
        probability: chance per matching request, 0 to 1.
        path: regular expression searched in the path, any letter case; empty matches all.
        method: HTTP method, or empty for all.
        skip: matching requests to let pass first.
        seconds: how long a timeout stays silent or a slow answer takes.
        detail: what the vendor needs to know (schema change: entity, field, change, …).
        id: given when armed.
    """

    kind: FaultKind
    count: int | None = 1
    probability: float = 1.0
    path: str = ""
    method: str = ""
    skip: int = 0
    seconds: float = 30.0
    detail: dict[str, Any] = field(default_factory=dict)
    id: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether the request is one that this fault may strike."""
        if self.method and self.method.upper() != method:
            return False
        return not self.path or re.search(self.path, path, re.IGNORECASE) is not None

    @staticmethod
    def read(values: dict[str, Any]) -> Fault:
        """A fault from JSON; raises ``ValueError`` for an unknown kind or field."""
        try:
            given = {k: v for k, v in values.items() if k != "kind"}
            for name in ("probability", "seconds"):
                if name in given:
                    given[name] = float(given[name])
            return Fault(kind=FaultKind(values["kind"]), **given)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a fault: {error}") from error


class FaultBook:
    """Armed faults and what they did."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._armed: dict[int, Fault] = {}
        self._last = 0
        self._random = random.Random(seed)
        self.struck: list[dict[str, Any]] = []

    def reseed(self, seed: int) -> None:
        """Forget all faults and history and start the same dice again."""
        with self._lock:
            self._armed.clear()
            self.struck.clear()
            self._random = random.Random(seed)

    def arm(self, fault: Fault) -> int:
        """Arm a fault and return its id."""
        with self._lock:
            self._last += 1
            fault.id = self._last
            self._armed[fault.id] = fault
            return fault.id

    def disarm(self, number: int | None = None) -> None:
        """Disarm one fault, or all."""
        with self._lock:
            if number is None:
                self._armed.clear()
            else:
                self._armed.pop(number, None)

    def armed(self) -> list[dict[str, Any]]:
        """The armed faults as JSON-like values."""
        with self._lock:
            return [{**asdict(f), "kind": str(f.kind)} for f in self._armed.values()]

    def standing(self, kind: FaultKind) -> list[Fault]:
        """Armed faults of a kind that hold until disarmed (schema changes)."""
        with self._lock:
            return [f for f in self._armed.values() if f.kind is kind]

    def draw(self, kinds: Collection[FaultKind], method: str, path: str) -> Fault | None:
        """The first armed fault of ``kinds`` that strikes this request, used up by one."""
        with self._lock:
            for fault in list(self._armed.values()):
                if fault.kind in kinds and fault.matches(method, path) and self._strikes(fault):
                    self.struck.append({"kind": str(fault.kind), "method": method, "path": path})
                    return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self._armed.pop(fault.id, None)
        return True


Answer = Callable[[Fault, Request], Response]


def around(
    book: FaultBook, request: Request, handle: Callable[[Request], Response], answer: Answer
) -> Response:
    """Handle the request, struck by at most one armed fault.

    ``handle`` must have committed its effect when it returns. ``answer`` gives the vendor's words for
    the kinds in ``ANSWERED`` (and for an error after the effect).

    Raises:
        HangError: the client must get no answer for some seconds.
        DropConnectionError: the client must see the connection cut.
    """
    fault = book.draw(AROUND, request.method, request.path)
    if fault is None:
        return handle(request)
    if fault.kind in ANSWERED:
        return answer(fault, request)
    if fault.kind is FaultKind.TIMEOUT_BEFORE:
        raise HangError(fault.seconds)
    if fault.kind is FaultKind.DROP_BEFORE:
        raise DropConnectionError
    if fault.kind is FaultKind.SLOW:
        time.sleep(fault.seconds)
    response = handle(request)
    if fault.kind is FaultKind.TIMEOUT_AFTER:
        raise HangError(fault.seconds)
    if fault.kind is FaultKind.DROP_AFTER:
        raise DropConnectionError
    if fault.kind is FaultKind.SERVER_ERROR_AFTER:
        return answer(fault, request)
    return response

"""Recorded evidence of each exchange with a vendor, without secrets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back.

    Attributes:
        at: when the request left, aware.
        system: ``qbo``, ``xero``, ``syspro``.
        call: the call as a person would name it.
        method: HTTP method.
        url: address with secret values masked.
        status: HTTP status, or 0 when no answer came.
        request: request body, masked and cut.
        response: response body, masked and cut, or the transport fault's name.
        seconds: duration.
        trace: the vendor's trace id, or ours where it gives none.
    """

    at: datetime
    system: str
    call: str
    method: str
    url: str
    status: int
    request: str
    response: str
    seconds: float
    trace: str


class EvidenceSink(Protocol):
    """Keeps exchanges; must not raise and must be quick."""

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange."""
        ...


class NoEvidence:
    """Keeps nothing."""

    def record(self, exchange: Exchange) -> None:
        """Forget the exchange."""


class RecentEvidence:
    """Keeps the latest exchanges in memory."""

    def __init__(self, keep: int = 200) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=keep)

    def record(self, exchange: Exchange) -> None:
        """Keep one exchange, dropping the oldest beyond the limit."""
        self.exchanges.append(exchange)

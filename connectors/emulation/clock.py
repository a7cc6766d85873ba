"""The emulators' clock: real time plus an offset that can be moved forward and survives a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _real() -> datetime:
    return datetime.now(UTC)


class EmulatorClock:
    """An advanceable clock; implements ``engine.ports.Clock``.

    Args:
        start: frozen starting moment (aware); None follows real time.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._source: Callable[[], datetime] = _real if start is None else lambda: start
        self._offset = timedelta()
        self._lock = threading.Lock()
        self._listener: Callable[[float], None] | None = None

    def now(self) -> datetime:
        """Now in UTC, by this clock."""
        return self._source() + self._offset

    @property
    def offset_seconds(self) -> float:
        """How far this clock was moved forward, in seconds."""
        return self._offset.total_seconds()

    def advance(self, seconds: float) -> datetime:
        """Move forward by ``seconds`` and return the new now."""
        with self._lock:
            self._offset += timedelta(seconds=seconds)
            if self._listener:
                self._listener(self.offset_seconds)
        return self.now()

    def restore(self, seconds: float, listener: Callable[[float], None]) -> None:
        """Take over a stored offset and tell ``listener`` about each later change."""
        with self._lock:
            self._offset = timedelta(seconds=seconds)
            self._listener = listener

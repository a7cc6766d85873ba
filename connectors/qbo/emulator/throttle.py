"""The service's limits as sliding windows per client and realm, by the injected clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.emulation.clock import EmulatorClock


@dataclass(slots=True)
class Windows:
    """Limits; 0 switches one off."""

    per_minute: int = 500
    per_second: int = 10
    concurrent: int = 10
    batches_per_minute: int = 120


class Throttle:
    """Counts requests; ``entered`` says whether one more is allowed."""

    def __init__(self, clock: EmulatorClock, windows: Windows) -> None:
        self.windows = windows
        self._clock = clock
        self._seen: dict[tuple[str, str], deque[float]] = {}
        self._inside: dict[str, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def entered(self, who: str, *, batch: bool) -> Iterator[bool]:
        """Yields False when the request must be refused with 429."""
        with self._lock:
            allowed = self._allowed(who, batch=batch)
            if allowed:
                self._inside[who] = self._inside.get(who, 0) + 1
        try:
            yield allowed
        finally:
            if allowed:
                with self._lock:
                    self._inside[who] -= 1

    def _allowed(self, who: str, *, batch: bool) -> bool:
        now = self._clock.now().timestamp()
        limits = [
            ("minute", self.windows.per_minute, 60.0),
            ("second", self.windows.per_second, 1.0),
        ]
        if batch:
            limits.append(("batch", self.windows.batches_per_minute, 60.0))
        if 0 < self.windows.concurrent <= self._inside.get(who, 0):
            return False
        for name, most, span in limits:
            seen = self._seen.setdefault((who, name), deque())
            while seen and seen[0] <= now - span:
                seen.popleft()
            if most and len(seen) >= most:
                return False
        for name, _, _ in limits:
            self._seen[who, name].append(now)
        return True

"""The service's limits as sliding windows per client and realm, by the injected clock.

A sequential client on loopback is far faster than one across the internet and would meet the ten
calls a second at once, where against Intuit its own latency keeps it below. So the first ``slowed``
calls of a minute that exceed the second's limit are held back until there is room, as distance would
have done; more of them, or ``slowed`` = 0, are refused like every other excess.
"""

from __future__ import annotations

import threading
import time
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
    slowed: int = 150


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
            allowed = not 0 < self.windows.concurrent <= self._inside.get(who, 0)
            if allowed:
                self._inside[who] = self._inside.get(who, 0) + 1
        try:
            yield allowed and self._counted(who, batch=batch)
        finally:
            if allowed:
                with self._lock:
                    self._inside[who] -= 1

    def _counted(self, who: str, *, batch: bool) -> bool:
        while True:
            with self._lock:
                wait = self._take(who, batch=batch)
                before = self._clock.now()
            if wait is None:
                return False
            if wait == 0:
                return True
            time.sleep(wait)
            if self._clock.now() == before:  # a clock that a test holds still
                return False

    def _take(self, who: str, *, batch: bool) -> float | None:
        """0 when counted, seconds to hold the call back, or None to refuse it."""
        now = self._clock.now().timestamp()
        limits = [("minute", self.windows.per_minute, 60.0)]
        if batch:
            limits.append(("batch", self.windows.batches_per_minute, 60.0))
        for name, most, span in limits:
            if most and len(self._window(who, name, now - span)) >= most:
                return None
        second = self._window(who, "second", now - 1.0)
        if self.windows.per_second and len(second) >= self.windows.per_second:
            held = self._window(who, "held", now - 60.0)
            if len(held) >= self.windows.slowed:
                return None
            held.append(now)
            return max(second[0] + 1.0 - now, 0.001)
        second.append(now)
        for name, _, _ in limits:
            self._window(who, name, now - 60.0).append(now)
        return 0.0

    def _window(self, who: str, name: str, since: float) -> deque[float]:
        seen = self._seen.setdefault((who, name), deque())
        while seen and seen[0] <= since:
            seen.popleft()
        return seen

"""Fixed windows per app and organisation: minute, day, calls in progress, and the app's minute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.wsgi import Response
from connectors.xero.emulator.errors import limited

_MINUTE = 60.0
_DAY = 86_400.0


@dataclass(slots=True)
class Ceilings:
    """The limits; all settable so that tests can provoke them (0: no limit)."""

    minute: int = 60
    day: int = 5_000
    concurrent: int = 5
    app_minute: int = 10_000


class _Window:
    """A window that opens with its first call and lasts ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._opened = 0.0
        self.used = 0

    def roll(self, now: float) -> None:
        if now - self._opened >= self._seconds or now < self._opened:
            self._opened, self.used = now, 0

    def wait(self, now: float) -> int:
        return max(1, int(self._seconds - (now - self._opened)) + 1)


class Limiter:
    """Counts calls and says which limit is reached."""

    def __init__(self, clock: EmulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.ceilings = Ceilings()
        self._windows = {"minute": _Window(_MINUTE), "day": _Window(_DAY)}
        self._windows["appminute"] = _Window(_MINUTE)
        self._running = 0

    def _most(self, name: str) -> int:
        held = self.ceilings
        return {"minute": held.minute, "day": held.day, "appminute": held.app_minute}[name]

    def headers(self) -> dict[str, str]:
        """What is left, as the API tells on every answer."""
        names = {"X-MinLimit-Remaining": "minute", "X-DayLimit-Remaining": "day",
                 "X-AppMinLimit-Remaining": "appminute"}  # fmt: skip
        return {
            header: str(max(0, (self._most(name) or 10_000) - self._windows[name].used))
            for header, name in names.items()
        }

    def enter(self) -> Response | None:
        """Count one call; the 429 answer when a limit is reached."""
        now = self._clock.now().timestamp()
        with self._lock:
            if self.ceilings.concurrent and self._running >= self.ceilings.concurrent:
                return limited("concurrent", None)
            for name, window in self._windows.items():
                window.roll(now)
                if self._most(name) and window.used >= self._most(name):
                    return limited(name, window.wait(now))
            for window in self._windows.values():
                window.used += 1
            self._running += 1
        return None

    @contextmanager
    def call(self) -> Iterator[Response | None]:
        """One call in progress, or the refusal."""
        refusal = self.enter()
        try:
            yield refusal
        finally:
            if refusal is None:
                with self._lock:
                    self._running -= 1

    def reset(self) -> None:
        """Open fresh windows."""
        with self._lock:
            for window in self._windows.values():
                window.used = 0

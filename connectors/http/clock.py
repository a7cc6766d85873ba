"""Time and pause as the connectors know them; both are injected so that tests own them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Sleep = Callable[[float], None]
"""Pauses the caller for so many seconds."""


class SystemClock:
    """The machine's clock in UTC; satisfies ``engine.ports.Clock``."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


def pause(seconds: float) -> None:
    """The real pause (``time.sleep``), never negative."""
    time.sleep(max(0.0, seconds))

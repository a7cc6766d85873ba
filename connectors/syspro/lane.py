"""The lock that lets one call at a time through to an operator's session, in one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import RemoteBusy

_LOCKS: dict[str, threading.Lock] = {}
_GUARD = threading.Lock()


class ProcessLane:
    """A lane for the threads of this process; workers of several processes inject a shared one.

    Args:
        patience: seconds to wait for the lane before saying busy, so that nobody waits for ever
            behind a call that hangs (the call itself ends at the HTTP timeout).
    """

    def __init__(self, patience: float = 120.0) -> None:
        self._patience = patience

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Hold the lane ``name`` while the body runs.

        Raises:
            RemoteBusy: somebody else held it for longer than ``patience``.
        """
        with _GUARD:
            lock = _LOCKS.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=self._patience):
            raise RemoteBusy(
                system="syspro",
                call="wait for the operator's lane",
                wait_seconds=self._patience,
                scope="concurrent",
            )
        try:
            yield
        finally:
            lock.release()

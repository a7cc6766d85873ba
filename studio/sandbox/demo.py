"""Running the story in a studio of its own: temporary folder, free ports, real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from django.conf import settings

# A first start prepares every shipped mapping; a busy machine takes its time, a hung one is noticed.
READY_SECONDS = 900.0
STOP_SECONDS = 20.0


class StudioUnderTest:
    """``manage.py up`` as a child with its own data folder; killed and started again at will."""

    def __init__(self, folder: Path, size: str, say: Callable[[str], None]) -> None:
        self.folder = folder
        self._size = size
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self.hello: dict[str, Any] = {}

    def environment(self) -> dict[str, str]:
        """The environment of every process of this studio."""
        short = {
            "STUDIO_POLL_SECONDS": os.environ.get("STUDIO_POLL_SECONDS", "2"),
            "STUDIO_SWEEP_SECONDS": os.environ.get("STUDIO_SWEEP_SECONDS", "2"),
            "STUDIO_LEASE_SECONDS": os.environ.get("STUDIO_LEASE_SECONDS", "40"),
        }
        return {**os.environ, **short, "STUDIO_VAR": str(self.folder)}

    def start(self) -> dict[str, Any]:
        """Start it and wait until it says that it is ready.

        Raises:
            RuntimeError: it ended or said nothing in time; the log is named.
        """
        log = (self.folder / "up.log").open("a", encoding="utf-8")
        command = [sys.executable, "manage.py", "up", "--port", "0", "--json", "--size", self._size]
        self._process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        line = _first_line(self._process.stdout, READY_SECONDS)
        if not line:
            self.stop()
            raise RuntimeError(f"the studio did not start; see {log.name}")
        self.hello = json.loads(line)
        return self.hello

    def kill(self) -> None:
        """``kill -9`` of the supervisor; its children follow by themselves."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in order; by force if it does not listen."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _first_line(stream: IO[str] | None, seconds: float) -> str:
    """The first line that is JSON, within a time."""
    import selectors

    if stream is None:
        return ""
    watcher = selectors.DefaultSelector()
    watcher.register(stream, selectors.EVENT_READ)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not watcher.select(timeout=0.5):
            continue
        line = stream.readline()
        if not line:
            return ""
        if line.startswith("{"):
            return line
    return ""

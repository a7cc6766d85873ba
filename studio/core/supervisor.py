"""Keeps the processes of one installation alive, and takes them all along when it ends.

Every child has its own session, so a stop reaches its grandchildren too. On Linux the kernel sends a
child SIGTERM when the supervisor dies in whatever way, so even ``kill -9`` leaves no orphan.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_RESTARTS = 5
WINDOW_SECONDS = 60.0
GRACE_SECONDS = 6.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(slots=True)
class Child:
    """One process that must be running; ``rank`` orders the stop, lowest first."""

    name: str
    command: Sequence[str]
    rank: int = 0
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)
    due: float = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def delay(self, now: float) -> float | None:
        """Seconds to wait before the next start, or None when it failed too often to go on."""
        recent = [at for at in self.starts if now - at < WINDOW_SECONDS]
        if len(recent) >= MOST_RESTARTS:
            return None
        return 0.0 if len(recent) <= 1 else min(0.25 * 2.0 ** len(recent), 8.0)


class Supervisor:
    """Starts children, restarts the dead with growing pauses, stops all of them in order."""

    def __init__(
        self,
        folder: Path,
        env: dict[str, str],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.children: list[Child] = []
        self.stopping = False
        self._folder = folder
        self._env = env
        self._say = say
        self._clock = clock
        self._signals = 0
        (folder / "log").mkdir(parents=True, exist_ok=True)

    def log_of(self, name: str) -> Path:
        """Where a child's output goes."""
        return self._folder / "log" / f"{name}.log"

    def add(self, child: Child) -> Child:
        """Start a child and keep it running from now on."""
        log = self.log_of(child.name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        # Logs of emulators name the secrets of the sandbox.
        log.touch(mode=0o600)
        self.children.append(child)
        self._start(child)
        return child

    def watch(
        self, until: Callable[[], bool] | None = None, *, seconds: float | None = None
    ) -> bool:
        """Keep everything running until ``until`` holds, a signal arrives or a child is given up.

        Returns whether ``until`` came true; raises ChildFailedError when a child fails too often.
        """
        deadline = None if seconds is None else self._clock() + seconds
        while not self.stopping:
            self._revive()
            if until is not None and until():
                return True
            if deadline is not None and self._clock() > deadline:
                return False
            time.sleep(0.1)
        return False

    def on_signal(self, number: int, _frame: object = None) -> None:
        """Handler of SIGINT and SIGTERM: the first asks for an orderly stop, the third insists."""
        self._signals += 1
        self.stopping = True
        if self._signals >= 3:
            self._kill_all()
            os._exit(128 + number)

    def stop(self) -> None:
        """End all children: by rank, politely, then by force."""
        self.stopping = True
        for rank in sorted({child.rank for child in self.children}):
            group = [child for child in self.children if child.rank == rank]
            for child in group:
                _signal(child, signal.SIGTERM)
            deadline = self._clock() + GRACE_SECONDS
            while self._clock() < deadline and any(child.pid for child in group):
                time.sleep(0.05)
            for child in group:
                _signal(child, signal.SIGKILL)
        self._write_state()

    def _revive(self) -> None:
        now = self._clock()
        for child in self.children:
            if child.pid is not None:
                continue
            if child.due == 0.0:
                status = child.process.returncode if child.process else None
                # Whatever the dead leader left in its session would hold its port.
                _signal(child, signal.SIGKILL)
                pause = child.delay(now)
                if pause is None:
                    raise ChildFailedError(child.name, self.log_of(child.name))
                self._say(f"{child.name} ended ({status}); starting it again")
                child.due = now + pause
            if now >= child.due:
                self._start(child)

    def _start(self, child: Child) -> None:
        child.due = 0.0
        child.starts.append(self._clock())
        with self.log_of(child.name).open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603 (our own commands)
                child.command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Runs between fork and exec of a process that has no other threads.
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509
            )
        self._write_state()

    def _write_state(self) -> None:
        state: dict[str, Any] = {
            "supervisor": os.getpid(),
            "children": {child.name: child.pid for child in self.children},
        }
        file = self._folder / "run.json"
        part = file.with_suffix(".part")
        part.write_text(json.dumps(state), encoding="utf-8")
        part.replace(file)

    def _kill_all(self) -> None:
        for child in self.children:
            _signal(child, signal.SIGKILL)


class ChildFailedError(Exception):
    """A child ended too often to try again."""

    def __init__(self, name: str, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        tail = "\n".join(f"    {line}" for line in lines)
        super().__init__(
            f"{name} ended {MOST_RESTARTS} times within a minute. Its last words ({log}):\n{tail}"
        )


def _die_with(parent: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    libc = _LIBC

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os._exit(0)

    return prepare


def _signal(child: Child, number: signal.Signals) -> None:
    """Signal the child; SIGKILL goes to its whole session."""
    if child.process is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if number == signal.SIGKILL:
            os.killpg(child.process.pid, number)
        elif child.pid is not None:
            os.kill(child.process.pid, number)
    if number == signal.SIGKILL:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(2)

"""Agents as they are: processes that dial in over HTTP, in front of the emulated SYSPRO."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from studio.catalog.agents import door
from studio.catalog.agents.actions import make_agent
from studio.catalog.models import Agent, Connection
from studio.core.action import Actor

ROOT = Path(__file__).resolve().parents[3]


def until(said: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@dataclass
class Running:
    """One agent's process."""

    row: Agent
    process: subprocess.Popen[str]
    console: Path

    def said(self) -> str:
        """What stands on its console."""
        return self.console.read_text(encoding="utf-8")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.send(signal.SIGKILL)
        self.process.wait(10)


@dataclass
class Beside:
    """A machine inside the company's network, where agents of one connection are started."""

    connection: Connection
    actor: Actor
    studio: str
    folder: Path
    agents: list[Running] = field(default_factory=list)

    def start(
        self,
        name: str = "SRV01",
        *,
        allow: str = "",
        token: str = "",
        parallel: int = 4,
        connected: bool = True,
    ) -> Running:
        """Start an agent, with a token of its own unless one is given; wait until it is there."""
        if token:
            row = Agent.objects.filter(connection=self.connection).latest("pk")
        else:
            row, token = make_agent(self.actor, self.connection, name)
        number = len(self.agents)
        held, console = self.folder / f"{number}.token", self.folder / f"{number}.log"
        held.write_text(token, encoding="ascii")
        words = ["--studio", self.studio, "--token-file", str(held), "--parallel", str(parallel)]
        words += ["--allow", allow or self.connection.base_url]
        with console.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "connectors.agent", *words],
                cwd=ROOT, stdout=out, stderr=out, text=True,
            )  # fmt: skip
        made = Running(row, process, console)
        self.agents.append(made)
        if connected:
            until(lambda: "Connected to" in made.said())
        return made

    def stop(self) -> None:
        """End all of them."""
        for one in self.agents:
            one.send(signal.SIGCONT)
            one.kill()
        # What the studio still holds for them must end before the test's database does.
        Agent.objects.update(revoked_at=timezone.now())
        time.sleep(0.3)
        until(lambda: door._holds._value == settings.AGENT_HOLDS)

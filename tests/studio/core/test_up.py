"""The real command with real processes: slow, so one story and few assertions each."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow


def start(data: Path, *options: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "PORT"}}
    command = [sys.executable, "manage.py", "up", "--no-seed", "--no-emulators", "--json"]
    return subprocess.Popen(
        [*command, "--data", str(data), *options],
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    process = start(tmp_path / "var", "--port", "0")
    line = process.stdout.readline()
    assert line, process.stderr.read()
    yield process, json.loads(line)
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


def family(status: dict) -> list[psutil.Process]:
    """Every process that belongs to the run, grandchildren too."""
    boss = psutil.Process(status["pid"])
    return boss.children(recursive=True)


def gone(processes: list[psutil.Process], seconds: float = 40) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=seconds)[1]


def web_answers(status: dict, *, but_not: int | None = None, seconds: float = 90) -> bool:
    """Whether the web process answers, and is another one than ``but_not``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = json.loads((Path(status["data"]) / "run.json").read_text())
        try:
            with urllib.request.urlopen(f"{status['url']}/healthz", timeout=2) as answer:
                if answer.status == 200 and state["children"]["web"] not in {None, but_not}:
                    return True
        except OSError:
            time.sleep(0.1)
    return False


@pytest.mark.promise("F17")
def test_a_run_heals_itself_keeps_to_its_folder_and_ends_with_ctrl_c(running, tmp_path) -> None:
    process, status = running
    assert Path(status["data"]) == tmp_path / "var"
    assert web_answers(status)

    second = start(tmp_path / "var", "--port", "0")
    _, words = second.communicate(timeout=180)
    assert second.returncode == 1
    assert "already running" in words

    psutil.Process(status["children"]["web"]).kill()
    assert web_answers(status, but_not=status["children"]["web"])

    everybody = family(status)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert gone(everybody) == []


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_start_works(
    running, tmp_path
) -> None:
    process, status = running
    everybody = family(status)
    assert set(status["children"].values()) <= {child.pid for child in everybody}

    process.kill()

    assert gone(everybody) == []
    again = start(tmp_path / "var", "--port", "0")
    try:
        assert again.stdout.readline().startswith("{")
    finally:
        again.send_signal(signal.SIGTERM)
        assert again.wait(60) == 0
        again.stdout.close()
        again.stderr.close()


def test_a_taken_port_is_said_before_anything_is_started(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(tmp_path / "var", "--port", str(taken.getsockname()[1]))
        _, words = process.communicate(timeout=180)

    assert process.returncode == 1
    assert "is in use" in words

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.core.supervisor import MOST_RESTARTS, Child, ChildFailedError, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def boss(tmp_path: Path):
    made = Supervisor(tmp_path, dict(os.environ), lambda _line: None)
    yield made
    made.stop()


def until(what: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.02)
    return what()


def test_a_child_that_is_killed_is_started_again(boss: Supervisor) -> None:
    child = boss.add(Child("sleeper", SLEEPER))
    first = child.pid
    os.kill(first, signal.SIGKILL)
    assert until(lambda: child.pid is None)

    revived = boss.watch(lambda: child.pid not in {None, first}, seconds=10)

    assert revived


def test_a_child_that_ends_too_often_is_given_up_with_its_last_words(boss: Supervisor) -> None:
    moment = iter(range(0, 10_000, 2))
    boss._clock = lambda: float(next(moment))
    boss.add(Child("broken", [sys.executable, "-c", "print('no database'); raise SystemExit(3)"]))

    with pytest.raises(ChildFailedError) as caught:
        boss.watch(seconds=2_000)

    assert "broken" in str(caught.value)
    assert "no database" in str(caught.value)


def test_pauses_grow_and_old_failures_are_forgotten() -> None:
    child = Child("c", [])
    child.starts = [0.0]

    pauses = []
    for second in range(1, MOST_RESTARTS):
        pauses.append(child.delay(float(second)))
        child.starts.append(float(second))

    assert pauses == sorted(pauses)
    assert pauses[0] == 0.0
    assert child.delay(10.0) is None
    assert child.delay(100.0) == 0.0


def test_a_stop_reaches_grandchildren(boss: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = textwrap.dedent(f"""
        import subprocess, sys, time, pathlib
        p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path({str(note)!r}).write_text(str(p.pid))
        time.sleep(600)
    """)
    boss.add(Child("parent", [sys.executable, "-c", script]))
    assert until(lambda: note.exists() and note.read_text() != "")

    boss.stop()

    assert until(lambda: not alive(int(note.read_text())))


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel's parent-death signal is Linux only"
)
def test_kill_9_of_the_supervisor_leaves_no_child(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, sys
        from pathlib import Path
        from studio.core.supervisor import Child, Supervisor
        boss = Supervisor(Path({str(tmp_path)!r}), dict(os.environ), print)
        child = boss.add(Child("sleeper", {SLEEPER!r}))
        print(child.pid, flush=True)
        boss.watch()
    """)
    outer = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert outer.stdout is not None
    child = int(outer.stdout.readline())
    assert alive(child)

    outer.kill()
    outer.wait()
    outer.stdout.close()

    assert until(lambda: not alive(child))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

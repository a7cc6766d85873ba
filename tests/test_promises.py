from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_of_promises_is_what_its_command_makes_now() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "promises_doc.py"), "--check"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]


def test_all_promises_and_golden_tests_are_listed() -> None:
    listed = tomllib.loads((ROOT / "scripts" / "promises.toml").read_text(encoding="utf-8"))

    assert len(listed["promise"]) == 71
    assert sorted(map(int, listed["golden"])) == list(range(1, 33))

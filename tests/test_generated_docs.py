from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("script", ["systems_doc.py", "errors_doc.py"])
def test_a_generated_page_is_what_its_command_makes_now(script: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]

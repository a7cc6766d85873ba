"""The ledger load at a size for every day: real emulators, a real worker, real kill -9."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = ("DATABASE_URL", "CELERY_BROKER_URL", "REDIS_URL", "STUDIO_VAR")


@pytest.mark.slow
@pytest.mark.promise("F29", "F30")
@pytest.mark.parametrize("to", ["qbo", "xero"])
def test_a_historic_load_that_is_killed_and_resumed_ties_to_the_cent(to: str) -> None:
    said = [sys.executable, "bench/gl.py", "--lines", "640", "--kills", "3", "--to", to, "--json"]
    own = {k: v for k, v in os.environ.items() if k not in ELSEWHERE}

    done = subprocess.run(said, cwd=ROOT, env=own, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    places = found["places"]
    assert places["source"] == places["ledger"] == places["target"]
    assert places["source"]["count"] == 80
    assert (found["lost"], found["doubled"], found["residual"]) == (0, 0, "0.00")
    assert found["batches"] == found["batches_that_tie"]

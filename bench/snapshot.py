"""How long a look at a system of size L takes under its vendor's limits, and how much memory.

    .venv/bin/python bench/snapshot.py [--size L] [--json]

The emulator runs in a process of its own, so what is measured is the connector. One process per system:
``peak_mb`` is the most that process held.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SYSTEMS = ("syspro", "qbo", "xero")


def measure(system: str, size: str, folder: str) -> dict[str, Any]:
    """One look at one system."""
    from connectors.config import Services
    from connectors.registry import open_connector, sandbox

    emulator = subprocess.Popen(
        [sys.executable, "manage.py", "emulate", system, "--port", "0", "--size", size],
        cwd=ROOT, env={**os.environ, "STUDIO_VAR": folder}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert emulator.stdout is not None
    try:
        hello = json.loads(emulator.stdout.readline())
        connector = open_connector(sandbox(system, hello), Services())
        began = time.monotonic()
        schema = connector.snapshot(sample=200)
        seconds = time.monotonic() - began
        connector.close()
    finally:
        emulator.terminate()
        emulator.wait()
    fields = [field for entity in schema.entities for field in entity.fields]
    return {
        "system": system,
        "entities": len(schema.entities),
        "fields": len(fields),
        "with_profile": sum(field.profile is not None for field in fields),
        "seconds": round(seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Measure each system in a process of its own and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="L", choices=["S", "L"])
    parser.add_argument("--system", choices=SYSTEMS, help="only this one, in this process")
    parser.add_argument("--json", action="store_true", help="one object per line")
    given = parser.parse_args()
    if not given.system:
        for system in SYSTEMS:
            command = [sys.executable, __file__, "--system", system, "--size", given.size]
            subprocess.run([*command, *(["--json"] if given.json else [])], check=True)
        return
    with tempfile.TemporaryDirectory(prefix="snapshot-") as folder:
        found = measure(given.system, given.size, folder)
    print(json.dumps(found) if given.json else "  ".join(f"{k}={v}" for k, v in found.items()))


if __name__ == "__main__":
    main()

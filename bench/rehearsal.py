"""How long a rehearsal of many orders and its page take, on real emulated systems over HTTP.

    python bench/rehearsal.py [--orders 10000] [--json]

A studio of its own: the emulated SYSPRO (a process of its own) gets copies of the sample company's completed
orders, the flow to QuickBooks is mapped, matched and published by the scripted reviewers, then it is rehearsed
over live reads and the page of the result is rendered. ``seconds`` is from asking to the last byte of the page,
``processor_seconds`` what the studio's own process used of it: the fair figure where others work, too.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.apart import Apart, Copies, postable  # noqa: E402
from bench.chaos_world import World, prepare  # noqa: E402


def measure(folder: Path, orders: int) -> dict[str, Any]:
    """Prepare, rehearse, render."""
    apart = Apart(folder)
    try:
        return rehearsed(folder, apart, orders)
    finally:
        apart.stop()


def rehearsed(folder: Path, apart: Apart, orders: int) -> dict[str, Any]:
    """A rehearsal of the copied orders and its page."""
    from django.test import Client

    world = World(folder, 1, apart.hellos)
    from studio.accounts.models import User
    from studio.flows.models import Flow
    from studio.flows.rehearsal.run import ask, claim, run
    from studio.sandbox.story import actor_of

    flow = Flow.objects.select_related("source").get(key="orders-to-qbo")
    Copies(apart, flow.source.company, postable(flow)).put(0, orders)
    client = Client()
    client.force_login(
        User.objects.get(username="ana"), backend="django.contrib.auth.backends.ModelBackend"
    )
    began, used = time.monotonic(), time.process_time()
    asked = claim(ask(actor_of(world.workspace, "ivo"), flow).pk)
    if asked is None:
        sys.exit("another worker took the rehearsal")
    done = run(asked)
    page_began = time.monotonic()
    page = client.get(f"/flows/rehearsals/{done.uuid}/")
    ended, used = time.monotonic(), time.process_time() - used
    return {
        "records": done.records,
        "state": done.state,
        "error": done.error,
        "outcomes": {k: v["count"] for k, v in done.totals.get("outcomes", {}).items()},
        "rehearsal_seconds": round(page_began - began, 1),
        "page_seconds": round(ended - page_began, 2),
        "page_status": page.status_code,
        "seconds": round(ended - began, 1),
        "processor_seconds": round(used, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as scratch:
        prepare(Path(scratch))
        figures = measure(Path(scratch), given.orders)
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{k:<20} {v}" for k, v in figures.items()))
    if figures["state"] != "ready" or figures["page_status"] != 200:
        sys.exit(1)


if __name__ == "__main__":
    main()

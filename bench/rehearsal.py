"""How long a rehearsal of many orders and its page take, on real emulated systems over HTTP.

    python bench/rehearsal.py [--orders 10000] [--json]

A studio of its own on SQLite: the emulated SYSPRO gets clones of the sample company's completed orders,
the flow to QuickBooks is mapped and matched by the scripted reviewers, then its draft is rehearsed over
live reads and the page of the result is rendered. ``seconds`` is from asking to the last byte of the page.
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
sys.path.insert(0, str(ROOT / "bench"))


def complete(emulator: Any, company: str, count: int) -> None:
    """Clones of the company's completed orders under new numbers."""
    database = emulator.databases[company]
    rows = emulator.documents(f"{company}.SorMaster", "")
    heads = [dict(r) for r in rows if r["OrderStatus"] == "9"]
    lines = {
        h["SalesOrder"]: [
            dict(r) for r in database.where("SorDetail", "SalesOrder", h["SalesOrder"])
        ]
        for h in heads
    }
    made: dict[str, list[dict[str, Any]]] = {"SorMaster": [], "SorDetail": []}
    for number in range(count):
        head = heads[number % len(heads)]
        order = str(800_000 + number).zfill(len(head["SalesOrder"]))
        invoice = str(10_000_000 + number).zfill(len(head["LastInvoice"]))
        made["SorMaster"].append({**head, "SalesOrder": order, "LastInvoice": invoice})
        made["SorDetail"] += [{**r, "SalesOrder": order} for r in lines[head["SalesOrder"]]]
    for rows in made.values():
        for row in rows:
            row.pop("TimeStamp", None)
    emulator.load({f"{company}.{table}": rows for table, rows in made.items()})


def measure(folder: Path, orders: int) -> dict[str, Any]:
    """Prepare, rehearse, render."""
    from chaos_world import prepare

    prepare(folder)
    from django.test import Client

    from connectors.emulation.serve import load, start_in_thread
    from studio.accounts.models import User
    from studio.flows.models import Flow
    from studio.flows.rehearsal.run import ask, claim, run
    from studio.sandbox import seeding, story

    running = {
        s: start_in_thread(load(s).make("S", 1, None, None, True))
        for s in ("syspro", "qbo", "xero")
    }
    (folder / "emulators.json").write_text(
        json.dumps({s: r.hello() for s, r in running.items()}), encoding="utf-8"
    )
    quiet = lambda _line: None  # noqa: E731
    workspace = seeding.seed(quiet)
    ivo, ana = story.actor_of(workspace, "ivo"), story.actor_of(workspace, "ana")
    story.review_values(ivo, workspace, quiet)
    story.review_fields(ivo, workspace, quiet)
    story.review_matches(ana, workspace, quiet)
    flow = Flow.objects.select_related("source").get(key="orders-to-qbo")
    emulator: Any = running["syspro"].emulator
    complete(emulator, flow.source.company, orders)

    client = Client()
    client.force_login(
        User.objects.get(username="ana"), backend="django.contrib.auth.backends.ModelBackend"
    )
    began = time.monotonic()
    asked = claim(ask(ivo, flow).pk)
    if asked is None:
        sys.exit("another worker took the rehearsal")
    done = run(asked)
    page_began = time.monotonic()
    page = client.get(f"/flows/rehearsals/{done.uuid}/")
    ended = time.monotonic()
    for one in running.values():
        one.stop()
    return {
        "records": done.records,
        "state": done.state,
        "error": done.error,
        "outcomes": {k: v["count"] for k, v in done.totals.get("outcomes", {}).items()},
        "rehearsal_seconds": round(page_began - began, 1),
        "page_seconds": round(ended - page_began, 2),
        "page_status": page.status_code,
        "seconds": round(ended - began, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as scratch:
        figures = measure(Path(scratch), given.orders)
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{k:<20} {v}" for k, v in figures.items()))
    if figures["state"] != "ready" or figures["page_status"] != 200:
        sys.exit(1)


if __name__ == "__main__":
    main()

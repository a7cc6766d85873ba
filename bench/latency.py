"""How long a change waits: from a payment in the books to its receipt in SYSPRO, told by webhook.

    .venv/bin/python bench/latency.py --payments 20 --json

A studio of its own at its shipped pace (real emulators, web, worker and scheduler under one supervisor), set up by
the scripted story. Then payments are entered in QuickBooks and in Xero one after another; each is a dollar of an
open invoice. ``notice`` is from the books' answer to the stored notice of the vendor, ``posted`` to the receipt
that SYSPRO confirmed. Xero has no notice of payments; that of the paid invoice counts. Flows that hear of changes by webhook look by themselves only every quarter of an hour, and
``by_webhook`` counts the payments that a notice brought, so a poll cannot flatter the figures. The emulated vendors
tell at once; how long the real ones take is theirs to say and comes on top.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
os.environ.setdefault("STUDIO_EMBEDDER", "hash")

FLOWS = ("payments-from-qbo", "payments-from-xero")
# After this long a payment is said to be late and the next one is entered.
PATIENCE_SECONDS = 60.0
# Between two payments: each is looked at by itself, nothing waits because another one came just before.
PAUSE_SECONDS = 12.0


def inside(payments: int) -> dict[str, Any]:
    """Enter payments and wait for each, in a process that shares the studio's database."""
    import django

    django.setup()
    from studio.flows.models import Flow

    return {key: told(Flow.objects.get(key=key), payments) for key in FLOWS}


def told(flow: Any, payments: int) -> dict[str, Any]:
    """The figures of one flow, seconds."""
    from django.db.models import Q

    from studio.catalog.wiring import opened
    from studio.flows.models import ChangeEvent, Delivery
    from studio.flows.triggers import doorbell, in_force
    from studio.sandbox.paying import BUSY_MINUTE, pay, plan_of, still_open

    plan = plan_of(flow)
    if plan is None or flow.state != "live":
        return {"error": f"{flow} is {flow.state}"}
    posted = Delivery.objects.filter(
        connection=flow.source, step="post", state="done", entity=plan["document"],
        currency=flow.source.currency,
    ).exclude(flow__design__document="bill").order_by("pk")  # fmt: skip
    notice, through, late, heard = list[float](), list[float](), 0, 0
    with opened(flow.source, patience=BUSY_MINUTE) as books:
        open_ = [(d, left) for d in posted if (left := still_open(books, plan, d)) > payments]
        if not open_:
            return {"error": "no document is open"}
        for number in range(1, payments + 1):
            document, _ = open_[number % len(open_)]
            asked = datetime.now(UTC)
            key = pay(books, plan, document, Decimal(1), again=number)
            began = datetime.now(UTC)
            done = _receipt(flow, key)
            if done is None:
                late += 1
                continue
            told_of = Q(key=key) | Q(entity=doorbell(flow, in_force(flow)["trigger"]))
            event = (
                ChangeEvent.objects.filter(told_of, connection=flow.source, found_by="webhook")
                .filter(created_at__range=(asked, done))
                .last()
            )
            if event is not None:
                heard += 1
                notice.append((event.created_at - began).total_seconds())
            through.append((done - began).total_seconds())
            time.sleep(PAUSE_SECONDS)
    return {
        "payments": payments,
        "late": late,
        "by_webhook": heard,
        "notice": _spread(notice),
        "posted": _spread(through),
    }


def _receipt(flow: Any, key: str) -> datetime | None:
    """When the payment's receipt was confirmed; None where it was not in time."""
    from studio.flows.models import Delivery

    mine = Delivery.objects.filter(flow=flow, item__key=key, step="post", state="done")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        done: datetime | None = mine.values_list("done_at", flat=True).first()
        if done is not None:
            return done
        time.sleep(0.05)
    return None


def _spread(values: list[float]) -> dict[str, float]:
    """Middle, all but one in twenty, worst."""
    if not values:
        return {}
    ordered = sorted(max(0.0, v) for v in values)
    return {
        "p50": round(statistics.median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))], 2),
        "worst": round(ordered[-1], 2),
    }


def measure(folder: Path, payments: int) -> dict[str, Any]:
    """Start a studio, play the story, enter payments."""
    import django

    django.setup()
    from studio.sandbox.demo import StudioUnderTest

    # The pace of a studio that nobody tuned.
    for name in ("STUDIO_POLL_SECONDS", "STUDIO_SWEEP_SECONDS"):
        os.environ[name] = os.environ.get(name, "10")
    studio = StudioUnderTest(folder, "S", lambda line: print(line, file=sys.stderr))
    studio.start()
    try:
        story = [sys.executable, "manage.py", "demo", "--inside", "--json"]
        subprocess.run(
            story, cwd=ROOT, env=studio.environment(), check=True, stdout=subprocess.DEVNULL
        )
        asked = [sys.executable, __file__, "--inside", "--payments", str(payments)]
        done = subprocess.run(
            asked, cwd=ROOT, env=studio.environment(), check=True, stdout=subprocess.PIPE, text=True
        )
    finally:
        studio.stop()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--payments", type=int, default=20, help="payments per flow")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(options.payments)))
        return 0
    root = ROOT / "var" / "latency"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    found = measure(folder, options.payments)
    if options.json:
        print(json.dumps(found))
    else:
        for key, row in found.items():
            print(key, row)
    wrong = [k for k, row in found.items() if row.get("error") or row["late"]]
    if not wrong:
        shutil.rmtree(folder, ignore_errors=True)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())

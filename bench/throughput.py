"""Orders per second through the whole pipeline, where its processor time goes, and the vendors' pace.

    .venv/bin/python bench/throughput.py --json                                   # SQLite + filesystem
    .venv/bin/python scripts/with_services.py .venv/bin/python bench/throughput.py # PostgreSQL + Redis

Completed orders of the sample company, copied under new numbers, go from the emulated SYSPRO to invoices and
receipts in QuickBooks (or Xero) and their numbers back. Emulators run in processes of their own and do not
limit; workers are the product's own Celery workers, one thread each. Nothing is left out: reading, mapping,
rules, ledger, sending in batches, evidence, write-back.

``orders_per_second`` by number of worker processes, ``speedup`` of the second; ``stages`` in processor
milliseconds per order, in one process; with ``--limits`` the vendor's own limits apply and ``share`` is what
of them was used, minute by minute in steady state, with the number of 429 met. ``rss_kb_per_1000`` is how much
a worker grew per 1,000 orders over the second half of ``--memory`` orders.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.apart import Apart, Copies, postable  # noqa: E402
from bench.chaos_world import World, prepare, unlimited  # noqa: E402
from bench.gl import rss_kb, slope  # noqa: E402

FLOWS = {"qbo": "orders-to-qbo", "xero": "orders-to-xero"}
# Which calls a vendor counts most strictly when documents are posted, and how many a minute.
LIMITS = {"qbo": ("/batch", 40), "xero": ("/", 60)}
# Orders in one turn of the process whose stages are measured.
TURN = 200
# What is sent, by the step of the delivery.
SENT = {"post": "send", "write_back": "send back"}
# Nothing has moved for this long: something is wrong.
STALLED_SECONDS = 120


def progress(flow: Any) -> tuple[int, int]:
    """Postings and write-backs of the flow that are done."""
    from studio.flows.models import Delivery

    done = Delivery.objects.filter(flow=flow, state="done")
    return done.filter(step="post").count(), done.filter(step="write_back").count()


class Workers:
    """Celery workers of the product, one thread each, without the vendors' limits unless wanted."""

    def __init__(self, folder: Path, count: int, *, limited: bool) -> None:
        self._marks = [folder / f"worker{n}.ready" for n in range(count)]
        for mark in self._marks:
            mark.unlink(missing_ok=True)
        said = ["--limited"] if limited else []
        self._processes = [
            subprocess.Popen(
                [sys.executable, __file__, "--worker", str(folder), "--mark", str(mark), *said],
                cwd=ROOT,
            )
            for mark in self._marks
        ]

    def __enter__(self) -> Workers:
        deadline = time.monotonic() + 120
        while not all(mark.exists() for mark in self._marks):
            if time.monotonic() > deadline:
                raise TimeoutError("the workers did not start")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()


def work_as_celery(folder: Path, mark: Path, *, limited: bool) -> None:
    """What a worker process does."""
    prepare(folder, migrate=False)
    if not limited:
        unlimited()
    from celery.signals import worker_ready

    from studio.celery import app

    worker_ready.connect(lambda **_: mark.touch(), weak=False)
    said = ["worker", "--pool", "solo", "--queues", "sync", "--loglevel", "ERROR"]
    said += ["--hostname", f"{mark.stem}@bench", "--without-gossip", "--without-mingle"]
    app.worker_main([*said, "--without-heartbeat"])


def through(flow: Any, wanted: int) -> float:
    """Wake the workers until so many more orders are posted and written back; seconds it took.

    Raises:
        TimeoutError: nothing has moved for long.
    """
    from studio.core.dispatch import nudge

    posted, back = progress(flow)
    goal = (posted + wanted, back + wanted)
    began = moved = time.monotonic()
    seen, swept = (posted, back), 0.0
    nudge("flows.poll", flow.pk)
    while seen < goal or seen[1] < goal[1]:
        if time.monotonic() - swept > 5:
            # What the scheduler does.
            swept = time.monotonic()
            nudge("flows.sweep")
        time.sleep(0.1)
        now = progress(flow)
        if now != seen:
            seen, moved = now, time.monotonic()
        if time.monotonic() - moved > STALLED_SECONDS:
            raise TimeoutError(f"{seen} of {goal} went through, then nothing moved")
    return time.monotonic() - began


class Stages:
    """Processor seconds of this process by stage, and seconds on the clock; what is inside is taken out."""

    def __init__(self) -> None:
        self.cpu: Counter[str] = Counter()
        self.clock: Counter[str] = Counter()
        self._open: list[list[float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is spent inside under this name."""
        began = time.process_time(), time.monotonic()
        self._open.append([0.0, 0.0])
        try:
            yield
        finally:
            cpu, clock = time.process_time() - began[0], time.monotonic() - began[1]
            inner = self._open.pop()
            self.cpu[name] += cpu - inner[0]
            self.clock[name] += clock - inner[1]
            if self._open:
                self._open[-1][0] += cpu
                self._open[-1][1] += clock

    def around(self, owner: Any, attribute: str, name: Callable[..., str]) -> None:
        """Count every call of a function under the name that its arguments give."""
        real = getattr(owner, attribute)

        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name(*args)):
                return real(*args, **kwargs)

        setattr(owner, attribute, counted)


def in_one_process(flow: Any, copies: Copies, orders: int) -> dict[str, Any]:
    """The same work in this process, turn by turn: where the time goes, and whether memory grows."""
    from studio.flows import deliver, poll, pump, work

    stages, samples = Stages(), list[list[int]]()
    kept = [
        (owner, name, getattr(owner, name))
        for owner, name in ((work, "decide"), (deliver, "send"), (poll, "take_page"))
    ]
    stages.around(work, "decide", lambda *_: "map and check")
    stages.around(deliver, "send", lambda claims, _: SENT[claims[0].delivery.step])
    stages.around(poll, "take_page", lambda *_: "store what was read")
    done, first = 0, 40_000
    try:
        while done < orders:
            copies.put(first + done, TURN)
            done += TURN
            goal = progress(flow)[1] + TURN
            while (seen := progress(flow))[1] < goal:
                with stages.stage("read"):
                    poll.poll(flow)
                with stages.stage("write the ledger"):
                    pump.pump_flow(flow.pk)
                with stages.stage("write down answers"):
                    pump.pump_connection(flow.target_id)
                with stages.stage("write down what went back"):
                    pump.pump_connection(flow.source_id)
                if progress(flow) == seen:
                    raise TimeoutError(f"{seen[1]} of {goal} went through, then nothing moved")
            samples.append([done, rss_kb()])
    finally:
        for owner, name, real in kept:
            setattr(owner, name, real)
    return {
        "orders": done,
        "seconds": round(stages.clock.total(), 1),
        "cpu_ms_per_order": {k: round(1000 * v / done, 2) for k, v in stages.cpu.items()},
        "cpu_ms_in_all": round(1000 * stages.cpu.total() / done, 2),
        "clock_ms_per_order": {k: round(1000 * v / done, 2) for k, v in stages.clock.items()},
        "rss_kb_per_1000": slope(samples),
        "rss_mb": round(samples[-1][1] / 1024),
    }


def unlimited_run(
    flow: Any, apart: Apart, copies: Copies, given: argparse.Namespace
) -> dict[str, Any]:
    """Orders per second by number of workers."""
    found: dict[str, Any] = {"orders": given.orders, "orders_per_second": {}, "emulators_cpu": {}}
    first = 0
    for count in given.workers:
        copies.put(first, given.orders)
        first += given.orders
        with Workers(given.folder, count, limited=False):
            before = apart.cpu()
            seconds = through(flow, given.orders)
        found["orders_per_second"][str(count)] = round(given.orders / seconds, 1)
        found["emulators_cpu"][str(count)] = round((apart.cpu() - before) / given.orders * 1000, 2)
    rates = list(found["orders_per_second"].values())
    if len(rates) > 1:
        found["speedup"] = round(rates[1] / rates[0], 2)
    return found


def whole_minutes(since: Sequence[float]) -> list[int]:
    """Calls in each whole minute, from seconds since the first; without the first minute and the last.

    The first has what the vendor saved up for us, the last one is not whole.
    """
    return [sum(60 * m <= s < 60 * m + 60 for s in since) for m in range(1, int(since[-1] // 60))]


def limited_run(
    flow: Any, apart: Apart, copies: Copies, given: argparse.Namespace
) -> dict[str, Any]:
    """What of the vendor's limit is used in every whole minute in which there is work for all of it."""
    from studio.catalog.models import Exchange

    apart.limit()
    copies.put(80_000, given.limits)
    began = datetime.now(UTC)
    with Workers(given.folder, 2, limited=True):
        seconds = through(flow, given.limits)
    word, limit = LIMITS[flow.target.system]
    calls = Exchange.objects.filter(connection=flow.target, at__gte=began)
    at = list(calls.filter(url__contains=word).order_by("at").values_list("at", flat=True))
    minutes = whole_minutes([(moment - at[0]).total_seconds() for moment in at])
    share = sum(minutes) / len(minutes) / limit if minutes else None
    return {
        "orders": given.limits,
        "seconds": round(seconds, 1),
        "calls": len(at),
        "calls_a_minute": minutes,
        "limit": limit,
        "share": share and round(share, 3),
        "met_429": calls.filter(status=429).count(),
    }


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Prepare the studio once and take every measurement asked for."""
    from django.conf import settings

    from studio.flows.models import Flow

    apart = Apart(given.folder)
    try:
        world = World(given.folder, 1, apart.hellos)
        flows = Flow.objects.select_related("source", "target")
        flow = flows.get(key=FLOWS[given.to])
        # Only this flow, so that what is counted is its own work.
        Flow.objects.exclude(pk=flow.pk).filter(state="live").update(state="paused")
        copies = Copies(apart, flow.source.company, postable(flow))
        found: dict[str, Any] = {
            "to": given.to,
            "database": settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[1],
            "cores": len(os.sched_getaffinity(0)),
        }
        if given.orders:
            found["unlimited"] = unlimited_run(flow, apart, copies, given)
        if given.memory:
            found["stages"] = in_one_process(flow, copies, given.memory)
        if given.limits:
            found["limited"] = limited_run(flow, apart, copies, given)
        world.stop()
    finally:
        apart.stop()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", choices=sorted(FLOWS), default="qbo")
    parser.add_argument("--orders", type=int, default=1000, help="unlimited, for each --workers")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--memory", type=int, default=1000, help="orders in one process")
    parser.add_argument("--limits", type=int, default=0, help="orders under the vendor's limits")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mark", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--limited", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work_as_celery(given.worker, given.mark, limited=given.limited)
        return 0
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        given.folder = Path(folder)
        prepare(given.folder)
        found = measure(given)
    print(json.dumps(found, indent=None if given.json else 2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

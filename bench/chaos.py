"""Seeded schedules of crashes and lies against every shipped flow; proves nothing is lost or doubled.

    .venv/bin/python bench/chaos.py --flow all --rounds 1000 --seed 1 --json
    scripts/with_services.py .venv/bin/python bench/chaos.py --flow all   # PostgreSQL and Redis

Each schedule makes new changes at a flow's source (``bench/chaos_scenarios``), lets a worker move them
while one thing goes wrong (a kill before the send, after the send, before the commit or after the poll;
a cut connection before or after the effect; 401; both kinds of 429; 500 before or after the effect; 503;
the same changes read twice; two workers; a person editing at the target; and what the scenario adds),
then lets it recover and counts what stands at the target. The embedded database and broker are used
unless DATABASE_URL says otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.chaos_scenarios import Judged, Scenario, scenario_for  # noqa: E402
from bench.chaos_world import Killed, World, prepare  # noqa: E402

KILLS = ("before-send", "after-send", "before-commit", "after-poll")
FAULTS = ("401", "429-minute", "429-day", "500", "503", "500-after", "drop-before", "drop-after")
OTHERS = ("read-twice", "two-workers", "edited-at-target", "none")


class Break:
    """What goes wrong in one schedule."""

    def __init__(self, world: World, flow: Any, kind: str, draw: random.Random) -> None:
        self.world, self.flow, self.kind = world, flow, kind
        self.left = draw.randint(1, 3)
        self.skip = draw.randint(0, 3)
        self.at_target = draw.random() < 0.7

    def hit(self, point: str) -> None:
        """Die here if this schedule says so."""
        if self.kind != point or self.left <= 0:
            return
        if self.skip > 0:
            self.skip -= 1
            return
        self.left -= 1
        raise Killed

    def arm(self) -> None:
        """Arm the fault at one of the two systems, if this schedule has one."""
        if self.kind not in FAULTS:
            return
        from connectors.emulation.faults import Fault, FaultKind

        system = self.flow.target.system if self.at_target else self.flow.source.system
        emulator: Any = self.world.running[system].emulator
        emulator.faults.arm(Fault(FaultKind(self.kind), count=self.left, skip=self.skip))

    def disarm(self) -> None:
        """No fault strikes any more."""
        for running in self.world.running.values():
            faults: Any = getattr(running.emulator, "faults", None)
            if faults is not None:
                faults.disarm()


_now: list[Break] = []


def install() -> None:
    """Put the points where a worker can die around the real code."""
    from studio.catalog import wiring
    from studio.flows import deliver, poll, pump

    real_open, real_done, real_take = wiring.open_connector, deliver.record_success, poll.take_page

    class Mortal:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._inner, name)
            if name not in ("create", "update", "act", "create_many", "attach"):
                return found

            def call(*args: Any, **kwargs: Any) -> Any:
                for one in _now:
                    one.hit("before-send")
                answer = found(*args, **kwargs)
                for one in _now:
                    one.hit("after-send")
                return answer

            return call

    def done(*args: Any, **kwargs: Any) -> Any:
        from django.db import transaction

        with transaction.atomic():
            answer = real_done(*args, **kwargs)
            for one in _now:
                one.hit("before-commit")
        return answer

    def take(*args: Any, **kwargs: Any) -> Any:
        for one in _now:
            one.hit("after-poll")
        return real_take(*args, **kwargs)

    wiring.open_connector = lambda *a, **k: Mortal(real_open(*a, **k))  # type: ignore[assignment]
    deliver.record_success = done
    poll.take_page = take
    assert pump.deliver is deliver.deliver


def two_workers(world: World, flow: Any) -> None:
    """Two workers take their turn at the same moment."""
    from django.db import connections

    def work() -> None:
        try:
            world.turn(flow)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def schedule(world: World, scenario: Scenario, flow: Any, draw: random.Random, kind: str) -> Judged:
    """One schedule, from changes at the source to the count of what stands at the target."""
    from studio.flows.models import Cursor

    changes = [scenario.change(draw) for _ in range(draw.randint(1, 3))]
    trouble = Break(world, flow, kind, draw)
    trouble.arm()
    if kind in scenario.kinds:
        scenario.arm(kind, draw)
    _now[:] = [trouble]
    if kind == "two-workers":
        two_workers(world, flow)
    for _ in range(6):
        world.later()
        try:
            world.turn(flow)
        except Killed:
            continue
        if not world.busy():
            break
    if kind == "read-twice":
        Cursor.objects.filter(flow=flow).update(value="")
    _now.clear()
    trouble.disarm()
    world.drain(flow)
    if kind == "edited-at-target":
        scenario.edit_at_target(changes[0])
        world.drain(flow)
    judged = [scenario.judge(one) for one in changes]
    found = Judged(
        lost=sum(j.lost for j in judged),
        doubled=sum(j.doubled for j in judged),
        residual=sum((j.residual for j in judged), Decimal(0)),
    )
    if found != Judged():
        print(f"FAILED {flow.key} {kind} {changes}: {found}{_cases(flow)}", file=sys.stderr)
    return found


def _cases(flow: Any) -> str:
    """What the newest open cases of the flow say, to see why."""
    from studio.triage.models import OPEN_STATES, Case

    rows = Case.objects.filter(flow_key=flow.key, state__in=OPEN_STATES).order_by("-pk")[:3]
    return "".join(f"\n  {case.record_label}: {case.sentence}" for case in rows)


def trial(world: World, flow: Any, options: argparse.Namespace) -> dict[str, Any]:
    """All schedules of one flow."""
    scenario = scenario_for(world, flow)
    draw = random.Random(f"{options.seed}:{flow.key}")
    every = KILLS + FAULTS + OTHERS + scenario.kinds
    # Each once before any twice, in an order of the seed: a few rounds must not always try the same few.
    kinds = draw.sample(every, len(every))
    seen: Counter[str] = Counter()
    sums = [0, 0, Decimal(0)]
    began = time.monotonic()
    for number in range(options.rounds):
        kind = kinds[number % len(kinds)] if number < len(kinds) else draw.choice(kinds)
        seen[kind] += 1
        result = schedule(world, scenario, flow, draw, kind)
        sums = [sums[0] + result.lost, sums[1] + result.doubled, sums[2] + result.residual]
        if sys.stderr.isatty():
            print(f"\r{flow.key} {number + 1}/{options.rounds}", end="", file=sys.stderr)
    return {
        "schedules": options.rounds,
        "lost": sums[0],
        "doubled": sums[1],
        "residual": f"{sums[2]:.2f}",
        "seconds": round(time.monotonic() - began, 1),
        "kinds": dict(seen),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--flow", default="all", help="keys of shipped flows with commas between, or all"
    )
    parser.add_argument("--rounds", type=int, default=50, help="schedules per flow")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    root = ROOT / "var" / "chaos"
    root.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=root) as name:
        prepare(Path(name))
        world = World(Path(name), options.seed)
        install()
        by_key = {f.key: f for f in world.flows}
        wanted = list(by_key) if options.flow == "all" else options.flow.split(",")
        # A shop's own key is another in each studio.
        by_key |= {f.key.partition("-")[0]: f for f in world.flows if f.key.startswith("portal-")}
        if missing := [key for key in wanted if key not in by_key]:
            said = f"no flow is called {', '.join(missing)}; there are: {', '.join(by_key)}"
            print(said, file=sys.stderr)
            return 2
        flows = [by_key[key] for key in wanted]
        idle = [f.key for f in flows if f.state != "live"]
        if idle:
            print(f"not live, so nothing was tried: {', '.join(idle)}", file=sys.stderr)
            return 2
        report: dict[str, dict[str, Any]] = {}
        for flow in flows:
            report[flow.key] = row = trial(world, flow, options)
            # A long run that is ended half way has said what it found.
            print(f"{flow.key} {json.dumps(row)}", file=sys.stderr, flush=True)
        world.stop()
    totals = {
        "schedules": sum(r["schedules"] for r in report.values()),
        "lost": sum(r["lost"] for r in report.values()),
        "doubled": sum(r["doubled"] for r in report.values()),
        "residual": f"{sum(Decimal(r['residual']) for r in report.values()):.2f}",
        "seconds": round(time.monotonic() - began, 1),
        "seed": options.seed,
    }
    if options.json:
        print(json.dumps({"totals": totals, "flows": report}))
    else:
        for key, row in report.items():
            print(key, row)
        print("totals", totals)
    return int(bool(totals["lost"] or totals["doubled"] or Decimal(totals["residual"])))


if __name__ == "__main__":
    raise SystemExit(main())

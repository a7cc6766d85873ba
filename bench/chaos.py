"""Seeded schedules of crashes and lies against every shipped flow; proves nothing is lost or doubled.

    .venv/bin/python bench/chaos.py --flow all --rounds 1000 --seed 1 --json

Each schedule completes new orders in the emulated SYSPRO, lets a worker move them while one thing goes
wrong (a kill before the send, after the send or before the commit; a cut connection before or after the
effect; 401; both kinds of 429; 500 before or after the effect; the same changes read twice; two workers;
a person editing at the target), then lets it recover and counts documents at the target by reference.
The embedded database and broker are used unless DATABASE_URL says otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
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

KILLS = ("before-send", "after-send", "before-commit", "after-poll")
FAULTS = ("401", "429-minute", "429-day", "500", "503", "500-after", "drop-before", "drop-after")
WIDE = {"per_second": 10**6, "per_minute": 10**6, "concurrent": 10**6}
OTHERS = ("read-twice", "two-workers", "edited-at-target", "none")


class Killed(BaseException):
    """The worker dies here, as kill -9 would have it: no handler of ours sees it."""


def prepare(folder: Path) -> None:
    """Settings of a studio of its own; must run before Django is imported."""
    os.environ.update(
        STUDIO_VAR=str(folder),
        STUDIO_EMBEDDER="hash",
        STUDIO_LEASE_SECONDS="0",
        STUDIO_LOG_LEVEL="CRITICAL",
        DJANGO_SETTINGS_MODULE="studio.settings",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


class World:
    """Emulators, a seeded and published studio, and the means to break it."""

    def __init__(self, folder: Path, seed: int) -> None:
        import httpx

        from connectors.emulation.serve import load, start_in_thread
        from connectors.registry import CONNECTORS
        from studio.flows.models import Flow
        from studio.sandbox import seeding, story

        self.running = {
            s: start_in_thread(load(s).make("S", 1, None, None, True))
            for s in ("syspro", "qbo", "xero")
        }
        hellos = {s: r.hello() for s, r in self.running.items()}
        (folder / "emulators.json").write_text(json.dumps(hellos))
        # Time is not measured here; the vendors' pace would make every schedule take minutes.
        httpx.post(f"{hellos['qbo']['url']}/_control/windows", json=WIDE).raise_for_status()
        httpx.post(
            f"{hellos['xero']['url']}/_control/limits", json={"minute": 0}
        ).raise_for_status()
        for system in CONNECTORS.values():
            system.capabilities.rate.clear()
        quiet = lambda _line: None  # noqa: E731
        workspace = seeding.seed(quiet)
        self.workspace = workspace
        ivo, self.ana = story.actor_of(workspace, "ivo"), story.actor_of(workspace, "ana")
        story.review_values(ivo, workspace, quiet)
        story.review_fields(ivo, workspace, quiet)
        story.review_matches(self.ana, workspace, quiet)
        story.publish_flows(ivo, workspace, quiet)
        for _ in range(3):
            self.drain(None)
            if not story.work_cases(self.ana, workspace, quiet):
                break
        self.drain(None)
        self.flows = list(Flow.objects.select_related("source", "target").order_by("key"))
        self.number = 700_000 + seed % 1000

    # --- orders -------------------------------------------------------------------------------------

    def templates(self, flow: Any) -> list[str]:
        """Orders that went through: their clones will, too."""
        from studio.flows.models import Delivery

        rows = Delivery.objects.filter(flow=flow, step="post", state="done")
        return sorted(rows.values_list("item__key", flat=True))

    def complete(self, flow: Any, template: str) -> tuple[str, str]:
        """A new completed order like an earlier one; returns its order and invoice number."""
        emulator: Any = self.running["syspro"].emulator
        company = flow.source.company
        database = emulator.databases[company]
        self.number += 1
        order, invoice = f"{self.number:06d}", f"{self.number + 200_000:06d}"
        header = dict(database.get("SorMaster", template))
        lines = [dict(row) for row in database.where("SorDetail", "SalesOrder", template)]
        # The emulator stores keys padded, as SYSPRO does.
        stored = order.zfill(len(header["SalesOrder"]))
        header |= {"LastInvoice": invoice.zfill(len(header["LastInvoice"]))}
        for row in [header, *lines]:
            row.pop("TimeStamp", None)
            row["SalesOrder"] = stored
        emulator.load({f"{company}.SorMaster": [header], f"{company}.SorDetail": lines})
        return order, invoice

    # --- workers ------------------------------------------------------------------------------------

    def turn(self, flow: Any) -> int:
        """One worker's turn: look, work, send."""
        from studio.flows.models import Flow
        from studio.flows.poll import poll
        from studio.flows.pump import pump_connection, pump_flow

        flow = Flow.objects.select_related("source", "target", "workspace").get(pk=flow.pk)
        poll(flow)
        done = pump_flow(flow.pk)
        done += pump_connection(flow.target_id)
        return done + pump_connection(flow.source_id)

    def drain(self, flow: Any, turns: int = 40) -> None:
        """Turns until nothing is under way; time passes between them as far as rows are concerned."""
        from studio.flows.models import Flow

        flows = [flow] if flow else list(Flow.objects.filter(state="live"))
        for _ in range(turns):
            self.later()
            for one in flows:
                try:
                    self.turn(one)
                except Killed:
                    continue
            if not self.busy():
                return

    def busy(self) -> bool:
        """Whether anything is under way."""
        from studio.flows.models import Delivery, InboxItem

        items = InboxItem.objects.filter(state__in=("new", "working", "waiting"))
        sent = Delivery.objects.filter(state__in=("ready", "sending", "unknown"))
        return items.exists() or sent.exists()

    def later(self) -> None:
        """An hour later: pauses, leases and limits have run out."""
        from studio.catalog.models import Budget, Connection, Lane
        from studio.flows.models import Cursor, Delivery, InboxItem

        Delivery.objects.exclude(not_before=None).update(not_before=None)
        InboxItem.objects.exclude(not_before=None).update(not_before=None)
        Connection.objects.exclude(paused_until=None).update(paused_until=None, failures=0)
        Budget.objects.all().delete()
        Lane.objects.update(until=None)
        Cursor.objects.exclude(lease_until=None).update(lease_until=None)
        for running in self.running.values():
            clock = getattr(running.emulator, "clock", None)
            if clock is not None:
                clock.advance(61)

    def stop(self) -> None:
        for running in self.running.values():
            running.stop()


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
        if self.kind not in FAULTS:
            return
        from connectors.emulation.faults import Fault, FaultKind

        system = self.flow.target.system if self.at_target else self.flow.source.system
        emulator: Any = self.world.running[system].emulator
        emulator.faults.arm(Fault(FaultKind(self.kind), count=self.left, skip=self.skip))

    def disarm(self) -> None:
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
            if name not in ("create", "update", "act"):
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


def schedule(world: World, flow: Any, draw: random.Random, kind: str) -> tuple[int, int, Decimal]:
    """One schedule; returns lost, doubled and the unexplained residual."""
    from studio.flows.models import Cursor

    orders = [
        world.complete(flow, draw.choice(world.templates(flow)[:12]))
        for _ in range(draw.randint(1, 3))
    ]
    trouble = Break(world, flow, kind, draw)
    trouble.arm()
    _now[:] = [trouble]
    if kind == "two-workers":
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
        edit(world, flow, orders[0][1])
        world.drain(flow)
    return judge(world, flow, orders, kind)


def edit(world: World, flow: Any, number: str) -> None:
    """A person changes a remark on the posted document."""
    emulator: Any = world.running[flow.target.system].emulator
    for entity in flow.design["entities"]:
        for document in emulator.documents(entity, number):
            key = document.get("Id") or document.get("InvoiceID")
            field = "PrivateNote" if "Id" in document else "Reference"
            emulator.edit(entity, key, {field: "looked at by a person"})


def judge(
    world: World, flow: Any, orders: list[tuple[str, str]], kind: str
) -> tuple[int, int, Decimal]:
    from studio.flows.models import Delivery, InboxItem

    emulator: Any = world.running[flow.target.system].emulator
    lost = doubled = 0
    residual = Decimal(0)
    for order, invoice in orders:
        found = [d for e in flow.design["entities"] for d in emulator.documents(e, invoice)]
        posted = Delivery.objects.filter(
            flow=flow, business_key=order, step="post", state="done"
        ).first()
        parked = InboxItem.objects.filter(flow=flow, key=order, state="parked").exists()
        if len(found) > 1:
            doubled += len(found) - 1
        # Orders like these went through before, so a case is as bad as a loss here.
        if not found or parked:
            lost += 1
        if found and posted is None:
            lost += 1
        if found and posted:
            total = found[0].get("TotalAmt", found[0].get("Total"))
            residual += abs(Decimal(str(total)) - posted.gross)
            back = Delivery.objects.filter(follows=posted, step="write_back", state="done").count()
            lost += back != 1
    if lost or doubled or residual:
        print(
            f"FAILED {flow.key} {kind} {orders}: lost {lost}, doubled {doubled}, {residual}",
            file=sys.stderr,
        )
    return lost, doubled, residual


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flow", default="all", help="key of a shipped flow, or all")
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
        kinds = KILLS + FAULTS + OTHERS
        flows = [f for f in world.flows if options.flow in ("all", f.key)]
        if not flows:
            known = ", ".join(f.key for f in world.flows)
            print(f"no flow is called {options.flow}; there are: {known}", file=sys.stderr)
            return 2
        report: dict[str, Any] = {}
        for flow in flows:
            draw = random.Random(f"{options.seed}:{flow.key}")
            seen: Counter[str] = Counter()
            lost = doubled = 0
            residual = Decimal(0)
            for number in range(options.rounds):
                kind = kinds[number % len(kinds)] if number < len(kinds) else draw.choice(kinds)
                seen[kind] += 1
                result = schedule(world, flow, draw, kind)
                lost, doubled, residual = (
                    lost + result[0],
                    doubled + result[1],
                    residual + result[2],
                )
                if sys.stderr.isatty():
                    print(f"\r{flow.key} {number + 1}/{options.rounds}", end="", file=sys.stderr)
            report[flow.key] = {
                "schedules": options.rounds,
                "lost": lost,
                "doubled": doubled,
                "residual": f"{residual:.2f}",
                "kinds": dict(seen),
            }
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

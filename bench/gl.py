"""A historic ledger load that is killed (kill -9) and resumed again and again must tie to the cent.

    .venv/bin/python bench/gl.py --lines 2000 --kills 3 --json          # seconds, for a quick check
    nice -n 10 .venv/bin/python bench/gl.py --lines 200000 --kills 10   # the full size

Balanced journals are put into the emulated SYSPRO; a worker process of its own reads, maps and posts them in
batches to the emulated books (``--to qbo`` or ``xero``) with the shipped flow, mappings and batch lane. It is
killed at random moments of reading, working and posting. At the end the source, our batches and the target
are added up: count, debit, credit; nothing may be lost, doubled or off by a cent. The vendors' limits are
lifted: what is measured is the recovery. ``rss_kb_per_1000`` is how much the last worker grew.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.chaos_world import SYSTEMS, lift, unlimited  # noqa: E402

PER_JOURNAL = 8
# Seconds until the rows of a killed worker are taken over; there is never a second one alive.
LEASE = 3
KEYS = {"qbo": "journals-history-to-qbo", "xero": "journals-history-to-xero"}


def prepare(folder: Path, lease: int) -> None:
    """Settings of a studio of its own; must run before Django is imported."""
    os.environ.update(
        STUDIO_VAR=str(folder),
        STUDIO_EMBEDDER="hash",
        STUDIO_LEASE_SECONDS=str(lease),
        STUDIO_LOG_LEVEL="CRITICAL",
        DJANGO_SETTINGS_MODULE="studio.settings",
    )
    import django

    django.setup()
    unlimited()


def rss_kb() -> int:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


class Load:
    """Emulators with the journals, and a studio in which only the journal flow is live."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        from django.core.management import call_command

        from connectors.emulation.serve import load, start_in_thread

        self.folder, self.options = folder, options
        self.running = {s: start_in_thread(load(s).make("S", 1, None, None, True)) for s in SYSTEMS}
        hellos = {s: r.hello() for s, r in self.running.items()}
        (folder / "emulators.json").write_text(json.dumps(hellos))
        lift(hellos)
        call_command("migrate", verbosity=0, interactive=False)
        self.flow = self._studio()
        self.expected = self._journals()

    def _journals(self) -> Counter[str]:
        """Put the journals into SYSPRO; returns count, debit and credit in cents."""
        from connectors.emulation.company import build
        from connectors.emulation.company_ledger import posted_journals
        from connectors.syspro.emulator.seed_ledgers import entry_rows, journal_rows

        company = self.flow.source.company
        emulator: Any = self.running["syspro"].emulator
        database = emulator.databases[company]
        made = list(
            posted_journals(
                build("S", 1).of(company).tables,
                self.options.lines // PER_JOURNAL,
                self.options.seed,
                first=date(2026, 6, 1),
                last=date(2026, 6, 30),
                lines=PER_JOURNAL,
            )
        )
        # The sample company's own journals of that month would only blur the figures.
        for table in ("GenJournalDetail", "GenJournalCtl"):
            for row in list(database.rows(table)):
                database.delete(table, row)
        emulator.load(
            {
                f"{company}.GenJournalCtl": list(journal_rows(made)),
                f"{company}.GenJournalDetail": list(entry_rows(company, made)),
            }
        )
        sums: Counter[str] = Counter(count=len(made))
        for one in made:
            sums["debit"] += int(sum(a for _, _, a in one.lines if a > 0) * 100)
            sums["credit"] -= int(sum(a for _, _, a in one.lines if a < 0) * 100)
        return sums

    def _studio(self) -> Any:
        """Connections, snapshots, the shipped journal mappings as they come, accounts, the live flow."""
        from connectors.emulation.company import build
        from studio.accounts.models import Workspace, machine
        from studio.accounts.roles import CONNECT, LOOKUP, MAP, PUBLISH
        from studio.catalog.actions import introspect, refresh_codes
        from studio.catalog.models import Code
        from studio.flows.actions import publish_flow
        from studio.flows.designs import ensure_flows
        from studio.mapping.actions import add_lookup_row, ensure_lookup_tables, ensure_mappings
        from studio.mapping.models import MappingVersion
        from studio.mapping.shipped import starters_of
        from studio.sandbox import seeding

        workspace = Workspace.objects.create(name="Ledger load", slug="load")
        seeding.people(workspace)
        actor = machine(workspace, "set-up", CONNECT, MAP, LOOKUP, PUBLISH)
        found = seeding.connections(actor, workspace)
        source = found["syspro-us" if self.options.to == "qbo" else "syspro-uk"]
        target = found[self.options.to]
        introspect(actor, source)
        introspect(actor, target)
        refresh_codes(target)
        for mapping in ensure_mappings(actor, source, target):
            for starter in starters_of(mapping.connection.system):
                place = (starter.direction, starter.entity, starter.canonical)
                if starter.canonical == "journal" and place == (
                    mapping.direction, mapping.entity, mapping.document,
                ):  # fmt: skip
                    MappingVersion.objects.create(
                        mapping=mapping,
                        number=1,
                        document=starter.document,
                        content_hash=f"{mapping.pk:064d}",
                        published_by=actor.name,
                    )
        tables = {t.name: t for t in ensure_lookup_tables(actor, target)}
        codes = Code.objects.filter(connection=target, kind="journal_account")
        keys = {code or key: key for code, key in codes.values_list("code", "key")}
        for account in build("S", 1).of(source.company).tables.accounts:
            if account.twin_code in keys:
                table = tables["journal_accounts"]
                add_lookup_row(actor, table, account.code, keys[account.twin_code])
        flow = next(f for f in ensure_flows(source, target) if f.key == KEYS[self.options.to])
        publish_flow(actor, flow)
        return flow

    def advance(self) -> float:
        """How far reading, working and posting are together, 0 to 1."""
        from studio.flows.models import Delivery, InboxItem

        items = InboxItem.objects.filter(flow=self.flow)
        done = Delivery.objects.filter(flow=self.flow, state="done").count()
        steps = items.count() + items.exclude(state__in=("new", "working")).count() + done
        return steps / (3 * self.expected["count"])

    def trial(self) -> dict[str, Any]:
        """Run the worker, kill it as often as wanted, let it finish, and judge."""
        draw = random.Random(self.options.seed)
        kills = sorted(draw.uniform(0.02, 0.97) for _ in range(self.options.kills))
        began = time.monotonic()
        worker = self._worker()
        for number, at in enumerate(kills, start=1):
            while self.advance() < at and worker.poll() is None:
                time.sleep(0.2)
            time.sleep(draw.uniform(0.0, 0.5))
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            print(f"kill {number} at {self.advance():.0%}", file=sys.stderr)
            worker = self._worker()
        worker.wait()
        return self.verdict() | {"seconds": round(time.monotonic() - began, 1)}

    def _worker(self) -> subprocess.Popen[bytes]:
        said = [sys.executable, __file__, "--worker", str(self.folder), "--to", self.options.to]
        said += ["--lines", str(self.options.lines)]
        return subprocess.Popen(said, cwd=ROOT)

    def verdict(self) -> dict[str, Any]:
        """Source, batches and target to the cent."""
        from studio.flows.amounts import amounts_of
        from studio.flows.control import settle
        from studio.flows.models import Delivery, Run

        emulator: Any = self.running[self.options.to].emulator
        entity, plan = next(iter(self.flow.design["entities"].items()))
        found: Counter[str] = Counter()
        numbers: Counter[str] = Counter()
        for document in emulator.store.all(entity):
            name = str(document.get(plan["reference"]) or "").split(" ")[0]
            if not name.startswith("2026-06-"):
                continue
            numbers[name] += 1
            sums = amounts_of(document, plan)
            found.update(count=1, debit=int(sums.gross * 100), credit=int(sums.net * 100))
        batches = [
            settle(run)
            for run in Run.objects.filter(flow=self.flow, items__isnull=False).distinct()
        ]
        ledger: Counter[str] = Counter()
        for batch in batches:
            place = batch.ledger
            ledger.update(
                count=place.count, debit=int(place.debit * 100), credit=int(place.credit * 100)
            )
        retried = Delivery.objects.filter(flow=self.flow, attempts__gt=1).count()
        samples = json.loads((self.folder / "rss.json").read_text(encoding="utf-8"))
        places = {"source": self.expected, "ledger": ledger, "target": found}
        return {
            "lines": self.options.lines,
            "kills": self.options.kills,
            "seed": self.options.seed,
            "to": self.options.to,
            "batches": len(batches),
            "batches_that_tie": sum(b.ties for b in batches),
            "lost": self.expected["count"] - len(numbers),
            "doubled": sum(n - 1 for n in numbers.values()),
            "posted_more_than_one_try": retried,
            "residual": f"{Decimal(abs(self.expected['debit'] - found['debit'])) / 100:.2f}",
            "places": {
                k: {n: v[n] for n in ("count", "debit", "credit")} for k, v in places.items()
            },
            "rss_kb_per_1000": slope(samples),
        }


def slope(samples: list[list[int]]) -> float:
    """Growth of memory in kB per 1,000 records, by least squares over the second half."""
    half = samples[len(samples) // 2 :]
    if len(half) < 3:
        return 0.0
    n = len(half)
    x, y = sum(s[0] for s in half) / n, sum(s[1] for s in half) / n
    wide = sum((s[0] - x) ** 2 for s in half)
    return round(1000 * sum((s[0] - x) * (s[1] - y) for s in half) / wide, 1) if wide else 0.0


def work(folder: Path, options: argparse.Namespace) -> int:
    """What the worker process does: read, work, approve as the accountant, post; until all is done."""
    from studio.accounts.models import Workspace
    from studio.flows.models import Delivery, Flow, InboxItem
    from studio.flows.poll import poll
    from studio.flows.pump import pump_connection, pump_flow
    from studio.sandbox.story import actor_of, approve_batches

    flow = Flow.objects.select_related("source", "target", "workspace").get(key=KEYS[options.to])
    workspace = Workspace.objects.get()
    ana = actor_of(workspace, "ana")
    expected = options.lines // PER_JOURNAL
    done, samples = 0, list[list[int]]()
    while True:
        if InboxItem.objects.filter(flow=flow).count() < expected:
            poll(flow)
        moved = pump_flow(flow.pk)
        approve_batches(ana, workspace, lambda _: None)
        sent = pump_connection(flow.target_id)
        done += sent
        samples.append([done, rss_kb()])
        if done:
            (folder / "rss.json").write_text(json.dumps(samples))
        if not moved + sent:
            under_way = Delivery.objects.filter(flow=flow).exclude(state="done").exists()
            waiting = InboxItem.objects.filter(flow=flow, state__in=("new", "working")).exists()
            if not under_way and not waiting and done:
                return 0
            if (
                not under_way
                and not waiting
                and Delivery.objects.filter(flow=flow).count() >= expected
            ):
                return 0
            time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=2000, help=f"{PER_JOURNAL} to a journal")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--to", choices=sorted(KEYS), default="qbo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        prepare(options.worker, LEASE)
        return work(options.worker, options)
    root = ROOT / "var" / "gl"
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as name:
        prepare(Path(name), LEASE)
        (Path(name) / "rss.json").write_text("[]")
        found = Load(Path(name), options).trial()
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))
    places = list(found["places"].values())
    ties = places[0] == places[1] == places[2] and found["batches"] == found["batches_that_tie"]
    return int(not ties or bool(found["lost"] or found["doubled"]))


if __name__ == "__main__":
    raise SystemExit(main())

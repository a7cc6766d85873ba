"""kill -9 of worker, web and supervisor at random moments while orders move; counts what is left.

    .venv/bin/python bench/kill.py --rounds 50 --seed 1 --json

A studio of its own is started (real emulators, web, workers, scheduler under one supervisor), set up by the
scripted story, and then, round after round, new orders are completed in the emulated SYSPRO and one process is
killed at a random moment. A killed supervisor is started again; the others it restarts itself. At the end every
order must be at its target exactly once and written back.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
os.environ.setdefault("STUDIO_EMBEDDER", "hash")

# Per company: where its orders go.
SIDES = (("EDU1", "qbo", ("Invoice", "SalesReceipt")), ("EDU2", "xero", ("Invoice",)))
TARGETS = ("worker", "web", "supervisor")


def documents(url: str, entity: str, reference: str) -> int:
    """How many documents of an emulator carry a number."""
    import httpx

    params = {"entity": entity, "reference": reference}
    found = httpx.get(f"{url}/_control/documents", params=params, timeout=30)
    return int(found.raise_for_status().json()["count"])


class Trial:
    """One studio, what was ordered in it, and what was killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        import django

        django.setup()
        from studio.sandbox.demo import StudioUnderTest

        self.draw = random.Random(seed)
        self.studio = StudioUnderTest(folder, "S", print)
        self.folder = folder
        self.number = 600_000 + seed % 1000
        self.orders: list[tuple[str, str, str]] = []
        self.killed: Counter[str] = Counter()
        self.when: list[tuple[float, str]] = []

    def begin(self) -> None:
        """Start, let the scripted people review and publish, and lift the vendors' limits."""
        import httpx

        self.studio.start()
        self.emulators = json.loads((self.folder / "emulators.json").read_text())
        wide = {"per_second": 10**6, "per_minute": 10**6, "concurrent": 10**6}
        httpx.post(f"{self.emulators['qbo']['url']}/_control/windows", json=wide)
        httpx.post(f"{self.emulators['xero']['url']}/_control/limits", json={"minute": 0})
        subprocess.run(
            [sys.executable, "manage.py", "demo", "--inside", "--json"],
            cwd=ROOT, env=self.studio.environment(), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def learn(self) -> None:
        """What went through already; new orders are like that."""
        from studio.sandbox.day import Company

        url = self.emulators["syspro"]["url"]
        self.companies = {c: Company(url, c) for c, _, _ in SIDES}
        self.known = {c: one.written_back() for c, one in self.companies.items()}
        self.lines = {c: one.rows("SorDetail") for c, one in self.companies.items()}

    def complete(self, company: str, system: str) -> None:
        """A new completed order like an earlier one."""
        chosen = self.draw.choice(self.known[company])
        self.number += 1
        made = self.companies[company].order_like(chosen, self.lines[company], self.number)
        self.orders.append((system, made.order, made.invoice))

    def round(self) -> None:
        """New orders, a moment, a kill, and back on its feet."""
        for company, system, _ in SIDES:
            for _ in range(self.draw.randint(1, 3)):
                self.complete(company, system)
        time.sleep(self.draw.uniform(0.0, 4.0))
        victim = self.draw.choice(TARGETS)
        recent = [v for at, v in self.when if time.monotonic() - at < 70]
        if recent.count(victim) >= 3:
            # The supervisor gives up on a child that ends five times in a minute; that is its right.
            victim = "supervisor"
        self.when.append((time.monotonic(), victim))
        self.killed[victim] += 1
        if victim == "supervisor":
            self.studio.kill()
            self.studio.start()
            return
        pids = json.loads((self.folder / "run.json").read_text())
        pid = pids.get("children", pids).get(victim)
        if pid:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                self.killed[f"{victim} was down"] += 1
        time.sleep(self.draw.uniform(6.0, 10.0))

    def settle(self, seconds: float = 180.0) -> None:
        """Wait until every order is at its target or time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(self.count(*o) == 0 for o in self.orders):
            time.sleep(3)
        time.sleep(15)

    def count(self, system: str, order: str, invoice: str) -> int:
        """How many documents at the target carry the invoice number."""
        entities = next(e for _, s, e in SIDES if s == system)
        url = self.emulators[system]["url"]
        return sum(documents(url, e, invoice) for e in entities)

    def verdict(self) -> dict[str, Any]:
        counts = {o: self.count(*o) for o in self.orders}
        back = {row["SalesOrder"] for c in self.companies.values() for row in c.written_back()}
        return {
            "orders": len(self.orders),
            "lost": sum(n == 0 for n in counts.values()),
            "doubled": sum(n - 1 for n in counts.values() if n > 1),
            "not_written_back": sum(o[1].zfill(20) not in back for o in self.orders),
            "killed": dict(self.killed),
        }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    root = ROOT / "var" / "kill"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    trial = Trial(folder, options.seed)
    began = time.monotonic()
    try:
        trial.begin()
        trial.learn()
        for number in range(options.rounds):
            trial.round()
            print(f"round {number + 1}/{options.rounds}: {dict(trial.killed)}", file=sys.stderr)
        trial.settle()
        found = trial.verdict()
    finally:
        trial.studio.stop()
    found |= {
        "rounds": options.rounds,
        "seed": options.seed,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(found) if options.json else found)
    wrong = found["lost"] or found["doubled"] or found["not_written_back"]
    if not wrong:
        shutil.rmtree(folder, ignore_errors=True)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())

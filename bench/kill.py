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


def control(url: str, path: str, **params: str) -> Any:
    """A read of an emulator's control API."""
    import httpx

    return httpx.get(f"{url}/_control/{path}", params=params, timeout=30).json()


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

    def templates(self, company: str) -> list[dict[str, Any]]:
        """Completed orders that were written back, hence went through."""
        url = self.emulators["syspro"]["url"]
        forms = control(url, "documents", entity=f"{company}.CusSorMaster+")["documents"]
        posted = {f["SalesOrder"] for f in forms if f.get("InvoiceDocId")}
        headers = control(url, "documents", entity=f"{company}.SorMaster")["documents"]
        return sorted(
            (h for h in headers if h["SalesOrder"] in posted), key=lambda h: h["SalesOrder"]
        )

    def complete(self, company: str, system: str) -> None:
        """A new completed order like an earlier one."""
        import httpx

        url = self.emulators["syspro"]["url"]
        chosen = self.draw.choice(self.known[company])
        self.number += 1
        order, invoice = f"{self.number:06d}", f"{self.number + 200_000:06d}"
        stored = order.zfill(len(chosen["SalesOrder"]))
        header = {**chosen, "LastInvoice": invoice.zfill(len(chosen["LastInvoice"]))}
        rows = [dict(r) for r in self.lines[company] if r["SalesOrder"] == chosen["SalesOrder"]]
        for row in (header, *rows):
            row.pop("TimeStamp", None)
            row["SalesOrder"] = stored
        answer = httpx.post(
            f"{url}/_control/load",
            json={f"{company}.SorMaster": [header], f"{company}.SorDetail": rows}, timeout=30,
        )  # fmt: skip
        answer.raise_for_status()
        self.orders.append((system, order, invoice))

    def learn(self) -> None:
        url = self.emulators["syspro"]["url"]
        self.known = {c: self.templates(c) for c, _, _ in SIDES}
        self.lines = {
            c: control(url, "documents", entity=f"{c}.SorDetail")["documents"] for c, _, _ in SIDES
        }

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
        return sum(
            control(url, "documents", entity=e, reference=invoice)["count"] for e in entities
        )

    def verdict(self) -> dict[str, Any]:
        counts = {o: self.count(*o) for o in self.orders}
        url = self.emulators["syspro"]["url"]
        back = set()
        for company, _, _ in SIDES:
            forms = control(url, "documents", entity=f"{company}.CusSorMaster+")["documents"]
            back |= {f["SalesOrder"] for f in forms if f.get("InvoiceDocId")}
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

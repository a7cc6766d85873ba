"""Emulators in processes of their own, and many completed orders for a studio to work through.

Used by ``bench/rehearsal.py`` and ``bench/throughput.py``: what is measured there is the studio, so the
emulated companies must not share its processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = ("syspro", "qbo", "xero")
# Rows put into an emulator with one call.
AT_ONCE = 4000


class Apart:
    """The three emulated systems, each in a process of its own, driven through ``/_control``."""

    def __init__(self, folder: Path) -> None:
        self._processes = {
            system: subprocess.Popen(
                [*(sys.executable, "manage.py", "emulate", system), *("--port", "0", "--control")],
                cwd=ROOT,
                env={**os.environ, "STUDIO_VAR": str(folder)},
                stdout=subprocess.PIPE,
                text=True,
            )
            for system in SYSTEMS
        }
        self.hellos: dict[str, dict[str, str]] = {}
        for system, process in self._processes.items():
            assert process.stdout is not None
            self.hellos[system] = json.loads(process.stdout.readline())

    def documents(self, system: str, entity: str, reference: str) -> list[dict[str, Any]]:
        """Live documents of an entity that carry a reference."""
        asked = {"entity": entity, "reference": reference}
        return list(self._call("GET", system, "documents", params=asked)["documents"])

    def load(self, system: str, documents: dict[str, list[dict[str, Any]]]) -> None:
        """Put documents by entity as they are."""
        for entity, rows in documents.items():
            for start in range(0, len(rows), AT_ONCE):
                self._call("POST", system, "load", json={entity: rows[start : start + AT_ONCE]})

    def limit(self) -> None:
        """QuickBooks and Xero limit again, as the vendors do."""
        self._call("POST", "qbo", "windows", json={})
        self._call("POST", "xero", "limits", json={"minute": 60, "day": 5000})

    def cpu(self) -> float:
        """Processor seconds of the emulators so far."""
        total = 0.0
        for process in self._processes.values():
            stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
            user, system = stat.split()[11:13]
            total += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        return total

    def _call(self, method: str, system: str, path: str, **said: Any) -> Any:
        import httpx

        url = f"{self.hellos[system]['url']}/_control/{path}"
        answer = httpx.request(method, url, timeout=120, **said)
        answer.raise_for_status()
        return answer.json()

    def stop(self) -> None:
        """End them."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()


def postable(flow: Any) -> set[str]:
    """Keys of the flow's orders that went through untouched: a copy of them goes through as well."""
    from studio.flows.models import Delivery

    done = Delivery.objects.filter(flow=flow, step="post", state="done", item__overrides={})
    return set(done.values_list("item__key", flat=True))


class Copies:
    """Copies of completed orders under new numbers, put into the emulated SYSPRO.

    Args:
        apart: the emulators.
        company: SYSPRO's company.
        like: the orders to copy, by number.
    """

    def __init__(self, apart: Apart, company: str, like: set[str]) -> None:
        self._apart, self._tables = apart, (f"{company}.SorMaster", f"{company}.SorDetail")
        # SYSPRO pads its numbers; the studio shows them as people read them.
        wanted = {number.lstrip("0") for number in like}
        self._heads = [
            row
            for row in apart.documents("syspro", self._tables[0], "")
            if row["SalesOrder"].lstrip("0") in wanted
        ]
        self._lines = {
            head["SalesOrder"]: apart.documents("syspro", self._tables[1], head["SalesOrder"])
            for head in self._heads
        }

    def put(self, first: int, count: int) -> None:
        """Put ``count`` of them, numbered from ``first`` (below 100,000) on."""
        heads: list[dict[str, Any]] = []
        lines: list[dict[str, Any]] = []
        for number in range(first, first + count):
            head = self._heads[number % len(self._heads)]
            order = str(800_000 + number).zfill(len(head["SalesOrder"]))
            invoice = str(10_000_000 + number).zfill(len(head["LastInvoice"]))
            heads.append({**head, "SalesOrder": order, "LastInvoice": invoice})
            lines += [{**r, "SalesOrder": order} for r in self._lines[head["SalesOrder"]]]
        for row in (*heads, *lines):
            row.pop("TimeStamp", None)
        self._apart.load("syspro", dict(zip(self._tables, (heads, lines), strict=True)))

"""A reviewer at work: time per decision, per page and per key with 10,000 proposals and 50,000 cases open.

    .venv/bin/python bench/review.py --rows 10000 --cases 50000 --decisions 200 --json
    scripts/with_services.py .venv/bin/python bench/review.py      # PostgreSQL

A studio of its own is filled with that many open mapping rows and cases. First the pages are asked in
process: server time per decision, bytes per page, and the number of queries at a tenth of the size and
at full size, which must be the same. Then a headless Chromium presses the reviewer's keys on the served
pages and measures from the key to the next row. ``--no-browser`` leaves that part out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.chaos_world import prepare  # noqa: E402

WORDS = ("Name", "Code", "Phone", "Terms", "City", "Email", "Amount", "Status", "Note", "Class")
NEXT_ROW = """() => { window.measured = new Promise((done) => {
  const before = document.querySelector("[data-row][data-current]")?.id;
  addEventListener("keydown", () => {
    const began = performance.now();
    let moved = 0;
    const look = () => {
      const now = document.querySelector("[data-row][data-current]")?.id;
      const open = document.querySelector("#" + before + " [data-key~='Enter']");
      if (!moved && now && now !== before) moved = performance.now() - began;
      if (moved && !open) done([moved, performance.now() - began]);
      else if (performance.now() - began > 8000) done(null);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true });
}); }"""


def p95(values: list[float]) -> float:
    """The 95th percentile in milliseconds, rounded to a tenth."""
    return round(sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)], 1)


class Studio:
    """A workspace with a reviewer, an accountant, one mapping and one queue."""

    def __init__(self) -> None:
        from studio.accounts.models import Membership, User, Workspace
        from studio.catalog.models import Connection
        from studio.mapping.models import Mapping

        self.workspace = Workspace.objects.create(slug="bench", name="Bench", base_currency="USD")
        self.people = {}
        for name, role in (("ivo", "integrator"), ("ana", "accountant")):
            person = User.objects.create(username=name, display_name=name.title())
            Membership.objects.create(user=person, workspace=self.workspace, role=role)
            self.people[name] = person
        self.connection = Connection.objects.create(
            workspace=self.workspace, system="syspro", name="Bench ERP", company="B", state="live"
        )
        self.mapping = Mapping.objects.create(
            workspace=self.workspace,
            connection=self.connection,
            direction="inbound",
            entity="ArCustomer",
            document="party",
            frame={
                "mapping": "bench",
                "source": {"system": "syspro", "entity": "ArCustomer"},
                "target": {"system": "canonical", "entity": "party"},
            },
        )
        self.rows = self.cases = 0

    def fill(self, rows: int, cases: int) -> None:
        """Open mapping rows and open cases up to these numbers, and a snapshot that has the fields."""
        from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
        from studio.catalog.models import SchemaSnapshot
        from studio.catalog.schemas import SCHEMA
        from studio.mapping.models import MappingRow
        from studio.triage.models import Case

        fields = tuple(
            FieldSchema(f"{WORDS[n % 10]}{n}", f"{WORDS[n % 10]} {n}", FieldType.STRING, 40)
            for n in range(400)
        )
        schema = SystemSchema(
            system="syspro", entities=(EntitySchema(name="ArCustomer", fields=fields),)
        )
        content = SCHEMA.dump_python(schema, mode="json")
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        self.mapping.snapshot, _ = SchemaSnapshot.objects.get_or_create(
            connection=self.connection,
            number=1,
            defaults={"content": content, "content_hash": digest},
        )
        self.mapping.save()
        MappingRow.objects.bulk_create(
            (self._row(n) for n in range(self.rows, rows)), batch_size=1000
        )
        Case.objects.bulk_create((self._case(n) for n in range(self.cases, cases)), batch_size=1000)
        self.rows, self.cases = rows, cases

    def _row(self, n: int) -> Any:
        from studio.mapping.models import MappingRow

        found = [
            {
                "expression": f"{WORDS[(n + k) % 10]}{(n + k) % 400}",
                "confidence": round(0.97 - 0.17 * k - (n % 40) / 100, 3),
                "word": ("certain", "strong", "possible", "guess", "guess")[k],
                "method": "Similarity",
                "sentence": "Same words in the name, both text; both on the header.",
                "waterfall": [["prior", -2.0], ["name", 3.1], ["type", 0.4], ["samples", 0.7]],
            }
            for k in range(5)
        ]
        return MappingRow(
            mapping=self.mapping,
            position=n,
            target_path=f"custom.field_{n:05d}",
            target_label=f"Field {n}",
            target_type="string",
            candidates=found,
            confidence=found[0]["confidence"],
        )

    def _case(self, n: int) -> Any:
        from studio.triage.models import Case

        cause = n % 400
        return Case(
            workspace=self.workspace,
            subject=f"bench:{n}",
            code="missing_code",
            case_class=("missing_reference", "value", "period", "amount")[cause % 4],
            audience="accountant",
            cause=f"cause-{cause}",
            cause_label=f"“T{cause}” is not in the table “Terms” of Bench Books yet.",
            sentence=f"“T{cause}” is not in the table “Terms” of Bench Books yet.",
            record_label=f"Order {n:06d}",
            flow_key=f"flow-{cause % 6}",
            flow_label=f"Flow {cause % 6}",
            amount=Decimal(n % 9973) + Decimal("0.25"),
            base_amount=Decimal(n % 9973) + Decimal("0.25"),
            currency="USD",
        )

    def client(self, name: str) -> Any:
        """A signed-in client; the session also serves the browser."""
        from django.test import Client

        client = Client(raise_request_exception=True)
        client.force_login(self.people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    def pages(self) -> dict[str, tuple[str, str]]:
        """Name -> (person, address) of every long page."""
        from django.urls import reverse

        from studio.triage.models import Case

        review = reverse("mapping:review", args=[self.mapping.uuid])
        queue = reverse("triage:queue")
        case = Case.objects.filter(state="open").order_by("pk").first()
        assert case is not None
        return {
            "mapping review": ("ivo", review),
            "mapping review, surest first": ("ivo", f"{review}?sort=surest"),
            "mapping review, found by word": ("ivo", f"{review}?q=field_0012"),
            "mappings": ("ivo", reverse("mapping:mappings")),
            "exception queue": ("ana", queue),
            "exception queue, one kind": ("ana", f"{queue}?class=period"),
            "case": ("ana", reverse("triage:case", args=[case.uuid])),
            "home": ("ana", "/"),
        }


def look(studio: Studio, times: int) -> dict[str, dict[str, float]]:
    """Every long page: queries, kilobytes, p95 of the server's time."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found: dict[str, dict[str, float]] = {}
    for name, (person, address) in studio.pages().items():
        client = studio.client(person)
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(address)
        assert answer.status_code == 200, (name, answer.status_code)
        found[name] = {
            "queries": len(seen),
            "kilobytes": round(len(answer.content) / 1000, 1),
            "p95_ms": p95([timed(lambda c=client, a=address: c.get(a)) for _ in range(times)]),
        }
    return found


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds that a call took."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def decide(studio: Studio, times: int) -> list[float]:
    """The reviewer accepts row after row; milliseconds of the server for each."""
    from django.urls import reverse

    from studio.mapping.models import MappingRow

    client = studio.client("ivo")
    spent = []
    for row in MappingRow.objects.filter(state="open").order_by("position")[:times]:
        address = reverse("mapping:row-decide", args=[row.uuid])
        body = {"candidate": "0", "revision": "0"}
        began = time.perf_counter()
        answer = client.post(address, body, headers={"HX-Request": "true"})
        spent.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.content[:300]
    return spent


def press(studio: Studio, folder: Path, times: int) -> list[tuple[float, float]]:
    """The same with keys in Chromium: from Enter to the next row, and to the server's word, in ms."""
    from django.urls import reverse
    from playwright.sync_api import sync_playwright

    client = studio.client("ivo")
    cookie = client.cookies["sessionid"].value
    address = reverse("mapping:review", args=[studio.mapping.uuid])
    with served(folder) as base, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context()
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": base}])
        page = context.new_page()
        page.goto(base + address)
        found = []
        for number in range(times):
            if number % 20 == 19:  # a page has been worked off
                page.goto(base + address)
            page.wait_for_selector("[data-row][data-current]")
            page.evaluate(NEXT_ROW)
            page.keyboard.press("Enter")
            spent = page.evaluate("() => window.measured")
            if spent is None:
                raise SystemExit("the next row never came: look at the page")
            found.append((float(spent[0]), float(spent[1])))
        browser.close()
    return found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The studio behind gunicorn, as ``manage.py up`` serves it."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "studio.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", "4"]
    with (folder / "web.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=log, stderr=log)
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    root = ROOT / "var" / "review"
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as name:
        prepare(Path(name))
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        studio = Studio()
        studio.fill(options.rows // 10, options.cases // 10)
        small = look(studio, 1)
        studio.fill(options.rows, options.cases)
        large = look(studio, 20)
        decisions = decide(studio, options.decisions)
        keys = [] if options.no_browser else press(studio, Path(name), options.decisions // 2)
    report: dict[str, Any] = {
        "rows": options.rows,
        "cases": options.cases,
        "pages": {
            page: {**figures, "queries_at_a_tenth": small[page]["queries"]}
            for page, figures in large.items()
        },
        "decision_p95_ms": p95(decisions),
        "key_to_next_row_p95_ms": p95([moved for moved, _ in keys]) if keys else None,
        "key_to_decided_p95_ms": p95([decided for _, decided in keys]) if keys else None,
        "largest_page_kilobytes": max(f["kilobytes"] for f in large.values()),
        "queries_constant": all(f["queries"] == small[p]["queries"] for p, f in large.items()),
    }
    if options.json:
        print(json.dumps(report))
    else:
        for page, figures in report["pages"].items():
            print(f"{page:32}", figures)
        print({k: v for k, v in report.items() if k != "pages"})
    return 0 if report["queries_constant"] and report["largest_page_kilobytes"] < 300 else 1


if __name__ == "__main__":
    raise SystemExit(main())

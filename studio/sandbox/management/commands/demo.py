"""``manage.py demo``: the whole story on real parts, told as a report, proven at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.core.action import Actor
from studio.flows.models import Cursor, Delivery
from studio.sandbox import story
from studio.sandbox.demo import StudioUnderTest

QUIET_SECONDS = 240.0


class Command(BaseCommand):
    """Plays the story with a scripted reviewer; exit status 1 if anything does not hold."""

    help = "Play the whole story with real emulators and a real worker; prove that it ties."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print one object, report on stderr"
        )
        parser.add_argument("--size", default="S", help="sample company: S or L")
        parser.add_argument("--keep", type=Path, help="use this folder and leave it there")
        parser.add_argument(
            "--inside", action="store_true", help="(internal) act inside the studio"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = bool(options["json"])
        if options["inside"]:
            self.play()
            return
        # An orderly end must take the other studio with it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        began = time.monotonic()
        root = settings.VAR_DIR / "demo"
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix="run-") as scratch:
            folder = (options["keep"] or Path(scratch)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            studio = StudioUnderTest(folder, options["size"], self.say)
            try:
                self.say("starting a studio of its own …")
                studio.start()
                self.say(f"ready after {time.monotonic() - began:.0f} s")
                figures = self.inside(studio)
            except RuntimeError as error:
                raise CommandError(str(error)) from error
            finally:
                studio.stop()
        figures["totals"]["seconds"] = round(time.monotonic() - began, 1)
        self.conclude(figures)

    def inside(self, studio: StudioUnderTest) -> dict[str, Any]:
        """Run the story as a second process that sees the other studio's data."""
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", "--inside", "--json"],
            cwd=settings.BASE_DIR,
            env={**studio.environment(), "DJANGO_SETTINGS_MODULE": "studio.settings"},
            stdout=subprocess.PIPE,
            stderr=None,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the story broke off with status {done.returncode}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def play(self) -> None:
        """The story, inside the studio whose data folder the environment names."""
        workspace = Workspace.objects.get()
        ivo, ana = story.actor_of(workspace, "ivo"), story.actor_of(workspace, "ana")
        since = timezone.now()
        story.review_values(ivo, workspace, self.say)
        story.review_fields(ivo, workspace, self.say)
        story.review_matches(ana, workspace, self.say)
        story.publish_flows(ivo, workspace, self.say)
        self.settle(workspace, since)
        self.work_the_queue(ana, workspace)
        since = timezone.now()
        story.customers_pay(workspace, self.say)
        story.another_day(workspace, self.say)
        self.settle(workspace, since)
        self.work_the_queue(ana, workspace)
        since = timezone.now()
        story.bills_are_paid(workspace, self.say)
        self.settle(workspace, since)
        self.work_the_queue(ana, workspace)
        figures, others = story.tie_out(ana, workspace), story.tie_out_others(ana, workspace)
        again = self.second_run(workspace)
        self.stdout.write(json.dumps(summary(figures, others, again), default=str))

    def work_the_queue(self, ana: Actor, workspace: Workspace) -> None:
        """Fix what the stated rule allows and approve what waits, until nothing more can be done."""
        for _ in range(4):
            since = timezone.now()
            fixed = story.work_cases(ana, workspace, self.say)
            if not fixed + story.approve_batches(ana, workspace, self.say):
                return
            self.settle(workspace, since)
        if story.approve_batches(ana, workspace, self.say):
            self.settle(workspace, timezone.now())

    def second_run(self, workspace: Workspace) -> dict[str, int]:
        """Read everything from the beginning once more; returns new postings by system."""
        before = Delivery.objects.filter(step="post").count()
        latest = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        since = timezone.now()
        Cursor.objects.update(value="")
        self.settle(workspace, since)
        fresh = Delivery.objects.filter(pk__gt=latest, step="post").select_related("connection")
        counts: dict[str, int] = {}
        for delivery in fresh:
            counts[delivery.connection.system] = counts.get(delivery.connection.system, 0) + 1
        self.say(
            f"second run: {Delivery.objects.filter(step='post').count() - before} new postings"
        )
        return counts

    def settle(self, workspace: Workspace, since: Any) -> None:
        """Wait until nothing is under way."""
        if not story.quiet(workspace, since, seconds=QUIET_SECONDS):
            self.say(f"still busy after {QUIET_SECONDS:.0f} s")

    def conclude(self, figures: dict[str, Any]) -> None:
        """Print the figures and fail if the proof does not hold."""
        totals = figures["totals"]
        if self.as_json:
            self.stdout.write(json.dumps(figures))
        else:
            for name, here in {**figures["systems"], "all": totals}.items():
                self.stdout.write(f"\n{name}")
                for key, value in here.items():
                    self.stdout.write(f"  {key:<18} {value}")
        faults = [
            text
            for text, wrong in (
                ("no order was posted", not totals["posted"]),
                ("orders were lost", totals["lost"]),
                ("orders were posted twice", totals["doubled"]),
                ("the books do not tie", Decimal(totals["residual"]) != 0),
                ("a second run posted again", totals["second_run_posted"]),
                (
                    "an order is neither posted nor in a case",
                    totals["completed"] != totals["posted"] + totals["in_cases"],
                ),
                (
                    "a posting was not written back",
                    totals["written_back"] != totals["to_write_back"],
                ),
                ("no payment came back", not totals["payments_posted"]),
                (
                    "a payment, credit or bill is neither posted nor in a case",
                    totals["others_missing"],
                ),
                ("other documents were lost", totals["others_lost"]),
                ("other documents were posted twice", totals["others_doubled"]),
                ("payments, credits or bills do not tie", Decimal(totals["others_residual"]) != 0),
            )
            if wrong
        ]
        if faults:
            raise CommandError("; ".join(faults))

    def say(self, line: str) -> None:
        """The report while it happens; on stderr when stdout carries JSON."""
        stream = self.stderr if self.as_json else self.stdout
        stream.write(line, self.style.NOTICE if self.as_json else None)
        stream.flush()


def summary(
    systems: dict[str, dict[str, Any]], others: dict[str, dict[str, Any]], again: dict[str, int]
) -> dict[str, Any]:
    """Totals over the systems, orders and everything else apart; the same names in both."""
    counts = ("completed", "posted", "in_cases", "to_write_back", "written_back", "lost", "doubled")
    for name, here in systems.items():
        here["second_run_posted"] = again.get(name, 0)
    totals: dict[str, Any] = {c: sum(int(s[c]) for s in systems.values()) for c in counts}
    totals["residual"] = (
        f"{sum((Decimal(s['residual']) for s in systems.values()), Decimal(0)):.2f}"
    )
    totals["second_run_posted"] = sum(again.values())
    paid = [row for key, row in others.items() if key.startswith("payments-")]
    totals["payments_posted"] = sum(int(r["posted"]) for r in paid)
    totals["others_missing"] = sum(
        int(r["read"]) - int(r["posted"]) - int(r["in_cases"]) for r in others.values()
    )
    for name in ("lost", "doubled"):
        totals[f"others_{name}"] = sum(int(r[name]) for r in others.values())
    totals["others_residual"] = (
        f"{sum((Decimal(r['residual']) for r in others.values()), Decimal(0)):.2f}"
    )
    return {"totals": totals, "systems": systems, "flows": others, "pid": os.getpid()}

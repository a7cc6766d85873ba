"""The studio that benches work on: emulators, a seeded and published sample company, workers' turns."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

SYSTEMS = ("syspro", "qbo", "xero")
WIDE = {"per_second": 10**6, "per_minute": 10**6, "batches_per_minute": 10**6, "concurrent": 10**6}


class Killed(BaseException):
    """The worker dies here, as kill -9 would have it: no handler of ours sees it."""


def prepare(folder: Path, *, migrate: bool = True) -> None:
    """Settings of a studio of its own; must run before Django is imported."""
    os.environ.update(
        STUDIO_VAR=str(folder),
        STUDIO_EMBEDDER="hash",
        STUDIO_LOG_LEVEL="CRITICAL",
        DJANGO_SETTINGS_MODULE="studio.settings",
    )
    import django

    django.setup()
    from django.core.management import call_command

    if migrate:
        call_command("migrate", verbosity=0, interactive=False)


def unlimited() -> None:
    """Connectors of this process pace themselves no more."""
    from connectors.registry import CONNECTORS

    for system in CONNECTORS.values():
        system.capabilities.rate.clear()
        system.capabilities.apart.clear()


def lift(hellos: dict[str, dict[str, str]]) -> None:
    """The emulated vendors limit no more."""
    import httpx

    httpx.post(f"{hellos['qbo']['url']}/_control/windows", json=WIDE).raise_for_status()
    limits = f"{hellos['xero']['url']}/_control/limits"
    httpx.post(limits, json={"minute": 0, "day": 0}).raise_for_status()


class World:
    """Emulators, a seeded and published studio, and the means to break it.

    Args:
        folder: the studio's own data folder, as ``prepare`` was told.
        seed: of what is drawn.
        hellos: of emulators that run already, by system; None starts them in threads of this process.
    """

    def __init__(
        self, folder: Path, seed: int, hellos: dict[str, dict[str, str]] | None = None
    ) -> None:
        from connectors.emulation.serve import load, start_in_thread
        from studio.flows.models import Flow
        from studio.sandbox import seeding, story

        # What a scenario's people do with postings that wait for approval, by flow.
        self.approvers: dict[int, Callable[[], None]] = {}
        # Whether they still have something to do that no row says, by flow.
        self.at_work: dict[int, Callable[[], bool]] = {}
        self.running = (
            {s: start_in_thread(load(s).make("S", 1, None, None, True)) for s in SYSTEMS}
            if hellos is None
            else {}
        )
        if "qbo" in self.running:
            # As Intuit does it: for a day the same refresh token is given again, so that an answer which a fault
            # swallowed does not end the sign-in. After that only a person could connect again.
            books: Any = self.running["qbo"].emulator
            books.oauth.strict = False
        hellos = hellos or {s: r.hello() for s, r in self.running.items()}
        (folder / "emulators.json").write_text(json.dumps(hellos))
        # The vendors' pace is not the matter here; every schedule would take minutes.
        lift(hellos)
        unlimited()
        quiet = lambda _line: None  # noqa: E731
        workspace = seeding.seed(quiet)
        self.workspace = workspace
        ivo, self.ana = story.actor_of(workspace, "ivo"), story.actor_of(workspace, "ana")
        story.review_values(ivo, workspace, quiet)
        story.review_fields(ivo, workspace, quiet)
        story.review_matches(self.ana, workspace, quiet)
        story.publish_flows(ivo, workspace, quiet, keeping=True)
        # A flow that goes back needs the owners of the one that goes there, which may come later by name.
        story.publish_flows(ivo, workspace, quiet, keeping=True)
        for _ in range(3):
            self.drain(None)
            if not story.work_cases(self.ana, workspace, quiet):
                break
        self.drain(None)
        self.flows = list(Flow.objects.select_related("source", "target").order_by("key"))
        self.seed = seed

    # --- workers ------------------------------------------------------------------------------------

    def turn(self, flow: Any) -> int:
        """One worker's turn: look, work, send."""
        from studio.flows.models import Flow
        from studio.flows.poll import poll
        from studio.flows.pump import pump_connection, pump_flow

        flow = Flow.objects.select_related("source", "target", "workspace").get(pk=flow.pk)
        poll(flow)
        done = pump_flow(flow.pk)
        if approve := self.approvers.get(flow.pk):
            approve()
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
        people = any(busy() for busy in self.at_work.values())
        return people or items.exists() or sent.exists()

    def later(self) -> None:
        """An hour later: pauses, leases and limits have run out."""
        from datetime import timedelta

        from django.utils import timezone

        from studio.catalog.models import Budget, Connection, Lane
        from studio.flows.models import Cursor, Delivery, InboxItem
        from studio.tieout.models import StockComparison

        for rows in (Delivery.objects, InboxItem.objects):
            rows.exclude(not_before=None).update(not_before=None)
        for rows in (Delivery.objects, InboxItem.objects, StockComparison.objects):
            # Only time ends a lease: while a worker lives, nobody else works its rows.
            rows.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))
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

"""``manage.py shots``: pictures of every page of a running sandbox, to look at while working on them.

The tour in ``docs/`` is made by ``make shots``, which plays the story in a studio of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count
from django.urls import reverse

from studio.accounts.models import sample_people
from studio.catalog.models import Connection
from studio.flows.models import Delivery, Flow, InboxItem
from studio.linking.models import Link, Pair
from studio.mapping.models import Mapping
from studio.tieout.models import TieOut
from studio.triage.models import OPEN_STATES, Case

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HEIGHT = 860
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: file name, who looks, where, and whether it is also taken in the dark."""

    name: str
    person: str
    path: str
    dark: bool = False


class Command(BaseCommand):
    """Signs in as the sample people and photographs each page in light, some in dark."""

    help = "Take screenshots of every page of a running sandbox (make run, then make demo's story)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=os.environ.get("STUDIO_URL", "http://127.0.0.1:8000"))
        parser.add_argument("--out", type=Path, default=settings.VAR_DIR / "shots")
        parser.add_argument("--width", type=int, default=1280)
        parser.add_argument("--all-dark", action="store_true", help="every page in dark, too")
        parser.add_argument(
            "--whole", action="store_true", help="the whole page, not the first screen"
        )
        parser.add_argument("--only", default="", help="only names that contain this")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise CommandError("playwright is not installed: pip install playwright") from error
        chromium = next((p for n in NAMES if (p := shutil.which(n))), None)
        if chromium is None:
            raise CommandError("Chromium is not installed (apt install chromium).")
        # The rows are read before the browser starts: its event loop keeps the database away.
        shots = [s for s in plan() if options["only"] in s.name]
        options["out"].mkdir(parents=True, exist_ok=True)
        complaints: list[str] = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            for scheme in ("light", "dark"):
                wanted = [s for s in shots if scheme == "light" or s.dark or options["all_dark"]]
                complaints += self.take(browser, scheme, wanted, options)
            browser.close()
        for line in complaints:
            self.stderr.write(line)
        if complaints:
            raise CommandError(f"{len(complaints)} complaints of the pages (see above)")

    def take(
        self, browser: Browser, scheme: str, shots: list[Shot], options: dict[str, Any]
    ) -> list[str]:
        """All pictures of one scheme; returns what the pages complained about."""
        complaints: list[str] = []
        for person in sorted({s.person for s in shots}):
            context = browser.new_context(
                base_url=options["url"],
                color_scheme="dark" if scheme == "dark" else "light",
                viewport={"width": options["width"], "height": HEIGHT},
            )
            page = context.new_page()
            page.on("console", listener(page, complaints))
            sign_in(page, person)
            for shot in (s for s in shots if s.person == person):
                answer = page.goto(shot.path)
                if answer is not None and answer.status >= 400:
                    complaints.append(f"{shot.path}: status {answer.status}")
                suffix = "-dark" if scheme == "dark" else ""
                file = options["out"] / f"{shot.name}{suffix}.png"
                page.screenshot(path=file, full_page=options["whole"])
                self.stdout.write(f"{file.name}  {shot.path}")
            context.close()
        return complaints


def listener(page: Page, complaints: list[str]) -> Callable[[Any], None]:
    """Collects console errors and warnings with the page they belong to."""

    def hear(message: Any) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{page.url}: {message.text}")

    return hear


def sign_in(page: Page, username: str) -> None:
    """By the form, as the sample person."""
    password = next(p["password"] for p in sample_people() if p["username"] == username)
    page.goto("/accounts/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def plan() -> list[Shot]:
    """What there is to photograph; pages about a record choose a telling one."""
    found = [
        Shot("home", "ana", reverse("home"), dark=True),
        Shot("exceptions", "ana", reverse("triage:queue"), dark=True),
        Shot("exceptions-closed", "ana", reverse("triage:queue") + "?state=closed"),
        Shot("matches", "ana", reverse("linking:matches")),
        Shot("mappings", "ivo", reverse("mapping:mappings")),
        Shot("values", "ivo", reverse("mapping:values")),
        Shot("flows", "ivo", reverse("flows:flows")),
        Shot("runs", "ana", reverse("flows:runs")),
        Shot("connections", "ivo", reverse("catalog:connections")),
        Shot("connect", "ivo", reverse("catalog:connect")),
        Shot("tie-out", "ana", reverse("tieout:periods")),
        Shot("accuracy", "olga", reverse("monitor:accuracy")),
        Shot("audit", "olga", reverse("monitor:audit")),
        Shot("admin", "ada", reverse("admin:index")),
    ]
    return found + _mappings() + _records() + _matches() + _cases()


def _mappings() -> list[Shot]:
    """The largest one that posts."""
    outbound = Mapping.objects.annotate(n=Count("rows")).filter(direction="outbound")
    return [
        Shot("mapping-review", "ivo", reverse("mapping:review", args=[mapping.uuid]), True)
        for mapping in outbound.order_by("-n")[:1]
    ]


def _records() -> list[Shot]:
    found: list[Shot] = []
    flow = Flow.objects.order_by("pk").first()
    if flow:
        found.append(Shot("flow", "ivo", reverse("flows:flow", args=[flow.key]), True))
    post = Delivery.objects.filter(step="post", state="done").select_related("item").first()
    if post:
        found.append(Shot("record", "ana", reverse("flows:item", args=[post.item.uuid])))
        found.append(Shot("explain", "olga", reverse("flows:explain", args=[post.uuid])))
    parked = InboxItem.objects.filter(state="parked").first()
    if parked:
        found.append(Shot("record-parked", "ana", reverse("flows:item", args=[parked.uuid])))
    connection = Connection.objects.order_by("pk").first()
    if connection:
        for name in ("connection", "schema", "drift"):
            path = reverse(f"catalog:{name}", args=[connection.uuid])
            found.append(Shot(name, "ivo", path))
    tie = TieOut.objects.first()
    if tie:
        found.append(Shot("tie-out-detail", "ana", reverse("tieout:detail", args=[tie.uuid]), True))
    return found


def _matches() -> list[Shot]:
    found: list[Shot] = []
    link = Link.objects.filter(active=True, kind="customer").first()
    if link:
        found.append(Shot("link", "ana", reverse("linking:link", args=[link.uuid])))
    pair = Pair.objects.order_by("-probability").first()
    if pair:
        path = reverse("linking:explain", args=[pair.uuid])
        found.append(Shot("match-explained", "ana", path))
    return found


def _cases() -> list[Shot]:
    """One case of each code, and one that is closed."""
    found: list[Shot] = []
    seen: set[str] = set()
    for case in Case.objects.filter(state__in=OPEN_STATES).order_by("-base_amount"):
        if case.code not in seen:
            seen.add(case.code)
            path = reverse("triage:case", args=[case.uuid])
            found.append(Shot(f"case-{case.code.replace('_', '-')}", "ana", path, len(seen) == 1))
    closed = Case.objects.filter(state="fixed").first()
    if closed:
        found.append(Shot("case-closed", "ana", reverse("triage:case", args=[closed.uuid])))
    return found

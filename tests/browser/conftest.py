"""Headless Chromium over a live server; a console error, a CSP report or an axe finding fails the test."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.sound import Sound

if TYPE_CHECKING:
    from playwright.sync_api import SetCookieParam
    from pytest_django.plugin import DjangoDbBlocker

    from tests.browser.house import House

# Playwright's sync API keeps an event loop in the test's thread; Django would refuse the ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
WIDTHS = (1280, 820)
SCHEMES = ("light", "dark")
# How long something takes says how busy the machine is, not whether we are right.
expect.set_options(timeout=40_000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    missing = pytest.mark.skip(reason="Chromium is not installed (apt install chromium)")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if "house" not in getattr(
                item, "fixturenames", ()
            ):  # that one keeps its rows for a file
                item.add_marker(pytest.mark.django_db(transaction=True))
            if CHROMIUM is None:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ],
    }


@pytest.fixture(autouse=True, scope="session")
def _static_folder() -> None:
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


class Watch:
    """Collects what a page complained about."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: list[str] = []

    def expect(self, words: str) -> None:
        """A complaint that the test provokes on purpose, such as a refused page's status."""
        self.expected.append(words)

    def attach(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))

    def pass_to(self, other: Watch) -> None:
        """From now on the complaints belong to another test."""
        self.complaints = other.complaints

    def unexpected(self) -> list[str]:
        return [c for c in self.complaints if not any(words in c for words in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location})")


@pytest.fixture
def watch() -> Iterator[Watch]:
    found = Watch()
    yield found
    assert found.unexpected() == []


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer, watch: Watch) -> Iterator[OpenPage]:
    """``open_page("/", scheme="dark", width=820, script=False)``: a watched page of nobody yet."""
    contexts: list[BrowserContext] = []

    def make(
        path: str = "", *, scheme: str = "light", width: int = 1280, script: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
        )
        context.set_default_timeout(40_000)
        contexts.append(context)
        page = context.new_page()
        watch.attach(page)
        if path:
            page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page_for(open_page: OpenPage, request: pytest.FixtureRequest) -> OpenPage:
    """``page_for("ana", "/")``: signs the person in by session cookie and opens the path."""

    def make(person: str, path: str = "", **options: Any) -> Page:
        user = request.getfixturevalue(person)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        page = open_page("", **options)
        server = request.getfixturevalue("live_server")
        page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.url}]
        )
        if path:
            page.goto(path)
        return page

    return make


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, browser: Browser
) -> Iterator[House]:
    """The company of ``house.py`` behind its own server: built once, thrown away after the file."""
    from tests.browser.house import build

    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        # pytest-django makes no database for tests that carry no mark of it.
        own = [] if _is_for_tests() else _database()
        server = LiveServer("127.0.0.1")
        try:
            made = build(patch)
            made.url = server.url
            yield made
        finally:
            server.stop()
            call_command("flush", interactive=False, verbosity=0)
            teardown_databases(own, verbosity=0)


def _is_for_tests() -> bool:
    held = connection.settings_dict
    return bool(held["NAME"] == held["TEST"]["NAME"])


def _database() -> list[Any]:
    return setup_databases(verbosity=0, interactive=False, aliases={"default"})


@pytest.fixture
def fresh(house: House) -> Iterator[House]:
    """The company as it was built, whatever a test does to it; only on SQLite, as all browser tests."""
    rows = connection.connection
    kept = sqlite3.connect(":memory:")
    rows.backup(kept)
    yield house
    kept.backup(rows)
    kept.close()


class Visits:
    """One page for each person, script or none and look; making a context costs more than a visit."""

    def __init__(self, browser: Browser, house: House) -> None:
        self.browser, self.house = browser, house
        self.pages: dict[tuple[str, bool], Page] = {}
        self.watch = Watch()

    def page(self, person: str, *, script: bool = True) -> Page:
        """A watched page on which the person is signed in, at 1280 px and light; nobody is ""."""
        key = (person, script)
        if key not in self.pages:
            # Without motion: a colour on its way from one scheme to the other is of neither.
            context = self.browser.new_context(
                base_url=self.house.url, java_script_enabled=script, reduced_motion="reduce"
            )
            context.set_default_timeout(40_000)
            self.pages[key] = context.new_page()
            self.watch.attach(self.pages[key])
        page = self.pages[key]
        if person:
            page.context.add_cookies([self._cookie(person)])
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")
        return page

    def _cookie(self, person: str) -> SetCookieParam:
        """Signed in anew each time: the rows of sessions go back with the others."""
        client = Client()
        backend = "django.contrib.auth.backends.ModelBackend"
        client.force_login(self.house.people[person], backend=backend)
        value = client.cookies["sessionid"].value
        return {"name": "sessionid", "value": value, "url": self.house.url}


@pytest.fixture(scope="module")
def _visits(browser: Browser, house: House) -> Iterator[Visits]:
    made = Visits(browser, house)
    yield made
    for page in made.pages.values():
        page.context.close()


@pytest.fixture
def visits(_visits: Visits, watch: Watch) -> Visits:
    """``visits.page("ana")``: complaints fail the test in which they came."""
    _visits.watch.pass_to(watch)
    return _visits


@pytest.fixture(scope="session")
def accessible() -> Sound:
    """``accessible(page)`` fails with axe's report when the page has a violation."""
    return Sound()

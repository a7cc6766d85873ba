"""Headless Chromium over a live server; a console error, a CSP report or an axe finding fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

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
    from django.test import Client

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


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    """``accessible(page)`` fails with axe's report when the page has a violation."""
    axe = Axe()

    def check(page: Page) -> None:
        result = axe.run(page)
        assert result.violations_count == 0, f"{page.url}\n{result.generate_report()}"

    return check


@pytest.fixture
def accessible_everywhere(
    page_for: OpenPage, accessible: Callable[[Page], None]
) -> Callable[[str, str], None]:
    """Opens a path as a person in light and dark at both widths and runs axe on each."""

    def check(person: str, path: str) -> None:
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = page_for(person, path, scheme=scheme, width=width)
                accessible(page)
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{path} scrolls sideways by {wide} px at {width}"
                page.context.close()

    return check

"""No page is forgotten: every route of the project is in the register of pages, or it says why it is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver

from studio.api.urls import RESOURCES
from tests.browser.house import NO_PAGE, PAGES
from tests.studio.test_who_may import WRITES

THEIRS = {"admin"}


def _routes(patterns: Any, prefix: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            if one.namespace not in THEIRS:
                inner = f"{prefix}{one.namespace}:" if one.namespace else prefix
                yield from _routes(one.url_patterns, inner)
        elif one.name:
            yield prefix + one.name


def _of_the_api(route: str) -> bool:
    return any(route.startswith(f"api:{name}-") for name in RESOURCES)


ROUTES = {route for route in _routes(get_resolver().url_patterns) if not _of_the_api(route)}


def test_every_route_is_a_page_that_is_looked_at_or_says_why_it_is_none() -> None:
    pages = {page.split()[0] for page in PAGES}

    assert pages.isdisjoint(NO_PAGE)
    assert pages.isdisjoint(WRITES)
    # A new page belongs in PAGES of house.py; what is no page in NO_PAGE there, with the reason.
    assert ROUTES - set(WRITES) - pages - set(NO_PAGE) == set()
    assert pages | set(NO_PAGE) <= ROUTES

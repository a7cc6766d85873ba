"""Addresses of list pages: narrowing, and the way back; never to another page or site."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict

# Where a person stood in the old list means nothing in the new one.
PLACE = ("after", "before", "row")


def narrowed(query: QueryDict, **changes: str) -> str:
    """The query with some values changed, from its first page; an empty value removes the key."""
    params = query.copy()
    for name in PLACE:
        params.pop(name, None)
    for name, value in changes.items():
        if value:
            params[name] = value
        else:
            params.pop(name, None)
    return f"?{params.urlencode()}"


def here(base: str, query: QueryDict) -> str:
    """The page at ``base`` as it is shown now."""
    return f"{base}?{query.urlencode()}" if query else base


def back(request: HttpRequest, base: str) -> str:
    """Where a form says it came from, if that is the page at ``base``."""
    return _only(base, request.POST.get("next", ""))


def came_from(request: HttpRequest, base: str) -> str:
    """Where htmx says the person is, if that is the page at ``base``."""
    return _only(base, request.headers.get("HX-Current-URL", ""), any_host=True)


def _only(base: str, address: str, *, any_host: bool = False) -> str:
    wanted = urlsplit(address)
    if wanted.path != base or (wanted.netloc and not any_host):
        return base
    return f"{base}?{wanted.query}" if wanted.query else base

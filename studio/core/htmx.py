"""One view, two answers: the whole page for a browser, the part for htmx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_part(request: HttpRequest) -> bool:
    """Whether the answer will be swapped into a page that is already there."""
    htmx: Any = getattr(request, "htmx", None)
    if not htmx:
        return False
    # A history restore replaces the whole body although htmx asks for it.
    return not htmx.history_restore_request and not htmx.boosted


def page_or_part(
    request: HttpRequest,
    page: str,
    part: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render ``part`` for htmx and ``page`` (which includes the part) for everybody else."""
    template = part if wants_part(request) else page
    response = render(request, template, dict(context or {}), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response

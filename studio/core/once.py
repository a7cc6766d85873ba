"""What a page asks several times and is answered once: kept for one request, and forgotten at every deed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponse

Value = TypeVar("Value")
# None outside of a request: workers and commands live long and ask anew each time.
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("once", default=None)


class OncePerRequest:
    """Begins each request with nothing kept, and keeps nothing after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mark = _kept.set({})
        try:
            return self.get_response(request)
        finally:
            _kept.reset(mark)


def once(key: Hashable, ask: Callable[[], Value]) -> Value:
    """The answer that this request had already, else a fresh one."""
    kept = _kept.get()
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    return cast("Value", kept[key])


def forget() -> None:
    """Something was done: what was answered before may not be so any more."""
    kept = _kept.get()
    if kept:
        kept.clear()

"""How the emulated API refuses: exceptions inside, vendor-shaped bodies outside."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from connectors.emulation.wsgi import Response

NO_ID = "00000000-0000-0000-0000-000000000000"


class RefusedError(Exception):
    """An element breaks business rules; ``messages`` are the vendor's sentences.

    ``sent`` is the element as understood, where it was refused while being read.
    """

    def __init__(self, *messages: str, sent: dict[str, Any] | None = None) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)
        self.sent = sent or {}


class MissingError(LookupError):
    """The record addressed does not exist: the whole request answers 404."""


class BadBodyError(Exception):
    """The body cannot be read: not JSON, or a value of the wrong type."""


class BadQueryError(Exception):
    """A ``where`` or ``order`` that cannot be read."""


def not_found() -> Response:
    """404 as recorded: empty, ``text/html``."""
    return Response.text("", 404, "text/html; charset=utf-8")


def api_error(number: int, kind: str, message: str, **more: Any) -> Response:
    """400 with the API's error object (xero.md section 10)."""
    return Response.json({"ErrorNumber": number, "Type": kind, "Message": message, **more}, 400)


def validation(elements: list[dict[str, Any]]) -> Response:
    """400 with the refused elements."""
    return api_error(
        10, "ValidationException", "A validation exception occurred", Elements=elements
    )


def bad_body(detail: str) -> Response:
    """400 for a body that cannot be read (number and name unverified in xero.md)."""
    return api_error(14, "PostDataInvalidException", detail)


def bad_query(detail: str) -> Response:
    """400 for a malformed ``where`` (number unverified)."""
    return api_error(16, "QueryParseException", detail)


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """401 and 403 come as a problem object."""
    body: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": str(uuid4()),
        "Extensions": {},
    }
    return Response.json(body, status, headers)


def limited(kind: str, retry_after: int | None) -> Response:
    """429: empty body, empty content type, the kind of limit in a header."""
    headers = {"X-Rate-Limit-Problem": kind}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(429, b"", headers)

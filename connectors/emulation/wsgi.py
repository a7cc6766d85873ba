"""A tiny typed WSGI layer for the emulators: request, response, router, exact JSON.

Numbers never pass through ``float``: JSON fractions are read as ``Decimal`` and ``Decimal`` values are
written back digit for digit as JSON numbers.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_MARK = f"\x02{secrets.token_hex(6)}:"
_MARKED = re.compile(re.escape(json.dumps(_MARK)[:-1]) + '([^"]*)"')


class DropConnectionError(Exception):
    """The emulator wants the connection cut without an answer."""


class HangError(Exception):
    """The emulator wants to stay silent for ``seconds`` and then cut the connection."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"silent for {seconds} seconds")
        self.seconds = seconds


def parse_json(text: str | bytes) -> Any:
    """JSON to Python; fractions become ``Decimal``.

    Raises:
        ValueError: not JSON, not UTF-8, or ``NaN``/``Infinity``.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _mark(value: object) -> str:
    if isinstance(value, Decimal):
        return _MARK + format(value, "f")
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def dump_json(value: object, *, indent: int | None = None) -> str:
    """Python to JSON text; ``Decimal`` becomes a plain JSON number without an exponent."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, default=_mark, separators=separators, indent=indent)
    return _MARKED.sub(r"\1", text)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: upper case.
        path: decoded, with the leading slash.
        query: decoded pairs in order; blank values kept.
        headers: names in lower case.
        body: raw bytes.
        params: what the router found in the path.
        base_url: scheme and host the client used, without a trailing slash.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""

    def arg(self, name: str, default: str = "") -> str:
        """The first query value called ``name`` in any letter case."""
        wanted = name.lower()
        return next((v for k, v in self.query if k.lower() == wanted), default)

    def header(self, name: str, default: str = "") -> str:
        """A header in any letter case."""
        return self.headers.get(name.lower(), default)

    def json(self) -> Any:
        """The body as JSON; raises ``ValueError`` when it is not."""
        return parse_json(self.body)

    def form(self) -> dict[str, str]:
        """The body as an HTML form; the last value of a name wins."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def json(
        value: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """A JSON answer with exact numbers."""
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return Response(status, dump_json(value).encode("utf-8"), {**kind, **(headers or {})})

    @staticmethod
    def text(
        value: str | bytes,
        status: int = 200,
        kind: str = "text/plain; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A text answer; pass bytes for another encoding (cp1252 XML)."""
        body = value if isinstance(value, bytes) else value.encode("utf-8")
        return Response(status, body, {"Content-Type": kind, **(headers or {})})

    @staticmethod
    def xml(value: str | bytes, status: int = 200) -> Response:
        """An XML answer."""
        return Response.text(value, status, "application/xml; charset=utf-8")

    def adding(self, headers: Mapping[str, str]) -> Response:
        """The same answer with more headers."""
        return replace(self, headers={**self.headers, **headers})


Handler = Callable[[Request], Response]


class Router:
    """Finds the handler by method and path; ``{name}`` matches one segment, ``{name*}`` the rest."""

    def __init__(self, *, ignore_case: bool = False) -> None:
        self._flags = re.IGNORECASE if ignore_case else 0
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register ``handler``; earlier registrations win."""
        expression = re.sub(r"\\\{(\w+)\\\*\\\}", r"(?P<\1>.+)", re.escape(pattern))
        expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", expression)
        compiled = re.compile(expression + "/?$", self._flags)
        self._routes.append((method.upper(), compiled, handler))

    def find(self, method: str, path: str) -> tuple[Handler | None, dict[str, str], bool]:
        """Handler, path parameters, and whether the path exists with another method."""
        known = False
        for verb, pattern, handler in self._routes:
            match = pattern.match(path)
            if match and verb == method:
                return handler, match.groupdict(), True
            known = known or match is not None
        return None, {}, known

    def handle(self, request: Request) -> Response:
        """Answer the request: 404 for an unknown path, 405 for an unknown method."""
        handler, params, known = self.find(request.method, request.path)
        if handler is None:
            return Response.text("", 405 if known else 404)
        return handler(replace(request, params=params))


def read_request(environ: WSGIEnvironment) -> Request:
    """A typed request from a WSGI environment."""
    headers = {
        key[5:].replace("_", "-").lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = str(environ["CONTENT_TYPE"])
    length = int(environ.get("CONTENT_LENGTH") or 0)
    path = str(environ.get("PATH_INFO") or "/")
    host = headers.get("host") or f"{environ.get('SERVER_NAME')}:{environ.get('SERVER_PORT')}"
    return Request(
        method=str(environ["REQUEST_METHOD"]).upper(),
        path=path.encode("latin-1", "replace").decode("utf-8", "replace"),
        query=tuple(parse_qsl(str(environ.get("QUERY_STRING") or ""), keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(length) if length else b"",
        base_url=f"{environ.get('wsgi.url_scheme', 'http')}://{host}",
    )


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def as_wsgi(handle: Handler) -> WSGIApplication:
    """A WSGI application that answers with ``handle``; it must not raise ordinary errors."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = handle(read_request(environ))
        headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
        start_response(_status_line(answer.status), headers)
        return [answer.body]

    return app


def path_info(target: str) -> str:
    """A request target's path as WSGI wants it: percent-decoded, bytes as latin-1."""
    return unquote(target, encoding="latin-1")

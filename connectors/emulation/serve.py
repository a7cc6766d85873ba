"""Serving an emulator over real HTTP/1.1 on loopback, in a thread or in the foreground.

A small threaded server of our own: keep-alive, no delay, one write per answer, and two things no
ordinary server offers: staying silent and cutting the connection on request.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast
from wsgiref.types import WSGIApplication, WSGIEnvironment

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.wsgi import (
    DropConnectionError,
    HangError,
    Response,
    as_wsgi,
    dump_json,
    path_info,
)

EMULATORS: dict[str, str] = {
    "syspro": "connectors.syspro.emulator",
    "qbo": "connectors.qbo.emulator",
    "xero": "connectors.xero.emulator",
}
_MOST_BODY = 64 * 1024 * 1024
_MOST_HEADERS = 200


class Emulator(Protocol):
    """One emulated system."""

    app: WSGIApplication

    def hello(self) -> dict[str, str]:
        """What a client needs besides the ``url``: ids, secrets and tokens of the sandbox."""
        ...

    def close(self) -> None:
        """Release files and threads."""
        ...


class EmulatorModule(Protocol):
    """What ``connectors.<vendor>.emulator`` offers."""

    def make(
        self,
        size: str = "S",
        seed: int = 1,
        data: Path | None = None,
        clock: EmulatorClock | None = None,
        control: bool = False,  # noqa: FBT001, FBT002 (the agreed call)
    ) -> Emulator:
        """An emulator of the vendor with its seeded company."""
        ...


def load(system: str) -> EmulatorModule:
    """The emulator package of a system, imported when wanted."""
    return cast("EmulatorModule", importlib.import_module(EMULATORS[system]))


class _BadRequestError(Exception):
    """The bytes on the wire are not an HTTP request."""


class _Connection:
    """One client connection: reads requests, calls the application, writes answers."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self._server = server
        self._socket = sock
        self._reader = sock.makefile("rb", buffering=65536)

    def run(self) -> None:
        try:
            while self._one():
                pass
        except (OSError, ValueError, DropConnectionError):
            return
        finally:
            self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        self._socket.close()

    def _one(self) -> bool:
        """Handle one request; whether the connection stays open."""
        line = self._reader.readline(65537)
        if not line or self._server.stopping.is_set():
            return False
        try:
            environ = self._environ(line)
        except _BadRequestError:
            self._socket.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return False
        keep = environ["emulation.keep"]
        try:
            head, body = self._answer(environ)
        except HangError as silence:
            self._server.stopping.wait(silence.seconds)
            return False
        head += b"\r\n" if keep else b"Connection: close\r\n\r\n"
        self._socket.sendall(head if environ["REQUEST_METHOD"] == "HEAD" else head + body)
        return bool(keep)

    def _answer(self, environ: WSGIEnvironment) -> tuple[bytes, bytes]:
        started: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Any:
            started[:] = [status, headers]
            return None

        try:
            body = b"".join(self._server.app(environ, start_response))
        except (HangError, DropConnectionError):
            raise
        except Exception as error:
            failure = unanswered(error)  # the client must see a 500, not a dead socket
            body = b"".join(as_wsgi(lambda _: failure)(environ, start_response))
        status, headers = started
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/1.1 {status}\r\n{lines}".encode("latin-1", "replace"), body

    def _environ(self, line: bytes) -> WSGIEnvironment:
        try:
            method, target, version = line.decode("latin-1").split()
        except ValueError as error:
            raise _BadRequestError from error
        headers = self._headers()
        path, _, query = target.partition("?")
        if path.startswith("http"):
            path = "/" + path.split("/", 3)[-1]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method.upper(),
            "PATH_INFO": path_info(path),
            "QUERY_STRING": query,
            "SERVER_NAME": self._server.host,
            "SERVER_PORT": str(self._server.port),
            "SERVER_PROTOCOL": version,
            "wsgi.url_scheme": "http",
        }
        for name, value in headers.items():
            environ["HTTP_" + name.replace("-", "_").upper()] = value
        environ["CONTENT_TYPE"] = headers.get("content-type", "")
        body = self._body(headers)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        wish = headers.get("connection", "").lower()
        environ["emulation.keep"] = wish != "close" and (
            version == "HTTP/1.1" or wish == "keep-alive"
        )
        return environ

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            line = self._reader.readline(65537)
            if line in {b"\r\n", b"\n", b""}:
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise _BadRequestError
            headers[name.strip().lower()] = value.strip()
        raise _BadRequestError

    def _body(self, headers: dict[str, str]) -> bytes:
        if "100-continue" in headers.get("expect", "").lower():
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        text = headers.get("content-length", "0")
        if not text.isdigit() or int(text) > _MOST_BODY:
            raise _BadRequestError
        return self._reader.read(int(text)) if text != "0" else b""

    def _chunks(self) -> Iterator[bytes]:
        while True:
            try:
                size = int(self._reader.readline(65537).split(b";")[0], 16)
            except ValueError as error:
                raise _BadRequestError from error
            if not 0 <= size <= _MOST_BODY:
                raise _BadRequestError
            yield self._reader.read(size)
            self._reader.readline(65537)
            if size == 0:
                return


class Server:
    """A listening socket and its threads."""

    def __init__(self, app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = app
        self.host = host
        self.stopping = threading.Event()
        self._listener = socket.create_server((host, port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Base address without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    def run(self) -> None:
        """Accept connections until ``stop``."""
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                break
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            _Connection(self, sock).run()
        finally:
            with self._lock:
                self._open.discard(sock)

    def stop(self) -> None:
        """Stop accepting, wake silent requests and close what is open."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            # A close alone does not wake a thread that sits in accept().
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            waiting = list(self._open)
        for sock in waiting:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class Running:
    """An emulator served from a thread of this process."""

    emulator: Emulator
    server: Server
    thread: threading.Thread

    @property
    def url(self) -> str:
        """Base address without a trailing slash."""
        return self.server.url

    def hello(self) -> dict[str, str]:
        """``url`` and all that a client needs."""
        return {"url": self.url, **self.emulator.hello()}

    def stop(self) -> None:
        """Stop serving and close the emulator."""
        self.server.stop()
        self.thread.join(timeout=5)
        self.emulator.close()


def start_in_thread(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Serve an emulator in the background (tests, benches)."""
    server = Server(emulator.app, host, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    return Running(emulator, server, thread)


def serve(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve in the foreground until SIGTERM or Ctrl-C; prints one line of JSON when ready."""
    running = start_in_thread(emulator, host, port)
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    sys.stdout.write(dump_json(running.hello()) + "\n")
    sys.stdout.flush()
    done.wait()
    running.stop()


def run(
    system: str,
    port: int = 0,
    size: str = "S",
    seed: int = 1,
    data: Path | None = None,
    *,
    control: bool = False,
    host: str = "127.0.0.1",
) -> None:
    """What ``manage.py emulate`` does: build one emulator and serve it in the foreground."""
    serve(load(system).make(size, seed, data, None, control), host, port)


def unanswered(error: Exception) -> Response:
    """The answer of last resort when an emulator itself fails: always a plain 500."""
    return Response.text(f"emulator failure: {type(error).__name__}: {error}", 500)

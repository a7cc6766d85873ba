"""An httpx transport straight into an emulator, without sockets: silence and cuts become timeouts."""

from __future__ import annotations

import io
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

import httpx

from connectors.emulation.wsgi import DropConnectionError, HangError, path_info


class InProcessTransport(httpx.BaseTransport):
    """Calls a WSGI application; ``HangError`` is a read timeout, ``DropConnectionError`` a cut.

    Args:
        app: the emulator's application.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            httpx.ReadTimeout: the emulator stays silent.
            httpx.RemoteProtocolError: the emulator cuts the connection.
        """
        started: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Any:
            started[:] = [status, headers]

        try:
            body = b"".join(self._app(self._environ(request), start_response))
        except HangError as silence:
            raise httpx.ReadTimeout("no answer", request=request) from silence
        except DropConnectionError as cut:
            raise httpx.RemoteProtocolError("connection cut", request=request) from cut
        status, headers = started
        return httpx.Response(int(status.split(" ", 1)[0]), headers=headers, content=body)

    @staticmethod
    def _environ(request: httpx.Request) -> WSGIEnvironment:
        body = request.read()
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path_info(path),
            "QUERY_STRING": query,
            "SERVER_NAME": request.url.host,
            "SERVER_PORT": str(request.url.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": request.url.scheme,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": request.headers.get("content-type", ""),
        }
        for name, value in request.headers.items():
            environ["HTTP_" + name.replace("-", "_").upper()] = value
        return environ

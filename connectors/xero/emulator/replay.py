"""``Idempotency-Key``: the first answer of a key is repeated for six minutes (xero.md section 5)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.store import Store
from connectors.emulation.wsgi import Request, Response
from connectors.xero.emulator.errors import api_error

LIFETIME = timedelta(minutes=6)
_LONGEST = 128
_VERBS = {"POST", "PUT", "PATCH"}


def _print(request: Request) -> str:
    text = f"{request.method} {request.path.lower()} {sorted(request.query)}"
    return hashlib.sha256(text.encode() + b"\n" + request.body).hexdigest()


def replayed(
    store: Store,
    clock: EmulatorClock,
    tenant: str,
    request: Request,
    handle: Callable[[Request], Response],
) -> Response:
    """``handle``'s answer, or the remembered one; errors are remembered too.

    Must run inside the transaction of the request, so that effect and memory are one.
    """
    key = request.header("idempotency-key")
    if not key or request.method not in _VERBS:
        return handle(request)
    if len(key) > _LONGEST:
        return api_error(
            0, "IdempotencyException", f"Idempotency-Key must be {_LONGEST} characters or fewer."
        )
    name = f"{tenant} {key}"
    held = store.get("_replays", name)
    if held and clock.now() - datetime.fromisoformat(held["at"]) < LIFETIME:
        if held["print"] != _print(request):
            return api_error(
                0,
                "IdempotencyException",
                "The Idempotency-Key has been used with a different request.",
            )
        return Response(held["status"], base64.b64decode(held["body"]), held["headers"])
    answer = handle(request)
    store.put(
        "_replays",
        name,
        {
            "at": clock.now().isoformat(),
            "print": _print(request),
            "status": answer.status,
            "body": base64.b64encode(answer.body).decode(),
            "headers": dict(answer.headers),
        },
    )
    return answer

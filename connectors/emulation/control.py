"""The control page and API of an emulator: ``/_control/…``; mounted only where it is wanted."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, Protocol

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import Fault, FaultBook
from connectors.emulation.store import Store
from connectors.emulation.wsgi import Handler, Request, Response, Router, dump_json

PREFIX = "/_control"


class Controllable(Protocol):
    """What an emulator offers to its control API.

    ``edit`` and ``remove`` act as a person in the vendor's own screens: rules apply, versions and
    change feeds move, webhooks go out. They raise ``LookupError`` for an unknown record and
    ``ValueError`` for what the vendor would refuse.
    """

    system: str
    store: Store
    clock: EmulatorClock
    faults: FaultBook

    def reset(self, seed: int | None, size: str | None) -> None:
        """Start over with the seeded company."""
        ...

    def load(self, documents: dict[str, list[dict[str, Any]]]) -> int:
        """Put documents by entity as they are; answers how many."""
        ...

    def edit(self, entity: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
        """A person changes a record; answers the record afterwards."""
        ...

    def remove(self, entity: str, key: str) -> None:
        """A person deletes (or voids) a record."""
        ...

    def documents(self, entity: str, reference: str) -> list[dict[str, Any]]:
        """Live documents of an entity; with ``reference`` only those that carry it."""
        ...


class Control:
    """Routes of the control API over one emulator."""

    def __init__(self, emulator: Controllable) -> None:
        self._emulator = emulator
        self.router = Router()
        for method, path, handler in (
            ("GET", "", self._page),
            ("GET", "/state", self._state),
            ("POST", "/reset", self._reset),
            ("POST", "/load", self._load),
            ("POST", "/clock", self._clock),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._arm),
            ("DELETE", "/faults", self._disarm),
            ("DELETE", "/faults/{id}", self._disarm),
            ("POST", "/edit", self._edit),
            ("POST", "/delete", self._delete),
            ("GET", "/documents", self._documents),
            ("GET", "/counters", self._counters),
        ):
            self.router.add(method, PREFIX + path, self._guarded(handler))

    def _guarded(self, handler: Handler) -> Handler:
        def guarded(request: Request) -> Response:
            try:
                return handler(request)
            except LookupError as error:
                return Response.json({"error": f"not found: {error}"}, 404)
            except (ValueError, TypeError, AttributeError) as error:
                return Response.json({"error": str(error)}, 400)

        return guarded

    def over(self, handle: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """``handle`` with the control API in front of it."""

        def both(request: Request) -> Response:
            if request.path.startswith(PREFIX):
                return self.router.handle(request)
            return handle(request)

        return both

    def _summary(self) -> dict[str, Any]:
        one = self._emulator
        return {
            "system": one.system,
            "now": one.clock.now().isoformat(),
            "offset_seconds": int(one.clock.offset_seconds),
            "counters": one.store.counts(),
            "armed": len(one.faults.armed()),
            "struck": len(one.faults.struck),
        }

    def _state(self, _request: Request) -> Response:
        return Response.json(self._summary())

    def _page(self, _request: Request) -> Response:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(dump_json(value))}</td></tr>"
            for name, value in self._summary().items()
        )
        text = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Emulator control</title>"
            f"<h1>{html.escape(self._emulator.system)} emulator</h1><table>{rows}</table>"
            "<p>POST /_control/reset, load, clock, faults, edit, delete; "
            "GET /_control/documents, counters, faults.</p>"
        )
        return Response.text(text, kind="text/html; charset=utf-8")

    def _reset(self, request: Request) -> Response:
        given = request.json() if request.body else {}
        seed = given.get("seed")
        self._emulator.reset(None if seed is None else int(seed), given.get("size"))
        return self._state(request)

    def _load(self, request: Request) -> Response:
        return Response.json({"loaded": self._emulator.load(request.json())})

    def _clock(self, request: Request) -> Response:
        now = self._emulator.clock.advance(float(request.json().get("advance_seconds", 0)))
        return Response.json({"now": now.isoformat()})

    def _faults(self, _request: Request) -> Response:
        book = self._emulator.faults
        return Response.json({"armed": book.armed(), "struck": book.struck[-500:]})

    def _arm(self, request: Request) -> Response:
        given = request.json()
        faults = given if isinstance(given, list) else [given]
        return Response.json({"ids": [self._emulator.faults.arm(Fault.read(f)) for f in faults]})

    def _disarm(self, request: Request) -> Response:
        number = request.params.get("id")
        self._emulator.faults.disarm(int(number) if number else None)
        return self._faults(request)

    def _edit(self, request: Request) -> Response:
        given = request.json()
        changed = self._emulator.edit(given["entity"], given["key"], given["changes"])
        return Response.json(changed)

    def _delete(self, request: Request) -> Response:
        given = request.json()
        self._emulator.remove(given["entity"], given["key"])
        return Response.json({"deleted": given["key"]})

    def _documents(self, request: Request) -> Response:
        found = self._emulator.documents(request.arg("entity"), request.arg("reference"))
        return Response.json({"count": len(found), "documents": found[:1000]})

    def _counters(self, _request: Request) -> Response:
        return Response.json(self._emulator.store.counts())

"""The emulated service over HTTP: gateway checks, routes, replay of request ids, faults, control."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4
from wsgiref.types import WSGIApplication

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.company import build
from connectors.emulation.control import Control
from connectors.emulation.faults import Fault, FaultBook, FaultKind, around
from connectors.emulation.store import Doc, Store
from connectors.emulation.wsgi import Request, Response, Router, as_wsgi
from connectors.qbo.catalogue import catalogue
from connectors.qbo.emulator.api import gateway_answer
from connectors.qbo.emulator.oauth import AuthorizationServer
from connectors.qbo.emulator.realm import Realm
from connectors.qbo.emulator.refusals import RefusedError, system_failure
from connectors.qbo.emulator.throttle import Throttle, Windows
from connectors.qbo.emulator.webhooks import Webhooks

CLIENT = ("ABemulatedClientId00000000000000000000000000000000", "emulated-client-secret")


class QboEmulator:
    """Two emulated QuickBooks Online companies with their authorization server.

    The first is the sample company; the second has just begun and is there to be connected by somebody
    who tries it. Control and webhooks are the first one's: the second is asked regularly.

    Args:
        size: ``S`` or ``L`` of the sample company.
        seed: the company's seed.
        data: folder for the durable store; None keeps it in memory.
        clock: injectable time.
        control: mount ``/_control``.
    """

    system = "qbo"

    def __init__(
        self, size: str, seed: int, data: Path | None, clock: EmulatorClock, *, control: bool
    ) -> None:
        self.clock = clock
        self.store = Store(data / "qbo.sqlite3" if data else None)
        self.faults = FaultBook(seed)
        self.realm = str(9_341_450_000_000_000 + seed)
        self.second_realm = str(9_341_460_000_000_000 + seed)
        self._second_store = Store(data / "qbo-second.sqlite3" if data else None)
        self.webhook_key = f"verifier-{seed:04d}"
        self._seed, self._size = seed, size
        self.webhooks = Webhooks(self.store, clock, self.faults, self.realm, self.webhook_key)
        self._company(size, seed)
        clock.restore(
            float(self.store.meta("clock") or 0), lambda s: self.store.set_meta("clock", int(s))
        )
        names = {key: one.name for key, one in self._realms.items()}
        self.oauth = AuthorizationServer(self.store, clock, CLIENT, names, seed)
        self.throttle = Throttle(clock, Windows())
        self._router = Router()
        self.oauth.routes(self._router)
        for method in ("GET", "POST"):
            self._router.add(method, "/v3/company/{realm}/{rest*}", self._company_call)
        self.sends_webhooks = True
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._sender: threading.Thread | None = None
        handle: Callable[[Request], Response] = self._handle
        if control:
            handle = self._over(Control(self).over(handle))
        self.app: WSGIApplication = as_wsgi(handle)

    def _company(self, size: str, seed: int) -> None:
        group = build("L" if size == "L" else "S", seed)
        first = Realm(self.realm, group.us, self.store, self.clock, self.faults)
        second = Realm(
            self.second_realm, group.us_begun, self._second_store, self.clock, self.faults
        )
        self._realms = {self.realm: first, self.second_realm: second}
        self.books, self.service, self.extras = first.books, first.service, first.extras
        self._api = first.api
        self.books.notify = self.webhooks.queue
        for name in ("_tokens", "_grants", "_codes", "_events"):
            self.store.declare(name)

    # -- what the kit wants -------------------------------------------------------------------

    def hello(self) -> dict[str, str]:
        """Ids, secrets and tokens of the sandbox."""
        access, refresh = self.oauth.first_tokens()
        return {
            "system": "qbo",
            "realm_id": self.realm,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "access_token": access,
            "refresh_token": refresh,
            "webhook_key": self.webhook_key,
        }

    def close(self) -> None:
        """Stop sending webhooks and close the store."""
        self._stop.set()
        self._wake.set()
        if self._sender:
            self._sender.join(timeout=5)
        self.store.close()
        self._second_store.close()

    def reset(self, seed: int | None, size: str | None) -> None:
        """Start over; tokens stay what they were for the same seed."""
        self.store.reset()
        self._second_store.reset()
        self._seed, self._size = seed or self._seed, size or self._size
        self._company(self._size, self._seed)
        self.faults.reseed(self._seed)
        self.oauth.first_tokens()

    def load(self, documents: dict[str, list[dict[str, Any]]]) -> int:
        """Put records by entity as they are; those without an id get one."""
        loaded = 0
        with self.store.transaction():
            for entity, docs in documents.items():
                if entity not in catalogue():
                    raise LookupError(entity)
                for doc in docs:
                    key = str(doc.get("Id") or self.books.new_id(entity))
                    self.books.save(entity, {**doc, "Id": key}, "Create")
                    loaded += 1
        return loaded

    def edit(self, entity: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
        """A person changes a record on the vendor's own pages."""
        stored = self._stored(entity, key)
        body = {**changes, "Id": stored["Id"], "SyncToken": stored["SyncToken"], "sparse": True}
        # A number that is used already is a warning on the pages, which a person may wave away.
        include = "allowduplicatedocnum"
        return self._as_person(lambda: self.service.write(entity, body, include))

    def remove(self, entity: str, key: str) -> None:
        """A person deletes a transaction, or makes a list record inactive."""
        stored = self._stored(entity, key)
        body: Doc = {"Id": stored["Id"], "SyncToken": stored["SyncToken"]}
        if catalogue()[entity].can("D"):
            self._as_person(lambda: self.service.delete(entity, body))
        else:
            self.edit(entity, key, {"Active": False})

    def documents(self, entity: str, reference: str) -> list[dict[str, Any]]:
        """Live records; with a reference those that carry it as number, note or name."""
        if entity not in catalogue():
            raise LookupError(entity)
        names = ("DocNumber", "PaymentRefNum", "DisplayName", "Name", "Id")
        return [
            self.service.show(entity, d)
            for d in self.store.all(entity)
            if not reference
            or any(str(d.get(n, "")) == reference for n in names)
            or reference in str(d.get("PrivateNote", ""))
        ]

    def _stored(self, entity: str, key: str) -> Doc:
        stored = self.books.get(entity, key) if entity in catalogue() else None
        if stored is None:
            raise LookupError(f"{entity} {key}")
        return stored

    def _as_person(self, act: Callable[[], Doc]) -> Doc:
        try:
            done = act()
        except RefusedError as refusal:
            raise ValueError(str(refusal)) from refusal
        self._notify()
        return done

    # -- webhooks -----------------------------------------------------------------------------

    def _over(self, handle: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def routed(request: Request) -> Response:
            if (request.method, request.path) == ("POST", "/_control/webhooks"):
                given = request.json()
                self.webhooks.subscribe(
                    str(given.get("url", "")), str(given.get("style", "legacy"))
                )
                return Response.json(given)
            if (request.method, request.path) == ("POST", "/_control/windows"):
                self.throttle.windows = Windows(**{k: int(v) for k, v in request.json().items()})
                return Response.json(request.json())
            return handle(request)

        return routed

    def _notify(self) -> None:
        if not self.sends_webhooks or self.store.meta("webhook") is None:
            return
        if self._sender is None:
            self._sender = threading.Thread(target=self._send_events, daemon=True)
            self._sender.start()
        self._wake.set()

    def _send_events(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(timeout=5)
            self._wake.clear()
            if not self._stop.is_set():
                with contextlib.suppress(OSError):
                    self.webhooks.pump()

    # -- requests -----------------------------------------------------------------------------

    def _handle(self, request: Request) -> Response:
        answer = around(self.faults, request, self._router.handle, self._fault_answer)
        trace = {"intuit_tid": f"1-{uuid4().hex[:8]}-{uuid4().hex[:24]}", "QBO-Version": "1512.462"}
        return answer.adding(trace)

    def _fault_answer(self, fault: Fault, _request: Request) -> Response:
        if fault.kind is FaultKind.UNAUTHORISED:
            self.oauth.expire_access()
            return gateway_answer(401, "3200", "AuthenticationFailed", "Token expired: by fault")
        if fault.kind is FaultKind.FORBIDDEN:
            return gateway_answer(403, "3100", "ApplicationAuthorizationFailed", "No access")
        if fault.kind in (FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR_AFTER):
            return self._api.refusal(system_failure())
        if fault.kind is FaultKind.UNAVAILABLE:
            return Response.text("<html><body>Service Unavailable</body></html>", 503, "text/html")
        return self._api.busy()

    def _company_call(self, request: Request) -> Response:
        realm, why = self.oauth.check(request.header("authorization"))
        if not realm:
            return gateway_answer(401, "3200", "AuthenticationFailed", why)
        if request.params["realm"] != realm:
            return gateway_answer(
                403, "3100", "ApplicationAuthorizationFailed", "Realm not authorised"
            )
        rest = request.params["rest"].rstrip("/")
        with self.throttle.entered(realm, batch=rest == "batch") as allowed:
            if not allowed:
                return self._api.busy()
            answer = self._realms[realm].api.answer(request, rest)
        if request.method == "POST":
            self._notify()
        return answer

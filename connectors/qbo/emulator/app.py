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
from connectors.emulation.wsgi import Request, Response, Router, as_wsgi, dump_json, parse_json
from connectors.qbo.catalogue import by_resource, catalogue
from connectors.qbo.emulator.books import Books
from connectors.qbo.emulator.drift import Drift
from connectors.qbo.emulator.extras import Extras
from connectors.qbo.emulator.feeds import Feeds
from connectors.qbo.emulator.oauth import AuthorizationServer
from connectors.qbo.emulator.refusals import (
    RefusedError,
    gateway,
    refused,
    system_failure,
    throttled,
    unsupported_object,
    unsupported_property,
)
from connectors.qbo.emulator.seed import Seed
from connectors.qbo.emulator.service import Service
from connectors.qbo.emulator.throttle import Throttle, Windows
from connectors.qbo.emulator.webhooks import Webhooks

CLIENT = ("ABemulatedClientId00000000000000000000000000000000", "emulated-client-secret")
_PDF = b"%PDF-1.4\n% emulated\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


class QboEmulator:
    """One emulated QuickBooks Online company with its authorization server.

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
        self.webhook_key = f"verifier-{seed:04d}"
        self._seed, self._size = seed, size
        self.webhooks = Webhooks(self.store, clock, self.faults, self.realm, self.webhook_key)
        self._company(size, seed)
        clock.restore(
            float(self.store.meta("clock") or 0), lambda s: self.store.set_meta("clock", int(s))
        )
        self.oauth = AuthorizationServer(self.store, clock, CLIENT, self.realm, seed)
        self.throttle = Throttle(clock, Windows())
        self._drift = Drift(self.faults)
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
        made = Seed(build("L" if size == "L" else "S", seed).us)
        self.books = Books(self.store, self.clock)
        self.books.declare(made.bases())
        self.books.first_ids = made.first_ids()
        self.books.seeded_until = made.moment
        self.books.notify = self.webhooks.queue
        for name in ("_files", "_tokens", "_grants", "_codes", "_events"):
            self.store.declare(name)
        self.store.set_meta("realm", self.realm)
        self.service = Service(self.books)
        self.feeds = Feeds(self.service)
        self.extras = Extras(self.books)

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

    def reset(self, seed: int | None, size: str | None) -> None:
        """Start over; tokens stay what they were for the same seed."""
        self.store.reset()
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
        return self._as_person(lambda: self.service.write(entity, body))

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
            if (request.method, request.path) == ("POST", "/_control/webhook"):
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
            return _gateway(401, "3200", "AuthenticationFailed", "Token expired: by fault")
        if fault.kind is FaultKind.FORBIDDEN:
            return _gateway(403, "3100", "ApplicationAuthorizationFailed", "No access")
        if fault.kind in (FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR_AFTER):
            return self._refusal(system_failure())
        if fault.kind is FaultKind.UNAVAILABLE:
            return Response.text("<html><body>Service Unavailable</body></html>", 503, "text/html")
        return Response.json(throttled() | {"time": self._now()}, 429)

    def _company_call(self, request: Request) -> Response:
        realm, why = self.oauth.check(request.header("authorization"))
        if not realm:
            return _gateway(401, "3200", "AuthenticationFailed", why)
        if request.params["realm"] != realm:
            return _gateway(403, "3100", "ApplicationAuthorizationFailed", "Realm not authorised")
        rest = request.params["rest"].rstrip("/")
        with self.throttle.entered(realm, batch=rest == "batch") as allowed:
            if not allowed:
                return Response.json(throttled() | {"time": self._now()}, 429)
            try:
                answer = self._answered(request, rest)
            except RefusedError as refusal:
                return self._refusal(refusal)
        self._notify() if request.method == "POST" else None
        return answer

    def _answered(self, request: Request, rest: str) -> Response:
        half = None
        if rest == "batch":
            half = self.faults.draw({FaultKind.HALF_BATCH}, request.method, request.path)
        key = request.arg("requestid")
        if request.method == "POST" and key and rest not in ("query", "batch"):
            answer = self._replayed(key, lambda: self._resource(request, rest))
        elif rest == "batch":
            answer = self._batch(request, half=half is not None)
        else:
            answer = self._resource(request, rest)
        if half is not None:
            raise system_failure()
        return answer

    def _replayed(self, key: str, work: Callable[[], Response]) -> Response:
        if len(key) > 50:
            raise refused("2130", "Invalid request id", "At most 50 characters.", "requestid")
        with self.store.transaction():
            kept = self.store.get("_requests", key)
            if kept is None:
                try:
                    answer = work()
                except RefusedError as refusal:
                    answer = self._refusal(refusal)
                kept = {"status": answer.status, "body": answer.body.decode()}
                self.store.put("_requests", key, kept)
        kind = "application/json;charset=UTF-8"
        return Response(int(kept["status"]), str(kept["body"]).encode(), {"Content-Type": kind})

    def _batch(self, request: Request, *, half: bool) -> Response:
        body = _json(request)
        items = body.get("BatchItemRequest") if isinstance(body, dict) else None
        count = len(items) if isinstance(items, list) else 0
        key = request.arg("requestid")
        if len(key) > 36:
            raise refused("2130", "Invalid request id", "At most 36 characters.", "requestid")
        answers: list[Doc] = []
        with self.store.transaction():
            if not key or not isinstance(items, list):
                stop = count // 2 if half else None
                answers = self.feeds.batch(body, request.arg("include"), stop)
            else:
                for item in items[: count // 2 if half else None]:
                    answers.append(self._batch_item(key, item, request.arg("include")))
        return self._json({"BatchItemResponse": answers})

    def _batch_item(self, key: str, item: Doc, include: str) -> Doc:
        name = f"{key}:{item.get('bId', '')}"
        kept = self.store.get("_requests", name)
        if kept is None:
            done = self.feeds.batch({"BatchItemRequest": [item]}, include)[0]
            kept = self.store.put("_requests", name, {"status": 200, "body": dump_json(done)})
        answer: Doc = parse_json(str(kept["body"]))
        return answer

    def _resource(self, request: Request, rest: str) -> Response:
        name, _, key = rest.partition("/")
        special = {
            "query": self._query,
            "cdc": self._cdc,
            "upload": lambda r: self._json({"AttachableResponse": self.extras.upload(r)}),
            "exchangerate": self._rate,
            "preferences": self._preferences,
        }.get(name)
        if special is not None:
            return special(request)
        if name == "taxservice" and request.method == "POST":
            return Response.json(self.extras.tax_code(_json(request)))
        if name == "download":
            self.extras.file(key)
            return Response.text(f"{request.base_url}/v3/company/{self.realm}/file/{key}")
        if name == "file":
            return Response(
                200, self.extras.file(key), {"Content-Type": "application/octet-stream"}
            )
        facts = by_resource().get(name)
        if facts is None:
            raise unsupported_object(name)
        if request.method == "GET" or "/" in key or key:
            return self._read(facts.name, key, request)
        return self._write(facts.name, request)

    def _query(self, request: Request) -> Response:
        text = request.arg("query")
        if request.method == "POST" and request.body:
            text = request.body.decode("utf-8", "replace")
        return self._json({"QueryResponse": self.feeds.query(text)})

    def _cdc(self, request: Request) -> Response:
        parts = self.feeds.changes(request.arg("entities"), request.arg("changedSince"))
        return self._json({"CDCResponse": [{"QueryResponse": parts}]})

    def _rate(self, request: Request) -> Response:
        if request.method == "POST":
            return self._json({"ExchangeRate": self.extras.write_rate(_json(request))})
        rate = self.extras.read_rate(request.arg("sourcecurrencycode"), request.arg("asofdate"))
        return self._json({"ExchangeRate": rate})

    def _preferences(self, request: Request) -> Response:
        if request.method == "POST":
            return self._write("Preferences", request)
        return self._json({"Preferences": self.books.preferences()})

    def _read(self, entity: str, key: str, request: Request) -> Response:
        key, _, more = key.partition("/")
        if entity == "CompanyInfo":
            key = "1"
        doc = self.service.show(entity, self.books.require(entity, key))
        if more == "pdf":
            return Response(200, _PDF, {"Content-Type": "application/pdf"})
        if more == "send":
            to = request.arg("sendTo") or (doc.get("BillEmail") or {}).get("Address", "")
            body = {
                "Id": key,
                "SyncToken": doc["SyncToken"],
                "sparse": True,
                "EmailStatus": "EmailSent",
            }
            return self._json(
                {entity: self.service.write(entity, body | {"BillEmail": {"Address": to}})}
            )
        return self._json({entity: doc})

    def _write(self, entity: str, request: Request) -> Response:
        kind = request.header("content-type")
        if kind and "json" not in kind.lower():
            raise refused("1050", "Unsupported content type", kind)
        body, operation = _json(request), request.arg("operation")
        include = request.arg("include")
        if operation == "delete":
            return self._json({entity: self.service.delete(entity, body)})
        if operation == "void" or include == "void":
            return self._json({entity: self.service.void(entity, body)})
        return self._json({entity: self.service.write(entity, body, include)})

    # -- answers ------------------------------------------------------------------------------

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds")

    def _json(self, body: Doc, status: int = 200) -> Response:
        drifted = self._drift.changed(body)
        return Response.json(
            {**drifted, "time": self._now()},
            status,
            {"Content-Type": "application/json;charset=UTF-8"},
        )

    def _refusal(self, refusal: RefusedError) -> Response:
        return self._json({"Fault": refusal.fault()}, refusal.status)


def _json(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise RefusedError(unsupported_property("")) from None


def _gateway(status: int, code: str, words: str, detail: str) -> Response:
    kind = "AUTHENTICATION" if status == 401 else "AUTHORIZATION"
    return Response.json(gateway(status, code, words, detail, kind), status)

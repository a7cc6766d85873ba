"""The Xero emulator as a whole: check order, transactions, webhooks, control."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.company import Size, build
from connectors.emulation.control import Control
from connectors.emulation.faults import Fault, FaultBook, FaultKind, around
from connectors.emulation.store import Doc, Store
from connectors.emulation.wsgi import Request, Response, Router, as_wsgi
from connectors.xero.emulator import allocations, lists, scopes
from connectors.xero.emulator.api import BASE, NotKeptError
from connectors.xero.emulator.books import KEYS, NUMBERS
from connectors.xero.emulator.errors import (
    BadBodyError,
    BadQueryError,
    MissingError,
    RefusedError,
    bad_body,
    bad_query,
    limited,
    not_found,
    problem,
    validation,
)
from connectors.xero.emulator.history import History
from connectors.xero.emulator.identity import SCOPES, Identity
from connectors.xero.emulator.organisation import Organisation, opened
from connectors.xero.emulator.replay import replayed
from connectors.xero.emulator.webhooks import Sender


class _UndoneError(Exception):
    """Leaves the transaction with an answer and without its changes."""

    def __init__(self, answer: Response) -> None:
        super().__init__("undone")
        self.answer = answer


class XeroEmulator:
    """One app and two organisations with their books; see ``make``.

    The first is the sample company; the second has just begun and is there to be connected by somebody
    who tries it. Control and webhooks are the first one's: the second is asked regularly.
    """

    system = "xero"

    def __init__(self, size: str, seed: int, data: Path | None, clock: EmulatorClock) -> None:
        self.clock = clock
        self.faults = FaultBook(seed)
        self._size, self._seed = size, seed
        namespace = uuid.uuid5(uuid.NAMESPACE_URL, f"xero-emulator/{seed}")
        self.store = Store(_file(data))
        second = Store(_file(data, "-second"))
        self._base_url = "https://api.xero.com"
        group = build(cast("Size", size), seed)
        self._first = opened(group.uk, namespace, self.store, clock, self.faults)
        self._second = opened(
            group.uk_begun, uuid.uuid5(namespace, "second"), second, clock, self.faults
        )
        self.books, self.api, self.limiter = (
            self._first.books,
            self._first.api,
            self._first.limiter,
        )
        self._history = History(group.uk, self._first.seed)
        offset = self.store.meta("clock_offset") or 0
        self.clock.restore(float(offset), lambda s: self.store.set_meta("clock_offset", int(s)))
        tenant = self._first.tenant
        self.identity = Identity(
            self.store,
            clock,
            (tenant, self._second.tenant),
            f"xero-app-{seed}",
            f"xero-secret-{seed}",
        )
        self.webhooks = Sender(self.store, self.faults, f"xero-webhook-key-{seed}", tenant.id)
        self._public = Router(ignore_case=True)
        self.identity.routes(self._public)
        self._public.add("GET", "/connections", self._connections)
        self._public.add("DELETE", "/connections/{id}", self._disconnect)
        self._preparing = threading.Lock()
        self._prepared = False
        self._sign_in()
        self.app = as_wsgi(self.handle)
        if size == "S":
            self._prepare()
        else:
            # The large company takes a while to invent; the address is known at once.
            threading.Thread(target=self._prepare, daemon=True).start()

    def _prepare(self) -> None:
        """Write the history from before the integration, once per process and file."""
        with self._preparing:
            if not self._prepared:
                self._seeded()
                self._prepared = True

    def _seeded(self) -> None:
        if self.store.meta("seeded"):
            return
        with self.store.transaction():
            self.books.seeding, self.books.seeded = True, 0
            try:
                self._history.write(self.books)
            finally:
                self.books.seeding = False
            self.store.set_meta("seeded", value=True)

    def _sign_in(self) -> None:
        """Connect the sandbox's app; tokens that somebody used up since are replaced."""
        held = self.store.meta("grant")
        if held is None or not self.identity.usable(held):
            with self.store.transaction():
                held = self.identity.grant(SCOPES.split(), self.identity.connect())
                self.store.set_meta("grant", held)
        self._grant: dict[str, str] = held

    def with_control(self) -> XeroEmulator:
        """Mount the control API and the webhook subscription."""
        control = Control(self)
        control.router.add("POST", "/_control/webhooks", self._subscribe)
        control.router.add("POST", "/_control/limits", self._ceilings)
        inner = control.over(self.handle)

        def both(request: Request) -> Response:
            self._prepare()
            return inner(request)

        self.app = as_wsgi(both)
        return self

    def hello(self) -> dict[str, str]:
        """What a client needs besides the address."""
        grant = self._grant
        return {
            "system": "xero",
            "tenant_id": self.identity.tenant.id,
            "client_id": self.identity.client_id,
            "client_secret": self.identity.client_secret,
            "access_token": grant["access_token"],
            "refresh_token": grant["refresh_token"],
            "webhook_key": self.webhooks.key,
        }

    def close(self) -> None:
        """Close the file."""
        with self._preparing:
            self._prepared = True
        self.store.close()
        self._second.store.close()

    # --- the way of a request ----------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request; an armed fault may strike around it."""
        if not self._prepared:
            self._prepare()
        answer = around(self.faults, request, self._inside, self._struck)
        if not request.path.lower().startswith(BASE):
            return answer
        served = format_datetime(self.clock.now(), usegmt=True)
        return answer.adding({**self._asked(request).limiter.headers(), "Date": served})

    def _inside(self, request: Request) -> Response:
        if not request.path.lower().startswith(BASE):
            return self._guarded(self._public.handle, request)
        refusal = self._admission(request)
        if refusal is not None:
            return refusal
        with self._asked(request).limiter.call() as busy:
            return busy or self._guarded(self._accounting, request)

    def _asked(self, request: Request) -> Organisation:
        """The organisation that a request names."""
        named = request.header("xero-tenant-id") == self._second.tenant.id
        return self._second if named else self._first

    def _guarded(self, handle: Any, request: Request) -> Response:
        """One transaction per request, committed before the answer leaves; then the webhooks."""
        body: bytes | None = None
        one = self._asked(request)
        try:
            with one.store.transaction():
                one.books.events.clear()
                answer: Response = handle(request)
                self._keep_or_undo(answer)
                if one is self._first:
                    body = self.webhooks.batch(one.books.events, self._base_url)
        except _UndoneError as undone:
            return undone.answer
        except NotKeptError as refused:
            return refused.answer
        if body:
            self.webhooks.deliver(body)
        return answer

    @staticmethod
    def _keep_or_undo(answer: Response) -> None:
        """A refusal that is not a validation leaves no trace; 400 and 500 may have saved a part."""
        if answer.status >= 400 and answer.status not in {400, 500}:
            raise _UndoneError(answer)

    def _accounting(self, request: Request) -> Response:
        one = self._asked(request)
        return replayed(one.store, self.clock, one.tenant.id, request, self._routed)

    def _routed(self, request: Request) -> Response:
        router = self._asked(request).api.router
        handler, _, known = router.find(request.method, request.path)
        if handler is None:
            return Response.text("", 405) if known else not_found()
        try:
            return router.handle(request)
        except MissingError:
            return not_found()
        except BadBodyError as error:
            return bad_body(str(error))
        except BadQueryError as error:
            return bad_query(str(error))
        except RefusedError as error:
            return validation([{"ValidationErrors": [{"Message": m} for m in error.messages]}])

    def _session(self, request: Request) -> Doc | Response:
        given = request.header("authorization")
        token = given[7:] if given.lower().startswith("bearer ") else ""
        held = self.identity.session(token)
        if held is None:
            return problem(401, "Unauthorized", "AuthenticationUnsuccessful")
        until = datetime.fromisoformat(held["until"])
        if until <= self.clock.now():
            shown = until.strftime("%m/%d/%Y %H:%M:%S")
            return problem(401, "Unauthorized", f"TokenExpired: token expired at {shown}")
        return held

    def _admission(self, request: Request) -> Response | None:
        """Token, scope, tenant: in this order (xero.md section 24)."""
        held = self._session(request)
        if isinstance(held, Response):
            return held
        path = request.path[len(BASE) :].strip("/").split("/")
        if not scopes.allows(held["scopes"], path, request.method):
            return problem(
                403,
                "Forbidden",
                "AuthorizationUnsuccessful",
                {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            )
        connected = {c["tenantId"] for c in self.identity.connections()}
        if request.header("xero-tenant-id") not in connected:
            return problem(403, "Forbidden", "AuthenticationUnsuccessful")
        return None

    def _struck(self, fault: Fault, _request: Request) -> Response:
        kind = fault.kind
        wait = max(1, int(fault.seconds))
        if kind is FaultKind.UNAUTHORISED:
            return problem(
                401, "Unauthorized", "TokenExpired: token expired at 01/01/2026 00:00:00"
            )
        if kind is FaultKind.FORBIDDEN:
            return problem(403, "Forbidden", "AuthenticationUnsuccessful")
        if kind is FaultKind.MINUTE_LIMIT:
            return limited("minute", wait)
        if kind is FaultKind.DAY_LIMIT:
            return limited("day", wait)
        if kind is FaultKind.CONCURRENT_LIMIT:
            return limited("concurrent", None)
        if kind is FaultKind.UNAVAILABLE:
            return Response.text("The Xero API is currently offline for maintenance", 503)
        message = "An error occurred in Xero. Check the API Status page for current service status."
        body = {"ErrorNumber": 0, "Type": "InternalServerException", "Message": message}
        return Response.json(body, 500)

    # --- connections -------------------------------------------------------------------------------

    def _connections(self, request: Request) -> Response:
        held = self._session(request)
        if isinstance(held, Response):
            return held
        event = request.arg("authEventId")
        rows = [c for c in self.identity.connections() if not event or c["authEventId"] == event]
        return Response.json(rows)

    def _disconnect(self, request: Request) -> Response:
        held = self._session(request)
        if isinstance(held, Response):
            return held
        return Response(204, b"") if self.identity.disconnect(request.params["id"]) else not_found()

    # --- control -----------------------------------------------------------------------------------

    def _subscribe(self, request: Request) -> Response:
        given = request.json()
        if given.get("flush"):
            return Response.json({"flushed": self.webhooks.flush()})
        on = self.webhooks.subscribe(str(given["url"]))
        history = [{"events": d.events, "status": d.status} for d in self.webhooks.history[-50:]]
        return Response.json({"enabled": on, "history": history})

    def _ceilings(self, request: Request) -> Response:
        for name, value in request.json().items():
            if name not in {"minute", "day", "concurrent", "app_minute"}:
                raise ValueError(f"no such limit: {name}")
            setattr(self.limiter.ceilings, name, int(value))
        self.limiter.reset()
        return Response.json({"limits": self.limiter.headers()})

    def reset(self, seed: int | None, size: str | None) -> None:
        """Start over with the seeded company; the sandbox keeps its credentials."""
        kept = {kind: self.store.items(kind) for kind in ("_access", "_refresh", "_connections")}
        for store in (self.store, self._second.store):
            with store.transaction():
                store.reset()
        if seed is not None and seed != self._seed:
            raise ValueError("another seed is another company: start another emulator")
        self._size = size or self._size
        self.faults.reseed(self._seed)
        self.limiter.reset()
        with self.store.transaction():
            for kind, rows in kept.items():
                for key, doc in rows:
                    self.store.put(kind, key, doc)
            self.store.set_meta("grant", self._grant)
            self._seeded()

    def load(self, documents: dict[str, list[dict[str, Any]]]) -> int:
        """Put stored documents as they are."""
        many = 0
        with self.store.transaction():
            for entity, rows in documents.items():
                for row in rows:
                    self.books.save(entity, dict(row), created=True)
                    many += 1
        return many

    def edit(self, entity: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
        """A person changes fields in Xero's own screens."""
        with self.store.transaction():
            self.books.events.clear()
            held = self.books.lookup(entity, key) if entity in KEYS else None
            if held is None:
                raise LookupError(entity)
            made = self.books.save(entity, {**held, **changes})
            body = self.webhooks.batch(self.books.events, self._base_url)
        if body:
            self.webhooks.deliver(body)
        return lists.full(self.books, entity, made)

    def remove(self, entity: str, key: str) -> None:
        """A person deletes, voids or archives a record, credits and payments first taken off."""
        held = self.books.lookup(entity, key) if entity in KEYS else None
        if held is None:
            raise LookupError(entity)
        states = {
            "Contact": {"ContactStatus": "ARCHIVED"},
            "Account": {"Status": "ARCHIVED"},
            "Invoice": {"Status": "DELETED" if held.get("Status") == "DRAFT" else "VOIDED"},
            "CreditNote": {"Status": "DELETED" if held.get("Status") == "DRAFT" else "VOIDED"},
        }
        if entity in {"Item", "TaxRate", "TrackingCategory"}:
            self.store.delete(entity, held[KEYS[entity]])
            return
        if entity == "Invoice":
            self._clear(held)
        self.edit(entity, held[KEYS[entity]], states.get(entity, {"Status": "DELETED"}))

    def _clear(self, invoice: Doc) -> None:
        with self.store.transaction():
            for one in list(invoice["_applied"]):
                allocations.undo(self.books, one["entity"], one["key"], one["AllocationID"])
            for one in list(invoice["Payments"]):
                held = self.books.get("Payment", one["PaymentID"])
                self.books.save("Payment", {**held, "Status": "DELETED"})
            fresh = self.books.get("Invoice", invoice["InvoiceID"])
            self.books.save("Invoice", {**fresh, "Payments": []})

    def documents(self, entity: str, reference: str) -> list[dict[str, Any]]:
        """Live documents whose number or reference is ``reference`` (all without one)."""
        if entity not in KEYS:
            raise LookupError(entity)
        fields = ("Reference", NUMBERS.get(entity, ""), "Narration")
        found = [
            d
            for d in self.store.all(entity)
            if d.get("Status") not in {"DELETED", "VOIDED"}
            and (not reference or reference in {str(d.get(f)) for f in fields if f})
        ]
        return [lists.full(self.books, entity, d) for d in found]


def _file(data: Path | None, which: str = "") -> Path | None:
    if data is None:
        return None
    if data.suffix:
        return data.with_stem(f"{data.stem}{which}")
    return data / f"xero{which}.sqlite3"

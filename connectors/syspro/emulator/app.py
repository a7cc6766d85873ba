"""The SYSPRO e.net REST surface as a WSGI application over the sample company."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.company import Company, build
from connectors.emulation.control import Control
from connectors.emulation.faults import Fault, FaultBook, FaultKind, around
from connectors.emulation.store import Store
from connectors.emulation.wsgi import Handler, Request, Response, Router, as_wsgi
from connectors.syspro.emulator import catalogue, odata, sqlcopy
from connectors.syspro.emulator.answers import BusinessError, EnetError, document, not_licensed, tag
from connectors.syspro.emulator.context import Change, CompanyFacts, Context, Operator
from connectors.syspro.emulator.forms import definitions, design
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.seed import seeds
from connectors.syspro.emulator.sessions import (
    COMPANY_PASSWORD,
    INVALID,
    PASSWORD,
    Session,
    Sessions,
)
from connectors.syspro.emulator.tables import Database
from connectors.syspro.facts import tables
from connectors.syspro.xml import XmlError, parse

BASE = "/SYSPROWCFService/Rest"
_VERSION = "8.0.0.161"


class SysproEmulator:
    """One SYSPRO server with the two companies of the sample group.

    Args:
        size: ``S`` or ``L``.
        seed: of the sample company and of fault dice.
        data: folder in which every effect is durable; None keeps all in memory.
        clock: time of this server.
        control: mount ``/_control``.
    """

    system = "syspro"

    def __init__(
        self,
        size: str,
        seed: int,
        data: Path | None,
        clock: EmulatorClock | None,
        *,
        control: bool,
    ) -> None:
        self.clock = clock or EmulatorClock()
        self.faults = FaultBook(seed)
        self.store = Store(data / "syspro.sqlite" if data else None)
        self.json_wrapped = False
        self.quiet_orders = False
        self.ignored: list[str] = []
        self._one_call = threading.RLock()
        self._open(size, seed)
        self._router = self._routes()
        handle = Control(self).over(self._handle) if control else self._handle
        self.app = as_wsgi(handle)

    def _open(self, size: str, seed: int) -> None:
        self.size, self.seed = size, seed
        self.company: Company = build("L" if size == "L" else "S", seed)
        self.companies = {
            d.id: CompanyFacts(
                d.id,
                d.name,
                d.currency,
                d.tables.lock_date,
                d.tables.banks[0].code,
                d.tables.branches[0].code,
                d.tables.warehouses[0].code,
                COMPANY_PASSWORD,
                1000 + d.scale.orders,
                200_000 + d.scale.orders,
            )
            for d in self.company.divisions
        }
        self.databases = {
            d.id: Database(self.store, d.id, seeds(d)) for d in self.company.divisions
        }
        for division in self.company.divisions:
            kind = f"{division.id}._forms"
            for table, fields in definitions(division.custom_fields).items():
                if self.store.get(kind, table) is None:
                    self.store.put(kind, table, {"fields": fields})
        self.sessions = Sessions({c.id: c.password for c in self.companies.values()})

    # --- what `connectors.emulation` asks of an emulator ---------------------------------------

    def hello(self) -> dict[str, str]:
        """What a client needs to log on; the second company is the group's sister company."""
        return {
            "operator": "STUDIO",
            "operator_password": PASSWORD,
            "company": "EDU1",
            "company_password": COMPANY_PASSWORD,
            "operator_2": "STUDIO2",
            "company_2": "EDU2",
        }

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def reset(self, seed: int | None, size: str | None) -> None:
        """Start over with the seeded company."""
        with self._one_call:
            self.store.reset()
            self.faults.reseed(self.seed if seed is None else seed)
            self._open(size or self.size, self.seed if seed is None else seed)

    def load(self, documents: dict[str, list[dict[str, Any]]]) -> int:
        """Put rows by ``EDU1.ArCustomer``; ``_settings`` switches ``json_wrapped``/``quiet_orders``."""
        many = 0
        for setting in documents.pop("_settings", []):
            self.json_wrapped = bool(setting.get("json_wrapped", self.json_wrapped))
            self.quiet_orders = bool(setting.get("quiet_orders", self.quiet_orders))
        for kind, rows in documents.items():
            company, _, table = kind.rpartition(".")
            for row in rows:
                self.databases[company or "EDU1"].put(table, row)
                many += 1
        return many

    def edit(self, entity: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
        """A person changes a row; ``entity`` is ``EDU1.SorMaster`` or a table of EDU1.

        ``AdmFormControl`` with a key like ``ORD|QBOINV`` (form type, field name) is Custom Form
        Design: it adds the field or changes its caption, type, length.
        """
        company, _, table = entity.rpartition(".")
        db = self.databases[company or "EDU1"]
        with self._one_call, self.store.transaction():
            if table == "AdmFormControl":
                return design(db, key, changes)
            row = self._row(db, table, key)
            unknown = [c for c in changes if tables()[table].column(c) is None]
            if unknown and not table.endswith("+"):
                raise ValueError(f"{table} has no column {unknown[0]}")
            return db.change(table, row, **changes)

    def remove(self, entity: str, key: str) -> None:
        """A person deletes a row."""
        company, _, table = entity.rpartition(".")
        db = self.databases[company or "EDU1"]
        with self._one_call, self.store.transaction():
            db.delete(table, self._row(db, table, key))

    def documents(self, entity: str, reference: str) -> list[dict[str, Any]]:
        """Rows of a table; with ``reference`` those where some column equals it."""
        company, _, table = entity.rpartition(".")
        rows = self.databases[company or "EDU1"].rows(table)
        return [r for r in rows if not reference or reference in (str(v) for v in r.values())]

    @staticmethod
    def _row(db: Database, table: str, key: str) -> dict[str, Any]:
        parts = key.split("|")
        first, *rest = [stored(c, p) for c, p in zip(tables()[table].keys, parts, strict=False)]
        row = db.get(table, first, *(int(r) if r.isdigit() and len(r) < 7 else r for r in rest))
        if row is None:
            raise LookupError(f"{table} {key}")
        return row

    # --- HTTP ------------------------------------------------------------------------------------

    def _routes(self) -> Router:
        router = Router(ignore_case=True)
        for name, text in (
            ("GetVersion", _VERSION),
            ("GetServiceName", "SYSPRO WCF Service"),
        ):
            router.add("GET", f"{BASE}/{name}", self._plainly(text))
        router.add("GET", f"{BASE}/Logon", self._logon)
        router.add("GET", f"{BASE}/Logoff", self._logoff)
        router.add("GET", f"{BASE}/GetLogonProfile", self._profile)
        for path, implied in (("Query/Browse", "COMBRW"), ("Query/Fetch", "COMFCH")):
            router.add("GET", f"{BASE}/{path}", self._running("Query", implied))
        for path in ("NextKey", "PreviousKey"):
            router.add("GET", f"{BASE}/{path}", self._walking(path))
        for group, verbs in (
            ("Query", ("Query",)),
            ("Setup", ("Add", "Update", "Delete")),
            ("Transaction", ("Build", "Post")),
        ):
            for verb in verbs:
                for wide in ("", "W"):
                    router.add("GET", f"{BASE}/{group}/{verb}{wide}", self._running(verb))
        router.add("GET", f"{BASE}/Transaction/PostW_Byte", self._running("Post"))
        router.add("POST", f"{BASE}/Transaction/PostLD", self._large)
        router.add("GET", odata.PREFIX + "/{company}/{table}", self._odata)
        return router

    def _odata(self, request: Request) -> Response:
        def context(operator: Operator) -> Context | None:
            company = request.params["company"].upper()
            return self._context(company, operator) if company in self.companies else None

        with self._one_call:
            return odata.answer(request, context)

    def copy_to(self, company: str, path: Path) -> None:
        """Write a company's tables into a SQLite file."""
        with self._one_call:
            sqlcopy.write(self.databases[company], path)

    def _plainly(self, text: str) -> Handler:
        return lambda _: self._said(text)

    def _walking(self, path: str) -> Handler:
        return lambda request: self._key(request, path)

    def _running(self, verb: str, bo: str = "") -> Handler:
        def run(request: Request) -> Response:
            parts = request.arg("UserId"), request.arg("XmlIn"), request.arg("XmlParameters")
            return self._run(verb, bo or request.arg("BusinessObject"), parts)

        return run

    def _handle(self, request: Request) -> Response:
        return around(self.faults, request, self._router.handle, self._faulty)

    def _faulty(self, fault: Fault, _request: Request) -> Response:
        if fault.kind is FaultKind.UNAUTHORISED:
            self.sessions.end_all()
            return self._said(INVALID)
        if fault.kind is FaultKind.FORBIDDEN:
            return self._said(str(not_licensed("")))
        if str(fault.kind).startswith("429"):
            return self._said("ERROR: Number of licensed e.net users exceeded")
        status = 503 if fault.kind is FaultKind.UNAVAILABLE else 500
        return Response.text("", status)

    def _said(self, text: str) -> Response:
        body = text.encode("cp1252", "xmlcharrefreplace")
        if self.json_wrapped:
            body = json.dumps(text).encode()
        headers = {"Server": "Microsoft-HTTPAPI/2.0"}
        return Response.text(body, 200, "application/octet-stream", headers)

    def _logon(self, request: Request) -> Response:
        asked = [k.lower() for k, _ in request.query]
        names = ("operator", "operatorpassword", "companyid", "companypassword")
        if any(n not in asked for n in names):
            return Response.text("Endpoint not found.", 404)
        options = request.arg("XmlIn")
        refuse = "<FailWhenAlreadyLoggedIn>Y<" in options
        given = tuple(request.arg(n) for n in names)
        try:
            token = self.sessions.logon(
                (given[0], given[1], given[2].strip(), given[3]),
                self.clock.now(),
                refuse_second=refuse,
            )
        except EnetError as error:
            return self._said(str(error))
        return self._said(token)

    def _logoff(self, request: Request) -> Response:
        return self._said("0" if self.sessions.logoff(request.arg("UserId")) else INVALID)

    def _profile(self, request: Request) -> Response:
        try:
            session = self.sessions.touch(request.arg("UserId"), self.clock.now())
        except EnetError as error:
            return self._said(str(error))
        company = self.companies[session.company]
        today = self.clock.now().date().isoformat()
        facts = {
            "CompanyName": company.name,
            "OperatorCode": session.operator.code,
            "OperatorGroup": "API",
            "OperatorLanguageCode": "05",
            "AccountingDate": today,
            "CompanyDate": today,
            "DefaultArBranch": company.branch,
            "DefaultBank": company.bank,
            "DefaultWarehouse": company.warehouse,
            "LocalCurrencyCode": company.currency,
            "DatabaseType": "SQL",
            "SysproVersion": "8.0",
            "EnetVersion": _VERSION,
        }
        return self._said(document("UserProfile", [tag(k, v) for k, v in facts.items()]))

    def _key(self, request: Request, path: str) -> Response:
        said = request.arg("XmlIn")
        if path == "PreviousKey":
            said = said.replace("</Keys>", "<ReadDirection>P</ReadDirection></Keys>")
        return self._run("Query", "COMKEY", (request.arg("UserId"), said, ""))

    def _large(self, request: Request) -> Response:
        if request.header("content-type").startswith("application/x-www-form-urlencoded"):
            form = parse_qs(request.body.decode("utf-8", "replace"))
            given = {k.lower(): v[0] for k, v in form.items()}
        else:
            try:
                root = parse(request.body.decode("utf-8", "replace"))
            except XmlError:
                return Response.text("Bad Request", 400)
            given = {c.name: c.text for c in root.children}
        parts = given.get("userid", ""), given.get("xmlin", ""), given.get("xmlparameters", "")
        return self._run("Post", given.get("businessobject", ""), parts)

    def _run(self, verb: str, bo: str, parts: tuple[str, str, str]) -> Response:
        token, text, parameters = parts
        try:
            session = self.sessions.touch(token, self.clock.now())
            what = verb, bo.strip().upper()
            half = verb == "Post" and self.faults.draw(
                {FaultKind.HALF_BATCH}, "POST", f"Transaction/Post/{bo}"
            )
            if half:
                # The host dies with the first half of the items posted.
                self._answer(session, what, _first_half(text), parameters)
                return Response.text("", 500)
            return self._said(self._answer(session, what, text, parameters))
        except EnetError as error:
            return self._said(str(error))
        except XmlError:
            return self._said("ERROR: The supplied XML is not well formed")

    def _answer(self, session: Session, what: tuple[str, str], text: str, parameters: str) -> str:
        run = catalogue.find(*what)
        if run is None or what[1] in session.operator.unlicensed:
            raise not_licensed(what[1])
        # cp1252 is what the server can hold; anything else turns into question marks.
        data = parse(text.encode("cp1252", "replace").decode("cp1252"))
        options = parse(parameters) if parameters.strip() else None
        context = self._context(session.company, session.operator)
        with self._one_call, self.store.transaction():
            try:
                return run(context, data, options)
            except BusinessError as error:
                return document(data.tag, [error.wrapped()])

    def _context(self, company: str, operator: Operator) -> Context:
        changes = tuple(
            Change(
                str(f.detail.get("entity", "")),
                str(f.detail.get("field", "")),
                str(f.detail.get("change", "")),
                str(f.detail.get("to", "")),
            )
            for f in self.faults.standing(FaultKind.SCHEMA_CHANGE)
        )
        return Context(
            db=self.databases[company],
            company=self.companies[company],
            operator=operator,
            now=self.clock.now(),
            changes=changes,
            quiet_orders=self.quiet_orders,
            companies=tuple(self.companies.values()),
            log=self.ignored,
        )


def _first_half(text: str) -> str:
    """A document with the first half of its items, rounded up."""
    items = list(re.finditer(r"<(Item|Orders)>.*?</\1>", text, re.DOTALL))
    rest = items[(len(items) + 1) // 2 :]
    return text[: rest[0].start()] + text[rest[-1].end() :] if rest else text

"""Routes of ``/api.xro/2.0``: thin handlers that read, call the rules and wrap the answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from connectors.emulation.faults import FaultBook, FaultKind
from connectors.emulation.store import Doc
from connectors.emulation.wsgi import Handler, Request, Response, Router
from connectors.xero.catalogue import entities, resources
from connectors.xero.dates import from_datetime
from connectors.xero.emulator import (
    allocations,
    banking,
    contacts,
    documents,
    journals,
    lists,
    orders,
    papers,
    payments,
    settings,
)
from connectors.xero.emulator.body import element, elements
from connectors.xero.emulator.books import KEYS, Books
from connectors.xero.emulator.errors import NO_ID, RefusedError, not_found, validation
from connectors.xero.emulator.render import shown

BASE = "/api.xro/2.0"
Rule = Callable[..., Doc]
_READ = ("Contact", "Invoice", "CreditNote", "Item", "Account", "Payment", "BatchPayment",
         "BankTransaction", "BankTransfer", "ManualJournal", "PurchaseOrder", "Quote", "TaxRate",
         "TrackingCategory", "Currency", "Overpayment", "Prepayment", "ContactGroup",
         "BrandingTheme", "User", "RepeatingInvoice")  # fmt: skip
_PLACES = {"Invoice", "CreditNote", "Item", "BankTransaction"}
_JOURNALS_PER_CALL = 100


def _places(request: Request) -> int:
    return 4 if request.arg("unitdp") == "4" else 2


class Api:
    """The accounting API over one organisation's books."""

    def __init__(self, books: Books, faults: FaultBook) -> None:
        self._books = books
        self._faults = faults
        self.keep_valid = True
        self.router = Router(ignore_case=True)
        self._routes()

    def _add(self, method: str, path: str, handler: Handler) -> None:
        self.router.add(method, f"{BASE}/{path}", handler)

    def _routes(self) -> None:
        self._add("GET", "Organisation", self._organisation)
        self._add("GET", "Organisation/Actions", self._actions)
        self._add("GET", "Journals", self._journals)
        self._add("GET", "Journals/{key}", self._journal)
        for entity in _READ:
            path = resources()[entity].path
            self._add("GET", path, partial(self._list, entity))
            self._add("GET", f"{path}/{{key}}", partial(self._one, entity))
        for entity, rule in self._rules().items():
            path = resources()[entity].path
            self._add("PUT", path, partial(self._write, entity, rule, "PUT"))
            if entity not in {"BatchPayment", "BankTransfer", "Account", "Currency",
                              "TrackingCategory", "ContactGroup"}:  # fmt: skip
                self._add("POST", path, partial(self._write, entity, rule, "POST"))
            if entity not in {"BatchPayment", "BankTransfer", "Currency", "TaxRate"}:
                self._add("POST", f"{path}/{{key}}", partial(self._write, entity, rule, "POST"))
        self._special()

    def _rules(self) -> dict[str, Rule]:
        books = self._books
        return {
            "Contact": partial(contacts.save, books),
            "Invoice": partial(documents.save, books, documents.INVOICE),
            "CreditNote": partial(documents.save, books, documents.CREDIT_NOTE),
            "Item": partial(settings.save_item, books),
            "Account": lambda raw, *, put, key=None: settings.save_account(books, raw, key=key),
            "TaxRate": lambda raw, *, put, key=None: settings.save_tax_rate(books, raw, put=put),
            "TrackingCategory": lambda raw, *, put, key=None: settings.save_category(
                books, raw, key=key
            ),
            "Currency": lambda raw, *, put, key=None: settings.add_currency(
                books, raw, _currencies()
            ),
            "ContactGroup": lambda raw, *, put, key=None: settings.save_group(books, raw, key=key),
            "Payment": lambda raw, *, put, key=None: (
                payments.change(books, key, raw) if key else payments.create(books, raw)
            ),
            "BatchPayment": lambda raw, *, put, key=None: payments.create_batch(books, raw),
            "BankTransaction": partial(banking.save, books),
            "BankTransfer": lambda raw, *, put, key=None: banking.transfer(books, raw),
            "ManualJournal": partial(journals.save, books),
            "PurchaseOrder": partial(orders.save_order, books),
            "Quote": partial(orders.save_quote, books),
        }

    def _special(self) -> None:
        books = self._books
        self._add("POST", "BatchPayments", self._end_batch)
        self._add("POST", "BatchPayments/{key}", self._end_batch)
        self._add("POST", "BankTransfers", self._end_transfer)
        self._add("POST", "BankTransfers/{key}", self._end_transfer)
        for entity in ("CreditNote", "Overpayment", "Prepayment"):
            path = f"{resources()[entity].path}/{{key}}/Allocations"
            self._add("PUT", path, partial(self._allocate, entity))
            self._add("DELETE", f"{path}/{{allocation}}", partial(self._undo, entity))
        self._add("DELETE", "Items/{key}", self._delete_item)
        self._add(
            "DELETE",
            "Accounts/{key}",
            lambda r: self._one_answer("Account", settings.delete_account(books, r.params["key"])),
        )
        self._add(
            "DELETE",
            "TrackingCategories/{key}",
            lambda r: self._one_answer(
                "TrackingCategory", settings.delete_category(books, r.params["key"])
            ),
        )
        self._add("PUT", "TrackingCategories/{key}/Options", self._option)
        self._add("POST", "TrackingCategories/{key}/Options/{option}", self._option)
        self._add("DELETE", "TrackingCategories/{key}/Options/{option}", self._delete_option)
        self._add("PUT", "ContactGroups/{key}/Contacts", self._members)
        self._add("POST", "Invoices/{key}/Email", self._mail)
        self._add("GET", "Invoices/{key}/OnlineInvoice", self._online)
        for entity in papers.HISTORIED:
            path = f"{resources()[entity].path}/{{key}}/History"
            self._add("GET", path, partial(self._history, entity))
            self._add("PUT", path, partial(self._note, entity))
        for entity in papers.ATTACHABLE:
            path = f"{resources()[entity].path}/{{key}}/Attachments"
            self._add("GET", path, partial(self._attachments, entity))
            self._add("GET", f"{path}/{{name}}", partial(self._content, entity))
            for verb in ("PUT", "POST"):
                self._add(verb, f"{path}/{{name}}", partial(self._attach, entity))
        self._add("DELETE", "ContactGroups/{key}/Contacts", self._leave)
        self._add("DELETE", "ContactGroups/{key}/Contacts/{contact}", self._leave)

    def _envelope(self, content: dict[str, Any]) -> Response:
        now = self._books.clock.now()
        return Response.json(
            {
                "Id": str(uuid.uuid4()),
                "Status": "OK",
                "ProviderName": "Mapping studio",
                "DateTimeUTC": from_datetime(now, offset=False),
                **content,
            }
        )

    def _one_answer(self, entity: str, doc: Doc) -> Response:
        made = lists.full(self._books, entity, doc)
        return self._envelope({resources()[entity].list_key: [self._reshaped(entity, made)]})

    def _reshaped(self, entity: str, made: dict[str, Any]) -> dict[str, Any]:
        """Standing schema changes of the fault book, applied to what is shown."""
        for fault in self._faults.standing(FaultKind.SCHEMA_CHANGE):
            detail = fault.detail
            name = str(detail.get("field", ""))
            if detail.get("entity") != entity or name not in made:
                continue
            change = detail.get("change")
            if change == "rename":
                made[str(detail.get("to"))] = made.pop(name)
            elif change in {"removed", "hidden"}:
                made.pop(name)
            elif change == "type":
                made[name] = {"Value": made[name]}
            elif change == "enum":
                made[name] = detail.get("to", "UNKNOWN")
        return made

    def _list(self, entity: str, request: Request) -> Response:
        content = lists.read(self._books, entity, request)
        if entity == "Quote":
            content = {"SummarizeErrors": True, **content}
        key = resources()[entity].list_key
        content[key] = [self._reshaped(entity, row) for row in content[key]]
        return self._envelope(content)

    def _one(self, entity: str, request: Request) -> Response:
        doc = self._books.lookup(entity, request.params["key"])
        if request.header("accept").startswith("application/pdf"):
            return Response.text(b"%PDF-1.4\n%%EOF\n", kind="application/pdf")
        return self._one_answer(entity, doc)

    def _organisation(self, _request: Request) -> Response:
        return self._one_answer("Organisation", self._books.organisation)

    def _actions(self, _request: Request) -> Response:
        names = ("CreateApprovedInvoice", "CreateDraftInvoice", "CreateContact")
        return self._envelope({"Actions": [{"Name": n, "Status": "ALLOWED"} for n in names]})

    def _journals(self, request: Request) -> Response:
        offset = 0 if request.arg("offset") in {"", "0"} else lists.positive(request, "offset", 1)
        payments_only = request.arg("paymentsOnly").lower() == "true"
        since = lists.modified_since(request)
        text = since.isoformat(timespec="milliseconds") if since else ""
        found = [
            j
            for j in self._books.store.all("Journal")
            if j["JournalNumber"] > offset
            and j["CreatedDateUTC"] >= text
            and (not payments_only or str(j["SourceType"]).endswith("PAYMENT"))
        ]
        rows = [lists.full(self._books, "Journal", j) for j in found[:_JOURNALS_PER_CALL]]
        return self._envelope({"Journals": rows})

    def _journal(self, request: Request) -> Response:
        key = request.params["key"]
        for journal in self._books.store.all("Journal"):
            if key in {journal["JournalID"], str(journal["JournalNumber"])}:
                return self._one_answer("Journal", journal)
        return not_found()

    def _write(self, entity: str, rule: Rule, verb: str, request: Request) -> Response:
        resource = resources()[entity]
        raws = elements(request, resource.list_key)
        extra: dict[str, Any] = {"put": verb == "PUT", "key": request.params.get("key")}
        if entity in _PLACES or entity == "PurchaseOrder":
            extra["unit_places"] = _places(request)
        if entity in {"Invoice", "CreditNote"}:
            extra["backorders"] = request.arg("allowBackorders").lower() == "true"
        if request.params.get("key"):
            raws = raws[:1]
        half = self._faults.draw([FaultKind.HALF_BATCH], request.method, request.path)
        answers: list[tuple[dict[str, Any], bool]] = []
        for number, raw in enumerate(raws):
            if half and number >= (len(raws) + 1) // 2:
                # A 500 in the middle of a bulk create that had saved part of it (xero.md section 10).
                return Response.json(
                    {"ErrorNumber": 0, "Message": "An error occurred in Xero."}, 500
                )
            answers.append(self._attempt(entity, rule, raw, extra))
        return self._summed_up(entity, request, answers)

    def _attempt(
        self, entity: str, rule: Rule, raw: dict[str, Any], extra: dict[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        sent: dict[str, Any] = {}
        try:
            with self._books.store.transaction():
                sent = element(entity, raw)
                doc = rule(dict(sent), **extra)
            return self._reshaped(entity, lists.full(self._books, entity, doc)), True
        except RefusedError as error:
            return self._echo(entity, sent or error.sent, error.messages, extra["key"]), False

    def _echo(
        self, entity: str, sent: dict[str, Any], messages: list[str], named: str | None = None
    ) -> dict[str, Any]:
        """A refused element as understood; one that exists carries its own id, a new one zeros."""
        key = KEYS[entity]
        own = NO_ID
        if named and key.endswith("ID"):
            own = self._books.lookup(entity, named)[key]
        base = shown(entity, {key: own, **sent}) if key.endswith("ID") else dict(sent)
        mark = "HasErrors" if entity in {"Invoice", "CreditNote", "PurchaseOrder"} else None
        return {
            **base,
            (mark or "HasValidationErrors"): True,
            "ValidationErrors": [{"Message": m} for m in messages],
        }

    def _summed_up(
        self, entity: str, request: Request, answers: list[tuple[dict[str, Any], bool]]
    ) -> Response:
        apart = request.arg("summarizeErrors").lower() == "false"
        bad = [row for row, good in answers if not good]
        if bad and not apart:
            if not self.keep_valid:
                raise NotKeptError(validation(bad))
            return validation(bad)
        rows = [
            {**row, "StatusAttributeString": "OK" if good else "ERROR"} if apart else row
            for row, good in answers
        ]
        content: dict[str, Any] = {resources()[entity].list_key: rows}
        if entity == "Quote":
            content = {"SummarizeErrors": not apart, **content}
        return self._envelope(content)

    def _single(
        self, entity: str, request: Request, act: Callable[[dict[str, Any]], Doc]
    ) -> Response:
        raw = element(entity, elements(request, resources()[entity].list_key)[0])
        try:
            with self._books.store.transaction():
                doc = act(raw)
        except RefusedError as error:
            return validation([self._echo(entity, raw, error.messages)])
        return self._one_answer(entity, doc)

    def _end_batch(self, request: Request) -> Response:
        def act(raw: dict[str, Any]) -> Doc:
            key = request.params.get("key") or raw.get("BatchPaymentID") or ""
            return payments.delete_batch(self._books, key, raw)

        return self._single("BatchPayment", request, act)

    def _end_transfer(self, request: Request) -> Response:
        key = request.params.get("key")
        return self._single(
            "BankTransfer", request, lambda raw: banking.delete_transfer(self._books, raw, key)
        )

    def _allocate(self, entity: str, request: Request) -> Response:
        made = []
        for raw in elements(request, "Allocations"):
            sent = element("Allocation", raw)
            try:
                with self._books.store.transaction():
                    made.append(
                        allocations.allocate(self._books, entity, request.params["key"], sent)
                    )
            except RefusedError as error:
                faults = [{"Message": m} for m in error.messages]
                return validation([{**shown("", sent), "ValidationErrors": faults}])
        return self._envelope({"Allocations": [shown("", m) for m in made]})

    def _undo(self, entity: str, request: Request) -> Response:
        found = request.params
        done = allocations.undo(self._books, entity, found["key"], found["allocation"])
        return Response.json(shown("", done))

    def _mail(self, request: Request) -> Response:
        papers.mail(self._books, request.params["key"])
        return Response(204, b"")

    def _online(self, request: Request) -> Response:
        address = papers.online_address(self._books, request.params["key"])
        return self._envelope({"OnlineInvoices": [{"OnlineInvoiceUrl": address}]})

    def _history(self, entity: str, request: Request) -> Response:
        rows = papers.history(self._books, entity, request.params["key"])
        return self._envelope({"HistoryRecords": rows})

    def _note(self, entity: str, request: Request) -> Response:
        made = [
            papers.shown(papers.note(self._books, entity, request.params["key"], raw))
            for raw in elements(request, "HistoryRecords")
        ]
        return self._envelope({"HistoryRecords": made})

    def _attachments(self, entity: str, request: Request) -> Response:
        rows = papers.attachments(self._books, entity, request.params["key"])
        return self._envelope({"Attachments": rows})

    def _content(self, entity: str, request: Request) -> Response:
        key, name = request.params["key"], request.params["name"]
        body, kind = papers.content(self._books, entity, key, name)
        return Response(200, body, {"Content-Type": kind})

    def _attach(self, entity: str, request: Request) -> Response:
        where = entity, request.params["key"]
        made = papers.attach(self._books, where, request.params["name"], request)
        return self._envelope({"Attachments": [made]})

    def _delete_item(self, request: Request) -> Response:
        try:
            settings.delete_item(self._books, request.params["key"])
        except RefusedError as error:
            faults = [{"Message": m} for m in error.messages]
            return validation([{"ItemID": request.params["key"], "ValidationErrors": faults}])
        return Response(204, b"")

    def _option(self, request: Request) -> Response:
        raw = element("Option", elements(request, "Options")[0])
        try:
            made = settings.save_option(
                self._books, request.params["key"], raw, request.params.get("option")
            )
        except RefusedError as error:
            return validation(
                [{**raw, "ValidationErrors": [{"Message": m} for m in error.messages]}]
            )
        return self._envelope({"Options": [made]})

    def _delete_option(self, request: Request) -> Response:
        made = settings.delete_option(self._books, request.params["key"], request.params["option"])
        return self._envelope({"Options": [made]})

    def _members(self, request: Request) -> Response:
        sent = [element("Contact", raw) for raw in elements(request, "Contacts")]
        keys = [str(one.get("ContactID", "")) for one in sent]
        found = settings.add_members(self._books, request.params["key"], keys)
        return self._envelope({"Contacts": [lists.full(self._books, "Contact", c) for c in found]})

    def _leave(self, request: Request) -> Response:
        settings.remove_members(self._books, request.params["key"], request.params.get("contact"))
        return Response(204, b"")


class NotKeptError(Exception):
    """A refused bulk write of which nothing may stay (switch ``keep_valid``)."""

    def __init__(self, answer: Response) -> None:
        super().__init__("not kept")
        self.answer = answer


def _currencies() -> frozenset[str]:
    for entity in entities():
        found = entity.field("CurrencyCode")
        if found and found.enum:
            return frozenset(code for code, _ in found.enum)
    return frozenset()

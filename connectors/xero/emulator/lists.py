"""Reading lists: filters, ``where``, order, pages, short and full forms."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from connectors.emulation.store import Doc
from connectors.emulation.wsgi import Request
from connectors.xero.catalogue import resources
from connectors.xero.dates import to_datetime
from connectors.xero.emulator.books import KEYS, NUMBERS, Books
from connectors.xero.emulator.errors import BadQueryError
from connectors.xero.emulator.money import ZERO
from connectors.xero.emulator.render import shown
from connectors.xero.emulator.where import parse_order, parse_where, sort_key

MOST = 1000
_NO_WHERE = {"PurchaseOrder", "Quote", "Journal"}
_REFERENCES = {"Contact": "Contact", "Account": "Account", "BankAccount": "Account",
               "Invoice": "Invoice", "CreditNote": "CreditNote",
               "FromBankAccount": "Account", "ToBankAccount": "Account"}  # fmt: skip
_STUBS = {
    "Contact": ("ContactID", "ContactNumber", "Name"),
    "Account": ("AccountID", "Code", "Name"),
    "BankAccount": ("AccountID", "Code", "Name"),
    "FromBankAccount": ("AccountID", "Code", "Name"),
    "ToBankAccount": ("AccountID", "Code", "Name"),
    "Invoice": ("InvoiceID", "InvoiceNumber", "Type", "CurrencyCode"),
    "CreditNote": ("CreditNoteID", "CreditNoteNumber", "Type", "CurrencyCode"),
    "Overpayment": ("OverpaymentID", "Type", "CurrencyCode"),
    "Prepayment": ("PrepaymentID", "Type", "CurrencyCode"),
}
_EMPTY_LISTS = {
    "Contact": {"ContactGroups": [], "Addresses": [], "Phones": [], "ContactPersons": [],
                "HasValidationErrors": False},
}  # fmt: skip
_SEARCHED = {
    "Contact": ("Name", "FirstName", "LastName", "ContactNumber", "EmailAddress"),
    "Invoice": ("InvoiceNumber", "Reference"),
}


def _found(doc: Doc, name: str) -> Any:
    if name in doc:
        return doc[name]
    wanted = name.lower()
    return next((v for k, v in doc.items() if k.lower() == wanted), None)


def value_of(books: Books, doc: Doc, path: str) -> Any:
    """The value at a dotted path, following references to other records."""
    held: Any = doc
    for part in path.split("."):
        if not isinstance(held, dict):
            return None
        inner = _found(held, part)
        if isinstance(inner, dict):
            kind = next((k for k in _REFERENCES if k.lower() == part.lower()), None)
            entity = _REFERENCES.get(kind or "", "")
            key = inner.get(KEYS.get(entity, ""))
            inner = (books.store.get(entity, key) or inner) if key else inner
        held = inner
    return held


def expand(books: Books, entity: str, doc: Doc) -> Doc:
    """The document with its references shown as stubs, ready for ``shown``."""
    made = dict(doc)
    for name, fields in _STUBS.items():
        held = made.get(name)
        if name != entity and isinstance(held, dict):
            kind = _REFERENCES.get(name, name)
            full = books.store.get(kind, held.get(KEYS[kind], "")) or held
            made[name] = {f: full[f] for f in fields if full.get(f) is not None}
            made[name].update(_EMPTY_LISTS.get(name, {}))
    if entity == "Invoice":
        _applied(made)
    if entity == "Contact" and (balances := _balances(books, doc["ContactID"])):
        made["Balances"] = balances
    return made


def _balances(books: Books, contact: str) -> Doc:
    """What a contact owes and is owed, in the currencies of the documents, as the API adds it up."""
    today = books.today().isoformat()
    found: dict[str, dict[str, Any]] = {}
    for kind, field, sign in (("Invoice", "AmountDue", 1), ("CreditNote", "RemainingCredit", -1)):
        for one in books.store.find(kind, "contact", contact):
            if one["Status"] != "AUTHORISED":
                continue
            side = "AccountsReceivable" if one["Type"].startswith("ACCREC") else "AccountsPayable"
            held = found.setdefault(side, {"Outstanding": ZERO, "Overdue": ZERO})
            held["Outstanding"] += sign * one[field]
            if kind == "Invoice" and str(one.get("DueDate") or today) < today:
                held["Overdue"] += one[field]
    return found


def _applied(made: Doc) -> None:
    """Credits on an invoice as the API lists them."""
    for entity, name in (("CreditNote", "CreditNotes"), ("Overpayment", "Overpayments"),
                         ("Prepayment", "Prepayments")):  # fmt: skip
        made[name] = [
            {KEYS[entity]: a["key"], "AppliedAmount": a["Amount"], "Date": a["Date"]}
            for a in made.get("_applied", ())
            if a.get("entity") == entity
        ]


def full(books: Books, entity: str, doc: Doc) -> dict[str, Any]:
    """The full form of one record on the wire."""
    return shown(entity, expand(books, entity, doc))


def _short(entity: str, doc: Doc) -> Doc:
    hidden = {"LineItems", "JournalLines", "Payments", "CreditNotes", "Overpayments", "Prepayments",
              "ContactPersons", "Balances"}  # fmt: skip
    lists: Doc = {k: [] for k in ("LineItems",) if k in doc and entity != "Contact"}
    return {**{k: v for k, v in doc.items() if k not in hidden}, **lists}


def modified_since(request: Request) -> datetime | None:
    """The moment in ``If-Modified-Since``: ISO or RFC 1123; None where absent or unreadable."""
    text = request.header("if-modified-since")
    if not text:
        return None
    try:
        return to_datetime(text)
    except ValueError:
        pass
    try:
        return to_datetime(datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").isoformat())  # noqa: DTZ007
    except ValueError:
        return None


def _split(request: Request, name: str) -> set[str]:
    return {p.strip().casefold() for p in request.arg(name).split(",") if p.strip()}


Filter = Callable[[Doc], bool]


def _filters(books: Books, entity: str, request: Request) -> Iterable[Filter]:
    yield from _by_lists(entity, request)
    archived = request.arg("includeArchived").lower() == "true" or request.arg("IDs")
    if entity in {"Contact", "TrackingCategory"} and not archived:
        name = "ContactStatus" if entity == "Contact" else "Status"
        yield lambda d: bool(d[name] != "ARCHIVED")
    if entity == "BankTransfer" and request.arg("includeDeleted").lower() != "true":
        yield lambda d: bool(d["Status"] != "DELETED")
    term = request.arg("searchTerm").casefold()
    if term and entity in _SEARCHED:
        names = _SEARCHED[entity]
        yield lambda d: any(term in str(d.get(n) or "").casefold() for n in names)
    where = request.arg("where")
    if where and entity not in _NO_WHERE:
        test = parse_where(where)
        yield lambda d: test(lambda path: value_of(books, d, path))


def _by_lists(entity: str, request: Request) -> Iterable[Filter]:
    number = NUMBERS.get(entity, "")
    for name, read in (
        ("IDs", lambda d: d.get(KEYS[entity], "")),
        ("InvoiceNumbers", lambda d: d.get("InvoiceNumber") or ""),
        ("ContactIDs", lambda d: (d.get("Contact") or {}).get("ContactID", "")),
        ("ContactID", lambda d: (d.get("Contact") or {}).get("ContactID", "")),
        ("Statuses", lambda d: d.get("Status") or ""),
        ("Status", lambda d: d.get("Status") or ""),
        ("References", lambda d: d.get("Reference") or ""),
        ("QuoteNumber", lambda d: d.get(number) or ""),
    ):
        wanted = _split(request, name)
        if wanted:
            yield lambda d, read=read, wanted=wanted: str(read(d)).casefold() in wanted  # type: ignore[misc]
    for name, field, low in (("DateFrom", "Date", True), ("DateTo", "Date", False),
                             ("ExpiryDateFrom", "ExpiryDate", True),
                             ("ExpiryDateTo", "ExpiryDate", False)):  # fmt: skip
        day = request.arg(name)[:10]
        if day:
            yield lambda d, f=field, low=low, day=day: (  # type: ignore[misc]
                bool(d.get(f)) and ((d[f] >= day) if low else (d[f] <= day))
            )


def _candidates(books: Books, entity: str, request: Request) -> list[Doc]:
    """Documents by last change: all, those changed since, or the few that a list names."""
    wanted = _split(request, "IDs")
    numbers = _split(request, "InvoiceNumbers") if entity == "Invoice" else set()
    since = modified_since(request)
    # The header has second precision; stored text sorts like time because it is always UTC.
    text = since.replace(microsecond=0).isoformat(timespec="milliseconds") if since else ""
    if wanted or numbers:
        named = [books.store.get(entity, key) for key in wanted]
        found = [d for d in named if d is not None]
        found += [d for n in numbers for d in books.numbered(entity, n)]
        found.sort(key=lambda d: (d["UpdatedDateUTC"], d[KEYS[entity]]))
        return [d for d in found if d["UpdatedDateUTC"] >= text]
    line = books.timeline(entity)
    return line.docs[bisect_left(line.stamps, text) :] if text else line.docs


def _ordered(books: Books, docs: list[Doc], order: str) -> list[Doc]:
    """Documents in the order asked for; they come by last change and sorting is stable."""
    if order.strip().upper() in {"", "UPDATEDDATEUTC", "UPDATEDDATEUTC ASC"}:
        return docs
    docs = list(docs)
    for path, down in reversed(parse_order(order)):
        docs.sort(key=lambda d, p=path: sort_key(value_of(books, d, p)), reverse=down)  # type: ignore[misc]
    return docs


def positive(request: Request, name: str, default: int) -> int:
    """A whole number of at least 1 from the query.

    Raises:
        BadQueryError: it is not a number.
    """
    text = request.arg(name)
    if not text:
        return default
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 9:
        raise BadQueryError(f"{name} must be a number")
    return max(1, int(text))


def read(books: Books, entity: str, request: Request) -> dict[str, Any]:
    """The list part of an envelope: ``pagination`` where paging is in force, and the records.

    Raises:
        BadQueryError: ``where``, ``order``, ``page`` or ``pageSize`` cannot be read.
    """
    resource = resources()[entity]
    filters = list(_filters(books, entity, request))
    docs = _candidates(books, entity, request)
    for keeps in filters:
        docs = [d for d in docs if keeps(d)]
    docs = _ordered(books, docs, request.arg("order"))
    paging = resource.paged and bool(request.arg("page") or request.arg("Statuses"))
    made: dict[str, Any] = {}
    if paging:
        page, size = positive(request, "page", 1), min(positive(request, "pageSize", 100), MOST)
        if entity != "Quote":
            made["pagination"] = {
                "page": page,
                "pageSize": size,
                "pageCount": -(-len(docs) // size),
                "itemCount": len(docs),
            }
        docs = docs[(page - 1) * size : page * size]
    rows = [expand(books, entity, d) for d in docs]
    short = request.arg("summaryOnly").lower() == "true" or (resource.paged and not paging)
    if short and entity != "Quote":
        rows = [_short(entity, d) for d in rows]
    made[resource.list_key] = [shown(entity, d) for d in rows]
    return made

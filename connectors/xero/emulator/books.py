"""The state of one emulated organisation and the questions every rule asks of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.store import Base, Doc, IndexFunction, Store
from connectors.xero.emulator.errors import MissingError, RefusedError

KEYS = {
    "Contact": "ContactID",
    "ContactGroup": "ContactGroupID",
    "Account": "AccountID",
    "Item": "ItemID",
    "TaxRate": "TaxType",
    "TrackingCategory": "TrackingCategoryID",
    "Currency": "Code",
    "Organisation": "OrganisationID",
    "Invoice": "InvoiceID",
    "CreditNote": "CreditNoteID",
    "Payment": "PaymentID",
    "BatchPayment": "BatchPaymentID",
    "Overpayment": "OverpaymentID",
    "Prepayment": "PrepaymentID",
    "BankTransaction": "BankTransactionID",
    "BankTransfer": "BankTransferID",
    "ManualJournal": "ManualJournalID",
    "PurchaseOrder": "PurchaseOrderID",
    "Quote": "QuoteID",
    "RepeatingInvoice": "RepeatingInvoiceID",
    "BrandingTheme": "BrandingThemeID",
    "User": "UserID",
    "Journal": "JournalID",
}
NUMBERS = {
    "Contact": "ContactNumber",
    "Invoice": "InvoiceNumber",
    "CreditNote": "CreditNoteNumber",
    "PurchaseOrder": "PurchaseOrderNumber",
    "Quote": "QuoteNumber",
    "Item": "Code",
    "Account": "Code",
}
_SEEDED_FROM = datetime(2026, 1, 6, 8, 0, tzinfo=UTC)
_WEBHOOKS = {"Contact": "CONTACT", "Invoice": "INVOICE", "CreditNote": "CREDITNOTE"}


def _by(name: str) -> IndexFunction:
    def values(doc: Doc) -> Iterable[str]:
        value = doc.get(name)
        return (str(value).casefold(),) if value else ()

    return values


def _contact_of(doc: Doc) -> Iterable[str]:
    contact = doc.get("Contact") or {}
    return (contact["ContactID"],) if contact.get("ContactID") else ()


def _paid_document(doc: Doc) -> Iterable[str]:
    for kind in ("Invoice", "CreditNote", "Overpayment", "Prepayment"):
        held = doc.get(kind) or {}
        if held.get(KEYS[kind]):
            yield held[KEYS[kind]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Documents of a kind in the order of their last change, with those stamps beside them."""

    revision: int
    stamps: list[str]
    docs: list[Doc]


@dataclass(slots=True)
class Books:
    """One organisation's records.

    Attributes:
        store: documents by entity.
        clock: time.
        namespace: seed of generated identifiers.
        events: webhook events of the running request, flushed after it.
    """

    store: Store
    clock: EmulatorClock
    namespace: uuid.UUID
    events: list[dict[str, Any]] = field(default_factory=list)
    seeding: bool = False
    seeded: int = 0
    timelines: dict[str, Timeline] = field(default_factory=dict)

    def declare(self, bases: dict[str, Base]) -> None:
        """Make all kinds known to the store."""
        for kind in KEYS:
            indexes: dict[str, IndexFunction] = {}
            if kind in NUMBERS:
                indexes["number"] = _by(NUMBERS[kind])
            if kind in {"Contact", "Account"}:
                indexes["name"] = _by("Name")
            if kind in {"Invoice", "CreditNote"}:
                indexes["contact"] = _contact_of
            if kind == "Payment":
                indexes["document"] = _paid_document
            self.store.declare(kind, bases.get(kind), indexes)
        self.store.declare("_files")
        self.store.declare("_history", None, {"document": lambda d: (d["document"],)})

    def new_id(self) -> str:
        """A fresh GUID, the same in a replay with the same seed."""
        return str(uuid.uuid5(self.namespace, str(self.store.next("id"))))

    def today(self) -> date:
        """The organisation's calendar day."""
        zone = ZoneInfo("Europe/London")
        return self.clock.now().astimezone(zone).date()

    def stamp(self) -> str:
        """Now as stored text, strictly rising so that no two changes share a moment."""
        if self.seeding:
            self.seeded += 1
            return (_SEEDED_FROM + timedelta(seconds=self.seeded)).isoformat(
                timespec="milliseconds"
            )
        now = self.clock.now()
        last = self.store.meta("last_stamp")
        text = now.isoformat(timespec="milliseconds")
        if last and text < last:
            text = last
        self.store.set_meta("last_stamp", text)
        return text

    def get(self, kind: str, key: str) -> Doc:
        """The document.

        Raises:
            MissingError: there is none.
        """
        found = self.store.get(kind, key.lower() if kind not in {"TaxRate", "Currency"} else key)
        if found is None:
            raise MissingError(f"{kind} {key}")
        return found

    def lookup(self, kind: str, key: str) -> Doc:
        """The document by identifier or by number, as the URL allows.

        Raises:
            MissingError: there is none.
        """
        found = self.store.get(kind, key) or self.store.get(kind, key.lower())
        if found is None and kind in NUMBERS:
            same = self.numbered(kind, key)
            found = same[0] if same else None
        if found is None:
            raise MissingError(f"{kind} {key}")
        return found

    def numbered(self, kind: str, number: str) -> list[Doc]:
        """Documents that carry a number, code or contact number; newest last."""
        return self.store.find(kind, "number", number.casefold())

    def timeline(self, kind: str) -> Timeline:
        """The kind's documents by last change; kept until one changes."""
        revision = self.store.revision(kind)
        held = self.timelines.get(kind)
        if held is None or held.revision != revision:
            key = KEYS[kind]
            docs = sorted(
                self.store.all(kind),
                key=lambda d: (d.get("UpdatedDateUTC") or d.get("CreatedDateUTC") or "", d[key]),
            )
            stamps = [d.get("UpdatedDateUTC") or d.get("CreatedDateUTC") or "" for d in docs]
            held = self.timelines[kind] = Timeline(revision, stamps, docs)
        return held

    def named(self, kind: str, name: str) -> list[Doc]:
        """Contacts or accounts of a name, any letter case."""
        return self.store.find(kind, "name", name.casefold())

    def save(self, kind: str, doc: Doc, *, created: bool = False) -> Doc:
        """Store a changed document: stamp it, note it in its history and announce it."""
        doc["UpdatedDateUTC"] = self.stamp()
        self.store.put(kind, doc[KEYS[kind]], doc)
        if not self.seeding:
            state = doc.get("Status") or doc.get("ContactStatus") or ""
            self.remember(kind, doc[KEYS[kind]], "Created" if created else "Edited", state)
        category = _WEBHOOKS.get(kind)
        if category and not self.seeding:
            self.events.append(
                {
                    "resourceId": doc[KEYS[kind]],
                    "resource": f"{kind}s",
                    "eventCategory": category,
                    "eventType": "CREATE" if created else "UPDATE",
                    "eventDateUtc": self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
                    **(
                        {"data": {"Type": doc["Type"], "Status": doc["Status"]}}
                        if kind == "CreditNote"
                        else {}
                    ),
                }
            )
        return doc

    def remember(self, kind: str, key: str, changes: str, details: str) -> Doc:
        """Add one record to a document's history."""
        number = self.store.next("history")
        row = {
            "number": number,
            "document": f"{kind}:{key}",
            "at": self.clock.now().isoformat(),
            "changes": changes,
            "details": details,
        }
        return self.store.put("_history", f"{number:012d}", row)

    @property
    def organisation(self) -> Doc:
        """The one organisation."""
        return self.store.all("Organisation")[0]

    @property
    def base_currency(self) -> str:
        """Base currency."""
        return str(self.organisation["BaseCurrency"])

    def account(self, code: str = "", key: str = "") -> Doc | None:
        """A live account by code or identifier."""
        if key:
            return self.store.get("Account", key.lower())
        found = self.numbered("Account", code) if code else []
        live = [a for a in found if a["Status"] == "ACTIVE"]
        return live[0] if live else (found[0] if found else None)

    def system_account(self, kind: str) -> Doc:
        """The account with a system role (``DEBTORS``, ``GST``, …)."""
        return next(a for a in self.store.all("Account") if a.get("SystemAccount") == kind)

    def tax_rate(self, tax_type: str) -> Doc | None:
        """A tax rate by its type."""
        return self.store.get("TaxRate", tax_type)

    def check_open(self, day: str) -> None:
        """Refuse a date on or before a lock date.

        Raises:
            RefusedError: the books are closed on that day.
        """
        if self.seeding:
            return
        held = self.organisation
        for name, words in (
            ("EndOfYearLockDate", "end of year lock date"),
            ("PeriodLockDate", "period lock date"),
        ):
            locked = held.get(name)
            if locked and day[:10] <= locked[:10]:
                shown = date.fromisoformat(locked[:10]).strftime("%d-%b-%Y")
                raise RefusedError(
                    f"The document date cannot be before the {words}, currently set at {shown}"
                )

    def check_currency(self, code: str) -> None:
        """Refuse a currency the organisation does not subscribe to."""
        if self.store.get("Currency", code) is None:
            raise RefusedError(f"Users Organisation is not subscribed to currency {code}")

    def rate_of(self, code: str) -> Decimal:
        """Units of ``code`` for one unit of base currency, by the day's table."""
        held = self.store.get("Currency", code) or {}
        return Decimal(held.get("_rate", "1.0"))

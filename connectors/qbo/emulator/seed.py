"""The sample company's books: what the bookkeeper typed, diverging from the ERP as real books do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.emulation.company import Division
from connectors.emulation.company_model import ItemTwin, OpenDocument, Party, PartyTwin
from connectors.emulation.store import Base, Doc, EagerBase
from connectors.qbo.emulator.seed_settings import METHOD_OF, METHODS, address, settings, stamped

ZERO = Decimal(0)
DEFAULT_ITEM = "1"
_TYPES = {"stock": "Inventory", "non_stock": "NonInventory", "service": "Service"}


class MadeBase:
    """Seeded records numbered from ``first``, each made when it is asked for."""

    def __init__(self, first: int, count: int, make: Callable[[int], Doc]) -> None:
        self._first = first
        self._count = count
        self._make = make

    def every(self) -> Iterable[str]:
        """All ids."""
        return (str(n) for n in range(self._first, self._first + self._count))

    def get(self, key: str) -> Doc | None:
        """The record, made afresh."""
        if not key.isdigit():
            return None
        index = int(key) - self._first
        return self._make(index) if 0 <= index < self._count else None

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """None: the store scans once and remembers."""
        return None


class Seed:
    """Turns one division of the sample company into QuickBooks records."""

    def __init__(self, division: Division) -> None:
        self.division = division
        zone = timezone(timedelta(hours=-8))
        as_of = division.tables.as_of
        self.moment = datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=UTC).astimezone(zone)
        self._at = self.moment.isoformat()
        self._settings = settings(division)

    def bases(self) -> dict[str, Base]:
        """Seeded records by entity."""
        bases: dict[str, Base] = {
            name: EagerBase(lambda d=docs: [(str(x["Id"]), self._small(x)) for x in d])  # type: ignore[misc]
            for name, docs in self._settings.items()
        }
        customers, vendors = len(self._customers), len(self._vendors)
        bases["Customer"] = MadeBase(1, customers, self._customer)
        bases["Vendor"] = MadeBase(customers + 1, vendors, self._vendor)
        bases["Item"] = MadeBase(1, len(self._items) + 1, self._item)
        for name in ("Invoice", "CreditMemo", "Payment", "Bill", "BillPayment", "JournalEntry"):
            bases[name] = EagerBase(
                lambda n=name: [(str(d["Id"]), stamped(d, self._at)) for d in self._documents[n]]  # type: ignore[misc]
            )
        return bases

    def first_ids(self) -> dict[str, int]:
        """Where the runs of ids continue after the seed."""
        firsts = {name: len(docs) + 1 for name, docs in self._settings.items()}
        firsts["names"] = len(self._customers) + len(self._vendors) + 1
        firsts["Item"] = len(self._items) + 2
        firsts["txn"] = sum(len(docs) for docs in self._documents.values()) + 101
        return firsts

    def _small(self, doc: Doc) -> Doc:
        return dict(doc) if doc["Id"] in ("TAX", "NON") else stamped(doc, self._at)

    # -- parties ------------------------------------------------------------------------------

    @cached_property
    def _customers(self) -> list[tuple[Party | None, PartyTwin]]:
        known = [(p, t) for p in self.division.customers for t in p.twins]
        return [*known, *((None, t) for t in self.division.books_only_customers)]

    @cached_property
    def _vendors(self) -> list[tuple[Party | None, PartyTwin]]:
        known = [(p, t) for p in self.division.suppliers for t in p.twins]
        return [*known, *((None, t) for t in self.division.books_only_suppliers)]

    @cached_property
    def _customer_ids(self) -> dict[str, str]:
        """ERP code to the id of its first (preferably active) record in the books."""
        return _first_ids(self._customers, 1)

    @cached_property
    def _vendor_ids(self) -> dict[str, str]:
        return _first_ids(self._vendors, len(self._customers) + 1)

    def _party(self, twin: PartyTwin) -> Doc:
        given, _, family = twin.contact.partition(" ")
        doc: dict[str, Any] = {
            "DisplayName": twin.name,
            "CompanyName": twin.name[:100],
            "PrintOnCheckName": twin.name[:100],
            "Active": twin.active,
            "CurrencyRef": {"value": twin.currency or self.division.currency},
        }
        if given:
            doc |= {"GivenName": given} | ({"FamilyName": family} if family else {})
        if twin.email:
            doc["PrimaryEmailAddr"] = {"Address": twin.email}
        if twin.phone:
            doc["PrimaryPhone"] = {"FreeFormNumber": twin.phone}
        if twin.billing:
            doc["BillAddr"] = address(twin.billing)
        return doc

    def _term(self, name: str) -> Doc | None:
        found = next((t for t in self._settings["Term"] if t["Name"] == name), None)
        return {"value": found["Id"], "name": name} if found else None

    def _customer(self, index: int) -> Doc:
        party, twin = self._customers[index]
        doc = {"Id": str(index + 1), **self._party(twin)}
        doc |= {
            "FullyQualifiedName": twin.name,
            "Job": False,
            "BillWithParent": False,
            "Level": 0,
            "Taxable": party is None or party.tax == "taxable",
            "PreferredDeliveryMethod": "Print",
        }
        if twin.billing:
            doc["ShipAddr"] = address(twin.billing)
        if term := self._term(twin.terms):
            doc["SalesTermRef"] = term
        if code := self._tax_code(party.tax_code if party else ""):
            doc["DefaultTaxCodeRef"] = {"value": code}
        if twin.tax_number:
            doc["ResaleNum"] = twin.tax_number[:16]
        notes = "; ".join(x for x in (f"Cust no {twin.code}" if twin.code else "", twin.notes) if x)
        if notes:
            doc["Notes"] = notes
        return stamped(doc, self._at)

    def _vendor(self, index: int) -> Doc:
        _, twin = self._vendors[index]
        doc = {
            "Id": str(len(self._customers) + index + 1),
            **self._party(twin),
            "Vendor1099": False,
        }
        if term := self._term(twin.terms):
            doc["TermRef"] = term
        if twin.code:
            doc["AcctNum"] = twin.code
        if twin.tax_number:
            doc["TaxIdentifier"] = "XXXXX" + twin.tax_number[-4:]
        return stamped(doc, self._at)

    def _tax_code(self, erp_code: str) -> str:
        found = next((t for t in self.division.tables.taxes if t.code == erp_code), None)
        if found is None or found.twin_code != "TAX":
            return ""
        return next(str(c["Id"]) for c in self._settings["TaxCode"] if c["Name"] == found.twin_name)

    # -- items --------------------------------------------------------------------------------

    @cached_property
    def _items(self) -> list[tuple[ItemTwin, Decimal]]:
        known = [(t, i.on_hand) for i in self.division.items for t in i.twins]
        return [*known, *((t, ZERO) for t in self.division.books_only_items)]

    @cached_property
    def _accounts(self) -> dict[str, Doc]:
        names = {a.code: a.twin_name for a in self.division.tables.accounts}
        by_name = {a["Name"]: a for a in self._settings["Account"]}
        found = {code: by_name[name] for code, name in names.items() if name in by_name}
        return found | {f"={name}": doc for name, doc in by_name.items()}

    def account(self, code: str, otherwise: str = "Uncategorized Expense") -> Doc:
        """A reference to the books' account for an ERP ledger code (or ``=Name``)."""
        doc = self._accounts.get(code) or self._accounts[f"={otherwise}"]
        return {"value": doc["Id"], "name": doc["Name"]}

    def _item(self, index: int) -> Doc:
        income = "Sales of Product Income"
        if index == 0:
            doc: dict[str, Any] = {
                "Id": DEFAULT_ITEM,
                "Name": "General sales",
                "FullyQualifiedName": "General sales",
                "Active": True,
                "Taxable": True,
                "UnitPrice": ZERO,
                "Type": "Service",
                "IncomeAccountRef": self.account("", income),
                "TrackQtyOnHand": False,
            }
            return stamped(doc, self._at)
        twin, on_hand = self._items[index - 1]
        doc = {
            "Id": str(index + 1),
            "Name": twin.name,
            "FullyQualifiedName": twin.name,
            "Sku": twin.code,
            "Description": twin.description or twin.name,
            "Active": twin.active,
            "Taxable": twin.taxable,
            "UnitPrice": twin.price,
            "PurchaseCost": twin.cost,
            "Type": _TYPES[twin.kind],
            "IncomeAccountRef": self.account(twin.income_account, income),
            "ExpenseAccountRef": self.account(twin.cost_account, "Cost of Goods Sold"),
            "TrackQtyOnHand": twin.kind == "stock",
        }
        if twin.kind == "stock":
            doc |= {
                "AssetAccountRef": self.account(twin.stock_account, "Inventory Asset"),
                "QtyOnHand": on_hand,
                "InvStartDate": "2020-01-01",
            }
        return stamped(doc, self._at)

    # -- documents ----------------------------------------------------------------------------

    @cached_property
    def _documents(self) -> dict[str, list[Doc]]:
        from connectors.qbo.emulator.seed_documents import documents

        return documents(self)

    def customer_id(self, code: str) -> str:
        """The books' id of an ERP customer, empty where the books do not have it."""
        return self._customer_ids.get(code, "")

    def vendor_id(self, code: str) -> str:
        """The books' id of an ERP supplier, empty where the books do not have it."""
        return self._vendor_ids.get(code, "")

    def customer_name(self, key: str) -> str:
        """Display name of a customer."""
        return self._customers[int(key) - 1][1].name

    def vendor_name(self, key: str) -> str:
        """Display name of a vendor."""
        return self._vendors[int(key) - len(self._customers) - 1][1].name

    def tax_detail(self, document: OpenDocument) -> Doc:
        """``TxnTaxDetail`` of a document from before the integration."""
        code = self._tax_code(document.tax_code)
        if not code:
            return {"TotalTax": document.tax}
        rate = self._settings["TaxRate"][int(code) - 2]
        return {
            "TxnTaxCodeRef": {"value": code},
            "TotalTax": document.tax,
            "TaxLine": [
                {
                    "Amount": document.tax,
                    "DetailType": "TaxLineDetail",
                    "TaxLineDetail": {
                        "TaxRateRef": {"value": rate["Id"]},
                        "PercentBased": True,
                        "TaxPercent": rate["RateValue"],
                        "NetAmountTaxable": document.net,
                    },
                }
            ],
        }

    def method(self, erp_method: str) -> Doc | None:
        """A reference to the way of paying."""
        name = METHOD_OF.get(erp_method)
        return {"value": str(METHODS.index(name) + 1), "name": name} if name else None


def _first_ids(rows: list[tuple[Party | None, PartyTwin]], first: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for wanted in (True, False):
        for number, (party, twin) in enumerate(rows, start=first):
            if party is not None and twin.active is wanted:
                found.setdefault(party.code, str(number))
    return found

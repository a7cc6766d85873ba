"""List records: names and their uniqueness, defaults, and what each kind of record needs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.qbo.emulator.books import NAME_SPACE, ZERO, Books, name_of, ref
from connectors.qbo.emulator.refusals import (
    RefusedError,
    bad_value,
    business,
    duplicate_name,
    missing,
    refused,
    unsupported_property,
)
from connectors.qbo.emulator.trade import fill_references

_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_PARENTED = frozenset({"Account", "Item", "Class", "Department"})
_CLASSIFICATION = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
}
_SUBTYPES = {
    "AccountsReceivable": "Accounts Receivable",
    "AccountsPayable": "Accounts Payable",
    "Checking": "Bank",
    "SalesOfProductIncome": "Income",
    "ServiceFeeIncome": "Income",
    "SuppliesMaterialsCogs": "Cost of Goods Sold",
    "Inventory": "Other Current Asset",
    "UndepositedFunds": "Other Current Asset",
}


class Lists:
    """Prepares list records for saving."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def prepare(self, entity: str, doc: Doc, old: Doc | None) -> None:
        """Fill defaults, check names and needs, in place."""
        doc.setdefault("Active", True)
        self._references(doc)
        if entity in NAME_SPACE:
            self._person(entity, doc)
        elif entity in ("Item", "Account", "Term"):
            {"Item": self._item, "Account": self._account, "Term": self._term}[entity](doc)
        elif entity == "PaymentMethod":
            doc.setdefault("Type", "NON_CREDIT_CARD")
        elif entity == "CompanyCurrency":
            doc.setdefault("Name", doc["Code"])
        self._parent(entity, doc)
        self._unique(entity, doc)
        if old is not None and old.get("Active", True) and doc.get("Active") is False:
            self._deactivated(entity, doc)
        doc["domain"], doc["sparse"] = "QBO", False

    def _references(self, doc: Doc) -> None:
        fill_references(self._books, doc)
        for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
            if doc.get(name):
                doc[name] = self._books.point("Account", doc[name])
        for name, kind in (("DefaultTaxCodeRef", "TaxCode"), ("TermRef", "Term")):
            if doc.get(name) and doc[name].get("value") not in ("TAX", "NON"):
                doc[name] = self._books.point(kind, doc[name])

    def _person(self, entity: str, doc: Doc) -> None:
        parts = [str(doc[p]) for p in _PARTS if doc.get(p)]
        if not doc.get("DisplayName"):
            if not parts:
                raise refused("6080", "Name not supplied", "A name is needed.", "DisplayName")
            doc["DisplayName"] = " ".join(parts)
        for name in ("DisplayName", *_PARTS, "PrintOnCheckName"):
            if any(c in str(doc.get(name, "")) for c in ":\t\n"):
                raise business("The name cannot contain tab, new line or ':' characters")
        mail = (doc.get("PrimaryEmailAddr") or {}).get("Address")
        if mail and not all("@" in one and "." in one for one in str(mail).split(",")):
            raise RefusedError(bad_value("2210", "Address", mail))
        doc.setdefault("PrintOnCheckName", doc["DisplayName"])
        if entity == "Customer":
            doc["FullyQualifiedName"] = doc["DisplayName"]
            doc["Level"], doc["Job"] = 0, bool(doc.get("Job") and doc.get("ParentRef"))
            doc.setdefault("Taxable", True)
            doc.setdefault("BillWithParent", False)
            doc.setdefault("PreferredDeliveryMethod", "Print")
        if entity == "Vendor":
            doc.setdefault("Vendor1099", False)
        if entity != "Employee":
            home = self._books.home()
            doc.setdefault("CurrencyRef", {"value": home})
            for opening in ("Balance", "BalanceWithJobs", "OpenBalanceDate"):
                doc.pop(opening, None)

    def _item(self, doc: Doc) -> None:
        kind = doc.setdefault("Type", "Service")
        if kind == "Inventory":
            for name in ("QtyOnHand", "InvStartDate", "AssetAccountRef", "IncomeAccountRef"):
                if doc.get(name) is None:
                    raise RefusedError(missing(name))
            if not doc.get("TrackQtyOnHand"):
                raise refused("6520", "Quantity tracking needed", "TrackQtyOnHand must be true.")
            if not doc.get("ExpenseAccountRef"):
                raise RefusedError(missing("ExpenseAccountRef"))
        else:
            for name in ("InvStartDate", "AssetAccountRef"):
                if doc.get(name):
                    raise RefusedError(unsupported_property(name))
            doc.pop("QtyOnHand", None)
            doc["TrackQtyOnHand"] = False
            if kind in ("Service", "NonInventory") and not (
                doc.get("IncomeAccountRef") or doc.get("ExpenseAccountRef")
            ):
                raise RefusedError(missing("IncomeAccountRef"))
        doc.setdefault("UnitPrice", ZERO)
        doc.setdefault("Taxable", False)

    def _account(self, doc: Doc) -> None:
        kind, sub = doc.get("AccountType"), doc.get("AccountSubType")
        if not kind and not sub:
            raise refused(
                "6010", "Account type missing", "AccountType or AccountSubType is needed."
            )
        if not kind:
            doc["AccountType"] = _SUBTYPES.get(str(sub), "Expense")
        elif sub and _SUBTYPES.get(str(sub), kind) != kind:
            raise refused("6010", "Account type and subtype do not agree")
        if any(c in str(doc["Name"]) for c in '":'):
            raise business("The name cannot contain double quotes or ':'")
        doc["Classification"] = _CLASSIFICATION.get(str(doc["AccountType"]), "Expense")
        doc.setdefault("CurrentBalance", ZERO)
        doc.setdefault("CurrentBalanceWithSubAccounts", ZERO)
        doc.setdefault("CurrencyRef", {"value": self._books.home()})

    def _term(self, doc: Doc) -> None:
        if doc.get("DueDays") is None and doc.get("DayOfMonthDue") is None:
            raise RefusedError(missing("DueDays"))
        doc["Type"] = "STANDARD" if doc.get("DueDays") is not None else "DATE_DRIVEN"

    def _parent(self, entity: str, doc: Doc) -> None:
        parent = doc.get("ParentRef")
        if entity not in (*_PARENTED, "Customer") or not parent:
            if entity in _PARENTED:
                doc["FullyQualifiedName"] = doc["Name"]
            return
        above = self._books.active(entity, parent) or {}
        level, seen = 1, above
        while seen.get("ParentRef"):
            level += 1
            seen = self._books.require(entity, str(seen["ParentRef"]["value"]))
        if level > 4:
            raise refused("6180", "Too many levels", "More than five levels.")
        plain = doc["DisplayName"] if entity == "Customer" else doc["Name"]
        doc["FullyQualifiedName"] = f"{name_of(entity, above)}:{plain}"
        doc["ParentRef"] = ref(entity, above)
        doc["Level"] = level

    def _unique(self, entity: str, doc: Doc) -> None:
        name = doc.get("DisplayName") if entity in (*NAME_SPACE, "TaxAgency") else doc.get("Name")
        name = doc.get("Code") if entity == "CompanyCurrency" else name
        if not name:
            return
        parent = (doc.get("ParentRef") or {}).get("value") if entity in _PARENTED else None
        for kind in NAME_SPACE if entity in NAME_SPACE else (entity,):
            for other in self._books.store.find(kind, "name", str(name).strip().casefold()):
                theirs = (other.get("ParentRef") or {}).get("value") if parent else None
                same = (kind, other["Id"]) == (entity, doc.get("Id"))
                if not same and (entity not in _PARENTED or theirs == parent):
                    raise duplicate_name(str(other["Id"]), entity)

    def _deactivated(self, entity: str, doc: Doc) -> None:
        if entity in ("Customer", "Vendor") and self.balance(entity, str(doc["Id"])) != 0:
            raise refused(
                "6220",
                "Delete List Has Balance Error",
                "The entity you are trying to delete has an open balance. : This "
                f"{entity.lower()} cannot be deleted because it has a non-zero balance",
            )

    def balance(self, entity: str, key: str) -> Decimal:
        """Open balance of a customer (invoices less credits) or vendor (bills less credits)."""
        owed, given = (
            ("Invoice", ("CreditMemo",)) if entity == "Customer" else ("Bill", ("VendorCredit",))
        )
        total = sum((Decimal(d.get("Balance") or 0) for d in self._of(owed, key)), ZERO)
        for kind in given:
            total -= sum((Decimal(d.get("Balance") or 0) for d in self._of(kind, key)), ZERO)
        if entity == "Customer":
            unapplied = (Decimal(d.get("UnappliedAmt") or 0) for d in self._of("Payment", key))
            total -= sum(unapplied, ZERO)
        return total

    def _of(self, entity: str, key: str) -> list[dict[str, Any]]:
        return self._books.store.find(entity, "party", key)

"""List records: names and their uniqueness, defaults, and what each kind of record needs."""

from __future__ import annotations

from connectors.emulation.store import Doc
from connectors.qbo.emulator import account_types
from connectors.qbo.emulator.balances import Balances
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
_SYSTEM_TYPES = frozenset({"Accounts Receivable", "Accounts Payable"})
_SYSTEM_SUBTYPES = frozenset(
    {
        "UndepositedFunds",
        "OpeningBalanceEquity",
        "RetainedEarnings",
        "UnappliedCashPaymentIncome",
        "UnappliedCashBillPaymentExpense",
        "GlobalTaxPayable",
        "SalesTaxPayable",
    }
)
_SYSTEM_NAMES = frozenset(
    {
        "inventory asset",
        "cost of goods sold",
        "sales of product income",
        "uncategorized asset",
        "uncategorized income",
        "uncategorized expense",
    }
)


class Lists:
    """Prepares list records for saving."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._balances = Balances(books)

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
            for name in ("InvStartDate", "AssetAccountRef", "QtyOnHand"):
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
        owner = account_types.type_of(str(sub)) if sub else None
        if kind and owner not in (None, kind):
            raise refused("6010", "Account type and subtype do not agree")
        doc["AccountType"] = kind = str(kind or owner or "Expense")
        if not sub:
            doc["AccountSubType"] = account_types.default_subtype(kind)
        self._account_number(doc)
        if any(c in str(doc["Name"]) for c in '":'):
            raise business("The name cannot contain double quotes or ':'")
        doc["Classification"] = account_types.classification(kind)
        doc.setdefault("CurrentBalance", ZERO)
        doc.setdefault("CurrentBalanceWithSubAccounts", ZERO)
        doc.setdefault("CurrencyRef", {"value": self._books.home()})

    def _account_number(self, doc: Doc) -> None:
        """Account numbers are unique where the company uses them."""
        number = doc.get("AcctNum")
        if not number or not self._books.preference("AccountingInfoPrefs.UseAccountNumbers"):
            return
        for other in self._books.store.all("Account"):
            if other.get("AcctNum") == number and other["Id"] != doc.get("Id"):
                # invented wording
                raise refused("6000", "Account number in use", f"AcctNum {number} is in use.")

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
        if entity == "Account" and _is_system(doc):
            raise business("This account is used by QuickBooks itself.")  # invented wording
        if entity in ("Customer", "Vendor") and self._balances.of_name(entity, str(doc["Id"])):
            raise refused(
                "6220",
                "Delete List Has Balance Error",
                "The entity you are trying to delete has an open balance. : This "
                f"{entity.lower()} cannot be deleted because it has a non-zero balance",
            )


def _is_system(account: Doc) -> bool:
    return (
        account.get("AccountType") in _SYSTEM_TYPES
        or account.get("AccountSubType") in _SYSTEM_SUBTYPES
        or str(account.get("Name", "")).casefold() in _SYSTEM_NAMES
    )

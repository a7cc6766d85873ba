"""Sales and purchase documents: defaults, lines, references, discount, totals, numbers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.qbo.emulator.books import ZERO, Books, name_of, ref
from connectors.qbo.emulator.intake import spaced
from connectors.qbo.emulator.refusals import (
    RefusedError,
    bad_reference,
    business,
    duplicate_number,
    missing,
    refused,
)
from connectors.qbo.emulator.tax import TaxDesk, cents, check_us_code

SALES = frozenset({"Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Estimate"})
PURCHASES = frozenset({"Bill", "VendorCredit", "PurchaseOrder", "Purchase"})
UNDEPOSITED = "Undeposited Funds"
_REFS = {
    "CustomerRef": "Customer",
    "VendorRef": "Vendor",
    "SalesTermRef": "Term",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "DepositToAccountRef": "Account",
    "APAccountRef": "Account",
    "ARAccountRef": "Account",
    "AccountRef": "Account",
    "PaymentMethodRef": "PaymentMethod",
    "ItemRef": "Item",
    "FromAccountRef": "Account",
    "ToAccountRef": "Account",
    "AdjustAccountRef": "Account",
    "DiscountAccountRef": "Account",
    "BankAccountRef": "Account",
    "CCAccountRef": "Account",
}
_SKIPPED_ITEMS = frozenset({"SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID"})


def fill_references(books: Books, doc: Doc) -> None:
    """Check every reference in a document, at any depth, and fill its name."""
    for name, value in list(doc.items()):
        if isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    fill_references(books, one)
        elif isinstance(value, dict):
            entity = _REFS.get(name)
            if entity is None:
                fill_references(books, value)
            elif value.get("value") not in _SKIPPED_ITEMS:
                doc[name] = books.point(entity, value)


def check_number(books: Books, entity: str, doc: Doc, *, duplicates: bool) -> None:
    """6140 where the preferences want unique numbers."""
    number = doc.get("DocNumber")
    if not number or duplicates or not _unique_numbers(books, entity):
        return
    for other in books.store.find(entity, "number", str(number).casefold()):
        if other["Id"] != doc.get("Id"):
            raise duplicate_number(str(number), spaced(entity), str(other["Id"]))


def _unique_numbers(books: Books, entity: str) -> bool:
    if entity in SALES:
        return bool(books.preference("SalesFormsPrefs.CustomTxnNumbers", otherwise=False))
    if entity == "JournalEntry":
        return books.other_preference("WarnDuplicateJournalNumber")
    if entity in ("Bill", "BillPayment"):
        return books.other_preference("WarnDuplicateBillNumber")
    return entity in ("PurchaseOrder", "VendorCredit", "Purchase")


def next_number(books: Books, entity: str) -> str | None:
    """The automatic number, or None where the preferences leave it empty."""
    if entity in SALES:
        if books.preference("SalesFormsPrefs.CustomTxnNumbers", otherwise=False):
            return None
        return str(books.store.next("number:sales", 1001))
    if entity in ("PurchaseOrder", "VendorCredit"):
        if books.other_preference("VendorAndPurchasesPrefs.UseCustomTxnNumbers"):
            return None
        return str(books.store.next(f"number:{entity}", 1001))
    return str(books.store.next("number:stock")) if entity == "InventoryAdjustment" else None


class Trade:
    """Prepares sales and purchase documents for saving."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._tax = TaxDesk(books)

    def prepare(self, entity: str, doc: Doc, *, creating: bool, given: Doc) -> None:
        """Fill defaults, check, number the lines and compute totals, in place."""
        books = self._books
        doc.setdefault("TxnDate", books.today())
        fill_references(books, doc)
        self._currency(doc)
        if creating and not doc.get("DocNumber"):
            number = next_number(books, entity)
            if number:
                doc["DocNumber"] = number
        if entity in SALES:
            self._sales_defaults(entity, doc, creating=creating)
        else:
            self._purchase_defaults(entity, doc)
        if "TxnTaxDetail" not in given:
            doc.pop("TxnTaxDetail", None)  # amounts may have changed: worked out afresh
        self._lines(entity, doc)
        doc["domain"], doc["sparse"] = "QBO", False

    def _currency(self, doc: Doc) -> None:
        books = self._books
        party = None
        for name, entity in (("CustomerRef", "Customer"), ("VendorRef", "Vendor")):
            if doc.get(name):
                party = books.get(entity, str(doc[name]["value"]))
        home = books.home()
        theirs = str(((party or {}).get("CurrencyRef") or {}).get("value", home))
        wanted = str((doc.get("CurrencyRef") or {}).get("value", theirs))
        if not books.multicurrency():
            if wanted != home:
                raise bad_reference("Currency", wanted)
            doc["CurrencyRef"] = {"value": home, "name": _currency_name(home)}
            doc.pop("ExchangeRate", None)
            return
        if wanted != theirs:  # invented wording
            raise business("The currency of the transaction is not that of the name on it.")
        doc["CurrencyRef"] = {"value": wanted, "name": _currency_name(wanted)}
        rate = doc.get("ExchangeRate")
        if wanted == home:
            doc["ExchangeRate"] = Decimal(1)
        elif not rate or rate == 0:
            doc["ExchangeRate"] = rate_on(books, wanted, str(doc["TxnDate"]))

    def _sales_defaults(self, entity: str, doc: Doc, *, creating: bool) -> None:
        books = self._books
        customer = books.get("Customer", str((doc.get("CustomerRef") or {}).get("value", "")))
        if customer is None and entity == "RefundReceipt":
            raise RefusedError(missing("CustomerRef"))
        for name in ("BillAddr", "ShipAddr"):
            if creating and not doc.get(name) and (customer or {}).get(name):
                doc[name] = dict(customer[name])  # type: ignore[index]
        if entity == "Invoice":
            self._due(doc, (customer or {}).get("SalesTermRef"), creating=creating)
            doc.setdefault("Deposit", ZERO)
            if doc.get("EmailStatus") == "NeedToSend" and not doc.get("BillEmail"):
                raise refused("6420", "Email address required", "BillEmail is needed.", "BillEmail")
        if entity in ("SalesReceipt", "RefundReceipt") and not doc.get("DepositToAccountRef"):
            doc["DepositToAccountRef"] = account_called(books, UNDEPOSITED)
        if entity == "Estimate":
            doc.setdefault("TxnStatus", "Pending")
        for name, value in (("EmailStatus", "NotSet"), ("PrintStatus", "NotSet")):
            doc.setdefault(name, value)
        doc.setdefault("ApplyTaxAfterDiscount", False)
        doc.setdefault("CustomField", [])
        doc.setdefault("LinkedTxn", [])

    def _purchase_defaults(self, entity: str, doc: Doc) -> None:
        if entity in ("Bill", "VendorCredit", "PurchaseOrder") and not doc.get("APAccountRef"):
            doc["APAccountRef"] = account_of_type(self._books, "Accounts Payable")
        if entity == "Bill":
            vendor = self._books.get("Vendor", str(doc["VendorRef"]["value"])) or {}
            self._due(doc, vendor.get("TermRef"), creating=True)
        if entity == "PurchaseOrder":
            doc.setdefault("POStatus", "Open")

    def _due(self, doc: Doc, term: Doc | None, *, creating: bool) -> None:
        books = self._books
        if creating and not doc.get("SalesTermRef"):
            term = term or books.preference("SalesFormsPrefs.DefaultTerms")
            if term and books.get("Term", str(term["value"])):
                doc["SalesTermRef"] = ref("Term", books.require("Term", str(term["value"])))
        if not doc.get("DueDate"):
            terms = books.get("Term", str((doc.get("SalesTermRef") or {}).get("value", ""))) or {}
            begins = date.fromisoformat(str(doc["TxnDate"]))
            doc["DueDate"] = (begins + timedelta(days=int(terms.get("DueDays") or 0))).isoformat()

    # -- lines --------------------------------------------------------------------------------

    def _lines(self, entity: str, doc: Doc) -> None:
        lines = [one for one in doc.get("Line") or () if not _is_subtotal(one)]
        if not any(_detail(one) != "DescriptionOnly" for one in lines):
            raise refused("2250", "Missing lines", "You must enter at least one split line.")
        used = {str(one["Id"]) for one in lines if str(one.get("Id") or "0") not in ("0", "-1")}
        taxed: list[tuple[Decimal, str]] = []
        discount, subtotal, number = ZERO, ZERO, 0
        for one in lines:
            kind = _detail(one)
            self._in_stock_then(entity, one.get(kind) or {}, str(doc["TxnDate"]))
            if not kind:
                raise RefusedError(missing("DetailType"))
            if str(one.get("Id") or "") not in used:
                number = _free(number, used)
                one["Id"] = str(number)
            one["LineNum"] = lines.index(one) + 1
            if kind == "DiscountLineDetail":
                discount += self._discount(one, subtotal)
                continue
            amount, code = self._money(entity, one, kind)
            subtotal += amount
            if kind != "DescriptionOnly":
                taxed.append((amount, code))
        if entity in SALES:
            lines.append(_subtotal(subtotal))
        doc["Line"] = lines
        self._totals(doc, (subtotal, discount), self._tax.settle(doc, taxed, discount))

    def _money(self, entity: str, line: Doc, kind: str) -> tuple[Decimal, str]:
        detail: dict[str, Any] = line.setdefault(kind, {}) if kind != "DescriptionOnly" else {}
        if kind == "DescriptionOnly":
            line.setdefault("DescriptionLineDetail", {})
            return ZERO, "NON"
        if kind == "GroupLineDetail":
            return sum(
                (Decimal(x.get("Amount") or 0) for x in detail.get("Line") or ()), ZERO
            ), "NON"
        self._amount(line, detail)
        amount = Decimal(line["Amount"])
        if kind == "SalesItemLineDetail" and not detail.get("ItemRef"):
            detail["ItemRef"] = ref("Item", self._books.store.all("Item")[0])
        if kind == "AccountBasedExpenseLineDetail" and not detail.get("AccountRef"):
            raise RefusedError(missing("AccountRef"))
        self._check_item(entity, detail)
        return amount, self._line_code(entity, detail)

    def _check_item(self, entity: str, detail: Doc) -> None:
        key = str((detail.get("ItemRef") or {}).get("value", ""))
        item = self._books.get("Item", key) if key not in _SKIPPED_ITEMS else None
        if item and item.get("Type") == "Category":
            raise bad_reference("Item", key)
        if item and entity in SALES and item.get("IncomeAccountRef"):
            detail.setdefault("ItemAccountRef", item["IncomeAccountRef"])

    def _in_stock_then(self, entity: str, detail: Doc, day: str) -> None:
        """6270: an inventory item cannot be sold before its stock is counted."""
        item = self._books.get("Item", str((detail.get("ItemRef") or {}).get("value", "")))
        begins = str((item or {}).get("InvStartDate") or "")
        if entity in SALES - {"Estimate"} and begins and day < begins:
            raise refused(
                "6270",
                "Transaction date is prior to start date for inventory item",
                f"The inventory of {name_of('Item', item or {})} starts on {begins}.",
            )

    def _amount(self, line: Doc, detail: Doc) -> None:
        qty, price = detail.get("Qty"), detail.get("UnitPrice")
        amount = line.get("Amount")
        if qty is not None and price is not None and (qty or price):
            exact = cents(Decimal(qty) * Decimal(price))
            if amount is None:
                line["Amount"] = exact
            elif cents(Decimal(amount)) != exact:
                raise refused(
                    "6070",
                    "Amount calculation incorrect in the request",
                    f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount:,}",
                )
        if line.get("Amount") is None:
            raise RefusedError(missing("Amount"))
        line["Amount"] = cents(Decimal(line["Amount"]))

    def _line_code(self, entity: str, detail: Doc) -> str:
        given = detail.get("TaxCodeRef")
        if self._books.us:
            if entity not in SALES:
                detail.setdefault("TaxCodeRef", {"value": "NON"})
                return "NON"
            code = str(given["value"]) if given else "NON"
            check_us_code(code)
            detail["TaxCodeRef"] = {"value": code}
            return code
        return str(given["value"]) if given else ""

    def _discount(self, line: Doc, subtotal: Decimal) -> Decimal:
        detail = line.setdefault("DiscountLineDetail", {})
        if not self._books.preference("SalesFormsPrefs.AllowDiscount", otherwise=False):
            raise business("Discounts are turned off.")  # invented wording
        percent = detail.get("DiscountPercent")
        if detail.get("PercentBased") and percent is not None:
            line["Amount"] = cents(subtotal * Decimal(percent) / 100)
        if line.get("Amount") is None:
            raise refused("6090", "Discount line needs an amount or a percent")
        return Decimal(line["Amount"])

    def _totals(self, doc: Doc, sums: tuple[Decimal, Decimal], tax: Decimal) -> None:
        subtotal, discount = sums
        total = subtotal - discount + tax
        if total < 0:
            raise business("You must set a transaction amount.")
        doc["TotalAmt"] = cents(total)
        if self._books.multicurrency():
            doc["HomeTotalAmt"] = cents(total * Decimal(doc.get("ExchangeRate") or 1))


def _detail(line: Doc) -> str:
    return str(line.get("DetailType") or "")


def _is_subtotal(line: Doc) -> bool:
    return _detail(line) in ("SubTotalLineDetail", "SubtotalLineDetail")


def _subtotal(amount: Decimal) -> Doc:
    return {
        "Amount": cents(amount),
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }


def _free(number: int, used: set[str]) -> int:
    number += 1
    while str(number) in used:
        number += 1
    return number


def account_called(books: Books, name: str) -> Doc | None:
    """A reference to the account of that name, or None."""
    found = books.store.find("Account", "name", name.casefold())
    return ref("Account", found[0]) if found else None


def account_of_type(books: Books, kind: str) -> Doc | None:
    """A reference to the first account of that type, or None."""
    for account in books.store.all("Account"):
        if account.get("AccountType") == kind:
            return ref("Account", account)
    return None


def rate_on(books: Books, currency: str, day: str) -> Decimal:
    """The latest exchange rate on or before a day, 1 where none was stored."""
    rows = [
        r
        for r in books.store.all("ExchangeRate")
        if r["SourceCurrencyCode"] == currency and str(r["AsOfDate"]) <= day
    ]
    latest = max(rows, key=lambda r: str(r["AsOfDate"]), default=None)
    return Decimal(latest["Rate"]) if latest else Decimal(1)


def _currency_name(code: str) -> str:
    names = {"USD": "United States Dollar", "EUR": "Euro", "GBP": "British Pound Sterling"}
    return names.get(code, code)

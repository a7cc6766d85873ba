"""Lines of documents: item defaults, account and tax checks, tracking, amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import money
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import RefusedError

_CONTROL = {"DEBTORS", "CREDITORS", "RETAINEDEARNINGS", "HISTORICAL"}
_CLASS_FLAG = {
    "ASSET": "CanApplyToAssets",
    "EQUITY": "CanApplyToEquity",
    "EXPENSE": "CanApplyToExpenses",
    "LIABILITY": "CanApplyToLiabilities",
    "REVENUE": "CanApplyToRevenue",
}
_KEPT = ("LineItemID", "Description", "Quantity", "UnitAmount", "ItemCode", "AccountCode",
         "AccountID", "TaxType", "TaxAmount", "LineAmount", "DiscountRate", "DiscountAmount",
         "Tracking")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """What a document demands of its lines.

    Attributes:
        sales: takes the sales side of items; otherwise the purchase side.
        amounts: ``Exclusive``, ``Inclusive`` or ``NoTax`` in any letter case.
        approved: the document is posted, so accounts and descriptions are needed.
        unit_places: 2, or 4 with ``unitdp=4``.
        discounts: discounts on lines are supported.
    """

    sales: bool
    amounts: str
    approved: bool
    unit_places: int = 2
    discounts: bool = True


def build(books: Books, sent: list[dict[str, Any]], rules: Rules) -> tuple[list[Doc], money.Totals]:
    """Finished lines and their totals.

    Raises:
        RefusedError: all messages of all lines.
    """
    faults: list[str] = []
    made = []
    for raw in sent:
        try:
            made.append(_line(books, raw, rules))
        except RefusedError as error:
            faults += error.messages
    if faults:
        raise RefusedError(*dict.fromkeys(faults))
    return made, money.totals(made, rules.amounts)


def _line(books: Books, raw: dict[str, Any], rules: Rules) -> Doc:
    line: Doc = {k: raw[k] for k in _KEPT if raw.get(k) not in (None, "")}
    line["LineItemID"] = line.get("LineItemID") or books.new_id()
    if line.get("Quantity") is not None:
        line["Quantity"] = money.cents(line["Quantity"], Decimal("0.0001"))
    if not rules.discounts and (line.get("DiscountRate") or line.get("DiscountAmount")):
        raise RefusedError("Discounts are not supported on this type of document")
    _from_item(books, line, rules)
    money.line_amount(line, rules.unit_places)
    faults = []
    if not line.get("Description") and rules.approved:
        faults.append("Description must be specified")
    account = _account(books, line, rules, faults)
    rate = _tax(books, line, account, rules, faults)
    line["Tracking"] = _tracking(books, line.get("Tracking", []), faults)
    if faults:
        raise RefusedError(*faults)
    money.line_tax(line, rate, rules.amounts)
    line["ValidationErrors"] = []
    return line


def _from_item(books: Books, line: Doc, rules: Rules) -> None:
    code = line.get("ItemCode")
    if not code:
        return
    found = books.numbered("Item", code)
    if not found:
        raise RefusedError(f"Item code '{code}' is not valid")
    item = found[0]
    side = item.get("SalesDetails" if rules.sales else "PurchaseDetails") or {}
    text = item.get("Description" if rules.sales else "PurchaseDescription") or item.get("Name")
    if text:
        line.setdefault("Description", text)
    if "LineAmount" not in line and side.get("UnitPrice") is not None:
        line.setdefault("UnitAmount", side["UnitPrice"])
    if not line.get("AccountID"):
        account = side.get("AccountCode") or side.get("COGSAccountCode")
        if item.get("IsTrackedAsInventory") and not rules.sales:
            account = item.get("InventoryAssetAccountCode")
        if account:
            line.setdefault("AccountCode", account)
    if side.get("TaxType"):
        line.setdefault("TaxType", side["TaxType"])
    line["Item"] = {"ItemID": item["ItemID"], "Code": item["Code"], "Name": item.get("Name")}


def _account(books: Books, line: Doc, rules: Rules, faults: list[str]) -> Doc | None:
    code, key = line.get("AccountCode", ""), line.get("AccountID", "")
    if not code and not key:
        if rules.approved and "LineAmount" in line:
            faults.append("Account code must be specified")
        return None
    account = books.account(code) if code else books.account(key=key)
    unfit = (
        account is None
        or account["Status"] != "ACTIVE"
        or account["Type"] == "BANK"
        or account.get("SystemAccount") in _CONTROL
    )
    if account is None or unfit:
        faults.append(f"Account code '{code or key}' is not a valid code for this document")
        return None
    line["AccountID"] = account["AccountID"]
    if account.get("Code"):
        line["AccountCode"] = account["Code"]
    return account


def _tax(books: Books, line: Doc, account: Doc | None, rules: Rules, faults: list[str]) -> Decimal:
    if rules.amounts.lower() == "notax":
        line["TaxType"] = "NONE"
        return Decimal(0)
    kind = line.get("TaxType") or (account or {}).get("TaxType")
    if not kind:
        if rules.approved and account is not None:
            faults.append("The TaxType field is mandatory")
        return Decimal(0)
    rate = books.tax_rate(kind)
    if rate is None or rate["Status"] != "ACTIVE":
        faults.append(
            f"The TaxType code {kind} does not exist or cannot be used for this type of transaction."
        )
        return Decimal(0)
    flag = _CLASS_FLAG.get((account or {}).get("Class", ""))
    if account is not None and flag and not rate[flag]:
        faults.append(
            f"The TaxType code '{kind}' cannot be used with account code '{account.get('Code')}'."
        )
    line["TaxType"] = kind
    return Decimal(rate["EffectiveRate"])


def tracking(books: Books, sent: list[Doc]) -> list[Doc]:
    """Tracking entries with their ids and names.

    Raises:
        RefusedError: more than two, or an option that is not active.
    """
    faults: list[str] = []
    made = _tracking(books, sent, faults)
    if faults:
        raise RefusedError(*faults)
    return made


def _tracking(books: Books, sent: list[Doc], faults: list[str]) -> list[Doc]:
    made = []
    if len(sent) > 2:
        faults.append("A line can have at most two tracking categories")
    for one in sent:
        found = _option(books, one)
        if found is None:
            words = one.get("Option") or one.get("TrackingOptionID") or one.get("Name")
            faults.append(f"The tracking option '{words}' is not an active option")
        else:
            made.append(found)
    return made


def _option(books: Books, sent: Doc) -> Doc | None:
    for category in books.store.all("TrackingCategory"):
        named = str(sent.get("Name", "")).casefold() == category["Name"].casefold()
        if category["Status"] != "ACTIVE":
            continue
        if not named and sent.get("TrackingCategoryID") != category["TrackingCategoryID"]:
            continue
        for option in category["Options"]:
            same = str(sent.get("Option", "")).casefold() == option["Name"].casefold()
            if option["Status"] == "ACTIVE" and (
                same or sent.get("TrackingOptionID") == option["TrackingOptionID"]
            ):
                return {
                    "TrackingCategoryID": category["TrackingCategoryID"],
                    "TrackingOptionID": option["TrackingOptionID"],
                    "Name": category["Name"],
                    "Option": option["Name"],
                }
    return None

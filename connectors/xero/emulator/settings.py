"""The chart and the small tables: accounts, items, tax rates, tracking, currencies, groups."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import MissingError, RefusedError
from connectors.xero.emulator.money import cents

CLASSES = {
    **dict.fromkeys(("BANK", "CURRENT", "FIXED", "INVENTORY", "NONCURRENT", "PREPAYMENT"), "ASSET"),
    **dict.fromkeys(("CURRLIAB", "LIABILITY", "TERMLIAB", "PAYG"), "LIABILITY"),
    "EQUITY": "EQUITY",
    **dict.fromkeys(("DEPRECIATN", "DIRECTCOSTS", "EXPENSE", "OVERHEADS"), "EXPENSE"),
    **dict.fromkeys(("OTHERINCOME", "REVENUE", "SALES"), "REVENUE"),
}
_ACCOUNT = ("Code", "Name", "Type", "Description", "TaxType", "BankAccountNumber",
            "BankAccountType", "CurrencyCode", "EnablePaymentsToAccount", "ShowInExpenseClaims",
            "Status", "AddToWatchlist")  # fmt: skip
_ITEM = ("Code", "Name", "Description", "PurchaseDescription", "IsSold", "IsPurchased",
         "SalesDetails", "PurchaseDetails", "InventoryAssetAccountCode")  # fmt: skip


def save_account(books: Books, raw: dict[str, Any], *, key: str | None = None) -> Doc:
    """Create (no key) or change an account.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    held = books.get("Account", key) if key else None
    made = {**(held or {"AccountID": books.new_id(), "Status": "ACTIVE"})}
    if held and held.get("SystemAccount") and raw.get("Status") == "ARCHIVED":
        raise RefusedError("System accounts cannot be archived")
    made.update({k: raw[k] for k in _ACCOUNT if k in raw})
    faults = []
    if not made.get("Name"):
        faults.append("Name must be specified")
    if not made.get("Code") and made.get("Type") != "BANK":
        faults.append("Account code must be specified")
    if made.get("Type") not in CLASSES:
        faults.append("Account type must be specified")
    if made.get("Type") == "BANK" and not made.get("BankAccountNumber"):
        faults.append("Bank account number must be specified")
    for name, found in (
        ("Name", books.named("Account", made.get("Name", ""))),
        ("Code", books.numbered("Account", made.get("Code", "")) if made.get("Code") else []),
    ):
        if any(a["AccountID"] != made["AccountID"] for a in found):
            faults.append(f"Please enter a unique {name}.")
    if made.get("TaxType") and books.tax_rate(made["TaxType"]) is None:
        faults.append(f"The TaxType code {made['TaxType']} does not exist or cannot be used for this type of transaction.")  # fmt: skip
    if faults:
        raise RefusedError(*faults)
    made["Class"] = CLASSES[made["Type"]]
    made.setdefault("TaxType", "NONE")
    made.setdefault("EnablePaymentsToAccount", False)
    made.setdefault("ShowInExpenseClaims", False)
    made.setdefault("HasAttachments", False)
    return books.save("Account", made, created=held is None)


def delete_account(books: Books, key: str) -> Doc:
    """Delete an account without transactions."""
    held = books.get("Account", key)
    if held.get("SystemAccount"):
        raise RefusedError("System accounts cannot be deleted")
    for journal in books.store.all("Journal"):
        if any(x["AccountID"] == held["AccountID"] for x in journal["JournalLines"]):
            raise RefusedError("Accounts with transactions cannot be deleted, archive it instead")
    books.store.delete("Account", held["AccountID"])
    return {**held, "Status": "DELETED"}


def save_item(
    books: Books, raw: dict[str, Any], *, put: bool, key: str | None = None, unit_places: int = 2
) -> Doc:
    """Create or change an item; POST with a used code changes that item.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    wanted = key or raw.get("ItemID")
    held = books.lookup("Item", wanted) if wanted else None
    code = raw.get("Code", "")
    same = books.numbered("Item", code) if code else []
    if held is None and same and not put:
        held = same[0]
    other = [i for i in same if held is None or i["ItemID"] != held["ItemID"]]
    if other:
        raise RefusedError(f"Price List Item with Code '{code}' already exists")
    base: Doc = held or {
        "ItemID": books.new_id(),
        "IsSold": True,
        "IsPurchased": True,
        "SalesDetails": {},
        "PurchaseDetails": {},
    }
    made = {**base, **{k: raw[k] for k in _ITEM if k in raw}}
    for side in ("SalesDetails", "PurchaseDetails"):
        made[side] = {**base.get(side, {}), **raw.get(side, {})}
    if not made.get("Code"):
        raise RefusedError("Code must be specified")
    _check_item(books, made, unit_places)
    if not made["IsSold"]:
        made["SalesDetails"] = {}
    if not made["IsPurchased"]:
        made["PurchaseDetails"] = {}
    made["IsTrackedAsInventory"] = bool(made.get("InventoryAssetAccountCode"))
    if made["IsTrackedAsInventory"]:
        made.setdefault("QuantityOnHand", Decimal("0.0"))
        made.setdefault("TotalCostPool", Decimal("0.0"))
    return books.save("Item", made, created=held is None)


def _check_item(books: Books, made: Doc, unit_places: int) -> None:
    faults = []
    places = Decimal(1).scaleb(-unit_places)
    for side in ("SalesDetails", "PurchaseDetails"):
        details = made[side]
        if details.get("UnitPrice") is not None:
            details["UnitPrice"] = cents(details["UnitPrice"], places)
        codes = [details[n] for n in ("AccountCode", "COGSAccountCode") if details.get(n)]
        faults += [
            f"Account code '{c}' is not a valid code" for c in codes if books.account(c) is None
        ]
        if details.get("TaxType") and books.tax_rate(details["TaxType"]) is None:
            faults.append("Tax rate must be valid.")
    asset = made.get("InventoryAssetAccountCode")
    if asset:
        account = books.account(asset)
        if account is None or account["Type"] != "INVENTORY":
            faults.append(f"Account code '{asset}' is not a valid inventory asset account")
        if made["PurchaseDetails"].get("AccountCode"):
            faults.append("Tracked items use COGSAccountCode instead of AccountCode")
    if faults:
        raise RefusedError(*faults)


def delete_item(books: Books, key: str) -> None:
    """Delete an item that no live document uses."""
    held = books.lookup("Item", key)
    for kind in ("Invoice", "CreditNote", "PurchaseOrder", "Quote"):
        for doc in books.store.all(kind):
            if doc["Status"] in {"DELETED", "VOIDED"}:
                continue
            if any(x.get("ItemCode") == held["Code"] for x in doc["LineItems"]):
                raise RefusedError("The item is used on transactions and cannot be deleted")
    books.store.delete("Item", held["ItemID"])


def save_tax_rate(books: Books, raw: dict[str, Any], *, put: bool) -> Doc:
    """Create a tax rate (``TAX001`` …) or change one by its type."""
    kind = raw.get("TaxType", "")
    held = None if put else books.tax_rate(kind)
    if held is None and kind and not put:
        raise MissingError(kind)
    name = raw.get("Name") or (held or {}).get("Name", "")
    components = raw.get("TaxComponents") or (held or {}).get("TaxComponents", [])
    if not name or not components:
        raise RefusedError("A tax rate needs a Name and at least one tax component")
    for other in books.store.all("TaxRate"):
        if other["Name"].casefold() == name.casefold() and other is not held:
            raise RefusedError("Please enter a unique Name.")
    simple = sum(
        (c.get("Rate", Decimal(0)) for c in components if not c.get("IsCompound")), Decimal(0)
    )
    compound = [c.get("Rate", Decimal(0)) for c in components if c.get("IsCompound")]
    if len(compound) > 1:
        raise RefusedError("Only one tax component can be compound")
    rate = simple + sum((c * (100 + simple) / 100 for c in compound), Decimal(0))
    made: Doc = {
        **dict.fromkeys(
            ("CanApplyToAssets", "CanApplyToEquity", "CanApplyToExpenses", "CanApplyToLiabilities",
             "CanApplyToRevenue"), True),
        **(held or {"TaxType": f"TAX{books.store.next('tax'):03d}", "Status": "ACTIVE"}),
        "Name": name,
        "TaxComponents": [{"IsCompound": False, "IsNonRecoverable": False, **c} for c in components],
        "DisplayTaxRate": sum((c.get("Rate", Decimal(0)) for c in components), Decimal(0)),
        "EffectiveRate": cents(rate, Decimal("0.0001")),
    }  # fmt: skip
    if raw.get("Status"):
        made["Status"] = raw["Status"]
    books.store.put("TaxRate", made["TaxType"], made)
    return made


def save_category(books: Books, raw: dict[str, Any], *, key: str | None = None) -> Doc:
    """Create or change a tracking category."""
    held = books.get("TrackingCategory", key) if key else None
    name = raw.get("Name") or (held or {}).get("Name", "")
    if not name:
        raise RefusedError("Name must be specified")
    others = [
        c for c in books.store.all("TrackingCategory")
        if held is None or c["TrackingCategoryID"] != held["TrackingCategoryID"]
    ]  # fmt: skip
    if any(c["Name"].casefold() == name.casefold() for c in others):
        raise RefusedError("Please enter a unique Name.")
    status = raw.get("Status") or (held or {}).get("Status", "ACTIVE")
    if status == "ACTIVE" and sum(c["Status"] == "ACTIVE" for c in others) >= 2:
        raise RefusedError("You can have at most two active tracking categories")
    if held is None and len(others) >= 4:
        raise RefusedError("You can have at most four tracking categories")
    base: Doc = held or {"TrackingCategoryID": books.new_id(), "Options": []}
    made = {**base, "Name": name, "Status": status}
    books.store.put("TrackingCategory", made["TrackingCategoryID"], made)
    return made


def delete_category(books: Books, key: str) -> Doc:
    """Delete a tracking category."""
    held = books.get("TrackingCategory", key)
    books.store.delete("TrackingCategory", held["TrackingCategoryID"])
    return {**held, "Status": "DELETED"}


def save_option(books: Books, category: str, raw: dict[str, Any], key: str | None = None) -> Doc:
    """Add, rename or archive an option; answers the option."""
    held = books.get("TrackingCategory", category)
    options = [dict(o) for o in held["Options"]]
    own = next((o for o in options if o["TrackingOptionID"] == key), None)
    if key and own is None:
        raise MissingError(key)
    name = raw.get("Name") or (own or {}).get("Name", "")
    if not name:
        raise RefusedError("Name must be specified")
    if any(o["Name"].casefold() == name.casefold() and o is not own for o in options):
        raise RefusedError("Please enter a unique Name.")
    if own is None:
        own = {"TrackingOptionID": books.new_id(), "Status": "ACTIVE"}
        options.append(own)
    own.update(Name=name, Status=raw.get("Status") or own["Status"])
    books.store.put("TrackingCategory", held["TrackingCategoryID"], {**held, "Options": options})
    return own


def delete_option(books: Books, category: str, key: str) -> Doc:
    """Remove an option; answers it as deleted."""
    held = books.get("TrackingCategory", category)
    own = next((o for o in held["Options"] if o["TrackingOptionID"] == key), None)
    if own is None:
        raise MissingError(key)
    left = [o for o in held["Options"] if o is not own]
    books.store.put("TrackingCategory", held["TrackingCategoryID"], {**held, "Options": left})
    return {**own, "Status": "DELETED"}


def add_currency(books: Books, raw: dict[str, Any], known: frozenset[str]) -> Doc:
    """Subscribe to a currency."""
    code = str(raw.get("Code", "")).upper()
    if code not in known:
        raise RefusedError(f"'{code[:20]}' is not a valid currency code")
    made = books.store.get("Currency", code) or {"Code": code, "Description": code}
    return books.store.put("Currency", code, made)


def save_group(books: Books, raw: dict[str, Any], *, key: str | None = None) -> Doc:
    """Create, rename or delete a contact group."""
    held = books.get("ContactGroup", key) if key else None
    name = raw.get("Name") or (held or {}).get("Name", "")
    if not name:
        raise RefusedError("Name must be specified")
    if held is None and books.store.count("ContactGroup") >= 100:
        raise RefusedError("You’ve reached the limit of 100 contact groups.")
    base: Doc = held or {"ContactGroupID": books.new_id(), "Status": "ACTIVE", "Contacts": []}
    made = {**base, "Name": name, "Status": raw.get("Status") or base["Status"]}
    books.store.put("ContactGroup", made["ContactGroupID"], made)
    return made


def add_members(books: Books, key: str, keys: list[str]) -> list[Doc]:
    """Put contacts into a group."""
    held = books.get("ContactGroup", key)
    found = [books.get("Contact", k) for k in keys]
    members = {c["ContactID"]: {"ContactID": c["ContactID"], "Name": c["Name"]} for c in found}
    old = {c["ContactID"]: c for c in held["Contacts"]}
    books.store.put("ContactGroup", held["ContactGroupID"], {**held, "Contacts": [*{**old, **members}.values()]})  # fmt: skip
    return found


def remove_members(books: Books, key: str, contact: str | None) -> None:
    """Take one contact, or all, out of a group."""
    held = books.get("ContactGroup", key)
    left = [c for c in held["Contacts"] if contact and c["ContactID"] != contact]
    books.store.put("ContactGroup", held["ContactGroupID"], {**held, "Contacts": left})

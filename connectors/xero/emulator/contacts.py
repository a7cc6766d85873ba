"""Contacts: names unique among active ones, slots of addresses and phones, archiving."""

from __future__ import annotations

from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import RefusedError

_ARCHIVED = (
    "The specified contact details matched an archived contact. "
    "Archived contacts cannot currently be edited via the API."
)
_IDENTIFY = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)
_DOCUMENT_ARCHIVED = (
    "The contact with the specified contact details has been archived. "
    "The contact must be un-archived before creating new invoices or credit notes"
)
_ADDRESS_TYPES = ("STREET", "POBOX")
_PHONE_TYPES = ("DEFAULT", "DDI", "FAX", "MOBILE")
_READ_ONLY = {"ContactID", "IsCustomer", "IsSupplier", "Balances", "UpdatedDateUTC", "Addresses",
              "Phones", "HasAttachments", "HasValidationErrors", "ValidationErrors",
              "ContactGroups", "BrandingTheme", "Attachments", "StatusAttributeString",
              "MergedToContactID", "PaymentTerms"}  # fmt: skip


def _slots(held: list[Doc], sent: list[Doc], key: str, kinds: tuple[str, ...]) -> list[Doc]:
    """Every slot, the sent ones overwritten; unsent slots keep what they had."""
    by_kind = {one[key]: one for one in held if one.get(key)}
    for one in sent:
        kind = one.get(key) or kinds[0]
        by_kind[kind] = {key: kind, **{k: v for k, v in one.items() if k != key}}
    return [by_kind.get(kind, {key: kind}) for kind in dict.fromkeys((*kinds, *by_kind))]


def fresh(key: str, name: str) -> Doc:
    """An empty active contact."""
    return {
        "ContactID": key,
        "ContactStatus": "ACTIVE",
        "Name": name,
        "EmailAddress": "",
        "BankAccountDetails": "",
        "Addresses": [{"AddressType": t} for t in _ADDRESS_TYPES],
        "Phones": [{"PhoneType": t} for t in _PHONE_TYPES],
        "IsSupplier": False,
        "IsCustomer": False,
        "ContactGroups": [],
        "ContactPersons": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
    }


def _existing(books: Books, raw: dict[str, Any], key: str | None, *, put: bool) -> Doc | None:
    wanted = key or raw.get("ContactID")
    if wanted:
        return books.lookup("Contact", wanted) if key else books.get("Contact", wanted)
    number = raw.get("ContactNumber")
    if number and not put:
        same = books.numbered("Contact", number)
        return same[0] if same else None
    return None


def _check_name(books: Books, name: str, own: str) -> None:
    for other in books.named("Contact", name):
        if other["ContactID"] != own and other["ContactStatus"] == "ACTIVE":
            raise RefusedError(
                f"The contact name {name} is already assigned to another contact. "
                "The contact name must be unique across all active contacts."
            )


def save(books: Books, raw: dict[str, Any], *, put: bool, key: str | None = None) -> Doc:
    """Create or update one contact.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: name taken, archived, no name, bad e-mail.
    """
    held = _existing(books, raw, key, put=put)
    created = held is None
    name = str(raw.get("Name", held["Name"] if held else "")).strip()
    faults = []
    if not name:
        raise RefusedError(_IDENTIFY)
    if held and held["ContactStatus"] != "ACTIVE":
        raise RefusedError(_ARCHIVED)
    mail = raw.get("EmailAddress")
    if mail and ("@" not in mail or " " in mail.strip()):
        faults.append("Email address must be valid.")
    number = raw.get("ContactNumber")
    if number and created and books.numbered("Contact", number):
        faults.append("Contact number must be unique.")
    if faults:
        raise RefusedError(*faults)
    made = dict(held) if held else fresh(books.new_id(), name)
    _check_name(books, name, made["ContactID"])
    made.update({k: v for k, v in raw.items() if k not in _READ_ONLY})
    made["Name"] = name
    if not raw.get("ContactStatus"):
        made["ContactStatus"] = made.get("ContactStatus") or "ACTIVE"
    made["Addresses"] = _slots(
        made["Addresses"], raw.get("Addresses", []), "AddressType", _ADDRESS_TYPES
    )
    made["Phones"] = _slots(made["Phones"], raw.get("Phones", []), "PhoneType", _PHONE_TYPES)
    if raw.get("PaymentTerms"):
        made["PaymentTerms"] = {**made.get("PaymentTerms", {}), **raw["PaymentTerms"]}
    if made.get("DefaultCurrency"):
        books.check_currency(made["DefaultCurrency"])
    return books.save("Contact", made, created=created)


def of_document(books: Books, raw: dict[str, Any] | None) -> Doc:
    """The contact that a document names; a new name silently makes a new contact.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: nothing usable, or the contact is archived.
    """
    given = raw or {}
    found: Doc | None = None
    if given.get("ContactID"):
        found = books.get("Contact", given["ContactID"])
    elif given.get("ContactNumber"):
        same = books.numbered("Contact", given["ContactNumber"])
        found = same[0] if same else None
    if found is None and given.get("Name", "").strip():
        name = given["Name"].strip()
        same = [c for c in books.named("Contact", name) if c["ContactStatus"] == "ACTIVE"]
        found = same[0] if same else save(books, {k: given[k] for k in ("Name", "ContactNumber") if k in given}, put=True)  # fmt: skip
    if found is None:
        raise RefusedError(_IDENTIFY)
    if found["ContactStatus"] != "ACTIVE" and not books.seeding:
        raise RefusedError(_DOCUMENT_ARCHIVED)
    return found


def mark(books: Books, key: str, side: str) -> None:
    """A posted document makes its contact a customer or supplier (no new time stamp)."""
    held = books.get("Contact", key)
    if not held.get(side):
        books.store.put("Contact", held["ContactID"], {**held, side: True})

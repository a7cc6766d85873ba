"""Purchase orders and quotes: numbered documents that post nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import contacts, lines
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import RefusedError

_ORDER_MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "BILLED", "DELETED"},
    "BILLED": {"BILLED", "DELETED"},
}
_QUOTE_MOVES = {
    "DRAFT": {"DRAFT", "SENT", "DELETED"},
    "SENT": {"DRAFT", "SENT", "ACCEPTED", "DECLINED", "DELETED"},
    "DECLINED": {"SENT", "DECLINED", "DRAFT", "DELETED"},
    "ACCEPTED": {"SENT", "ACCEPTED", "INVOICED", "DELETED"},
    "INVOICED": {"INVOICED", "DELETED"},
}
_ORDER_HEADER = ("Reference", "DeliveryDate", "DeliveryAddress", "AttentionTo", "Telephone",
                 "DeliveryInstructions", "ExpectedArrivalDate", "SentToContact", "BrandingThemeID",
                 "Date", "LineAmountTypes")  # fmt: skip
_QUOTE_HEADER = ("Reference", "ExpiryDate", "Title", "Summary", "Terms", "BrandingThemeID", "Date")
_NOT_SENT = "Only AUTHORISED and BILLED purchase orders may have SentToContact updated."


def _number(books: Books, kind: str, field: str, prefix: str) -> str:
    while True:
        number = f"{prefix}{books.store.next(kind):04d}"
        if not books.numbered(kind, number):
            return number


def _new(books: Books, raw: dict[str, Any], key: str, number: tuple[str, str]) -> Doc:
    contact = contacts.of_document(books, raw.get("Contact"))
    currency = raw.get("CurrencyCode") or contact.get("DefaultCurrency") or books.base_currency
    books.check_currency(currency)
    return {
        key: books.new_id(),
        number[0]: number[1],
        "Contact": {"ContactID": contact["ContactID"]},
        "Date": books.today().isoformat(),
        "CurrencyCode": currency,
        "CurrencyRate": raw.get("CurrencyRate") or books.rate_of(currency),
        "LineItems": [],
        "Status": "DRAFT",
        "HasAttachments": False,
    }


def _amounts(books: Books, made: Doc, raw: dict[str, Any], rules: lines.Rules) -> None:
    sent = raw["LineItems"] if "LineItems" in raw else made["LineItems"]
    if not sent:
        raise RefusedError("One or more line items must be specified")
    made["LineItems"], totals = lines.build(books, sent, rules)
    made.update(
        SubTotal=totals.sub_total,
        TotalTax=totals.total_tax,
        Total=totals.total,
        TotalDiscount=totals.discount or Decimal("0.00"),
    )


def save_order(
    books: Books, raw: dict[str, Any], *, put: bool, key: str | None = None, unit_places: int = 2
) -> Doc:
    """Create or change a purchase order; POST with a live order's number changes that order.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    wanted = key or raw.get("PurchaseOrderID")
    number = raw.get("PurchaseOrderNumber", "")
    held: Doc | None = None
    if wanted:
        held = books.lookup("PurchaseOrder", wanted)
    elif number:
        same = books.numbered("PurchaseOrder", number)
        if same and put:
            raise RefusedError("Order number must be unique")
        held = same[-1] if same else None
    if held and held["Status"] == "DELETED":
        raise RefusedError(
            "PurchaseOrder status change is invalid", "Deleted PurchaseOrders cannot be updated"
        )
    before = held["Status"] if held else "DRAFT"
    status = raw.get("Status") or before
    if status not in _ORDER_MOVES[before]:
        raise RefusedError("PurchaseOrder status change is invalid")
    created = held is None
    if held is None:
        number = number or _number(books, "PurchaseOrder", "PurchaseOrderNumber", "PO-")
        held = _new(books, raw, "PurchaseOrderID", ("PurchaseOrderNumber", number))
        held.update(Type="PURCHASEORDER", LineAmountTypes="Exclusive", SentToContact=False)
    if "SentToContact" in raw and raw["SentToContact"] and status not in {"AUTHORISED", "BILLED"}:
        raise RefusedError(_NOT_SENT)
    made = {**held, **{k: raw[k] for k in _ORDER_HEADER if k in raw}, "Status": status}
    if status != "DELETED":
        rules = lines.Rules(
            sales=False,
            amounts=made["LineAmountTypes"],
            approved=status in {"AUTHORISED", "BILLED"},
            unit_places=unit_places,
        )
        _amounts(books, made, raw, rules)
    return books.save("PurchaseOrder", made, created=created)


def save_quote(books: Books, raw: dict[str, Any], *, put: bool, key: str | None = None) -> Doc:
    """Create or change a quote.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    wanted = key or raw.get("QuoteID")
    held = books.get("Quote", wanted) if wanted else None
    number = raw.get("QuoteNumber", "")
    if held is None and number and books.numbered("Quote", number):
        if put:
            raise RefusedError("Quote number must be unique")
        held = books.numbered("Quote", number)[-1]
    before = held["Status"] if held else "DRAFT"
    status = raw.get("Status") or before
    if status not in _QUOTE_MOVES.get(before, set()):
        raise RefusedError("Quote status change is invalid")
    created = held is None
    if held is None:
        number = number or _number(books, "Quote", "QuoteNumber", "QU-")
        held = _new(books, raw, "QuoteID", ("QuoteNumber", number))
        held["LineAmountTypes"] = "EXCLUSIVE"
    made = {**held, **{k: raw[k] for k in _QUOTE_HEADER if k in raw}, "Status": status}
    made["LineAmountTypes"] = str(raw.get("LineAmountTypes") or made["LineAmountTypes"]).upper()
    if status != "DELETED":
        rules = lines.Rules(
            sales=True, amounts=made["LineAmountTypes"], approved=False, unit_places=4
        )
        _amounts(books, made, raw, rules)
    return books.save("Quote", made, created=created)

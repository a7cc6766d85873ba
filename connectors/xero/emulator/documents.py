"""What invoices and credit notes share: header checks, status table, numbers, balances."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import contacts, ledger, lines, stock
from connectors.xero.emulator.books import KEYS, NUMBERS, Books
from connectors.xero.emulator.errors import RefusedError
from connectors.xero.emulator.money import ZERO, cents

OPEN = {"DRAFT", "SUBMITTED"}
LIVE = {"AUTHORISED", "PAID"}
_MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"PAID"},
}
_ALWAYS = {"SentToContact", "Url", "ExpectedPaymentDate", "PlannedPaymentDate"}
_HEADER = ("Reference", "BrandingThemeID", "Url", "SentToContact", "ExpectedPaymentDate",
           "PlannedPaymentDate", "DueDate")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of document differs.

    Attributes:
        entity: ``Invoice`` or ``CreditNote``.
        words: how messages call it.
        sales: the sales type; the other is the purchase type.
        prefix: of generated numbers.
        discounts: discounts on sales lines are supported.
    """

    entity: str
    words: str
    sales: str
    prefix: str
    discounts: bool

    @property
    def key(self) -> str:
        """Identifier field."""
        return KEYS[self.entity]

    @property
    def number(self) -> str:
        """Number field."""
        return NUMBERS[self.entity]


INVOICE = Kind("Invoice", "Invoice", "ACCREC", "INV-", discounts=True)
CREDIT_NOTE = Kind("CreditNote", "Credit note", "ACCRECCREDIT", "CN-", discounts=False)


def _held(
    books: Books, kind: Kind, raw: dict[str, Any], key: str | None, *, put: bool
) -> Doc | None:
    if key:
        return books.lookup(kind.entity, key)
    if raw.get(kind.key):
        if put:
            raise RefusedError(f"{kind.words} not of valid status for modification")
        return books.get(kind.entity, raw[kind.key])
    number = raw.get(kind.number)
    if put or not number or raw.get("Type") != kind.sales:
        return None
    same = [d for d in books.numbered(kind.entity, number) if d["Type"] == kind.sales]
    live = [d for d in same if d["Status"] not in {"DELETED", "VOIDED"}]
    return live[0] if live else None


def _check_number(books: Books, kind: Kind, number: str, own: str) -> None:
    for other in books.numbered(kind.entity, number):
        same_side = other["Type"] == kind.sales
        if same_side and other[kind.key] != own and other["Status"] != "DELETED":
            raise RefusedError(f"{kind.words} # must be unique.")


def _next_number(books: Books, kind: Kind) -> str:
    while True:
        number = f"{kind.prefix}{books.store.next(kind.entity):04d}"
        if not books.numbered(kind.entity, number):
            return number


def balance(doc: Doc, kind: Kind) -> None:
    """Recompute what is due from payments and credits, and the status that follows."""
    paid = sum((p["Amount"] for p in doc["Payments"]), ZERO)
    credited = sum((a["Amount"] for a in doc["_applied"]), ZERO)
    rest = doc["Total"] - paid - credited
    if kind is INVOICE:
        doc.update(AmountPaid=paid, AmountCredited=credited, AmountDue=rest)
    else:
        doc.update(RemainingCredit=rest)
    if doc["Status"] not in LIVE:
        return
    doc["Status"] = "PAID" if rest <= 0 else "AUTHORISED"
    if doc["Status"] == "PAID":
        days = [p["Date"] for p in (*doc["Payments"], *doc["_applied"])]
        doc["FullyPaidOnDate"] = max(days, default=doc["Date"])
    else:
        doc.pop("FullyPaidOnDate", None)


def _frozen(doc: Doc) -> bool:
    return bool(doc["Payments"] or doc["_applied"] or doc["Status"] == "PAID")


def save(
    books: Books,
    kind: Kind,
    raw: dict[str, Any],
    *,
    put: bool,
    key: str | None = None,
    unit_places: int = 2,
    backorders: bool = False,
) -> Doc:
    """Create or update one invoice or credit note; ``backorders`` allows to sell beyond the stock.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    held = _held(books, kind, raw, key, put=put)
    if held is not None:
        return _update(books, kind, held, raw, (unit_places, backorders))
    return _create(books, kind, raw, (unit_places, backorders))


def _create(books: Books, kind: Kind, raw: dict[str, Any], how: tuple[int, bool]) -> Doc:
    unit_places, backorders = how
    faults = []
    if raw.get("Type") not in {kind.sales, kind.sales.replace("REC", "PAY")}:
        faults.append(f"{kind.words} type must be specified")
    status = raw.get("Status") or "DRAFT"
    if status not in {"DRAFT", "SUBMITTED", "AUTHORISED"}:
        faults.append(f"{kind.words} not of valid status for creation")
    if not raw.get("LineItems"):
        faults.append("One or more line items must be specified")
    if faults:
        raise RefusedError(*faults)
    sales = raw["Type"] == kind.sales
    contact = contacts.of_document(books, raw.get("Contact"))
    number = raw.get(kind.number) or ""
    if sales:
        number = number or _next_number(books, kind)
        _check_number(books, kind, number, "")
    currency = raw.get("CurrencyCode") or contact.get("DefaultCurrency") or books.base_currency
    books.check_currency(currency)
    made: Doc = {
        "Type": raw["Type"],
        kind.key: books.new_id(),
        kind.number: number,
        "Contact": {"ContactID": contact["ContactID"]},
        "Date": raw.get("Date") or books.today().isoformat(),
        "Status": status,
        "CurrencyCode": currency,
        "CurrencyRate": raw.get("CurrencyRate") or books.rate_of(currency),
        "LineAmountTypes": raw.get("LineAmountTypes") or "Exclusive",
        "SentToContact": bool(raw.get("SentToContact")),
        "Payments": [],
        "_applied": [],
        "HasAttachments": False,
        "HasErrors": False,
    }
    if currency == books.base_currency:
        made["CurrencyRate"] = Decimal("1.0")
    themes = books.store.all("BrandingTheme")
    made["BrandingThemeID"] = themes[0]["BrandingThemeID"] if themes else None
    if kind is CREDIT_NOTE:
        made["Allocations"] = []
    _fill(books, kind, made, raw, unit_places)
    if status == "AUTHORISED":
        _post(books, kind, made, backorders=backorders)
    return books.save(kind.entity, made, created=True)


def _fill(books: Books, kind: Kind, doc: Doc, raw: dict[str, Any], unit_places: int) -> None:
    """Header fields, lines, totals and what is due; ``doc`` has its final status."""
    sales = doc["Type"] == kind.sales
    doc.update({k: raw[k] for k in _HEADER if k in raw})
    if not sales:
        doc.pop("Reference" if kind is INVOICE else "", None)
    if "Date" in raw:
        doc["Date"] = raw["Date"]
    doc["LineAmountTypes"] = raw.get("LineAmountTypes") or doc["LineAmountTypes"]
    approved = doc["Status"] in LIVE
    faults = []
    if approved and kind is INVOICE and not doc.get("DueDate"):
        faults.append("DueDate must be specified")
    try:
        books.check_open(doc["Date"])
    except RefusedError as error:
        faults += error.messages
    rules = lines.Rules(
        sales, doc["LineAmountTypes"], approved, unit_places, kind.discounts and sales
    )
    sent = raw["LineItems"] if raw.get("LineItems") is not None else doc["LineItems"]
    try:
        doc["LineItems"], totals = lines.build(books, sent, rules)
    except RefusedError as error:
        raise RefusedError(*faults, *error.messages) from error
    if totals.total < 0:
        faults.append(f"The document total must not be negative: {totals.total}")
    faults += _contradictions(raw, totals.total)
    if faults:
        raise RefusedError(*faults)
    doc.update(SubTotal=totals.sub_total, TotalTax=totals.total_tax, Total=totals.total)
    if kind is INVOICE:
        doc["IsDiscounted"] = totals.discount > 0
        doc["TotalDiscount"] = totals.discount or None
    balance(doc, kind)


def _contradictions(raw: dict[str, Any], total: Decimal) -> list[str]:
    sent = raw.get("Total")
    if sent is not None and "LineItems" in raw and cents(sent) != total:
        return [f"The document total {cents(sent)} does not match the sum of the lines {total}"]
    return []


def _post(
    books: Books, kind: Kind, doc: Doc, *, back: bool = False, backorders: bool = False
) -> None:
    """Write the document (or its reversal) to the ledger and mark its contact."""
    sales = doc["Type"] == kind.sales
    control, sign = ("DEBTORS", 1) if sales else ("CREDITORS", -1)
    if kind is CREDIT_NOTE:
        sign = -sign
    made = ledger.document_lines(books, doc, control=control, sign=sign)
    if back:
        made = ledger.reversed_lines(made)
    goods_in = sales == (kind is CREDIT_NOTE)
    made += stock.move(books, doc, goods_in=goods_in, back=back, backorders=backorders)
    ledger.post(books, (doc["Type"], doc[kind.key]), doc["Date"], made, doc.get("Reference") or "")
    contacts.mark(books, doc["Contact"]["ContactID"], "IsCustomer" if sales else "IsSupplier")


def _update(books: Books, kind: Kind, held: Doc, raw: dict[str, Any], how: tuple[int, bool]) -> Doc:
    unit_places, backorders = how
    refusal = RefusedError(f"{kind.words} not of valid status for modification")
    before, after = held["Status"], raw.get("Status") or held["Status"]
    if after not in _MOVES.get(before, set()):
        raise refusal
    made = {**held, "Status": after}
    if after in {"VOIDED", "DELETED"}:
        return _end(books, kind, held, made)
    if _frozen(held):
        ignored = {
            kind.key,
            kind.number,
            "Status",
            "Type",
            "Contact",
            "HasErrors",
            "HasAttachments",
        }
        if set(raw) - _ALWAYS - ignored - {"LineItems"}:
            raise refusal
        made.update({k: raw[k] for k in _ALWAYS if k in raw})
        if "LineItems" in raw:
            made["LineItems"] = _retracked(books, held, raw["LineItems"], refusal)
        return books.save(kind.entity, made)
    _rename(books, kind, made, raw)
    books.check_open(held["Date"])
    if before == "AUTHORISED":
        _post(books, kind, held, back=True)
    _fill(books, kind, made, raw, unit_places)
    if made["Status"] in LIVE:
        _post(books, kind, made, backorders=backorders)
    return books.save(kind.entity, made)


def _retracked(
    books: Books, held: Doc, sent: list[dict[str, Any]], refusal: RefusedError
) -> list[Doc]:
    """The lines of a paid document with new tracking; nothing else may differ."""
    by_id = {one.get("LineItemID"): one for one in sent}
    made = []
    for line in held["LineItems"]:
        given = by_id.pop(line["LineItemID"], None)
        if given is None or any(given[k] != line.get(k) for k in set(given) - {"Tracking"}):
            raise refusal
        made.append({**line, "Tracking": lines.tracking(books, given.get("Tracking", []))})
    if by_id:
        raise refusal
    return made


def _rename(books: Books, kind: Kind, made: Doc, raw: dict[str, Any]) -> None:
    """Another contact, number or rate."""
    if raw.get("Contact"):
        contact = contacts.of_document(books, raw["Contact"])
        made["Contact"] = {"ContactID": contact["ContactID"]}
    if raw.get(kind.number):
        if made["Type"] == kind.sales:
            _check_number(books, kind, raw[kind.number], made[kind.key])
        made[kind.number] = raw[kind.number]
    if raw.get("CurrencyRate") and made["CurrencyCode"] != books.base_currency:
        made["CurrencyRate"] = raw["CurrencyRate"]


def _end(books: Books, kind: Kind, held: Doc, made: Doc) -> Doc:
    """Void or delete."""
    if held["Payments"] or held["_applied"]:
        raise RefusedError(f"{kind.words} not of valid status for modification")
    books.check_open(held["Date"])
    if held["Status"] == "AUTHORISED":
        _post(books, kind, held, back=True)
    rest = "AmountDue" if kind is INVOICE else "RemainingCredit"
    return books.save(kind.entity, {**made, rest: ZERO})

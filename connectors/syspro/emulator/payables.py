"""APSTIN posts suppliers' invoices, credit and debit notes and adjustments (3.12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.items import (
    Options,
    amount,
    day,
    needed,
    no_gl_journal,
    open_period,
    row_or_error,
    run,
)
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.ledgers import account_of
from connectors.syspro.emulator.orders_status import answered
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

ZERO = Decimal(0)
_SIGNS = {"I": 1, "D": 1, "C": -1, "A": 1}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One transaction as asked for: ``value`` and ``tax`` are signed by its code."""

    code: str
    number: str
    value: Decimal
    tax: Decimal
    dated: date
    journal: int
    entry: int


def post(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run APSTIN: one journal per document, one entry per item."""
    options = Options(parameters)
    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    journal = ctx.db.next("ap_journal", 5000)
    entries = iter(range(1, len(data.all("Item")) + 1))
    results = run(
        ctx, data.all("Item"), lambda i: _posted(ctx, i, (journal, next(entries))), options,
        whole=whole,
    )  # fmt: skip
    return document("postapinvoice", answered(results, first=no_gl_journal()))


def _posted(ctx: Context, item: Node, place: tuple[int, int]) -> Sequence[Piece]:
    code = needed(item, "Supplier")
    supplier = row_or_error(
        ctx.db.get("ApSupplier", stored("Supplier", code)), "Supplier", code, 990071, "Supplier"
    )
    asked = _entry(ctx, item, place)
    _distribution(ctx, item, asked)
    held = ctx.db.get("ApInvoice", supplier["Supplier"], asked.number)
    if asked.code == "I" and held is not None:
        words = f"Duplicate invoice '{asked.number}' of supplier"
        raise BusinessError("Invoice", asked.number, 990072, words)
    if asked.code == "A":
        held = row_or_error(held, "Invoice", asked.number, 990076, "Invoice")
    if held is not None:
        _against(ctx, held, asked, item)
    else:
        _new(ctx, supplier, asked, item)
    balance = Decimal(str(supplier.get("CurrentBalance") or 0)) + asked.value
    ctx.db.change("ApSupplier", supplier, CurrentBalance=balance)
    key = (
        tag("TrnYear", str(asked.dated.year)),
        tag("TrnMonth", f"{asked.dated.month:02d}"),
        tag("Journal", counter(asked.journal, 5)),
        tag("EntryNumber", counter(asked.entry)),
    )
    transaction = (
        tag("Key", key),
        tag("Supplier", show_key("Supplier", supplier["Supplier"])),
        tag("Invoice", asked.number),
        tag("TransactionCode", asked.code),
    )
    return (tag("Transaction", transaction),)


def _entry(ctx: Context, item: Node, place: tuple[int, int]) -> _Entry:
    code = (item.value("TransactionCode") or "I").upper()
    if code not in _SIGNS:
        words = f"Transaction code '{code}' invalid"
        raise BusinessError("TransactionCode", code, 990043, words)
    number = needed(item, "Invoice")
    dated = day(ctx, item, "InvoiceDate")
    open_period(ctx, "InvoiceDate", dated)
    value, tax = amount(item, "TransactionValue"), amount(item, "TaxValue")
    if code != "A" and (value < 0 or tax < 0):
        raise BusinessError("TransactionValue", str(value), 990066, "Value must be positive")
    tax_code = item.value("TaxCode")
    if tax_code:
        row_or_error(ctx.db.get("AdmTax", tax_code), "TaxCode", tax_code, 990074, "Tax code")
    sign = _SIGNS[code]
    return _Entry(code, number, sign * value, sign * tax, dated, *place)


def _distribution(ctx: Context, item: Node, asked: _Entry) -> None:
    """The ledger lines add up to the value without tax, freight and charges."""
    lines = item.all("LedgerDistribution")
    for line in lines:
        account_of(ctx, line)
    extra = amount(item, "FreightCharge") + amount(item, "MiscellaneousCharge")
    split = sum((amount(x, "LedgerValue") for x in lines), ZERO)
    wanted = abs(asked.value - asked.tax) - extra
    if lines and abs(split) != wanted:
        words = f"Ledger distribution {split} differs from the net value {wanted}"
        raise BusinessError("LedgerValue", str(split), 990073, words)


def _against(ctx: Context, held: Row, asked: _Entry, item: Node) -> None:
    balance = Decimal(str(held.get("MthInvBal1") or 0)) + asked.value
    entry = int(held.get("NextPaymEntry") or 0) + 1
    ctx.db.change("ApInvoice", held, MthInvBal1=balance, NextPaymEntry=entry)
    ctx.db.put(
        "ApInvoicePay",
        {
            "Supplier": held["Supplier"],
            "Invoice": held["Invoice"],
            "EntryNumber": entry,
            "TrnType": asked.code,
            "JournalDate": asked.dated.isoformat(),
            "Journal": asked.journal,
            "PaymentReference": item.value("TransactionReference")[:50],
            "TrnValue": asked.value,
            "TrnYear": asked.dated.year,
            "TrnMonth": asked.dated.month,
            "PostValue": asked.value,
            "PostCurrency": held.get("PostCurrency", ""),
            "PostConvRate": held.get("ConvRate", Decimal(1)),
        },
    )


def _new(ctx: Context, supplier: Row, asked: _Entry, item: Node) -> None:
    due, discount_day, discount = _terms(ctx, supplier, asked, item)
    ctx.db.put(
        "ApInvoice",
        {
            "Supplier": supplier["Supplier"],
            "Invoice": asked.number,
            "JournalDate": asked.dated.isoformat(),
            "Journal": asked.journal,
            "EntryNumber": asked.entry,
            "Branch": item.value("Branch") or supplier.get("Branch", ""),
            "InvoiceDate": asked.dated.isoformat(),
            "DiscountDate": discount_day,
            "DueDate": due,
            "Reference": item.value("TransactionReference")[:30],
            "OrigInvValue": asked.value,
            "OrigDiscValue": discount,
            "MthInvBal1": asked.value,
            "CurrencyValue": asked.value,
            "Currency": supplier.get("Currency", ""),
            "Bank": supplier.get("Bank", ""),
            "PostCurrency": supplier.get("Currency", ""),
            "ConvRate": amount(item, "ExchRateAtEntry", "1", decimals=6),
            "MulDiv": "M",
            "FirstTaxCode": item.value("TaxCode"),
            "InvoiceYear": asked.dated.year,
            "InvoiceMonth": asked.dated.month,
        },
    )


def _terms(ctx: Context, supplier: Row, asked: _Entry, item: Node) -> tuple[str, str, Decimal]:
    """Due date, discount date and discount: as given, else by the supplier's terms."""
    terms = ctx.db.get("TblApTerms", str(supplier.get("TermsCode") or "")) or {}

    def after(name: str, days: str) -> str:
        if item.value(name):
            return day(ctx, item, name).isoformat()
        return (asked.dated + timedelta(days=int(terms.get(days) or 0))).isoformat()

    base = amount(item, "DiscountableValue", str(asked.value))
    match (item.value("DiscountBasis") or "T").upper():
        case "V":
            discount = amount(item, "DiscountPercentageValue")
        case "P":
            discount = base * amount(item, "DiscountPercentageValue") / 100
        case _:
            discount = base * Decimal(str(terms.get("DiscPct") or 0)) / 100
    rounded = discount.quantize(Decimal("0.01"))
    return after("DueDate", "DueDays"), after("DiscountDate", "DiscDays"), rounded

"""APSTPM posts manual payments to suppliers (named in 3, no public document of it).

Its elements are named after ARSTPY and APSTIN, which are documented; all of them are unverified. What it
does follows from the tables: an entry of type ``P`` per invoice whose value lowers the balance, a discount
as an entry of type ``A`` beside it (the table has no discount column), less owed to the supplier, less in
the bank. A manual payment is distributed completely: A/P keeps no money on account. A negative value uses a
credit note, or takes an earlier payment back where the whole payment is not positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.balances import move_bank
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
from connectors.syspro.emulator.orders_status import answered
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Payment:
    """What all entries of one payment share; ``rate`` zero means the invoice's own."""

    dated: date
    journal: int
    reference: str
    number: str
    rate: Decimal
    back: bool


def post(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run APSTPM: one journal per payment."""
    options = Options(parameters)
    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    results = run(ctx, data.all("Item"), lambda item: _paid(ctx, item), options, whole=whole)
    return document("postapmanualpayment", answered(results, first=no_gl_journal()))


def _paid(ctx: Context, item: Node) -> Sequence[Piece]:
    code = needed(item, "Supplier")
    supplier = row_or_error(
        ctx.db.get("ApSupplier", stored("Supplier", code)), "Supplier", code, 990071, "Supplier"
    )
    lines = item.all("InvoiceToPay")
    if not lines:
        words = "XML element '{Item}{InvoiceToPay}' missing"
        raise BusinessError("InvoiceToPay", "", 100030, words)
    bank, total = _bank(ctx, item, supplier), amount(item, "PaymentValue")
    if supplier.get("OnHold") == "Y" and total > 0:
        raise BusinessError("Supplier", code, 990081, f"Supplier '{code}' is on hold")
    how = _how(ctx, item, back=total <= 0)
    settled, discounts = ZERO, ZERO
    for line in lines:
        gross, discount = _settle(ctx, supplier, line, how)
        settled, discounts = settled + gross, discounts + discount
    if settled - discounts != total:
        words = f"Payment value {total} is not what is distributed, {settled - discounts}"
        raise BusinessError("PaymentValue", str(total), 990061, words)
    # The row changed while the lines were settled: read again.
    now = ctx.db.get("ApSupplier", supplier["Supplier"]) or supplier
    owed = Decimal(str(now.get("CurrentBalance") or 0)) - settled
    last = {"LastChequeDate": how.dated.isoformat(), "LastChequeVal": total}
    ctx.db.change("ApSupplier", now, CurrentBalance=owed, LastChequeBank=bank["Bank"], **last)
    money = (str(supplier.get("Currency") or ""), how.rate or Decimal(1))
    move_bank(ctx, bank, -total, ("OutstWith1", -1), money)
    return (tag("Payment", _told(how, supplier, bank)),)


def _told(how: _Payment, supplier: Row, bank: Row) -> list[Piece]:
    key = (
        tag("TrnYear", str(how.dated.year)),
        tag("TrnMonth", f"{how.dated.month:02d}"),
        tag("Journal", counter(how.journal, 5)),
    )
    shown = show_key("Supplier", supplier["Supplier"])
    return [tag("Key", key), tag("Supplier", shown), tag("Bank", str(bank["Bank"]))]


def _how(ctx: Context, item: Node, *, back: bool) -> _Payment:
    dated = day(ctx, item, "PaymentDate")
    open_period(ctx, "PaymentDate", dated)
    needed(item, "PaymentReference")
    return _Payment(
        dated,
        ctx.db.next("ap_journal", 5000),
        item.value("PaymentReference")[:50],
        item.value("PaymentNumber")[:15],
        amount(item, "ExchangeRate", decimals=6),
        back,
    )


def _bank(ctx: Context, item: Node, supplier: Row) -> Row:
    """The bank it is drawn on: as said, else the supplier's; in the supplier's currency or our own."""
    code = item.value("Bank") or str(supplier.get("Bank") or "")
    bank = row_or_error(ctx.db.get("ApBank", code), "Bank", code, 990019, "Bank")
    held = str(bank.get("Currency") or ctx.company.currency)
    if held not in (str(supplier.get("Currency") or ctx.company.currency), ctx.company.currency):
        words = f"Bank '{code}' is in {held} and cannot pay this supplier"
        raise BusinessError("Bank", code, 990082, words)
    return bank


def _settle(ctx: Context, supplier: Row, line: Node, how: _Payment) -> tuple[Decimal, Decimal]:
    """Lower one invoice's balance; returns what is settled of it and, in it, the discount."""
    number = needed(line, "Invoice")
    found = ctx.db.get("ApInvoice", supplier["Supplier"], number)
    invoice = row_or_error(found, "Invoice", number, 990076, "Invoice")
    gross, discount = amount(line, "GrossPaymentValue"), amount(line, "DiscountValue")
    balance = Decimal(str(invoice.get("MthInvBal1") or 0))
    least, most = sorted((ZERO, Decimal(str(invoice.get("OrigInvValue") or 0))))
    # Only what takes a payment back may raise what is open, and never beyond the invoice's value.
    fits = how.back or abs(balance - gross) <= abs(balance)
    if not fits or not least <= balance - gross <= most:
        words = f"Payment {gross} exceeds the balance {balance} of invoice '{number}'"
        raise BusinessError("GrossPaymentValue", str(gross), 990063, words)
    if abs(discount) > abs(gross) or discount * gross < 0:
        words = f"Discount {discount} is not part of the payment {gross}"
        raise BusinessError("DiscountValue", str(discount), 990067, words)
    entry = int(invoice.get("NextPaymEntry") or 0)
    for kind, value in (("P", discount - gross), ("A", -discount)):
        if value:
            entry += 1
            ctx.db.put("ApInvoicePay", _entry(invoice, (entry, kind), value, how))
    closed = balance == gross
    ctx.db.change(
        "ApInvoice",
        invoice,
        MthInvBal1=balance - gross,
        NextPaymEntry=entry,
        YearInvBalZero=how.dated.year if closed else 0,
        MonthInvBalZero=how.dated.month if closed else 0,
    )
    return gross, discount


def _entry(invoice: Row, what: tuple[int, str], value: Decimal, how: _Payment) -> Row:
    entry, kind = what
    return {
        "Supplier": invoice["Supplier"],
        "Invoice": invoice["Invoice"],
        "EntryNumber": entry,
        "TrnType": kind,
        "JournalDate": how.dated.isoformat(),
        "Journal": how.journal,
        "PaymentReference": how.reference,
        "PaymentNumber": how.number,
        "TrnValue": value,
        "TrnYear": how.dated.year,
        "TrnMonth": how.dated.month,
        "PostValue": value,
        "PostCurrency": invoice.get("PostCurrency", ""),
        "PostConvRate": how.rate or invoice.get("ConvRate", Decimal(1)),
        "PostMulDiv": "M",
    }

"""ARSTPY posts receipts, adjustments and miscellaneous receipts (3.11).

Gross values settle the invoice; a discount is part of them and is not paid, so what is paid is gross
less discount (unverified, from the names). A negative value uses a credit note, or takes an earlier
payment back where the whole payment is not positive (both unverified). ``AutoCorrectPaymentValue`` says what becomes of a payment
value that differs from what its lines distribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.balances import move_balance, move_bank
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
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

ZERO = Decimal(0)
_PAYMENT_TYPES = ("C", "S", "O")


@dataclass(frozen=True, slots=True)
class Posting:
    """What all entries of one item share.

    Attributes:
        dated: the day.
        journal: number of the A/R journal.
        reference: at most 30 characters.
        notation: at most 50 characters.
        rate: exchange rate of the payment; zero means the invoice's own.
        back: it takes earlier payments back.
    """

    dated: date
    journal: int
    reference: str
    notation: str
    rate: Decimal = ZERO
    back: bool = False

    @staticmethod
    def of(ctx: Context, node: Node, dated: date) -> Posting:
        """The posting of an item, with the next journal number."""
        return Posting(
            dated,
            ctx.db.next("ar_journal", 5000),
            node.value("Reference")[:30],
            needed(node, "JournalNotation")[:50],
        )

    def key(self) -> Piece:
        """How an answer names it."""
        return tag(
            "Key",
            (
                tag("TrnYear", str(self.dated.year)),
                tag("TrnMonth", f"{self.dated.month:02d}"),
                tag("Journal", counter(self.journal, 5)),
            ),
        )


def customer_of(ctx: Context, item: Node) -> Row:
    """The customer an item names.

    Raises:
        BusinessError: blank or unknown.
    """
    code = needed(item, "Customer")
    row = ctx.db.get("ArCustomer", stored("Customer", code))
    return row_or_error(row, "Customer", code, 990011, "Customer")


def post(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run ARSTPY."""
    options = Options(parameters)

    def one(item: Node) -> Sequence[Piece]:
        if (node := item.first("Payment")) is not None:
            return (tag("Payment", _payment(ctx, node, options)),)
        if (node := item.first("Adjustments")) is not None:
            return (tag("Adjustments", _adjustments(ctx, node)),)
        if (node := item.first("MiscellaneousReceipt")) is not None:
            return (tag("MiscellaneousReceipt", _miscellaneous(ctx, node)),)
        raise BusinessError("Payment", "", 100030, "XML element '{Item}{Payment}' missing")

    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    results = run(ctx, data.all("Item"), one, options, whole=whole)
    bad = sum(1 for r in results if r.error)
    made = [tag("Item", (r.error.wrapped(),) if r.error else tuple(r.pieces)) for r in results]
    status = (
        no_gl_journal(),
        tag("ItemsProcessed", counter(len(results) - bad)),
        tag("ItemsInvalid", counter(bad)),
    )
    return document("postarpayment", [*made, tag("StatusOfItems", status)])


# --- receipts ------------------------------------------------------------------------------------


def _payment(ctx: Context, payment: Node, options: Options) -> Sequence[Piece]:
    customer = customer_of(ctx, payment)
    dated = _common(ctx, payment, "PaymentDate")
    total = amount(payment, "PaymentValue")
    posting = replace(Posting.of(ctx, payment, dated), back=total <= 0)
    lines, free = payment.all("InvoiceToPay"), payment.all("UnappliedPayment")
    gross = sum((amount(x, "GrossPaymentValue") for x in (*lines, *free)), ZERO)
    paid = gross - sum((amount(x, "DiscountValue") for x in (*lines, *free)), ZERO)
    for line in lines:
        _settle(ctx, customer, line, posting)
    for line in free:
        _unapplied(ctx, customer, amount(line, "GrossPaymentValue"), posting)
    automatic = _automatic(ctx, customer, payment, total - paid, posting)
    paid, gross = paid + automatic, gross + automatic
    auto = options.value("AutoCorrectPaymentValue", "N")
    if paid > total and auto != "Y":
        words = f"Distributed {paid} exceeds the payment value {total}"
        raise BusinessError("PaymentValue", str(total), 990060, words)
    if paid < total and auto == "N":
        words = f"Payment value {total} is not completely distributed"
        raise BusinessError("PaymentValue", str(total), 990061, words)
    if paid < total and auto == "U":
        _unapplied(ctx, customer, total - paid, posting)
        gross += total - paid
    move_balance(ctx, str(customer["Customer"]), -gross)
    _deposit(ctx, payment, customer, total)
    ctx.db.change("ArCustomer", customer, DateLastPay=dated.isoformat())
    return posting.key(), tag("Customer", show_key("Customer", customer["Customer"]))


def _common(ctx: Context, node: Node, dated_by: str) -> date:
    dated = day(ctx, node, dated_by)
    open_period(ctx, dated_by, dated)
    bank = node.value("Bank")
    if bank:
        row_or_error(ctx.db.get("ApBank", bank), "Bank", bank, 990019, "Bank")
    kind = node.value("PaymentType").upper()
    if kind and kind not in _PAYMENT_TYPES:
        raise BusinessError("PaymentType", kind, 990043, f"Payment type '{kind}' invalid")
    return dated


def _deposit(ctx: Context, payment: Node, customer: Row, total: Decimal) -> None:
    """What the cash book shows of a receipt that names its bank (unverified, as with suppliers)."""
    bank = ctx.db.get("ApBank", payment.value("Bank")) if payment.value("Bank") else None
    if bank is not None:
        rates = [amount(x, "ExchangeRateToUse", decimals=6) for x in payment.all("InvoiceToPay")]
        money = (str(customer.get("Currency") or ""), next(filter(None, rates), Decimal(1)))
        move_bank(ctx, bank, total, ("OutstDep1", 1), money)


def _automatic(ctx: Context, customer: Row, payment: Node, rest: Decimal, how: Posting) -> Decimal:
    """Spread what is left over open invoices, by number (I) or by date (D)."""
    asked = payment.first("AutomaticPaymentsOptions")
    if asked is None or asked.value("ApplyAutomaticPayments", "N").upper() != "Y":
        return ZERO
    by = (
        "InvoiceDate" if asked.value("AutomaticPaymentsSequence", "I").upper() == "D" else "Invoice"
    )
    spread = ZERO
    rows = ctx.db.where("ArInvoice", "Customer", str(customer["Customer"]))
    for invoice in sorted(rows, key=lambda r: (str(r.get(by) or ""), str(r["Invoice"]))):
        part = min(rest - spread, Decimal(str(invoice.get("InvoiceBal1") or 0)))
        if part > 0:
            apply(ctx, invoice, "P", (-part, ZERO), how)
            spread += part
    return spread


def _invoice(ctx: Context, customer: Row, line: Node) -> Row:
    number = needed(line, "Invoice")
    kind = line.value("TransactionType", "I").upper()
    found = ctx.db.get("ArInvoice", customer["Customer"], stored("Invoice", number), kind)
    if found is None:
        words = f"Invoice '{number}' not found for customer"
        raise BusinessError("Invoice", number, 990062, words)
    return found


def _settle(ctx: Context, customer: Row, line: Node, how: Posting) -> None:
    invoice = _invoice(ctx, customer, line)
    gross, discount = amount(line, "GrossPaymentValue"), amount(line, "DiscountValue")
    balance = Decimal(str(invoice.get("InvoiceBal1") or 0))
    rate = amount(line, "ExchangeRateToUse", decimals=6)
    how = replace(how, rate=rate) if rate else how
    if gross < 0 or how.back:
        _signed(ctx, invoice, (gross, discount), how)
        return
    if gross > abs(balance):
        words = (
            f"Payment {gross} exceeds the balance {balance} of invoice '{line.value('Invoice')}'"
        )
        raise BusinessError("GrossPaymentValue", str(gross), 990063, words)
    if gross < 0 or not 0 <= discount <= gross:
        words = f"Discount {discount} is not part of the payment {gross}"
        raise BusinessError("DiscountValue", str(discount), 990067, words)
    sign = 1 if balance >= 0 else -1
    apply(ctx, invoice, "P", (-sign * gross, -sign * discount), how)


def _signed(ctx: Context, invoice: Row, values: tuple[Decimal, Decimal], how: Posting) -> None:
    """An amount with its own sign; a document never leaves what lies between zero and its value."""
    gross, discount = values
    balance = Decimal(str(invoice.get("InvoiceBal1") or 0))
    least, most = sorted((ZERO, Decimal(str(invoice.get("CurrencyValue") or 0))))
    if not least <= balance - gross <= most:
        words = f"Payment {gross} exceeds the balance {balance} of invoice '{invoice['Invoice']}'"
        raise BusinessError("GrossPaymentValue", str(gross), 990063, words)
    apply(ctx, invoice, "P", (-gross, -discount), how)


def apply(
    ctx: Context, invoice: Row, kind: str, values: tuple[Decimal, Decimal], how: Posting
) -> None:
    """Move an invoice's balance by an entry of a kind (``P``, ``A``, ``C``, ``D``).

    Args:
        ctx: the call.
        invoice: its row.
        kind: transaction type of the entry.
        values: signed value and, of it, discount.
        how: date, journal, reference, notation.
    """
    balance = Decimal(str(invoice.get("InvoiceBal1") or 0)) + values[0]
    entry = int(invoice.get("NextPaymEntry") or _entries(ctx, invoice)) + 1
    ctx.db.change("ArInvoice", invoice, InvoiceBal1=balance, NextPaymEntry=entry)
    _entry(ctx, invoice, (entry, kind), values, how)


def _entries(ctx: Context, invoice: Row) -> int:
    rows = ctx.db.where("ArInvoicePay", "Customer", str(invoice["Customer"]))
    return sum(1 for r in rows if r["Invoice"] == invoice["Invoice"])


def _entry(
    ctx: Context, invoice: Row, what: tuple[int, str], values: tuple[Decimal, Decimal], how: Posting
) -> None:
    entry, kind = what
    ctx.db.put(
        "ArInvoicePay",
        {
            "Customer": invoice["Customer"],
            "Invoice": invoice["Invoice"],
            "DocumentType": invoice["DocumentType"],
            "EntryNumber": entry,
            "TrnType": kind,
            "JournalDate": how.dated.isoformat(),
            "Journal": how.journal,
            "Reference": how.reference,
            "TrnValue": values[0],
            "DiscValue": values[1],
            "TrnYear": how.dated.year,
            "TrnMonth": how.dated.month,
            "PostValue": values[0],
            "PostCurrency": invoice.get("PostCurrency", ""),
            "PostConvRate": how.rate or invoice.get("ConvRate", Decimal(1)),
            "InvoiceNotation": how.notation,
        },
    )


def _unapplied(ctx: Context, customer: Row, rest: Decimal, how: Posting) -> None:
    number = f"_CRD{ctx.db.next('unapplied', 1):06d}"
    invoice: Row = {
        "Customer": customer["Customer"],
        "Invoice": number,
        "DocumentType": "C",
        "InvoiceDate": how.dated.isoformat(),
        "InvoiceBal1": -rest,
        "CurrencyValue": -rest,
        "PostCurrency": customer.get("Currency", ""),
        "ConvRate": Decimal(1),
        "MulDiv": "M",
        "NextPaymEntry": 1,
    }
    ctx.db.put("ArInvoice", invoice)
    _entry(ctx, invoice, (1, "P"), (-rest, ZERO), how)


# --- adjustments and receipts without a customer ---------------------------------------------------


def _adjustments(ctx: Context, node: Node) -> Sequence[Piece]:
    customer = customer_of(ctx, node)
    lines = node.all("InvoiceToAdjust")
    if not lines:
        raise BusinessError(
            "InvoiceToAdjust", "", 100030, "XML element '{Adjustments}{InvoiceToAdjust}' missing"
        )
    today = _common(ctx, node, "AdjustmentDate")
    posting = Posting.of(ctx, lines[0], today)
    moved = ZERO
    for line in lines:
        _ledger_code(ctx, line, "AdjustmentLedgerCode")
        value = amount(line, "AdjustmentValue", needed(line, "AdjustmentValue"))
        how = Posting(
            today,
            posting.journal,
            line.value("Reference")[:30],
            needed(line, "JournalNotation")[:50],
        )
        apply(ctx, _invoice(ctx, customer, line), "A", (value, ZERO), how)
        moved += value
    move_balance(ctx, str(customer["Customer"]), moved)
    return posting.key(), tag("Customer", show_key("Customer", customer["Customer"]))


def _miscellaneous(ctx: Context, node: Node) -> Sequence[Piece]:
    dated = _common(ctx, node, "MiscellaneousReceiptDate")
    amount(node, "MiscellaneousReceiptValue", needed(node, "MiscellaneousReceiptValue"))
    for name in ("DebitLedgerCode", "CreditLedgerCode"):
        _ledger_code(ctx, node, name)
    return (Posting.of(ctx, node, dated).key(),)


def _ledger_code(ctx: Context, node: Node, name: str) -> None:
    code = node.value(name)
    if code:
        row = ctx.db.get("GenMaster", ctx.company.id, code)
        row_or_error(row, name, code, 990070, "Ledger code")

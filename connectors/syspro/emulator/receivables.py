"""ARSTPY posts payments, ARSTIN posts invoices without an order (3.10, 3.11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.balances import move_balance
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.items import (
    Options,
    amount,
    day,
    needed,
    open_period,
    row_or_error,
    run,
)
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node


def customer_of(ctx: Context, item: Node) -> Row:
    """The customer an item names.

    Raises:
        BusinessError: blank or unknown.
    """
    code = needed(item, "Customer")
    row = ctx.db.get("ArCustomer", stored("Customer", code))
    return row_or_error(row, "Customer", code, 990011, "Customer")


def pay(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run ARSTPY."""
    options = Options(parameters)

    def one(item: Node) -> Sequence[Piece]:
        payment = item.first("Payment")
        if payment is None:
            raise BusinessError("Payment", "", 100030, "XML element '{Item}{Payment}' missing")
        return (tag("Payment", _payment(ctx, payment, options)),)

    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    results = run(ctx, data.all("Item"), one, options, whole=whole)
    bad = sum(1 for r in results if r.error)
    made = [tag("Item", (r.error.wrapped(),) if r.error else tuple(r.pieces)) for r in results]
    status = (
        tag("ItemsProcessed", counter(len(results) - bad)),
        tag("ItemsInvalid", counter(bad)),
    )
    return document("postarpayment", [*made, tag("StatusOfItems", status)])


def _payment(ctx: Context, payment: Node, options: Options) -> Sequence[Piece]:
    customer = customer_of(ctx, payment)
    needed(payment, "JournalNotation")
    paid_on = day(ctx, payment, "PaymentDate")
    open_period(ctx, "PaymentDate", paid_on)
    bank = payment.value("Bank")
    if bank:
        row_or_error(ctx.db.get("ApBank", bank), "Bank", bank, 990019, "Bank")
    total = amount(payment, "PaymentValue")
    lines = payment.all("InvoiceToPay")
    applied = sum((amount(x, "GrossPaymentValue") for x in lines), Decimal(0))
    auto = options.value("AutoCorrectPaymentValue", "N")
    if applied > total and auto != "Y":
        words = f"Distributed {applied} exceeds the payment value {total}"
        raise BusinessError("PaymentValue", str(total), 990060, words)
    if applied < total and auto == "N":
        words = f"Payment value {total} is not completely distributed"
        raise BusinessError("PaymentValue", str(total), 990061, words)
    journal = ctx.db.next("ar_journal", 5000)
    for line in lines:
        _settle(ctx, customer, line, (payment, paid_on, journal))
    if applied < total and auto == "U":
        _unapplied(ctx, customer, total - applied, (payment, paid_on, journal))
    move_balance(ctx, str(customer["Customer"]), -(applied if auto == "Y" else max(total, applied)))
    ctx.db.change("ArCustomer", customer, DateLastPay=paid_on.isoformat())
    key = (
        tag("TrnYear", str(paid_on.year)),
        tag("TrnMonth", f"{paid_on.month:02d}"),
        tag("Journal", counter(journal, 5)),
    )
    return tag("Key", key), tag("Customer", show_key("Customer", customer["Customer"]))


def _settle(ctx: Context, customer: Row, line: Node, how: tuple[Node, date, int]) -> None:
    payment, paid_on, journal = how
    number = needed(line, "Invoice")
    kind = line.value("TransactionType", "I").upper()
    invoice = ctx.db.get("ArInvoice", customer["Customer"], stored("Invoice", number), kind)
    if invoice is None:
        words = f"Invoice '{number}' not found for customer"
        raise BusinessError("Invoice", number, 990062, words)
    gross, discount = amount(line, "GrossPaymentValue"), amount(line, "DiscountValue")
    balance = Decimal(str(invoice.get("InvoiceBal1") or 0))
    if gross > abs(balance):
        words = f"Payment {gross} exceeds the balance {balance} of invoice '{number}'"
        raise BusinessError("GrossPaymentValue", str(gross), 990063, words)
    sign = 1 if balance >= 0 else -1
    entry = int(invoice.get("NextPaymEntry") or _entries(ctx, invoice)) + 1
    ctx.db.change("ArInvoice", invoice, InvoiceBal1=balance - sign * gross, NextPaymEntry=entry)
    _entry(ctx, invoice, (entry, journal, paid_on), payment, (sign * gross, sign * discount))


def _entries(ctx: Context, invoice: Row) -> int:
    rows = ctx.db.where("ArInvoicePay", "Customer", str(invoice["Customer"]))
    return sum(1 for r in rows if r["Invoice"] == invoice["Invoice"])


def _entry(
    ctx: Context,
    invoice: Row,
    when: tuple[int, int, date],
    payment: Node,
    values: tuple[Decimal, Decimal],
) -> None:
    entry, journal, paid_on = when
    ctx.db.put(
        "ArInvoicePay",
        {
            "Customer": invoice["Customer"],
            "Invoice": invoice["Invoice"],
            "DocumentType": invoice["DocumentType"],
            "EntryNumber": entry,
            "TrnType": "P",
            "JournalDate": paid_on.isoformat(),
            "Journal": journal,
            "Reference": payment.value("Reference")[:30],
            "TrnValue": -values[0],
            "DiscValue": -values[1],
            "TrnYear": paid_on.year,
            "TrnMonth": paid_on.month,
            "PostValue": -values[0],
            "PostCurrency": invoice.get("PostCurrency", ""),
            "PostConvRate": invoice.get("ConvRate", Decimal(1)),
            "InvoiceNotation": payment.value("JournalNotation")[:50],
        },
    )


def _unapplied(ctx: Context, customer: Row, rest: Decimal, how: tuple[Node, date, int]) -> None:
    payment, paid_on, journal = how
    number = f"_CRD{ctx.db.next('unapplied', 1):06d}"
    invoice: Row = {
        "Customer": customer["Customer"],
        "Invoice": number,
        "DocumentType": "C",
        "InvoiceDate": paid_on.isoformat(),
        "InvoiceBal1": -rest,
        "CurrencyValue": -rest,
        "PostCurrency": customer.get("Currency", ""),
        "ConvRate": Decimal(1),
        "MulDiv": "M",
        "NextPaymEntry": 1,
    }
    ctx.db.put("ArInvoice", invoice)
    _entry(ctx, invoice, (1, journal, paid_on), payment, (rest, Decimal(0)))


def invoice(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run ARSTIN."""
    options = Options(parameters)
    whole = options.value("ApplyIfEntireDocumentValid", "Y") == "Y"
    results = run(ctx, data.all("Item"), lambda i: _invoice(ctx, i), options, whole=whole)
    bad = sum(1 for r in results if r.error)
    made = []
    for result in results:
        number = tag("ItemNumber", counter(result.number))
        inner = (result.error.wrapped(),) if result.error else tuple(result.pieces)
        made.append(tag("Item", (*inner, number)))
    status = (
        tag("ItemsValidated", counter(len(results) - bad)),
        tag("InvalidItems", counter(bad)),
    )
    return document("postarinvoices", [*made, tag("StatusOfItems", status)])


def _invoice(ctx: Context, item: Node) -> Sequence[Piece]:
    customer = customer_of(ctx, item)
    kind = item.value("TransactionType", "I").upper()
    if kind not in ("I", "C", "D"):
        raise BusinessError("TransactionType", kind, 990043, f"Transaction type '{kind}' invalid")
    dated = day(ctx, item, "InvoiceDate")
    open_period(ctx, "InvoiceDate", dated)
    product = needed(item, "ProductClass")
    row_or_error(
        ctx.db.get("SalProductClassDes", product), "ProductClass", product, 990064, "Product class"
    )
    generated = item.value("GenerateInvoiceNumber").upper() == "Y"
    number = (
        f"{ctx.db.next('invoice', ctx.company.next_invoice):020d}"
        if generated
        else stored("Invoice", needed(item, "Invoice"))
    )
    if ctx.db.where("ArInvoice", "Invoice", number):
        shown = item.value("Invoice")
        raise BusinessError("Invoice", shown, 990065, f"Duplicate invoice number '{shown}'")
    value, tax = amount(item, "InvoiceValue"), amount(item, "TaxValue")
    if value < 0 or tax < 0:
        raise BusinessError("InvoiceValue", str(value), 990066, "Invoice value must be positive")
    sign = -1 if kind == "C" else 1
    ctx.db.put(
        "ArInvoice",
        {
            "Customer": customer["Customer"],
            "Invoice": number,
            "DocumentType": kind,
            "InvoiceDate": dated.isoformat(),
            "CustomerPoNumber": item.value("Reference")[:30],
            "TermsCode": item.value("InvoiceTerms") or customer.get("TermsCode", ""),
            "Area": customer.get("Area", ""),
            "Branch": customer.get("Branch", ""),
            "Salesperson": customer.get("Salesperson", ""),
            "InvoiceBal1": sign * value,
            "CurrencyValue": sign * value,
            "TaxPortion": sign * tax,
            "PostCurrency": customer.get("Currency", ""),
            "ConvRate": Decimal(1),
            "MulDiv": "M",
            "InvoiceYear": dated.year,
            "InvoiceMonth": dated.month,
        },
    )
    move_balance(ctx, str(customer["Customer"]), sign * value)
    return (
        tag("Customer", show_key("Customer", customer["Customer"])),
        tag("Invoice", show_key("Invoice", number)),
        tag("DocumentType", kind),
        tag("TransactionType", kind),
    )

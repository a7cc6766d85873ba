"""ARSTIN posts invoices, credit and debit notes without an order (3.10)."""

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
from connectors.syspro.emulator.payments import Posting, apply, customer_of
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

_OVERRIDES = (
    ("InvoiceTerms", "TermsCode", "TblArTerms", 990016, "Terms code"),
    ("GeographicArea", "Area", "SalArea", 990068, "Area"),
    ("Branch", "Branch", "SalBranch", 990069, "Branch"),
)
"""Element, column, the table it must exist in, message number, label."""


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
    value, tax = amount(item, "InvoiceValue"), amount(item, "TaxValue")
    amount(item, "CostValue")
    if value < 0 or tax < 0:
        raise BusinessError("InvoiceValue", str(value), 990066, "Invoice value must be positive")
    sign = -1 if kind == "C" else 1
    existing = item.value("PostToExistingInvoice", "N").upper() == "Y"
    if existing and kind != "I":
        number = _on_existing(ctx, customer, item, (kind, sign * value, dated))
    else:
        number = _new(ctx, customer, item, (kind, sign * value, sign * tax, dated))
    move_balance(ctx, str(customer["Customer"]), sign * value)
    return (
        tag("Customer", show_key("Customer", customer["Customer"])),
        tag("Invoice", show_key("Invoice", number)),
        tag("DocumentType", "I" if existing else kind),
        tag("TransactionType", kind),
    )


def _on_existing(ctx: Context, customer: Row, item: Node, what: tuple[str, Decimal, date]) -> str:
    """A credit or debit note against an invoice that is there."""
    kind, value, dated = what
    number = stored("Invoice", needed(item, "Invoice"))
    held = row_or_error(
        ctx.db.get("ArInvoice", customer["Customer"], number, "I"),
        "Invoice",
        item.value("Invoice"),
        990062,
        "Invoice",
    )
    journal = ctx.db.next("ar_journal", 5000)
    how = Posting(dated, journal, item.value("Reference")[:30], "")
    apply(ctx, held, kind, (value, Decimal(0)), how)
    return number


def _new(ctx: Context, customer: Row, item: Node, what: tuple[str, Decimal, Decimal, date]) -> str:
    kind, value, tax, dated = what
    generated = item.value("GenerateInvoiceNumber").upper() == "Y"
    number = (
        f"{ctx.db.next('invoice', ctx.company.next_invoice):020d}"
        if generated
        else stored("Invoice", needed(item, "Invoice"))
    )
    if ctx.db.where("ArInvoice", "Invoice", number):
        shown = item.value("Invoice")
        raise BusinessError("Invoice", shown, 990065, f"Duplicate invoice number '{shown}'")
    ctx.db.put(
        "ArInvoice",
        {
            "Customer": customer["Customer"],
            "Invoice": number,
            "DocumentType": kind,
            "InvoiceDate": dated.isoformat(),
            "CustomerPoNumber": item.value("Reference")[:30],
            **_terms(ctx, customer, item),
            "InvoiceBal1": value,
            "CurrencyValue": value,
            "TaxPortion": tax,
            "PostCurrency": customer.get("Currency", ""),
            "ConvRate": amount(item, "ExchangeRate", "1", decimals=6),
            "MulDiv": "M",
            "InvoiceYear": dated.year,
            "InvoiceMonth": dated.month,
        },
    )
    return number


def _terms(ctx: Context, customer: Row, item: Node) -> Row:
    """Terms, area, branch and salesperson as given, else the customer's."""
    made: Row = {"Salesperson": customer.get("Salesperson", "")}
    for element, column, table, number, label in _OVERRIDES:
        given = item.value(element)
        if given:
            row_or_error(ctx.db.get(table, given), element, given, number, label)
        made[column] = given or customer.get(column, "")
    seller = item.value("Salesperson")
    if seller:
        row = ctx.db.get("SalSalesperson", made["Branch"], seller)
        row_or_error(row, "Salesperson", seller, 990004, "Salesperson")
        made["Salesperson"] = seller
    return made

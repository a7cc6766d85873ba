"""APSTIN posts suppliers' invoices, GENTJL posts ledger journals (3.12, 3.13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
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
from connectors.syspro.emulator.orders_status import answered
from connectors.syspro.xml import Node


def _account(ctx: Context, item: Node, name: str = "LedgerCode") -> str:
    code = needed(item, name)
    row = ctx.db.get("GenMaster", ctx.company.id, code)
    row_or_error(row, name, code, 990070, "Ledger code")
    return code


def supplier_invoice(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run APSTIN."""
    options = Options(parameters)
    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    results = run(ctx, data.all("Item"), lambda i: _bill(ctx, i), options, whole=whole)
    return document("postapinvoice", answered(results))


def _bill(ctx: Context, item: Node) -> Sequence[Piece]:
    code = needed(item, "Supplier")
    supplier = row_or_error(
        ctx.db.get("ApSupplier", stored("Supplier", code)), "Supplier", code, 990071, "Supplier"
    )
    number = needed(item, "Invoice")
    if ctx.db.get("ApInvoice", supplier["Supplier"], number) is not None:
        raise BusinessError("Invoice", number, 990072, f"Duplicate invoice '{number}' of supplier")
    dated = day(ctx, item, "InvoiceDate")
    open_period(ctx, "InvoiceDate", dated)
    value, tax = amount(item, "TransactionValue"), amount(item, "TaxValue")
    lines = item.all("LedgerDistribution")
    for line in lines:
        _account(ctx, line)
    split = sum((amount(x, "LedgerValue") for x in lines), Decimal(0))
    if lines and split != value - tax:
        words = f"Ledger distribution {split} differs from the net value {value - tax}"
        raise BusinessError("LedgerValue", str(split), 990073, words)
    code_of_tax = item.value("TaxCode")
    if code_of_tax:
        row_or_error(ctx.db.get("AdmTax", code_of_tax), "TaxCode", code_of_tax, 990074, "Tax code")
    journal = ctx.db.next("ap_journal", 5000)
    ctx.db.put(
        "ApInvoice",
        {
            "Supplier": supplier["Supplier"],
            "Invoice": number,
            "JournalDate": dated.isoformat(),
            "Journal": journal,
            "EntryNumber": 1,
            "InvoiceDate": dated.isoformat(),
            "DueDate": item.value("DueDate") or dated.isoformat(),
            "Reference": item.value("TransactionReference")[:30],
            "OrigInvValue": value,
            "MthInvBal1": value,
            "CurrencyValue": value,
            "Currency": supplier.get("Currency", ""),
            "PostCurrency": supplier.get("Currency", ""),
            "ConvRate": Decimal(1),
            "MulDiv": "M",
            "FirstTaxCode": code_of_tax,
            "InvoiceYear": dated.year,
            "InvoiceMonth": dated.month,
        },
    )
    ctx.db.change(
        "ApSupplier",
        supplier,
        CurrentBalance=Decimal(str(supplier.get("CurrentBalance") or 0)) + value,
    )
    key = (
        tag("TrnYear", str(dated.year)),
        tag("TrnMonth", f"{dated.month:02d}"),
        tag("Journal", counter(journal, 5)),
        tag("EntryNumber", counter(1)),
    )
    transaction = (
        tag("Key", key),
        tag("Supplier", show_key("Supplier", supplier["Supplier"])),
        tag("Invoice", number),
        tag("TransactionCode", item.value("TransactionCode") or "I"),
    )
    return (tag("Transaction", transaction),)


def journal(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run GENTJL."""
    options = Options(parameters)
    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    results = run(ctx, data.all("Item"), lambda i: _journal(ctx, i), options, whole=whole)
    bad = sum(1 for r in results if r.error)
    made = [tag("Item", (r.error.wrapped(),) if r.error else tuple(r.pieces)) for r in results]
    lines = sum(len(i.all("JournalDetails")) for i in data.all("Item"))
    status = (
        tag("JournalsProcessed", counter(len(results) - bad)),
        tag("JournalsInvalid", counter(bad)),
        tag("PostingsProcessed", counter(lines if not bad else 0)),
        tag("PostingsInvalid", counter(0)),
    )
    return document("postgljournal", [*made, tag("StatusOfItems", status)])


def _journal(ctx: Context, item: Node) -> Sequence[Piece]:
    dated = day(ctx, item, "JournalDate")
    year = int(item.value("PostingYear") or dated.year)
    period = int(item.value("PostingPeriod") or dated.month)
    open_period(ctx, "PostingPeriod", date(year, min(max(period, 1), 12), 28))
    lines = item.all("JournalDetails")
    entries = [(_account(ctx, x), amount(x, "EntryAmount"), x) for x in lines]
    total = sum((value for _, value, _ in entries), Decimal(0))
    if not entries or total != 0:
        words = f"Journal does not balance; it is out by {total}"
        raise BusinessError("EntryAmount", str(total), 990075, words)
    number = ctx.db.next("gl_journal", 1000)
    debit = sum((v for _, v, _ in entries if v > 0), Decimal(0))
    ctx.db.put(
        "GenJournalCtl",
        {
            "GlYear": year,
            "GlPeriod": period,
            "GlJournal": number,
            "JournalDate": dated.isoformat(),
            "NumOfEntries": len(entries),
            "DebitAmount": debit,
            "CreditAmount": debit,
            "Source": "JE",
            "JnlStatus": "P",
            "Operator": ctx.operator.code,
            "Reference": item.value("JournalReference")[:30],
            "Notation": item.value("Notation"),
        },
    )
    for n, (code, value, line) in enumerate(entries, start=1):
        ctx.db.put(
            "GenJournalDetail",
            {
                "Company": ctx.company.id,
                "GlYear": year,
                "GlPeriod": period,
                "Journal": number,
                "EntryNumber": n,
                "GlCode": code,
                "EntryDate": dated.isoformat(),
                "Reference": line.value("Reference"),
                "Comment": line.value("Comment"),
                "EntryValue": value,
                "Source": "JE",
            },
        )
        account = ctx.db.get("GenMaster", ctx.company.id, code)
        if account is not None:
            now = Decimal(str(account.get("CurrentBalance") or 0))
            ctx.db.change("GenMaster", account, CurrentBalance=now + value)
    key = (
        tag("GlYear", str(year)),
        tag("GlPeriod", f"{period:02d}"),
        tag("GlJournal", counter(number, 5)),
    )
    transaction = (
        tag("Key", key),
        tag("JournalDate", dated.isoformat()),
        tag("NumOfEntries", counter(len(entries))),
        tag("DebitAmount", f"{debit:.2f}".rjust(15)),
        tag("CreditAmount", f"{debit:.2f}".rjust(15)),
        tag("Jnlstatus", "P"),
    )
    return (tag("Transaction", transaction),)

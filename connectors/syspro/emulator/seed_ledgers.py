"""Invoices, receipts, bills and journals of the sample company as SYSPRO rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from connectors.emulation.company import Division
from connectors.emulation.company_model import (
    LedgerJournal,
    OpenDocument,
    Receipt,
    SalesOrder,
)
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.seed_masters import Maker
from connectors.syspro.emulator.tables import Row

_INVOICED_ORDERS = 2000
"""Completed orders among the first so many have their invoice in the ledger (all in size S)."""


def makers(division: Division) -> dict[str, Maker]:
    """Makers of the ledger tables."""
    return {
        "ArInvoice": lambda: _invoices(division),
        "ArInvoicePay": lambda: _payments(division),
        "ArCustomerBal": lambda: _balances(division),
        "ArTrnSummary": lambda: (
            _summary(division, n, order) for n, order in enumerate(completed(division), start=1)
        ),
        "ApInvoice": lambda: _bills(division),
        "GenJournalCtl": lambda: journal_rows(division.journals),
        "GenJournalDetail": lambda: entry_rows(division.id, division.journals),
    }


def completed(division: Division) -> Iterator[SalesOrder]:
    """Orders that SYSPRO has invoiced."""
    for index in range(min(division.scale.orders, _INVOICED_ORDERS)):
        order = division.order(index)
        if order.completed:
            yield order


def _invoices(division: Division) -> Iterator[Row]:
    for one in division.documents:
        yield _invoice(one)
    for order in completed(division):
        dated = order.completed or order.ordered
        yield {
            "Customer": stored("Customer", order.customer),
            "Invoice": stored("Invoice", order.invoice_number),
            "DocumentType": "I",
            "InvoiceDate": dated.isoformat(),
            "SalesOrder": stored("SalesOrder", order.number),
            "CustomerPoNumber": order.customer_po,
            "Salesperson": order.salesperson,
            "Branch": order.branch,
            "Area": "N",
            "TermsCode": order.terms,
            "InvoiceBal1": Decimal(0) if order.cash_sale else order.gross,
            "CurrencyValue": order.gross,
            "PostCurrency": order.currency,
            "ConvRate": order.rate,
            "MulDiv": "M",
            "TaxPortion": order.tax,
            **_period(dated),
        }


def _period(day: date) -> Row:
    return {"InvoiceYear": day.year, "InvoiceMonth": day.month}


def _invoice(one: OpenDocument) -> Row:
    sign = 1 if one.kind == "invoice" else -1
    return {
        "Customer": stored("Customer", one.customer),
        "Invoice": stored("Invoice", one.number),
        "DocumentType": "I" if one.kind == "invoice" else "C",
        "InvoiceDate": one.dated.isoformat(),
        "CustomerPoNumber": one.customer_po,
        "Area": "N",
        "TermsCode": one.terms,
        "InvoiceBal1": sign * one.balance,
        "CurrencyValue": sign * one.gross,
        "PostCurrency": one.currency,
        "ConvRate": one.rate,
        "MulDiv": "M",
        "TaxPortion": sign * one.tax,
        "TaxCode": one.tax_code,
        **_period(one.dated),
    }


def _payments(division: Division) -> Iterator[Row]:
    for number, one in enumerate(division.receipts, start=1):
        for settled in one.settled:
            yield _payment(one, number, settled.document, settled.amount, settled.discount)


def _payment(one: Receipt, journal: int, document: str, amount: Decimal, discount: Decimal) -> Row:
    return {
        "Customer": stored("Customer", one.customer),
        "Invoice": stored("Invoice", document),
        "DocumentType": "I",
        "EntryNumber": 1,
        "TrnType": "P",
        "JournalDate": one.dated.isoformat(),
        "Journal": journal,
        "Reference": one.reference,
        "TrnValue": -amount,
        "DiscValue": -discount,
        "TrnYear": one.dated.year,
        "TrnMonth": one.dated.month,
        "PostValue": -amount,
        "PostCurrency": one.currency,
        "PostConvRate": Decimal(1),
        "InvoiceNotation": one.method,
    }


def _balances(division: Division) -> Iterator[Row]:
    sums: dict[str, Decimal] = {}
    for row in _invoices(division):
        sums[row["Customer"]] = sums.get(row["Customer"], Decimal(0)) + row["InvoiceBal1"]
    for one in division.customers:
        code = stored("Customer", one.code)
        yield {"Customer": code, "CurrentBalance1": sums.get(code, Decimal(0))}


def _summary(division: Division, register: int, order: SalesOrder) -> Row:
    dated = order.completed or order.ordered
    kinds = {"freight": Decimal(0), "misc": Decimal(0)}
    for line in order.lines:
        if line.kind in kinds:
            kinds[line.kind] += line.net
    return {
        "TrnYear": dated.year,
        "TrnMonth": dated.month,
        "Register": register,
        "Invoice": stored("Invoice", order.invoice_number),
        "SummaryLine": 1,
        "InvoiceDate": dated.isoformat(),
        "Branch": order.branch,
        "Salesperson": order.salesperson,
        "Customer": stored("Customer", order.customer),
        "CustomerPoNumber": order.customer_po,
        "MerchandiseValue": order.net - kinds["freight"] - kinds["misc"],
        "FreightValue": kinds["freight"],
        "OtherValue": kinds["misc"],
        "TaxValue": order.tax,
        "ExchangeRate": order.rate,
        "MulDiv": "M",
        "Currency": order.currency,
        "DocumentType": "I",
        "SalesOrder": stored("SalesOrder", order.number),
        "TermsCode": order.terms,
        "Area": "N",
    }


def _bills(division: Division) -> Iterator[Row]:
    for number, one in enumerate(division.supplier_invoices, start=1):
        yield {
            "Supplier": stored("Supplier", one.supplier),
            "Invoice": one.number,
            "JournalDate": one.dated.isoformat(),
            "Journal": number,
            "InvoiceDate": one.dated.isoformat(),
            "DueDate": one.due.isoformat(),
            "OrigInvValue": one.gross,
            "MthInvBal1": one.balance,
            "Currency": one.currency,
            "ExchangeRate": one.rate,
            "CurrencyValue": one.gross,
            "PostCurrency": one.currency,
            "ConvRate": one.rate,
            "MulDiv": "M",
            "FirstTaxCode": one.tax_code,
            **_period(one.dated),
        }


def journal_rows(journals: Iterable[LedgerJournal]) -> Iterator[Row]:
    """Headers of posted journals, with the control totals that SYSPRO keeps in them."""
    for one in journals:
        debit = sum((a for _, _, a in one.lines if a > 0), Decimal(0))
        yield {
            "GlYear": one.dated.year,
            "GlPeriod": one.dated.month,
            "GlJournal": int(one.number),
            "JournalDate": one.dated.isoformat(),
            "NumOfEntries": len(one.lines),
            "DebitAmount": debit,
            "CreditAmount": debit,
            "Source": "JE",
            "JnlStatus": "P",
            "Reference": one.reference,
            "Notation": one.memo,
        }


def entry_rows(company: str, journals: Iterable[LedgerJournal]) -> Iterator[Row]:
    """Entries of posted journals."""
    for one in journals:
        for number, (account, text, amount) in enumerate(one.lines, start=1):
            yield {
                "Company": company,
                "GlYear": one.dated.year,
                "GlPeriod": one.dated.month,
                "Journal": int(one.number),
                "EntryNumber": number,
                "GlCode": account,
                "EntryDate": one.dated.isoformat(),
                "Reference": one.reference,
                "Comment": text,
                "EntryValue": amount,
                "Source": "JE",
            }

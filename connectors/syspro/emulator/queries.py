"""Query objects of one record: ARSQRY, APSQRY, INVQRY, GENQGL, IMPQTX, COMQER (3.2-3.4, 3.13)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, document, shown, tag
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.keys import WIDTHS, stored
from connectors.syspro.emulator.tables import Row
from connectors.syspro.facts import Column
from connectors.syspro.xml import Node


def _information(ctx: Context) -> Piece:
    facts = {
        "Language": "05",
        "Version": "8.0.161",
        "CompanyId": ctx.company.id,
        "CompanyName": ctx.company.name,
        "OperatorCode": ctx.operator.code,
        "LocalCurrency": ctx.company.currency,
        "ReportDate": ctx.today(),
    }
    return tag("SystemInformation", [tag(k, v) for k, v in facts.items()])


def _cells(ctx: Context, table: str, row: Row, only: Iterable[str] = ()) -> list[Piece]:
    wanted = set(only)
    return [
        tag(c.name, _value(c, row))
        for c in ctx.columns(table)
        if c.name != "TimeStamp" and (not wanted or c.name in wanted)
    ]


def _value(column: Column, row: Row) -> str:
    value = row.get(column.name)
    return show_key(column.name, value) if column.name in WIDTHS else shown(column, value)


def _found(row: Row | None, element: str, value: str, number: int, label: str) -> Row:
    if row is None:
        raise BusinessError(element, value, number, f"{label} '{value}' not found")
    return row


def _wanted(query: Node, option: str, otherwise: str = "Y") -> bool:
    return query.value(f"Option/{option}", otherwise).upper() == "Y"


def form_of(ctx: Context, table: str, *key: object) -> Piece:
    """The custom form of one record: an element per column."""
    row = ctx.db.get(table, *key) or {}
    cells = [
        tag(f["column"], _value(ctx.form_column(table, f), row)) for f in ctx.form_fields(table)
    ]
    return tag("CustomForm", cells)


def customer(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """ARSQRY: a customer with open invoices, their entries, and totals by age."""
    code = query.value("Key/Customer")
    key = stored("Customer", code)
    row = _found(ctx.db.get("ArCustomer", key), "Customer", code, 990011, "Customer")
    header = _cells(ctx, "ArCustomer", row)
    if _wanted(query, "IncludeCustomForms"):
        header.append(form_of(ctx, "ArCustomer+", key))
    parts = [_information(ctx), tag("Header", header)]
    zero = _wanted(query, "IncludeZeroBalances", "N")
    invoices = [
        i for i in ctx.db.where("ArInvoice", "Customer", key) if zero or i.get("InvoiceBal1")
    ]
    if _wanted(query, "IncludeInvoices"):
        entries = _wanted(query, "IncludeTransactions")
        parts += [tag("InvoiceDetail", _invoice(ctx, i, entries=entries)) for i in invoices]
    return document("ARStatement", [*parts, _totals(ctx, key, invoices)])


def _money(value: object) -> str:
    return f"{Decimal(str(value or 0)):.2f}".rjust(15)


def _due(ctx: Context, row: Row) -> str:
    terms = ctx.db.get("TblArTerms", str(row.get("TermsCode") or "")) or {}
    begins = date.fromisoformat(str(row["InvoiceDate"]))
    return (begins + timedelta(days=int(terms.get("DueDays") or 0))).isoformat()


def _totals(ctx: Context, key: str, invoices: list[Row]) -> Piece:
    """Balance of the customer, and open invoices by the age of their date."""
    names = ("Current", *(f"Days{n}" for n in range(30, 181, 30)))
    ages = dict.fromkeys(names, Decimal(0))
    credit = Decimal(0)
    today = date.fromisoformat(ctx.today())
    for row in invoices:
        open_now = Decimal(str(row.get("InvoiceBal1") or 0))
        if open_now < 0:
            credit += open_now
            continue
        days = (today - date.fromisoformat(str(row["InvoiceDate"]))).days
        ages[names[min(max(days, 0) // 30, len(names) - 1)]] += open_now
    balance = ctx.db.get("ArCustomerBal", key) or {}
    return tag(
        "TotalSection",
        (
            tag("CurrentBalance", _money(balance.get("CurrentBalance1"))),
            *(tag(name, _money(value)) for name, value in ages.items()),
            tag("CreditBalance", _money(credit)),
        ),
    )


def _invoice(ctx: Context, row: Row, *, entries: bool) -> list[Piece]:
    names = (
        "DocumentType", "Invoice", "InvoiceDate", "CustomerPoNumber", "CurrencyValue", "SalesOrder",
        "Branch", "ConvRate", "MulDiv",
    )  # fmt: skip
    made = [
        *_cells(ctx, "ArInvoice", row, names),
        tag("DueDate", _due(ctx, row)),
        tag("InvoiceBal", _money(row.get("InvoiceBal1"))),
    ]
    if not entries:
        return made
    payments = ctx.db.where("ArInvoicePay", "Customer", str(row["Customer"]))
    mine = [p for p in payments if p["Invoice"] == row["Invoice"]]
    wanted = ("Reference", "TrnValue", "JournalDate", "DiscValue")
    return made + [tag("TransDetail", _cells(ctx, "ArInvoicePay", p, wanted)) for p in mine]


def supplier(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """APSQRY: a supplier with addresses and invoices."""
    code = query.value("Key/Supplier")
    key = stored("Supplier", code)
    row = _found(ctx.db.get("ApSupplier", key), "Supplier", code, 990071, "Supplier")
    address = ctx.db.get("ApSupplierAddr", key) or {}
    lines = [p for p in _cells(ctx, "ApSupplierAddr", address) if "<Supplier>" not in p.text]
    inner = [*_cells(ctx, "ApSupplier", row), *lines]
    if _wanted(query, "IncludeCustomForms", "N"):
        inner.append(form_of(ctx, "ApSupplier+", key))
    if _wanted(query, "IncludeInvoices"):
        payments = _wanted(query, "IncludeInvoicePayments")
        rows = ctx.db.where("ApInvoice", "Supplier", key)
        details = [tag("InvoiceDetail", _bill(ctx, r, payments=payments)) for r in rows]
        inner.append(tag("Invoices", details))
    return document("ApQuery", [_information(ctx), tag("Supplier", inner)])


def _bill(ctx: Context, row: Row, *, payments: bool) -> list[Piece]:
    made = [*_cells(ctx, "ApInvoice", row), tag("MthInvBal", _money(row.get("MthInvBal1")))]
    if payments:
        found = ctx.db.where("ApInvoicePay", "Supplier", str(row["Supplier"]))
        mine = [p for p in found if p["Invoice"] == row["Invoice"]]
        details = [tag("PaymentDetail", _cells(ctx, "ApInvoicePay", p)) for p in mine]
        made.append(tag("Payments", details))
    return made


def stock(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """INVQRY: a stock code with its warehouses (the warehouse filter is not honoured, 3.4)."""
    code = query.value("Key/StockCode")
    row = _found(ctx.db.get("InvMaster", code), "StockCode", code, 240004, "Stock code")
    warehouses = ctx.db.where("InvWarehouse", "StockCode", code)
    parts = [tag("StockItem", _cells(ctx, "InvMaster", row))]
    for held in warehouses:
        cells = _cells(ctx, "InvWarehouse", held)
        free = (held.get("QtyOnHand") or 0) - (held.get("QtyAllocated") or 0)
        edited = tag("Edited_QtyOnHand", f"{held.get('QtyOnHand') or 0:,.2f}")
        available = tag("AvailableQty", f"{free:.6f}".rjust(19))
        parts.append(tag("WarehouseItem", [*cells, edited, available]))
    return document("InvQuery", parts)


def ledger_code(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """GENQGL: whether a ledger code exists, and what it is."""
    code = query.value("Key/LedgerCode") or query.value("Key/GlCode")
    row = ctx.db.get("GenMaster", ctx.company.id, code)
    row = _found(row, "LedgerCode", code, 990070, "Ledger code")
    names = ("Description", "AccountType", "GlGroup", "ControlAccFlag", "TaxCode")
    cells = [tag("LedgerCode", code), *_cells(ctx, "GenMaster", row, names)]
    return document("GLStructureQuery", [_information(ctx), tag("LedgerDetails", cells)])


def tax_codes(ctx: Context, _query: Node, _parameters: Node | None) -> str:
    """IMPQTX: tax codes with their rates."""
    rows = [tag("TaxCodeItem", _cells(ctx, "AdmTax", r)) for r in ctx.db.rows("AdmTax")]
    return document("TaxQuery", rows)


def message(_ctx: Context, query: Node, _parameters: Node | None) -> str:
    """COMQER: the text of a message number."""
    number = query.value("Key/ErrorNumber") or query.value("ErrorNumber")
    known = {
        "100028": "Date is invalid",
        "120001": "Duplicate key",
        "240004": "Stock code not found",
        "240008": "Stock code not stocked in warehouse",
    }
    if number not in known:
        raise BusinessError("ErrorNumber", number, 990080, f"Message '{number}' not found")
    return document("ErrorMessage", [tag("ErrorNumber", ""), tag("Message", known[number])])

"""Query objects of one record: ARSQRY, APSQRY, INVQRY, GENQGL, IMPQTX, COMQER (3.2-3.4, 3.13)."""

from __future__ import annotations

from collections.abc import Iterable

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


def customer(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """ARSQRY: a customer with open invoices and totals."""
    code = query.value("Key/Customer")
    key = stored("Customer", code)
    row = _found(ctx.db.get("ArCustomer", key), "Customer", code, 990011, "Customer")
    zero = query.value("Option/IncludeZeroBalances", "N").upper() == "Y"
    parts = [_information(ctx), tag("Header", _cells(ctx, "ArCustomer", row))]
    if query.value("Option/IncludeInvoices", "Y").upper() == "Y":
        invoices = ctx.db.where("ArInvoice", "Customer", key)
        parts += [
            tag("InvoiceDetail", _invoice(ctx, i)) for i in invoices if zero or i.get("InvoiceBal1")
        ]
    balance = ctx.db.get("ArCustomerBal", key) or {}
    total = f"{balance.get('CurrentBalance1', 0):.2f}".rjust(15)
    return document("ARStatement", [*parts, tag("TotalSection", (tag("CurrentBalance", total),))])


def _invoice(ctx: Context, row: Row) -> list[Piece]:
    names = (
        "DocumentType", "Invoice", "InvoiceDate", "CustomerPoNumber", "CurrencyValue", "SalesOrder",
        "ConvRate", "MulDiv",
    )  # fmt: skip
    balance = tag("InvoiceBal", f"{row.get('InvoiceBal1') or 0:.2f}".rjust(15))
    payments = ctx.db.where("ArInvoicePay", "Customer", str(row["Customer"]))
    mine = [p for p in payments if p["Invoice"] == row["Invoice"]]
    wanted = ("Reference", "TrnValue", "JournalDate", "DiscValue")
    details = [tag("TransDetail", _cells(ctx, "ArInvoicePay", p, wanted)) for p in mine]
    return [*_cells(ctx, "ArInvoice", row, names), balance, *details]


def supplier(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """APSQRY: a supplier with addresses and invoices."""
    code = query.value("Key/Supplier")
    key = stored("Supplier", code)
    row = _found(ctx.db.get("ApSupplier", key), "Supplier", code, 990071, "Supplier")
    address = ctx.db.get("ApSupplierAddr", key) or {}
    lines = [p for p in _cells(ctx, "ApSupplierAddr", address) if "<Supplier>" not in p.text]
    invoices = [
        tag("InvoiceDetail", _cells(ctx, "ApInvoice", i))
        for i in ctx.db.where("ApInvoice", "Supplier", key)
    ]
    inner = [*_cells(ctx, "ApSupplier", row), *lines, tag("Invoices", invoices)]
    return document("ApQuery", [_information(ctx), tag("Supplier", inner)])


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

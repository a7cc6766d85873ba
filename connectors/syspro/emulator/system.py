"""System objects: companies (COMQCO), key rules (IMPQIK), key editing (COMQKY)."""

from __future__ import annotations

from connectors.syspro.emulator.answers import document, tag
from connectors.syspro.emulator.context import Context
from connectors.syspro.emulator.keys import WIDTHS, presented
from connectors.syspro.xml import Node

_KEYS = (
    ("Customers", "Customer"),
    ("Suppliers", "Supplier"),
    ("StockCodes", "StockCode"),
    ("SalesOrders", "SalesOrder"),
    ("ArInvoices", "Invoice"),
)
_NUMBERED = ("SalesOrder", "Invoice")


def companies(ctx: Context, _query: Node, _parameters: Node | None) -> str:
    """COMQCO: the companies of the server."""
    rows = (
        tag(
            "Company",
            (
                tag("CompanyId", c.id),
                tag("CompanyName", c.name),
                tag("DatabaseFormat", "SQL"),
                tag("CompanyVersion", "8.0"),
            ),
        )
        for c in ctx.companies
    )
    return document("ComQco", rows)


def _numeric(ctx: Context, column: str) -> bool:
    if column in _NUMBERED:
        return True
    table = {"Customer": "ArCustomer", "Supplier": "ApSupplier"}.get(column, "")
    row = next(iter(ctx.db.from_key(table, "")), None) if table else None
    return row is not None and str(row[column]).isdigit()


def key_rules(ctx: Context, _query: Node, _parameters: Node | None) -> str:
    """IMPQIK: how each kind of key is numbered and shown."""
    made = []
    for name, column in _KEYS:
        numeric = _numeric(ctx, column)
        width = WIDTHS.get(column, (30, 30))
        made.append(
            tag(
                name,
                (
                    tag("KeyType", "N" if numeric else "A"),
                    tag("Case", "M"),
                    tag("ZeroSuppress", "N"),
                    tag("PresentationLength", str(width[1] if numeric else width[0]).rjust(4)),
                    tag("StoredLength", str(width[0]).rjust(4)),
                    tag("Method", "A" if column in _NUMBERED else "M"),
                ),
            )
        )
    return document("ImpQik", made)


def edited_key(_ctx: Context, query: Node, _parameters: Node | None) -> str:
    """COMQKY: a stored key in presentation form."""
    key = query.first("Key") or Node("Key")
    column = key.value("KeyColumn").rpartition(".")[2] or key.value("KeyType")
    value = presented(column, key.value("FullValue"))
    return document("ComQky", [tag("EditedValue", value)])

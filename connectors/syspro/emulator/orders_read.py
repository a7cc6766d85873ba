"""Reading sales orders: SORQRY (one, with lines) and SORQSO (a filtered list)."""

from __future__ import annotations

from itertools import islice

from connectors.syspro.emulator.answers import BusinessError, Piece, document, shown, tag
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.queries import form_of
from connectors.syspro.emulator.tables import Row
from connectors.syspro.facts import by_name
from connectors.syspro.xml import Node

_NAMESPACES = "".join(f" xmlns:{n}='{n}'" for n in ("TBLART", "SALSLS", "SALBRN", "SALARE"))
_HEADER = (
    "OrderStatus", "CustomerPoNumber", "OrderDate", "EntrySystemDate", "ReqShipDate",
    "DateLastInvPrt", "InvTermsOverride", "Branch", "Salesperson", "Area", "Warehouse", "Currency",
    "ExchangeRate", "MulDiv", "AlternateKey", "SpecialInstrs", "ShippingInstrs", "MultiShipCode",
    "ShipAddress1", "ShipAddress2", "ShipAddress3", "ShipAddress4", "ShipAddress5",
    "ShipPostalCode", "Email", "CounterSalesFlag",
)  # fmt: skip
_DOCUMENTS = {"O": "Order", "B": "Billing", "C": "Credit note", "D": "Debit note"}
_KINDS = {
    "1": ("Merchandise", "IncludeStockedLines"),
    "7": ("Merchandise", "IncludeNonStockedLines"),
    "4": ("Freight", "IncludeFreightLines"),
    "5": ("MiscCharge", "IncludeMiscLines"),
    "6": ("CommentLine", "IncludeCommentLines"),
}
_MERCHANDISE = (
    "MStockCode", "MStockDes", "MWarehouse", "MOrderQty", "MOrderUom", "MShipQty", "MBackOrderQty",
    "MPrice", "MPriceUom", "MDiscPct1", "MDiscPct2", "MDiscPct3", "MDiscValue", "MProductClass",
    "MStockingUom", "MLineShipDate", "MUnitCost",
)  # fmt: skip
_CHARGE = ("NComment", "NCommentFromLin", "NMscChargeValue")


def load(ctx: Context, number: str) -> Row:
    """The header of an order given in any form.

    Raises:
        BusinessError: there is none.
    """
    row = ctx.db.get("SorMaster", stored("SalesOrder", number))
    if row is None:
        raise BusinessError("SalesOrder", number, 990010, f"Sales order '{number}' not found")
    return row


def lines_of(ctx: Context, order: Row) -> list[Row]:
    """The lines in line order."""
    rows = ctx.db.where("SorDetail", "SalesOrder", order["SalesOrder"])
    return sorted(rows, key=lambda r: int(r["SalesOrderLine"]))


def one(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """SORQRY."""
    order = load(ctx, query.value("Key/SalesOrder"))
    columns = by_name("SorMaster")
    customer = ctx.db.get("ArCustomer", order["Customer"]) or {}
    term = ctx.db.get("TblArTerms", order.get("InvTermsOverride", "")) or {}
    seen = {c.name for c in ctx.columns("SorMaster")}
    parts = [
        tag("SalesOrder", show_key("SalesOrder", order["SalesOrder"])),
        tag("DocumentType", str(order.get("DocumentType", "O"))),
        tag("DocumentTypeDesc", _DOCUMENTS.get(str(order.get("DocumentType", "O")), "Order")),
        tag("Customer", show_key("Customer", order["Customer"])),
        tag("CustomerName", str(order.get("CustomerName") or customer.get("Name", ""))),
        tag("TaxStatusCode", str(order.get("TaxExemptFlag", ""))),
        *(tag(n, shown(columns[n], order.get(n))) for n in _HEADER if n in seen),
        tag("OrderStatusDesc", dict(columns["OrderStatus"].enum).get(order["OrderStatus"], "")),
        tag("TBLART:Description", str(term.get("Description", ""))),
        tag("LastInvoice", show_key("LastInvoice", order.get("LastInvoice"))),
        *(
            (form_of(ctx, "CusSorMaster+", order["SalesOrder"], ""),)
            if query.value("Option/IncludeCustomForms", "N").upper() == "Y"
            else ()
        ),
        *(_line(ctx, row) for row in lines_of(ctx, order) if _wanted(query, row)),
    ]
    return document("SorDetail", parts, _NAMESPACES)


def _wanted(query: Node, row: Row) -> bool:
    option = _KINDS[str(row["LineType"])][1]
    return query.value(f"Option/{option}", "Y").upper() != "N"


def _line(ctx: Context, row: Row) -> Piece:
    kind = _KINDS[str(row["LineType"])][0]
    names = _MERCHANDISE if kind == "Merchandise" else _CHARGE
    columns = by_name("SorDetail")
    seen = {c.name for c in ctx.columns("SorDetail")}
    cells = (tag(n, shown(columns[n], row.get(n))) for n in names if n in seen)
    number = tag("SalesOrderLine", f"{int(row['SalesOrderLine']):04d}")
    return tag("SalesOrderLine", [tag(kind, [number, *cells])])


def _passes(filters: Node | None, name: str, value: str, column: str = "") -> bool:
    one = filters.first(name) if filters else None
    if one is None:
        return True
    kind = {k.lower(): v for k, v in one.attributes.items()}
    wanted = [stored(column, v) for v in kind.get("filtervalue", "").split(",")]
    match kind.get("filtertype", "A").upper():
        case "S" | "L":
            return value in wanted
        case "R":
            return wanted[0] <= value <= wanted[-1]
        case "N":
            return value == ""
        case _:
            return True


def listed(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """SORQSO: orders by filters, a page at a time."""
    filters = query.first("Filter")
    option = query.first("Option") or Node("Option")
    start = stored("SalesOrder", option.value("StartAtOrder"))
    many = int(option.value("ReturnOrders") or 0) or 10_000
    completed = option.value("IncludeCompletedOrders", "N").upper() == "Y"
    cancelled = option.value("IncludeCancelledOrders", "N").upper() == "Y"

    def wanted(row: Row) -> bool:
        status = str(row["OrderStatus"])
        if (status == "9" and not completed) or (status in "*\\" and not cancelled):
            return False
        return all(
            _passes(filters, name, str(row.get(column, "")), column)
            for name, column in (
                ("OrderStatus", "OrderStatus"),
                ("Customer", "Customer"),
                ("CustomerPo", "CustomerPoNumber"),
                ("SalesOrder", "SalesOrder"),
                ("OrderDate", "OrderDate"),
                ("Salesperson", "Salesperson"),
                ("Branch", "Branch"),
            )
        )

    rows = islice((r for r in ctx.db.from_key("SorMaster", start) if wanted(r)), many)
    return document("SorQuery", [tag("SalesOrderItem", _item(r)) for r in rows])


def _item(row: Row) -> list[Piece]:
    columns = by_name("SorMaster")
    names = (
        "CustomerName", "OrderStatus", "Branch", "OrderType", "Area", "AlternateKey",
        "NextDetailLine", "Salesperson", "Currency", "CustomerPoNumber", "ShippingInstrs",
        "SpecialInstrs", "OrderDate", "ReqShipDate",
    )  # fmt: skip
    return [
        tag("SalesOrder", show_key("SalesOrder", row["SalesOrder"])),
        tag("Customer", show_key("Customer", row["Customer"])),
        tag(
            "DocumentType",
            {"O": "ORD", "B": "BIL", "C": "CRD"}.get(str(row.get("DocumentType")), "ORD"),
        ),
        *(tag(n, shown(columns[n], row.get(n))) for n in names),
    ]

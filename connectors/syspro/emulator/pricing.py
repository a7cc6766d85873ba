"""Prices and units: SORQPL, SORRSL, INVQPL, SORQUM (3.5, 3.9)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, document, shown, tag
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Row
from connectors.syspro.facts import by_name
from connectors.syspro.xml import Node

_FIVE = Decimal("0.00001")


def _item(ctx: Context, code: str) -> Row:
    row = ctx.db.get("InvMaster", code)
    if row is None:
        raise BusinessError("StockCode", code, 240004, f"Stock code '{code}' not found")
    return row


def _customer(ctx: Context, code: str) -> Row:
    row = ctx.db.get("ArCustomer", stored("Customer", code))
    if row is None:
        raise BusinessError("Customer", code, 990011, f"Customer '{code}' not found")
    return row


def price_of(ctx: Context, customer: str, item: Row, unit: str) -> Decimal:
    """What the customer pays per ``unit``: the price of the customer's code, else the list price."""
    who = ctx.db.get("ArCustomer", stored("Customer", customer)) or {}
    codes = (str(who.get("PriceCode") or ""), str(item.get("ListPriceCode") or "A"))
    row = next(
        (r for c in codes if (r := ctx.db.get("InvPrice", item["StockCode"], c)) is not None), None
    )
    price = Decimal(str((row or {}).get("SellingPrice") or 0))
    if unit == item.get("AlternateUom") and unit != item.get("StockUom"):
        factor = Decimal(str(item.get("ConvFactAltUom") or 1))
        price = price * factor if item.get("ConvMulDiv", "M") == "M" else price / factor
    return price.quantize(_FIVE, ROUND_HALF_UP)


def for_customer(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """SORQPL: the price of a customer for a quantity of a stock code."""
    key = query.first("Key") or Node("Key")
    customer, item = _customer(ctx, key.value("Customer")), _item(ctx, key.value("StockCode"))
    unit = str(item["StockUom"])
    details = (
        tag("Customer", show_key("Customer", customer["Customer"])),
        tag("Name", str(customer.get("Name", ""))),
        tag("Currency", str(customer.get("Currency", ""))),
        tag("PriceCode", str(customer.get("PriceCode", ""))),
    )
    price = f"{price_of(ctx, str(customer['Customer']), item, unit):.5f}".rjust(13)
    prices = (
        tag("StockCode", str(item["StockCode"])),
        tag("Quantity", key.value("Quantity") or "1"),
        tag("Price", price),
        tag("PriceUom", unit),
    )
    return document(
        "CustomerPriceQuery", [tag("CustomerDetails", details), tag("PriceDetails", prices)]
    )


def line(ctx: Context, build: Node, _parameters: Node | None) -> str:
    """SORRSL: the order line that order entry would propose."""
    asked = build.first("Parameters") or Node("Parameters")
    customer, item = _customer(ctx, asked.value("Customer")), _item(ctx, asked.value("StockCode"))
    unit = asked.value("OrderUm") or str(item["StockUom"])
    columns = by_name("InvMaster")
    names = (
        "StockCode", "Description", "StockUom", "AlternateUom", "OtherUom", "ConvFactAltUom",
        "ConvMulDiv", "ConvFactOthUom", "MulDiv", "ProductClass",
    )  # fmt: skip
    cells = [tag(n, shown(columns[n], item.get(n))) for n in names]
    price = f"{price_of(ctx, str(customer['Customer']), item, unit):.5f}".rjust(13)
    extra: list[Piece] = [
        tag("Customer", show_key("Customer", customer["Customer"])),
        tag("OrderQty", asked.value("OrderQuantity") or "1"),
        tag("OrderUom", unit),
        tag("Price", price),
        tag("PriceUom", unit),
        tag("TaxCode", str(item.get("TaxCode", ""))),
        tag("Warehouse", asked.value("Warehouse") or str(item.get("WarehouseToUse", ""))),
    ]
    return document("SoLine", [*extra, *cells])


def price_list(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """INVQPL: all prices of a stock code."""
    code = query.value("Key/StockCode") or query.value("StockCode")
    item = _item(ctx, code)
    columns = by_name("InvPrice")
    rows = [r for r in ctx.db.from_key("InvPrice", code) if r["StockCode"] == item["StockCode"]][
        :50
    ]
    made = [
        tag("Price", [tag(n, shown(c, r.get(n))) for n, c in columns.items() if n != "TimeStamp"])
        for r in rows
    ]
    return document("InvPriceList", made)


def convert(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """SORQUM: a quantity in another unit of the item."""
    key = query.first("Key") or Node("Key")
    item = _item(ctx, key.value("StockCode"))
    quantity = Decimal(key.value("Quantity") or "1")
    source, target = key.value("FromUom"), key.value("ToUom")
    factor = Decimal(str(item.get("ConvFactAltUom") or 1))
    if item.get("ConvMulDiv") == "D":
        factor = 1 / factor
    sizes = {str(item.get("AlternateUom")): factor, str(item["StockUom"]): Decimal(1)}
    for name, unit in (("FromUom", source), ("ToUom", target)):
        if unit not in sizes:
            raise BusinessError(name, unit, 990048, f"Unit of measure '{unit}' not found")
    result = quantity * sizes[source] / sizes[target]
    parts = (tag("Quantity", f"{result:.6f}".rjust(19)), tag("Uom", target))
    return document("QuantityConversion", parts)

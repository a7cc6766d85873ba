"""Lines of a sales order: what SORTOI checks and stores for each kind."""

from __future__ import annotations

from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError
from connectors.syspro.emulator.context import Context
from connectors.syspro.emulator.items import Options, amount, needed
from connectors.syspro.emulator.pricing import price_of
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

_KNOWN = {
    "customerpoline", "lineactiontype", "stockcode", "stockdescription", "warehouse", "orderqty",
    "orderuom", "price", "priceuom", "linediscpercent1", "linediscpercent2", "linediscpercent3",
    "linediscvalue", "linediscvalflag", "nonstockedline", "nsproductclass", "nsunitcost",
    "productclass", "userdefined", "lineshipdate", "customerspartnumber", "stocktaxcode",
    "freightvalue", "freightcost", "miscchargevalue", "miscchargecost", "miscproductclass",
    "miscdescription", "miscchargecode", "miscquantity", "comment", "attachedlinenumber",
    "commenttype",
}  # fmt: skip


def add(
    ctx: Context, order: Row, number: int, line: Node, options: Options, warnings: list[str]
) -> Row:
    """A new line."""
    for child in line.children:
        if child.name not in _KNOWN:
            ctx.log.append(f"SORTOI: {line.tag}/{child.tag} ignored")
    base: Row = {
        "SalesOrder": order["SalesOrder"],
        "SalesOrderLine": number,
        "SalesOrderInitLine": number,
    }
    match line.name:
        case "freightline":
            return {
                **base,
                "LineType": "4",
                "NComment": "Freight",
                "NMscChargeValue": amount(line, "FreightValue"),
                "NMscChargeCost": amount(line, "FreightCost"),
                "NMscTaxCode": _charge_tax(ctx, order),
                "NMscProductCls": "FRT",
                "NMscChargeQty": Decimal(1),
            }
        case "miscchargeline":
            return {
                **base,
                "LineType": "5",
                "NComment": line.value("MiscDescription")[:100] or "Charge",
                "NMscChargeValue": amount(line, "MiscChargeValue"),
                "NMscChargeCost": amount(line, "MiscChargeCost"),
                "NMscProductCls": line.value("MiscProductClass") or "MSC",
                "NMscTaxCode": _charge_tax(ctx, order),
                "NMscChargeQty": amount(line, "MiscQuantity", "1", decimals=6),
            }
        case "commentline":
            return {
                **base,
                "LineType": "6",
                "NComment": line.value("Comment")[:100],
                "NCommentFromLin": int(line.value("AttachedLineNumber") or 0),
            }
        case "stockline":
            return {**base, **_stock(ctx, order, line, options, warnings)}
        case _:
            raise BusinessError(line.tag, "", 990041, f"Element {line.tag} is not a line")


def _stock(ctx: Context, order: Row, line: Node, options: Options, warnings: list[str]) -> Row:
    code = needed(line, "StockCode")
    quantity = amount(line, "OrderQty", decimals=6)
    if quantity <= 0:
        raise BusinessError("OrderQty", str(quantity), 990044, "Order quantity must be positive")
    if line.value("StockTaxCode"):
        words = "Tax code changes are not allowed by Sales Order setup"
        raise BusinessError("StockTaxCode", line.value("StockTaxCode"), 990045, words)
    free = line.value("NonStockedLine").upper() == "Y"
    item = ctx.db.get("InvMaster", code)
    if free:
        if options.value("AllowNonStockItems", "N") == "N":
            raise BusinessError("StockCode", code, 990046, "Non-stocked items are not allowed")
        return {**_free(line, code, quantity), "MTaxCode": _tax(ctx, order, item)}
    if item is None:
        raise BusinessError("StockCode", code, 240004, f"Stock code '{code}' not found")
    if item.get("StockOnHold") == "F":
        raise BusinessError("StockCode", code, 990047, f"Stock code '{code}' is on hold")
    warehouse = line.value("Warehouse") or str(item.get("WarehouseToUse") or order["Warehouse"])
    held = ctx.db.get("InvWarehouse", code, warehouse)
    if held is None:
        words = f"Stock code '{code}' not stocked in warehouse {warehouse}"
        raise BusinessError("StockCode", code, 240008, words)
    per = _stocked(item, line.value("OrderUom") or str(item["StockUom"]))
    return {
        **_priced(ctx, order, line, item, options),
        "LineType": "1",
        "MStockCode": code,
        "MStockDes": item.get("Description", ""),
        "MWarehouse": warehouse,
        "MUnitCost": held.get("UnitCost", Decimal(0)),
        "MProductClass": line.value("ProductClass") or item.get("ProductClass", ""),
        "MTaxCode": _tax(ctx, order, item),
        "MUserDef": line.value("UserDefined")[:4],
        **_shipped(ctx, (code, warehouse), quantity, held, warnings, per),
    }


def _free(line: Node, code: str, quantity: Decimal) -> Row:
    return {
        "LineType": "7",
        "MStockCode": code,
        "MStockDes": line.value("StockDescription")[:50],
        "MOrderQty": quantity,
        "MShipQty": quantity,
        "MOrderUom": line.value("OrderUom") or "EA",
        "MStockingUom": line.value("OrderUom") or "EA",
        "MPrice": amount(line, "Price", decimals=5),
        "MPriceUom": line.value("PriceUom") or line.value("OrderUom") or "EA",
        "MConvFactOrdUm": Decimal(1),
        "MMulDivPrcFct": "M",
        "MProductClass": needed(line, "NsProductClass"),
        "MUnitCost": amount(line, "NsUnitCost", decimals=5),
        **_discounts(line),
    }


def _priced(ctx: Context, order: Row, line: Node, item: Row, options: Options) -> Row:
    unit = line.value("OrderUom") or str(item["StockUom"])
    price_unit = line.value("PriceUom") or unit
    for name, text in (("OrderUom", unit), ("PriceUom", price_unit)):
        units = (item.get("StockUom"), item.get("AlternateUom"), item.get("OtherUom"))
        if text not in units:
            words = f"Unit of measure '{text}' not found for stock code '{item['StockCode']}'"
            raise BusinessError(name, text, 990048, words)
    entered = line.value("Price")
    own = price_of(ctx, str(order["Customer"]), item, price_unit)
    price = amount(line, "Price", decimals=5) if entered else own
    if price == 0 and options.value("AllowZeroPrice", "N") != "Y":
        raise BusinessError("Price", entered, 990049, "Price must not be zero")
    factor = Decimal(str(item.get("ConvFactAltUom") or 1))
    ratio = Decimal(1)
    if unit != price_unit:
        ratio = factor if unit == item.get("AlternateUom") else Decimal(1) / factor
    return {
        "MOrderQty": amount(line, "OrderQty", decimals=6),
        "MOrderUom": unit,
        "MStockingUom": item["StockUom"],
        "MPrice": price,
        "MPriceUom": price_unit,
        "MConvFactOrdUm": ratio,
        "MMulDivPrcFct": "M",
        **_discounts(line),
    }


def _discounts(line: Node) -> Row:
    return {
        "MDiscPct1": amount(line, "LineDiscPercent1"),
        "MDiscPct2": amount(line, "LineDiscPercent2"),
        "MDiscPct3": amount(line, "LineDiscPercent3"),
        "MDiscValue": amount(line, "LineDiscValue"),
        "MDiscValFlag": line.value("LineDiscValFlag").upper(),
    }


def _stocked(item: Row | None, unit: str) -> Decimal:
    """Stocking units in one ordered unit (3.9); the line counts its own unit, the warehouse this one."""
    if item is None or unit != item.get("AlternateUom") or unit == item.get("StockUom"):
        return Decimal(1)
    factor = Decimal(str(item.get("ConvFactAltUom") or 1))
    return Decimal(1) / factor if item.get("ConvMulDiv") == "D" else factor


def in_stock(ctx: Context, line: Row, quantity: Decimal) -> Decimal:
    """A quantity of a stored line in the stocking unit of its stock code."""
    item = ctx.db.get("InvMaster", line["MStockCode"])
    return quantity * _stocked(item, str(line.get("MOrderUom") or ""))


def _shipped(
    ctx: Context,
    where: tuple[str, str],
    quantity: Decimal,
    held: Row,
    warnings: list[str],
    per: Decimal,
) -> Row:
    """What of the ordered units can go out; ``per`` stocking units lie in one of them."""
    allocated = Decimal(str(held.get("QtyAllocated") or 0))
    free = max(Decimal(0), Decimal(str(held.get("QtyOnHand") or 0)) - allocated)
    ship = min(quantity, free // per if per != 1 else free)
    ctx.db.change("InvWarehouse", held, QtyAllocated=allocated + ship * per)
    if ship < quantity:
        warnings.append(f"Line for stock code '{where[0]}' was placed on back order")
    return {"MShipQty": ship, "MBackOrderQty": quantity - ship}


def _tax(ctx: Context, order: Row, item: Row | None) -> str:
    if order.get("TaxExemptFlag") == "E" or item is None:
        return _charge_tax(ctx, order)
    return str(item.get("TaxCode", ""))


def _charge_tax(ctx: Context, order: Row) -> str:
    exempt = order.get("TaxExemptFlag") == "E"
    for row in ctx.db.rows("AdmTax"):
        if (Decimal(str(row.get("CurTaxRate") or 0)) == 0) == exempt:
            return str(row["TaxCode"])
    return ""


def existing(ctx: Context, order: Row, line: Node) -> Row:
    """The line that ``CustomerPoLine`` names (on a change it is SYSPRO's own line number)."""
    text = line.value("CustomerPoLine")
    number = int(text) if text.isdigit() else 0
    row = ctx.db.get("SorDetail", order["SalesOrder"], number)
    if row is None:
        raise BusinessError("CustomerPoLine", text, 990018, f"Sales order line '{text}' not found")
    return row


def change(ctx: Context, order: Row, old: Row, line: Node, options: Options) -> Row:
    """The line with what the document says; its unit cannot change."""
    if line.value("OrderUom") and line.value("OrderUom") != old.get("MOrderUom"):
        words = "The unit of an existing line cannot be changed"
        raise BusinessError("OrderUom", line.value("OrderUom"), 990050, words)
    kind = str(old["LineType"])
    if kind == "6":
        return {**old, "NComment": line.value("Comment")[:100]}
    if kind in ("4", "5"):
        name = "FreightValue" if kind == "4" else "MiscChargeValue"
        return {**old, "NMscChargeValue": amount(line, name)}
    changed = dict(old)
    if line.value("OrderQty"):
        quantity = amount(line, "OrderQty", decimals=6)
        allocate(ctx, old, quantity - Decimal(str(old.get("MShipQty") or 0)))
        changed |= {"MOrderQty": quantity, "MShipQty": quantity}
    if line.value("Price"):
        changed["MPrice"] = amount(line, "Price", decimals=5)
    return changed


def allocate(ctx: Context, line: Row, more: Decimal) -> None:
    """Move the allocation of a stocked line's warehouse."""
    if str(line["LineType"]) != "1" or not more:
        return
    held = ctx.db.get("InvWarehouse", line["MStockCode"], line["MWarehouse"])
    if held is not None:
        before = Decimal(str(held.get("QtyAllocated") or 0))
        after = before + in_stock(ctx, line, more)
        ctx.db.change("InvWarehouse", held, QtyAllocated=max(Decimal(0), after))

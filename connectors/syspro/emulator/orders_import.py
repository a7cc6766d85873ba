"""SORTOI: import, change and cancel sales orders (3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connectors.syspro.emulator import order_lines
from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.items import Options, Result, day, row_or_error, run
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.orders_read import lines_of, load
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

_TEXTS = {
    "CustomerPoNumber": ("CustomerPoNumber", 30), "SpecialInstrs": ("SpecialInstrs", 30),
    "ShippingInstrs": ("ShippingInstrs", 50), "InvoiceTerms": ("InvTermsOverride", 2),
    "Email": ("Email", 255), "MultiShipCode": ("MultiShipCode", 5),
    "CustomerName": ("CustomerName", 50), "ShipAddress1": ("ShipAddress1", 40),
    "ShipAddress2": ("ShipAddress2", 40), "ShipAddress3": ("ShipAddress3", 40),
    "ShipAddress4": ("ShipAddress4", 40), "ShipAddress5": ("ShipAddress5", 40),
    "ShipPostalCode": ("ShipPostalCode", 10), "Area": ("Area", 10),
}  # fmt: skip
_FINAL = ("9", "\\", "*")


def post(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run SORTOI."""
    options = Options(parameters)
    results = run(ctx, data.all("Orders"), lambda o: _order(ctx, o, options), options, whole=False)
    bad = [r for r in results if r.error]
    warned = [r for r in results if any("WarningMessages" in p.text for p in r.pieces)]
    parts: list[Piece] = []
    if options.validate_only:
        status = "Failed" if bad else "Successful"
        errors = [tag("Order", (r.error.wrapped(),)) for r in bad if r.error]
        return document("SalesOrders", [*errors, tag("ValidationStatus", (tag("Status", status),))])
    for result in results:
        parts += _answered(ctx, result)
    counters = (
        tag("ItemsProcessed", counter(len(results) - len(bad))),
        tag("ItemsRejectedWithWarnings", counter(len(bad))),
        tag("ItemsProcessedWithWarnings", counter(len(warned))),
    )
    return document("SalesOrders", [*parts, tag("StatusOfItems", counters)])


def _answered(ctx: Context, result: Result) -> list[Piece]:
    if result.error:
        return [tag("Order", (tag("SalesOrder"), result.error.wrapped()))]
    clean = not any("Warning" in p.text for p in result.pieces)
    # SYSPRO 8 was seen to answer a clean import without the order (3.7, answer variants).
    return [] if clean and ctx.quiet_orders else [tag("Order", result.pieces)]


def _order(ctx: Context, orders: Node, options: Options) -> Sequence[Piece]:
    header = orders.first("OrderHeader") or Node("OrderHeader")
    details = orders.first("OrderDetails") or Node("OrderDetails")
    match header.value("OrderActionType", "A").upper():
        case "A":
            return _add(ctx, header, details, options)
        case "C":
            return _change(ctx, header, details, options)
        case "D":
            order = _changeable(ctx, header.value("SalesOrder"))
            cancel(ctx, order)
            return _said(order, "D", [])
        case other:
            raise BusinessError("OrderActionType", other, 990043, f"Action '{other}' invalid")


def _said(order: Row, action: str, warnings: list[str]) -> list[Piece]:
    pieces = [
        tag("CustomerPoNumber", str(order.get("CustomerPoNumber", ""))),
        tag("SalesOrder", show_key("SalesOrder", order["SalesOrder"])),
        tag("OrderActionType", action),
    ]
    if warnings:
        pieces.append(
            tag("WarningMessages", [tag("WarningDescription", words) for words in warnings])
        )
    return pieces


def _add(ctx: Context, header: Node, details: Node, options: Options) -> Sequence[Piece]:
    code = header.value("Customer")
    customer = row_or_error(
        ctx.db.get("ArCustomer", stored("Customer", code)), "Customer", code, 990011, "Customer"
    )
    status = options.value("OrderStatus", "1")
    if customer.get("CustomerOnHold") == "Y":
        if options.value("AcceptOrdersIfNoCredit", "N") != "Y":
            raise BusinessError("Customer", code, 990014, f"Customer '{code}' is on hold")
        status = "S"
    _purchase_order(ctx, header.value("CustomerPoNumber"), customer, options)
    number = f"{ctx.db.next('order', ctx.company.next_order):020d}"
    ordered = day(ctx, header, "OrderDate")
    warehouse = header.value("Warehouse") or ctx.company.warehouse
    row_or_error(ctx.db.get("InvWhControl", warehouse), "Warehouse", warehouse, 990015, "Warehouse")
    row: Row = {
        "SalesOrder": number,
        "OrderStatus": status,
        "DocumentType": "O",
        "Customer": customer["Customer"],
        "CustomerName": customer.get("Name", ""),
        "OrderDate": ordered.isoformat(),
        "EntrySystemDate": ctx.today(),
        "ReqShipDate": day(ctx, header, "RequestedShipDate").isoformat(),
        "Salesperson": header.value("Salesperson") or customer.get("Salesperson", ""),
        "Branch": header.value("Branch") or customer.get("Branch", ""),
        "Area": customer.get("Area", ""),
        "Warehouse": warehouse,
        "InvTermsOverride": customer.get("TermsCode", ""),
        "TaxExemptFlag": customer.get("TaxStatus", "N"),
        "Currency": customer.get("Currency", ""),
        "ExchangeRate": _rate(ctx, str(customer.get("Currency", ""))),
        "MulDiv": "M",
        "CashCredit": "CR",
        "Email": customer.get("Email", ""),
        "ShipPostalCode": customer.get("ShipPostalCode", ""),
        **{f"ShipAddress{n}": customer.get(f"ShipToAddr{n}", "") for n in range(1, 6)},
        **_header_texts(ctx, header),
    }
    warnings: list[str] = []
    lines = [
        order_lines.add(ctx, row, n, line, options, warnings)
        for n, line in enumerate(details.children, start=1)
    ]
    for line in lines:
        ctx.db.put("SorDetail", line)
    ctx.db.put("SorMaster", {**row, "NextDetailLine": len(lines) + 1})
    return _said(row, "A", warnings)


def _purchase_order(ctx: Context, reference: str, customer: Row, options: Options) -> None:
    check = options.value("CheckForCustomerPoNumbers", "N")
    mandatory = check == "Y" or (check == "C" and customer.get("PoNumberMandatory") == "Y")
    if mandatory and not reference:
        words = "XML element '{OrderHeader}{CustomerPoNumber}' cannot be spaces"
        raise BusinessError("CustomerPoNumber", "", 100030, words)
    if not reference or options.value("AllowDuplicateOrderNumbers", "N") != "N":
        return
    for other in ctx.db.where("SorMaster", "CustomerPoNumber", reference):
        if other["Customer"] == customer["Customer"] and other.get("CancelledFlag") != "Y":
            words = f"Duplicate customer purchase order number '{reference}'"
            raise BusinessError("CustomerPoNumber", reference, 990012, words)


def _rate(ctx: Context, currency: str) -> Decimal:
    row = ctx.db.get("TblCurrency", currency) or {}
    return Decimal(str(row.get("SellExchangeRate", 1)))


def _header_texts(ctx: Context, header: Node) -> Row:
    made: Row = {}
    for element in header.children:
        known = next((v for k, v in _TEXTS.items() if k.lower() == element.name), None)
        if known is None or not element.text:
            continue
        column, length = known
        # The literal {blank} clears a text; longer texts are cut by the column.
        made[column] = "" if element.text == "{blank}" else element.text[:length]
    term = str(made.get("InvTermsOverride", ""))
    if term:
        row_or_error(ctx.db.get("TblArTerms", term), "InvoiceTerms", term, 990016, "Terms code")
    return made


def _changeable(ctx: Context, number: str) -> Row:
    order = load(ctx, number)
    if str(order["OrderStatus"]) in _FINAL:
        words = f"Sales order '{number}' cannot be changed in status {order['OrderStatus']}"
        raise BusinessError("SalesOrder", number, 990017, words)
    return order


def _change(ctx: Context, header: Node, details: Node, options: Options) -> Sequence[Piece]:
    order = _changeable(ctx, header.value("SalesOrder"))
    changed = {**order, **_header_texts(ctx, header)}
    if header.value("RequestedShipDate"):
        changed["ReqShipDate"] = day(ctx, header, "RequestedShipDate").isoformat()
    warnings: list[str] = []
    following = int(order.get("NextDetailLine") or len(lines_of(ctx, order)) + 1)
    for line in details.children:
        action = line.value("LineActionType", "C").upper()
        if action == "A":
            ctx.db.put(
                "SorDetail", order_lines.add(ctx, changed, following, line, options, warnings)
            )
            following += 1
            continue
        old = order_lines.existing(ctx, order, line)
        if action == "D":
            ctx.db.delete("SorDetail", old)
        else:
            ctx.db.put("SorDetail", order_lines.change(ctx, changed, old, line, options))
    # The header's row version moves with its lines, so that a poll sees the order.
    ctx.db.put("SorMaster", {**changed, "NextDetailLine": following})
    return _said(changed, "C", warnings)


def cancel(ctx: Context, order: Row) -> None:
    """Cancel a whole order and give its allocations back."""
    for line in lines_of(ctx, order):
        order_lines.allocate(ctx, line, -Decimal(str(line.get("MShipQty") or 0)))
    ctx.db.change("SorMaster", order, OrderStatus="\\", CancelledFlag="Y")

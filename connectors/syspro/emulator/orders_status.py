"""SORTOS changes an order's status, SORTOX cancels it, SORTIC invoices it (3.8)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connectors.emulation.company_model import cents
from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.balances import move_balance
from connectors.syspro.emulator.context import Context, show_key
from connectors.syspro.emulator.items import Options, Result, no_gl_journal, open_period, run
from connectors.syspro.emulator.items import day as day_of
from connectors.syspro.emulator.order_lines import in_stock
from connectors.syspro.emulator.orders_import import cancel
from connectors.syspro.emulator.orders_read import lines_of, load
from connectors.syspro.emulator.tables import Row
from connectors.syspro.xml import Node

_STATES = ("1", "2", "3", "4", "8", "9", "S")
_FINAL = ("9", "\\", "*")


def answered(
    results: Sequence[Result], *, within: str = "Item", first: Piece | None = None
) -> list[Piece]:
    """Items and counters as these objects answer them; ``first`` stands before the counters."""
    made = []
    for result in results:
        number = tag("ItemNumber", counter(result.number))
        inner = (result.error.wrapped(),) if result.error else tuple(result.pieces)
        made.append(tag(within, (*inner, number)))
    bad = sum(1 for r in results if r.error)
    status = (
        *((first,) if first else ()),
        tag("ItemsProcessed", counter(len(results) - bad)),
        tag("ItemsInvalid", counter(bad)),
    )
    return [*made, tag("StatusOfItems", status)]


def _whole(options: Options) -> bool:
    return options.value("ApplyIfEntireDocumentValid", "N") == "Y"


def set_status(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run SORTOS."""
    options = Options(parameters)

    def one(item: Node) -> Sequence[Piece]:
        order = load(ctx, item.value("SalesOrder"))
        old, new = str(order["OrderStatus"]), item.value("NewOrderStatus").upper()
        if item.value("OrderStatus") and item.value("OrderStatus") != old:
            words = f"Sales order is in status {old}"
            raise BusinessError("OrderStatus", item.value("OrderStatus"), 990051, words)
        if old in _FINAL or new not in _STATES:
            words = f"Status {old} cannot be changed to '{new}'"
            raise BusinessError("NewOrderStatus", new, 990052, words)
        if old == "S" and not item.value("CreditAuthority"):
            words = "XML element '{Item}{CreditAuthority}' cannot be spaces"
            raise BusinessError("CreditAuthority", "", 100030, words)
        done = {"DateLastInvPrt": ctx.today()} if new == "9" else {}
        ctx.db.change("SorMaster", order, OrderStatus=new, **done)
        number = show_key("SalesOrder", order["SalesOrder"])
        inner = (tag("SalesOrder", number), tag("OrderStatus", old), tag("NewOrderStatus", new))
        return (tag("Order", inner),)

    results = run(ctx, data.all("Item"), one, options, whole=_whole(options))
    return document("postsororderstatus", answered(results))


def cancel_order(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run SORTOX."""
    options = Options(parameters)

    def one(item: Node) -> Sequence[Piece]:
        order = load(ctx, item.value("SalesOrder"))
        if str(order["OrderStatus"]) in _FINAL:
            words = f"Sales order in status {order['OrderStatus']} cannot be cancelled"
            raise BusinessError("SalesOrder", item.value("SalesOrder"), 990017, words)
        text = item.value("SalesOrderLine")
        if text.isdigit():
            line = ctx.db.get("SorDetail", order["SalesOrder"], int(text))
            if line is None:
                words = f"Sales order line '{text}' not found"
                raise BusinessError("SalesOrderLine", text, 990018, words)
            ctx.db.delete("SorDetail", line)
            ctx.db.put("SorMaster", order)
        else:
            cancel(ctx, order)
        return (
            tag("SalesOrder", show_key("SalesOrder", order["SalesOrder"])),
            tag("SalesOrderLine", text),
            tag("Cancelled", "Y"),
            tag("Completed", "N"),
        )

    results = run(ctx, data.all("Item"), one, options, whole=_whole(options))
    return document("postsalesordercancel", answered(results))


def invoice(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run SORTIC."""
    options = Options(parameters)
    inner = parameters.first("Parameters") if parameters else None

    def one(item: Node) -> Sequence[Piece]:
        order = load(ctx, item.value("SalesOrder"))
        if str(order["OrderStatus"]) != "8":
            words = f"Sales order is in status {order['OrderStatus']}, not 8"
            raise BusinessError("SalesOrder", item.value("SalesOrder"), 990053, words)
        dated = day_of(ctx, inner or item, "InvoiceDate")
        open_period(ctx, "InvoiceDate", dated)
        number = f"{ctx.db.next('invoice', ctx.company.next_invoice):020d}"
        register = ctx.db.next("register", 5000)
        totals = _totals(ctx, order)
        _write(ctx, order, (number, dated.isoformat(), register), totals)
        key = (
            tag("SalesOrder", show_key("SalesOrder", order["SalesOrder"])),
            tag("InvoiceNumber", show_key("Invoice", number)),
            tag("TrnYear", str(dated.year)),
            tag("TrnMonth", f"{dated.month:02d}"),
            tag("Register", counter(register, 5)),
            tag("Processed", "Y"),
            no_gl_journal(),
        )
        return (tag("Key", key),)

    results = run(ctx, data.all("Item"), one, options, whole=_whole(options))
    return document("postsalesorderinvoice", answered(results))


def _totals(ctx: Context, order: Row) -> dict[str, Decimal]:
    sums = {"1": Decimal(0), "4": Decimal(0), "5": Decimal(0)}
    taxable: dict[str, Decimal] = {}
    for line in lines_of(ctx, order):
        kind = {"7": "1"}.get(str(line["LineType"]), str(line["LineType"]))
        if kind == "6":
            continue
        net = line_net(line)
        sums[kind] += net
        code = str(line.get("MTaxCode") or line.get("NMscTaxCode") or "")
        taxable[code] = taxable.get(code, Decimal(0)) + net
    tax = Decimal(0)
    for code, net in taxable.items():
        row = ctx.db.get("AdmTax", code) or {}
        tax += cents(net * Decimal(str(row.get("CurTaxRate") or 0)) / 100)
    return {"goods": sums["1"], "freight": sums["4"], "other": sums["5"], "tax": tax}


def line_net(line: Row) -> Decimal:
    """Net amount of a line in cents (5.3; the cascade of percentages is customary)."""
    if str(line["LineType"]) in ("4", "5"):
        return Decimal(str(line.get("NMscChargeValue") or 0))
    quantity = Decimal(str(line.get("MOrderQty") or 0))
    value = (
        quantity
        * Decimal(str(line.get("MConvFactOrdUm") or 1))
        * Decimal(str(line.get("MPrice") or 0))
    )
    for name in ("MDiscPct1", "MDiscPct2", "MDiscPct3"):
        value *= (100 - Decimal(str(line.get(name) or 0))) / 100
    off = Decimal(str(line.get("MDiscValue") or 0))
    return cents(value - (off * quantity if line.get("MDiscValFlag") == "U" else off))


def _write(
    ctx: Context, order: Row, what: tuple[str, str, int], totals: dict[str, Decimal]
) -> None:
    number, dated, register = what
    gross = sum(totals.values(), Decimal(0))
    year, month = int(dated[:4]), int(dated[5:7])
    shared: Row = {
        "Customer": order["Customer"],
        "Invoice": number,
        "DocumentType": "I",
        "InvoiceDate": dated,
        "SalesOrder": order["SalesOrder"],
        "CustomerPoNumber": order.get("CustomerPoNumber", ""),
        "Branch": order.get("Branch", ""),
        "Salesperson": order.get("Salesperson", ""),
        "TermsCode": order.get("InvTermsOverride", ""),
    }
    ctx.db.put(
        "ArInvoice",
        {
            **shared,
            "InvoiceBal1": gross,
            "CurrencyValue": gross,
            "PostCurrency": order.get("Currency", ""),
            "ConvRate": order.get("ExchangeRate", Decimal(1)),
            "MulDiv": "M",
            "TaxPortion": totals["tax"],
            "InvoiceYear": year,
            "InvoiceMonth": month,
        },
    )
    ctx.db.put(
        "ArTrnSummary",
        {
            **shared,
            "TrnYear": year,
            "TrnMonth": month,
            "Register": register,
            "SummaryLine": 1,
            "MerchandiseValue": totals["goods"],
            "FreightValue": totals["freight"],
            "OtherValue": totals["other"],
            "TaxValue": totals["tax"],
            "Currency": order.get("Currency", ""),
        },
    )
    for n, line in enumerate(lines_of(ctx, order), start=1):
        _detail(ctx, line, (n, register, year, month), shared)
        _issue(ctx, line)
    move_balance(ctx, str(order["Customer"]), gross)
    ctx.db.change("SorMaster", order, OrderStatus="9", LastInvoice=number, DateLastInvPrt=dated)


def _detail(ctx: Context, line: Row, place: tuple[int, int, int, int], shared: Row) -> None:
    """One line of the invoice register; comments have no value and leave none."""
    number, register, year, month = place
    if str(line["LineType"]) == "6":
        return
    net = line_net(line)
    code = str(line.get("MTaxCode") or line.get("NMscTaxCode") or "")
    rate = Decimal(str((ctx.db.get("AdmTax", code) or {}).get("CurTaxRate") or 0))
    quantity = Decimal(str(line.get("MOrderQty") or 0))
    ctx.db.put(
        "ArTrnDetail",
        {
            **{k: v for k, v in shared.items() if k != "TermsCode"},
            "TrnYear": year,
            "TrnMonth": month,
            "Register": register,
            "SummaryLine": 1,
            "DetailLine": number,
            "SalesOrderLine": line["SalesOrderLine"],
            "LineType": line["LineType"],
            "StockCode": line.get("MStockCode", ""),
            "Warehouse": line.get("MWarehouse", ""),
            "ProductClass": line.get("MProductClass") or line.get("NMscProductCls", ""),
            "TaxCode": code,
            "QtyInvoiced": quantity,
            "NetSalesValue": net,
            "TaxValue": cents(net * rate / 100),
            "CostValue": cents(quantity * Decimal(str(line.get("MUnitCost") or 0))),
        },
    )


def _issue(ctx: Context, line: Row) -> None:
    if str(line["LineType"]) != "1":
        return
    held = ctx.db.get("InvWarehouse", line["MStockCode"], line["MWarehouse"])
    if held is None:
        return
    quantity = in_stock(ctx, line, Decimal(str(line.get("MShipQty") or 0)))
    ctx.db.change(
        "InvWarehouse",
        held,
        QtyOnHand=Decimal(str(held.get("QtyOnHand") or 0)) - quantity,
        QtyAllocated=max(Decimal(0), Decimal(str(held.get("QtyAllocated") or 0)) - quantity),
    )

"""Sales orders of the sample company as SorMaster, SorDetail and custom-form rows."""

from __future__ import annotations

from decimal import Decimal

from connectors.emulation.company import Division
from connectors.emulation.company_model import OrderLine, SalesOrder
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Row

_LINE_TYPES = {"stock": "1", "non_stock": "7", "freight": "4", "misc": "5", "comment": "6"}


def header(division: Division, order: SalesOrder) -> Row:
    """The SorMaster row."""
    done = order.completed.isoformat() if order.completed else ""
    cancelled = order.status == "\\"
    exempt = order.lines and all(
        line.tax_code == division.tables.exempt_tax
        for line in order.lines
        if line.kind != "comment"
    )
    where = order.ship_to
    return {
        "SalesOrder": stored("SalesOrder", order.number),
        "NextDetailLine": len(order.lines) + 1,
        "OrderStatus": order.status,
        "CancelledFlag": "Y" if cancelled else "",
        "DocumentType": "O",
        "Customer": stored("Customer", order.customer),
        "CustomerName": order.ship_to_name[:50],
        "Salesperson": order.salesperson,
        "CustomerPoNumber": order.customer_po,
        "OrderDate": order.ordered.isoformat(),
        "EntrySystemDate": order.ordered.isoformat(),
        "ReqShipDate": order.ship_by.isoformat(),
        "DateLastInvPrt": done,
        "LastInvoice": stored("Invoice", order.invoice_number) if order.invoice_number else "",
        "InvTermsOverride": order.terms,
        "Branch": order.branch,
        "Area": "N",
        "Warehouse": order.warehouse,
        "SpecialInstrs": order.instructions[:30],
        "TaxExemptFlag": "E" if exempt else "N",
        "Currency": order.currency,
        "ExchangeRate": order.rate,
        "MulDiv": "M",
        "CashCredit": "CA" if order.cash_sale else "CR",
        "CounterSalesFlag": "Y" if order.cash_sale else "N",
        "Email": order.email,
        "MultiShipCode": order.ship_to_code,
        "ShipAddress1": where.line1,
        "ShipAddress2": where.line2,
        "ShipAddress3": where.city,
        "ShipAddress4": where.region,
        "ShipAddress5": where.country,
        "ShipPostalCode": where.postal_code,
    }


def line(number: str, one: OrderLine) -> Row:
    """The SorDetail row of a line; ``number`` is the stored order number."""
    row: Row = {
        "SalesOrder": number,
        "SalesOrderLine": one.number,
        "SalesOrderInitLine": one.number,
        "LineType": _LINE_TYPES[one.kind],
    }
    if one.kind in ("stock", "non_stock"):
        return {**row, **_merchandise(one)}
    row["NComment"] = one.description[:100]
    if one.kind == "comment":
        return row
    return {
        **row,
        "NMscChargeValue": one.net,
        "NMscChargeCost": one.cost,
        "NMscProductCls": one.product_class,
        "NMscTaxCode": one.tax_code,
        "NMscChargeQty": one.quantity,
    }


def _merchandise(one: OrderLine) -> Row:
    per_price_unit = one.price_quantity / one.quantity if one.quantity else Decimal(1)
    return {
        "MStockCode": one.item,
        "MStockDes": one.description[:50],
        "MWarehouse": one.warehouse,
        "MOrderQty": one.quantity,
        "MShipQty": one.quantity,
        "MOrderUom": one.unit,
        "MStockingUom": "HR" if one.unit == "HR" else "EA",
        "MPrice": one.price,
        "MPriceUom": one.price_unit,
        # Order quantity to price quantity; 1 where both are in the same unit.
        "MConvFactOrdUm": per_price_unit,
        "MMulDivPrcFct": "M",
        "MDiscPct1": one.discount_percent,
        "MDiscValue": one.discount_value,
        "MDiscValFlag": "V" if one.discount_value else "",
        "MProductClass": one.product_class,
        "MTaxCode": one.tax_code,
        "MUnitCost": one.cost,
    }


def form(order: SalesOrder) -> Row:
    """Custom-form values of the order."""
    values: Row = dict(order.custom)
    if order.payment_method:
        values["PaymentMethod"] = order.payment_method
    return values

"""Sales orders through SORTOI, SORTOS and SORTOX (reference 3.7, 3.8)."""

from __future__ import annotations

from typing import Any

from connectors.syspro import translate
from connectors.syspro.facts import tables
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.xml import write
from engine.errors import OutcomeUnknown, ValueRefused
from engine.ports import Draft, SourceRecord
from engine.schema.model import JsonValue, Record

_HEADER = (
    ("CustomerPoNumber", "CustomerPoNumber"), ("Customer", "Customer"), ("OrderDate", "OrderDate"),
    ("ReqShipDate", "RequestedShipDate"), ("Warehouse", "Warehouse"),
    ("InvTermsOverride", "InvoiceTerms"), ("SpecialInstrs", "SpecialInstrs"),
    ("ShippingInstrs", "ShippingInstrs"), ("Salesperson", "Salesperson"), ("Email", "Email"),
    ("MultiShipCode", "MultiShipCode"), ("CustomerName", "CustomerName"),
    ("ShipAddress1", "ShipAddress1"), ("ShipAddress2", "ShipAddress2"),
    ("ShipAddress3", "ShipAddress3"), ("ShipAddress4", "ShipAddress4"),
    ("ShipAddress5", "ShipAddress5"), ("ShipPostalCode", "ShipPostalCode"),
)  # fmt: skip
_STOCK = (
    ("MStockCode", "StockCode"), ("MStockDes", "StockDescription"), ("MWarehouse", "Warehouse"),
    ("MOrderQty", "OrderQty"), ("MOrderUom", "OrderUom"), ("MPrice", "Price"),
    ("MPriceUom", "PriceUom"), ("MDiscPct1", "LineDiscPercent1"), ("MDiscPct2", "LineDiscPercent2"),
    ("MDiscPct3", "LineDiscPercent3"), ("MDiscValFlag", "LineDiscValFlag"),
    ("MDiscValue", "LineDiscValue"),
)  # fmt: skip
_OPTIONS = {
    "InBoxMsgReqd": "N",
    "Process": "IMPORT",
    "TypeOfOrder": "ORD",
    "OrderStatus": "1",
    "AllowNonStockItems": "Y",
    "AcceptOrdersIfNoCredit": "N",
    "AcceptEarlierShipDate": "Y",
    "ShipFromDefaultBin": "N",
    "AllowDuplicateOrderNumbers": "N",
    "CheckForCustomerPoNumbers": "Y",
    "AlwaysUsePriceEntered": "Y",
    "AllowZeroPrice": "Y",
    "AllocationAction": "A",
    "IgnoreWarnings": "W",
    "StatusInProcess": "N",
}


def _chosen(data: Record, pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    made = {}
    for ours, theirs in pairs:
        text = translate.shown(data.get(ours))
        if text:
            made[theirs] = text
    return made


def _line(data: Record, number: int, action: str) -> tuple[str, dict[str, Any]]:
    head = {"CustomerPoLine": str(number), "LineActionType": action}
    match translate.shown(data.get("LineType")) or "1":
        case "4":
            return "FreightLine", {
                **head,
                "FreightValue": translate.shown(data.get("NMscChargeValue")),
                "FreightCost": translate.shown(data.get("NMscChargeCost")) or "0",
            }
        case "5":
            return "MiscChargeLine", {
                **head,
                "MiscDescription": translate.shown(data.get("NComment"))[:100],
                "MiscChargeValue": translate.shown(data.get("NMscChargeValue")),
                "MiscChargeCost": translate.shown(data.get("NMscChargeCost")) or "0",
                "MiscProductClass": translate.shown(data.get("NMscProductCls")),
            }
        case "6":
            return "CommentLine", {**head, "Comment": translate.shown(data.get("NComment"))[:100]}
        case "7":
            extra = {
                "NonStockedLine": "Y",
                "NsProductClass": translate.shown(data.get("MProductClass")),
                "NsUnitCost": translate.shown(data.get("MUnitCost")) or "0",
            }
            return "StockLine", {**head, **_chosen(data, _STOCK), **extra}
        case _:
            stocked = tuple(p for p in _STOCK if p[0] != "MStockDes")
            return "StockLine", {**head, **_chosen(data, stocked)}


def _lines(value: JsonValue, action: str) -> str:
    made = []
    listed = value if isinstance(value, list) else []
    for number, one in enumerate((x for x in listed if isinstance(x, dict)), start=1):
        own = one.get("SalesOrderLine")
        tag, content = _line(one, own if isinstance(own, int) and action == "C" else number, action)
        made.append(write(tag, content))
    return "".join(made)


def _document(header: dict[str, str], lines: str) -> str:
    # Lines of different kinds keep their order, so they are written one by one.
    head = write("OrderHeader", header)
    return f"<SalesOrders><Orders>{head}<OrderDetails>{lines}</OrderDetails></Orders></SalesOrders>"


def create(rows: Rows, data: Record, draft: Draft) -> str:
    """Import a new order; returns its number.

    Raises:
        OutcomeUnknown: accepted, but no number was answered and the order is not found.
        ValueRefused: no customer purchase order number (it identifies the order).
    """
    call = "import sales order"
    reference = translate.shown(data.get("CustomerPoNumber")) or draft.reference
    if not reference:
        raise ValueRefused(
            system="syspro",
            call=call,
            field="CustomerPoNumber",
            detail="It is the only way to find the order again.",
        )
    header = {
        **_chosen(data, _HEADER),
        "CustomerPoNumber": reference,
        "OrderActionType": "A",
    }
    status = translate.shown(data.get("OrderStatus"))
    options = {**_OPTIONS, **({"OrderStatus": status} if status in ("1", "4", "8", "S") else {})}
    answer = rows.client.post(
        "SORTOI",
        (
            write("SalesOrders", {"Parameters": options}),
            _document(header, _lines(data.get("SorDetail"), "A")),
        ),
        call,
    )
    column = tables()["SorMaster"].columns[0]
    for node in answer.anywhere("SalesOrder"):
        if node.text:
            return rows.rules.show(column, "SorMaster", node.text)
    # SYSPRO 8 may answer a clean import without the number.
    found = rows.find("SorMaster", [Test("CustomerPoNumber", "EQ", reference)], limit=20)
    live = [r for r in found if r.get("CancelledFlag") != "Y"]
    if not live:
        raise OutcomeUnknown(system="syspro", call=call, detail="No order number was answered.")
    return translate.shown(live[-1]["SalesOrder"])


def change(rows: Rows, before: SourceRecord, data: Record) -> None:
    """Change header fields and lines (SORTOI), and the status (SORTOS)."""
    status = translate.shown(data.get("OrderStatus"))
    rest = {k: v for k, v in data.items() if k != "OrderStatus"}
    if rest:
        header = {
            **_chosen(rest, _HEADER),
            "OrderActionType": "C",
            "SalesOrder": before.key,
            "Customer": translate.shown(before.data.get("Customer")),
        }
        header.setdefault("CustomerPoNumber", translate.shown(before.data.get("CustomerPoNumber")))
        unknown = set(rest) - {ours for ours, _ in _HEADER} - {"SorDetail"}
        if unknown:
            raise ValueRefused(
                system="syspro",
                call="change sales order",
                field=min(unknown),
                detail="SORTOI does not change this field.",
            )
        document = _document(header, _lines(rest.get("SorDetail"), "C"))
        options = write("SalesOrders", {"Parameters": _OPTIONS})
        rows.client.post("SORTOI", (options, document), "change sales order")
    if status and status != before.data.get("OrderStatus"):
        _status(rows, before, status)


def _status(rows: Rows, before: SourceRecord, status: str) -> None:
    root = "PostSorOrderStatus"
    options = {"IgnoreWarnings": "Y", "ApplyIfEntireDocumentValid": "Y", "ValidateOnly": "N"}
    item = {
        "SalesOrder": before.key,
        "OrderStatus": translate.shown(before.data.get("OrderStatus")),
        "NewOrderStatus": status,
    }
    documents = (write(root, {"Parameters": options}), write(root, {"Item": item}))
    rows.client.post("SORTOS", documents, "change the order's status")


def cancel(rows: Rows, key: str) -> None:
    """Cancel a whole order (SORTOX)."""
    root = "PostSalesOrderCancel"
    options = {"ValidateOnly": "N", "IgnoreWarnings": "Y"}
    documents = (
        write(root, {"Parameters": options}),
        write(root, {"Item": {"SalesOrder": key, "SalesOrderLine": "", "MarkLineComplete": "N"}}),
    )
    rows.client.post("SORTOX", documents, "cancel sales order")

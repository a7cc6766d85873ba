"""A small warehouse and its books on in-memory systems: an order flow, and a flow that compares quantities."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from connectors.config import ConnectionConfig
from engine.ports import Draft, Receipt, SourceRecord
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.accounts.models import Workspace, machine
from studio.accounts.roles import PUBLISH
from studio.catalog.models import Connection
from studio.flows.actions import publish_flow
from studio.flows.designs import shipped
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.linking.models import Link, Party
from studio.mapping.models import LookupRow, LookupTable, MappingVersion
from studio.mapping.models import Mapping as FieldMapping
from studio.mapping.shipped import starters
from studio.tieout import stock
from studio.tieout.models import StockComparison
from tests.studio.world import Fake, _connection, _snapshot

D = Decimal
TEXT, NUMBER, YES, DATE = (
    FieldType.STRING, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.DATE,
)  # fmt: skip


def entity(name: str, **fields: FieldType) -> EntitySchema:
    made = (
        FieldSchema(n.replace("__", ".").replace("_each", "[]"), n, t) for n, t in fields.items()
    )
    return EntitySchema(name=name, fields=tuple(made))


ERP = SystemSchema(
    "syspro",
    entities=(
        entity(
            "InvMaster", StockCode=TEXT, Description=TEXT, ProductClass=TEXT, StockUom=TEXT,
            InvWarehouse_each__Warehouse=TEXT, InvWarehouse_each__QtyOnHand=NUMBER,
            InvWarehouse_each__QtyAllocated=NUMBER, InvWarehouse_each__UnitCost=NUMBER,
        ),
        entity(
            "SorMaster", SalesOrder=TEXT, OrderDate=DATE, Customer=TEXT,
            Lines_each__Item=TEXT, Lines_each__Qty=NUMBER, Lines_each__Unit=TEXT,
        ),
    ),
)  # fmt: skip
BOOKS = SystemSchema(
    "qbo",
    entities=(
        entity("Item", Name=TEXT, Sku=TEXT, TrackQtyOnHand=YES, QtyOnHand=NUMBER, PurchaseCost=NUMBER),
        entity(
            "InventoryAdjustment", DocNumber=TEXT, TxnDate=DATE, AdjustAccountRef__value=TEXT,
            PrivateNote=TEXT, Line_each__DetailType=TEXT,
            Line_each__ItemAdjustmentLineDetail__ItemRef__value=TEXT,
            Line_each__ItemAdjustmentLineDetail__QtyDiff=NUMBER,
        ),
        entity(
            "Invoice", DocNumber=TEXT, TxnDate=DATE, CustomerRef__value=TEXT,
            Line_each__Item=TEXT, Line_each__Qty=NUMBER,
        ),
    ),
)  # fmt: skip
ORDER_IN: dict[str, Any] = {
    "rows": [
        {"to": "order_number", "from": "SalesOrder"},
        {"to": "number", "from": "SalesOrder"},
        {"to": "date", "from": "OrderDate"},
        {"to": "party", "from": "Customer"},
    ],
    "blocks": [
        {
            "to": "lines",
            "each": "Lines",
            "rows": [
                {"to": "kind", "from": '"stock"'},
                {"to": "item", "from": "line.Item"},
                {"to": "quantity", "from": "line.Qty"},
                {"to": "unit", "from": "line.Unit"},
                {"to": "unit_price", "from": "0"},
                {"to": "net_amount", "from": "0"},
            ],
        }
    ],
}
INVOICE_OUT: dict[str, Any] = {
    "rows": [
        {"to": "DocNumber", "from": "number"},
        {"to": "TxnDate", "from": "date"},
        {"to": "CustomerRef.value", "from": 'LINK("customer", party)'},
    ],
    "blocks": [
        {
            "to": "Line",
            "each": "lines",
            "rows": [
                {"to": "Item", "from": 'LINK("item", line.item)'},
                {"to": "Qty", "from": "CONVERT(line.quantity, line.unit, line.item)"},
            ],
        }
    ],
}
ORDERS: dict[str, Any] = {
    "document": "sales_order",
    "trigger": {"kind": "poll", "entity": "SorMaster"},
    "business_key": "order_number",
    "branches": [{"when": "TRUE", "entity": "Invoice", "label": "Every order"}],
    "entities": {"Invoice": {"reference": "DocNumber"}},
    "references": {"customer": {"policy": "ask"}, "item": {"policy": "ask"}},
    "creates": {},
}


class Books(Fake):
    """Books that keep quantities: invoices take goods out, adjustments change them by their difference."""

    def create(self, draft: Draft) -> Receipt:
        before = len(self.created)
        try:
            return super().create(draft)
        finally:
            if len(self.created) > before:
                self._move(draft)

    def _move(self, draft: Draft) -> None:
        for line in draft.data["Line"]:  # type: ignore[union-attr]
            if draft.entity == "InventoryAdjustment":
                detail = line["ItemAdjustmentLineDetail"]
                self.add(detail["ItemRef"]["value"], D(str(detail["QtyDiff"])))
            else:
                self.add(line["Item"], -D(str(line["Qty"])))

    def add(self, key: str, quantity: D) -> None:
        """Somebody books goods in or out."""
        rows = self.records["Item"]
        at = next(n for n, r in enumerate(rows) if r.key == key)
        data = {**rows[at].data, "QtyOnHand": rows[at].data["QtyOnHand"] + quantity}
        rows[at] = SourceRecord("Item", key, str(quantity), data)

    def quantity(self, key: str) -> D:
        return next(r.data["QtyOnHand"] for r in self.records["Item"] if r.key == key)  # type: ignore[return-value]


@dataclass
class Shelves:
    """The world of a test: a warehouse, its books, and the workers' turns."""

    workspace: Workspace
    erp: Connection
    books: Connection
    source: Fake
    target: Books
    orders: Flow
    flow: Flow
    tables: dict[str, LookupTable] = field(default_factory=dict)

    def item(
        self, code: str, here: Any = 0, there: Any = None, *, key: str = "", tracked: bool = True,
        unit: str = "EA", alternate: tuple[str, int] | None = None, linked: bool = True, cost: str = "4.00",
        **warehouses: Any,
    ) -> None:  # fmt: skip
        """An item with its quantities; ``there`` None: the books do not know it."""
        held = warehouses or {"FG": here}
        rows = [
            {"Warehouse": w, "QtyOnHand": D(str(n)), "QtyAllocated": D(0), "UnitCost": D(cost)}
            for w, n in held.items()
        ]
        data = {"StockCode": code, "Description": f"Item {code}", "ProductClass": "HDW",
                "StockUom": unit, "InvWarehouse": rows}  # fmt: skip
        self.source.records["InvMaster"].append(SourceRecord("InvMaster", code, "1", data))  # type: ignore[arg-type]
        more = (
            {"alternate_unit": alternate[0], "units_per_alternate": alternate[1]}
            if alternate
            else {}
        )
        Party.objects.create(connection=self.erp, kind="item", key=code, code=code, label=code,
                             data={"unit": unit, **more})  # fmt: skip
        if there is None:
            return
        key = key or f"i{len(self.target.records['Item'])}"
        known = [r for r in self.target.records["Item"] if r.key == key]
        if not known:
            self.target.records["Item"].append(
                SourceRecord("Item", key, "1", {"Name": code, "Sku": code, "TrackQtyOnHand": tracked,
                             "QtyOnHand": D(str(there)) if tracked else None, "PurchaseCost": D(cost)})  # type: ignore[dict-item]
            )  # fmt: skip
        if linked:
            self.link("item", code, key)

    def link(self, kind: str, code: str, key: str) -> None:
        Link.objects.create(workspace=self.workspace, kind=kind, left_connection=self.erp,
                            left_code=code, right_connection=self.books, right_key=key, right_label=code)  # fmt: skip

    def ship(self, number: str, code: str, quantity: int, unit: str = "EA", per: int = 1) -> None:
        """An order is completed: the goods leave the warehouse at once."""
        row = {"Item": code, "Qty": D(quantity), "Unit": unit}
        data = {"SalesOrder": number, "OrderDate": "2026-11-02", "Customer": "BAY", "Lines": [row]}
        self.source.records["SorMaster"].append(SourceRecord("SorMaster", number, "1", data))  # type: ignore[arg-type]
        self.count(code, -D(quantity * per))

    def count(self, code: str, change: D) -> None:
        """The quantity in the warehouse changes."""
        rows = self.source.records["InvMaster"]
        at = next(n for n, r in enumerate(rows) if r.key == code)
        data = copy.deepcopy(dict(rows[at].data))
        data["InvWarehouse"][0]["QtyOnHand"] += change  # type: ignore[index,call-overload,operator]
        rows[at] = SourceRecord("InvMaster", code, str(change), data)

    def turn(self, flow: Flow, times: int = 2) -> None:
        """A worker's turns for one flow."""
        for _ in range(times):
            flow.refresh_from_db()
            poll(flow)
            InboxItem.objects.filter(state="new").update(not_before=None)
            pump_flow(flow.pk)
            Delivery.objects.filter(connection=self.books).update(not_before=None)
            pump_connection(self.books.pk)

    def compare(self, actor: Any) -> StockComparison:
        """Ask for a comparison and carry it out."""
        asked = stock.claim(stock.ask(actor, self.flow).pk)
        assert asked is not None
        return stock.run(asked)

    def publish(self, **compares: Any) -> None:
        """Publish the flow that compares with another policy."""
        self.flow.refresh_from_db()
        self.flow.design["compares"] |= compares
        self.flow.save()
        publish_flow(machine(self.workspace, "Ivo Marsh", PUBLISH), self.flow)


def parts_of(found: StockComparison) -> dict[str, dict[str, D]]:
    """Item -> name -> quantity."""
    return {
        row.item: {p.why: p.quantity.normalize() for p in row.parts.all()}
        for row in found.rows.prefetch_related("parts")
    }


def _publish(
    connection: Connection, direction: str, entity: str, document: str, body: dict[str, Any]
) -> None:
    own = {"system": connection.system, "entity": entity}
    canonical = {"system": "canonical", "entity": document}
    source, target = (own, canonical) if direction == "inbound" else (canonical, own)
    frame = {"mapping": f"{direction} {entity} {document}", "source": source, "target": target}
    mapping = FieldMapping.objects.create(
        workspace=connection.workspace, connection=connection, direction=direction, entity=entity,
        document=document, frame=frame, snapshot=connection.snapshots.first(),
    )  # fmt: skip
    whole = {**frame, "rows": body["rows"], "blocks": body.get("blocks", [])}
    MappingVersion.objects.create(
        mapping=mapping, number=1, published_by="Ivo Marsh", document=whole,
        content_hash=hashlib.sha256(json.dumps(whole).encode()).hexdigest(),
    )  # fmt: skip


def _shipped(name: str) -> dict[str, Any]:
    return next(s.document for s in starters() if s.name == name)


@pytest.fixture
def shelves(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Shelves:
    erp = _connection(workspace, "syspro", "Harbour ERP")
    books = _connection(workspace, "qbo", "Harbour Books")
    Connection.objects.update(currency="USD")
    erp.refresh_from_db()
    books.refresh_from_db()
    source, target = Fake("syspro"), Books("qbo")
    source.records |= {"InvMaster": [], "SorMaster": []}
    target.records |= {"Item": []}

    def open_fake(config: ConnectionConfig, services: Any) -> Fake:
        return {erp.name: source, books.name: target}[config.name]

    monkeypatch.setattr("studio.catalog.wiring.open_connector", open_fake)
    _snapshot(erp, ERP)
    _snapshot(books, BOOKS)
    _publish(erp, "inbound", "SorMaster", "sales_order", ORDER_IN)
    _publish(books, "outbound", "Invoice", "sales_order", INVOICE_OUT)
    _publish(erp, "inbound", "InvMaster", "stock_level", _shipped("syspro-stock"))
    _publish(books, "inbound", "Item", "stock_level", _shipped("qbo-stock"))
    _publish(
        books, "outbound", "InventoryAdjustment", "stock_level", _shipped("stock-to-qbo-adjustment")
    )
    tables = {
        name: LookupTable.objects.create(
            workspace=workspace, connection=books, name=name, label=name
        )
        for name in ("item_units", "adjustment_accounts")
    }
    LookupRow.objects.create(table=tables["adjustment_accounts"], source="HDW", target="81")
    design = next(copy.deepcopy(d) for d in shipped() if d["key"] == "stock-to-qbo")
    plan = {
        k: v for k, v in design.items() if k not in ("key", "name", "source", "target", "ladder")
    }
    orders = Flow.objects.create(workspace=workspace, key="orders", name="Orders", source=erp,
                                 target=books, design=copy.deepcopy(ORDERS), ladder="silent")  # fmt: skip
    flow = Flow.objects.create(workspace=workspace, key="stock", name="Stock levels", source=erp,
                               target=books, design=plan, ladder=design["ladder"])  # fmt: skip
    made = Shelves(workspace, erp, books, source, target, orders, flow, tables)
    made.link("customer", "BAY", "58")
    Party.objects.create(connection=erp, kind="customer", key="BAY", code="BAY", label="Bayside")
    ivo = machine(workspace, "Ivo Marsh", PUBLISH)
    publish_flow(ivo, orders)
    made.publish()
    return made

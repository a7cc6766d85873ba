"""A small company on in-memory systems: an ERP with orders, books that take invoices, one live flow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from connectors.config import ConnectionConfig
from connectors.parts import one_by_one
from engine.errors import OutcomeUnknown, StudioError
from engine.ports import Action, Draft, File, Health, ItemResult, Page, Receipt, SourceRecord
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.accounts.models import Workspace
from studio.catalog.models import Code, Connection, Credential, SchemaSnapshot
from studio.catalog.schemas import SCHEMA
from studio.core.vault import seal
from studio.flows.models import Delivery, Flow, FlowVersion, InboxItem
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.linking.models import Link, Party
from studio.mapping.models import LookupRow, LookupTable, Mapping, MappingVersion
from studio.triage.models import Case

TEXT, MONEY, DATE = FieldType.STRING, FieldType.DECIMAL, FieldType.DATE


@dataclass
class Fake:
    """A system in memory. ``faults`` are raised by the next writes; ``late`` faults after the effect.

    A None among ``faults`` lets one write pass. ``calls`` are the sizes of calls for many.
    """

    system: str
    records: dict[str, list[SourceRecord]] = field(default_factory=dict)
    created: list[Receipt] = field(default_factory=list)
    updates: list[Draft] = field(default_factory=list)
    creates: list[Draft] = field(default_factory=list)
    look_ups: int = 0
    faults: list[StudioError | Exception | None] = field(default_factory=list)
    late: list[StudioError] = field(default_factory=list)
    update_faults: list[StudioError] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    file_faults: list[StudioError | None] = field(default_factory=list)
    late_files: list[StudioError] = field(default_factory=list)
    file_look_ups: int = 0
    calls: list[int] = field(default_factory=list)
    torn: int | None = None
    whole: StudioError | Exception | None = None
    total: Callable[[Draft], Decimal | None] = lambda draft: draft.data.get("TotalAmt")  # type: ignore[assignment,return-value]

    def close(self) -> None:
        """Nothing to give back."""

    def check(self) -> Health:
        return Health(ok=True, who="memory")

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        rows = self.records.get(entity, [])
        start = int(cursor or 0)
        end = min(len(rows), start + limit)
        return Page(rows[start:end], str(end), more=end < len(rows))

    def read(self, entity: str, key: str) -> SourceRecord | None:
        made = [r for r in self.created if (r.entity, r.key) == (entity, key)]
        held = [SourceRecord(entity, r.key, r.version, r.data) for r in made]
        kept = [r for r in self.records.get(entity, []) if r.key == key]
        return next(iter(kept[::-1] + held), None)

    def find(self, entity: str, where: dict[str, str], *, limit: int = 100) -> list[SourceRecord]:
        made = [SourceRecord(r.entity, r.key, r.version, r.data) for r in self.created]
        rows = {r.key: r for r in [*self.records.get(entity, []), *made] if r.entity == entity}
        return [r for r in rows.values() if all(r.data.get(k) == v for k, v in where.items())]

    def find_by_reference(self, entity: str, reference: str, key: str) -> Receipt | None:
        self.look_ups += 1
        fitting = [r for r in self.created if r.entity == entity and r.number == reference]
        return fitting[0] if fitting else None

    def create(self, draft: Draft) -> Receipt:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.creates.append(draft)
        data = {**draft.data, "TotalAmt": self.total(draft)}
        made = Receipt(draft.entity, str(100 + len(self.created)), draft.reference, "0", data)
        self.created.append(made)
        self.records.setdefault(draft.entity, []).append(
            SourceRecord(draft.entity, made.key, "0", data)
        )
        if self.late:
            raise self.late.pop(0)
        return made

    def update(self, draft: Draft) -> Receipt:
        if self.update_faults:
            raise self.update_faults.pop(0)
        self.updates.append(draft)
        return Receipt(draft.entity, draft.key, draft.key, "1", draft.data)

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        return one_by_one(self.update, drafts)

    def act(self, draft: Draft, action: Action) -> Receipt:
        raise NotImplementedError(action)

    def attach(self, file: File) -> Receipt:
        fault = self.file_faults.pop(0) if self.file_faults else None
        if fault is not None:
            raise fault
        self.files.append(file)
        if self.late_files:
            raise self.late_files.pop(0)
        return Receipt("Attachable", f"f{len(self.files)}", file.name)

    def attached(self, entity: str, key: str, name: str) -> Receipt | None:
        self.file_look_ups += 1
        held = [f for f in self.files if (f.entity, f.key, f.name) == (entity, key, name)]
        return Receipt("Attachable", "f1", name) if held else None

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Elements stand alone; ``whole`` refuses the call, ``torn`` breaks it off after so many."""
        self.calls.append(len(drafts))
        if self.whole is not None:
            fault, self.whole = self.whole, None
            if isinstance(fault, StudioError):
                return [ItemResult(error=fault)] * len(drafts)
            raise fault
        if self.torn is not None:
            for draft in drafts[: self.torn]:
                self.create(draft)
            self.torn = None
            lost = OutcomeUnknown(system=self.system, call="create many")
            return [ItemResult(error=lost)] * len(drafts)
        return [self._element(draft) for draft in drafts]

    def _element(self, draft: Draft) -> ItemResult:
        try:
            return ItemResult(receipt=self.create(draft))
        except StudioError as fault:
            return ItemResult(error=fault)


def _schema(system: str, entity: str, *fields: FieldSchema) -> SystemSchema:
    return SystemSchema(system=system, entities=(EntitySchema(name=entity, fields=fields),))


ERP = _schema(
    "syspro",
    "SorMaster",
    *(FieldSchema(n, n, TEXT, 30) for n in ("SalesOrder", "Customer", "Name", "Status", "Terms")),
    FieldSchema("OrderDate", "Date", DATE),
    FieldSchema("Currency", "Currency", TEXT, 3),
    FieldSchema("Lines[].Line", "Line", FieldType.INTEGER),
    FieldSchema("Lines[].Text", "Text", TEXT, 60),
    FieldSchema("Lines[].Net", "Net", MONEY, scale=2),
)
BOOKS = _schema(
    "qbo",
    "Invoice",
    FieldSchema("DocNumber", "Number", TEXT, 21),
    FieldSchema("TxnDate", "Date", DATE),
    FieldSchema("CustomerRef.value", "Customer", TEXT, references="Customer.Id"),
    FieldSchema("SalesTermRef.value", "Terms", TEXT, references="Term.Id"),
    FieldSchema("TotalAmt", "Total", MONEY, scale=2),
    FieldSchema("Line[].Description", "Text", TEXT, 60),
    FieldSchema("Line[].Amount", "Amount", MONEY, scale=2),
)
INBOUND = {
    "order_number": "SalesOrder",
    "number": "SalesOrder",
    "date": "OrderDate",
    "party": "Customer",
    "party_name": "Name",
    "status": 'IF(Status = "9", "completed", "open")',
    "terms": "Terms",
    "currency": "Currency",
}
INBOUND_LINES = {
    "to": "lines",
    "each": "Lines",
    "rows": [
        {"to": "number", "from": "line.Line"},
        {"to": "kind", "from": '"misc"'},
        {"to": "description", "from": "line.Text"},
        {"to": "quantity", "from": "1"},
        {"to": "unit_price", "from": "line.Net"},
        {"to": "net_amount", "from": "line.Net"},
        {"to": "tax_rate", "from": "0"},
    ],
}
OUTBOUND_LINES = {
    "to": "Line",
    "each": "lines",
    "rows": [
        {"to": "Description", "from": "line.description"},
        {"to": "Amount", "from": "line.net_amount"},
    ],
}
OUTBOUND = {
    "DocNumber": "number",
    "TxnDate": "date",
    "CustomerRef.value": 'LINK("customer", party)',
    "SalesTermRef.value": 'LOOKUP("terms", terms)',
    "TotalAmt": "gross_total",
}
DESIGN = {
    "document": "sales_order",
    "trigger": {"kind": "poll", "entity": "SorMaster"},
    "filter": 'status = "completed"',
    "business_key": "order_number",
    "branches": [{"when": "TRUE", "entity": "Invoice", "label": "On account"}],
    "entities": {
        "Invoice": {
            "reference": "DocNumber",
            "gross": "TotalAmt",
            "tax": "TxnTaxDetail.TotalTax",
            "date": "TxnDate",
        }
    },
    "references": {"customer": {"policy": "ask"}},
    "creates": {},
    "write_back": {"entity": "SorMaster", "fields": {"InvoiceDocId": "key"}},
}


@dataclass
class World:
    """Everything a test of moving records needs; ``run()`` plays the workers until all is quiet."""

    workspace: Workspace
    flow: Flow
    erp: Connection
    books: Connection
    source: Fake
    target: Fake
    terms: LookupTable
    version: FlowVersion

    def order(self, number: str, **changes: Any) -> SourceRecord:
        """A completed order at the source, newest last."""
        data = {
            "SalesOrder": number,
            "Customer": "BAY",
            "Name": "Bayside",
            "Status": "9",
            "Terms": "30",
            "OrderDate": "2026-11-02",
            "Currency": "USD",
        } | changes
        net = data.pop("Net", Decimal("100.00"))
        data.setdefault("Lines", [{"Line": 1, "Text": "Vice", "Net": net}])
        deleted = data.pop("deleted", False)
        record = SourceRecord("SorMaster", number, str(data), data, deleted=deleted)
        self.source.records.setdefault("SorMaster", []).append(record)
        return record

    def poll(self) -> None:
        self.flow.refresh_from_db()
        poll(self.flow)

    def work(self) -> None:
        pump_flow(self.flow.pk)

    def send(self) -> None:
        """Wake the connections; pauses between tries are taken as over."""
        for connection in (self.books, self.erp):
            Delivery.objects.filter(connection=connection).update(not_before=None)
            pump_connection(connection.pk)

    def run(self, *, times: int = 1) -> None:
        for _ in range(times):
            self.poll()
            InboxItem.objects.filter(state="new").update(not_before=None)
            self.work()
            self.send()

    def item(self, number: str) -> InboxItem:
        return InboxItem.objects.filter(key=number).latest("pk")

    def post(self, number: str) -> Delivery:
        return Delivery.objects.get(business_key=number, step="post")

    def case(self, **where: Any) -> Case:
        return Case.objects.get(**where)


def _snapshot(connection: Connection, schema: SystemSchema) -> SchemaSnapshot:
    content = SCHEMA.dump_python(schema, mode="json")
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return SchemaSnapshot.objects.create(
        connection=connection, number=1, content=content, content_hash=digest, looked_as="memory"
    )


def _mapping(
    snapshot: SchemaSnapshot, direction: str, entity: str, rows: dict[str, str], loop: Any
) -> Any:
    connection = snapshot.connection
    own = {"system": connection.system, "entity": entity}
    canonical = {"system": "canonical", "entity": "sales_order"}
    source, target = (own, canonical) if direction == "inbound" else (canonical, own)
    frame = {"mapping": f"{entity} {direction}", "source": source, "target": target}
    mapping = Mapping.objects.create(
        workspace=connection.workspace,
        connection=connection,
        direction=direction,
        entity=entity,
        document="sales_order",
        snapshot=snapshot,
        frame=frame,
    )
    document = {
        **frame,
        "rows": [{"to": to, "from": said} for to, said in rows.items()],
        "blocks": [loop],
    }
    return MappingVersion.objects.create(
        mapping=mapping,
        number=1,
        document=document,
        content_hash=hashlib.sha256(json.dumps(document).encode()).hexdigest(),
        approvals={to: {"by": "Ivo Marsh", "at": "2026-11-01T09:00:00+00:00"} for to in rows},
        published_by="Ivo Marsh",
    )


def _connection(workspace: Workspace, system: str, name: str) -> Connection:
    made = Connection.objects.create(
        workspace=workspace,
        system=system,
        name=name,
        base_url="http://127.0.0.1:1",
        company=name[:3],
        state="live",
    )
    Credential.objects.create(connection=made, sealed=seal({}))
    return made


@pytest.fixture
def world(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(workspace, monkeypatch)


def make_world(workspace: Workspace, patch: pytest.MonkeyPatch) -> World:
    """The company itself, for as long as the patch lasts."""
    erp = _connection(workspace, "syspro", "Harbour ERP")
    books = _connection(workspace, "qbo", "Harbour Books")
    fakes = {erp.name: Fake("syspro"), books.name: Fake("qbo")}

    def open_fake(config: ConnectionConfig, services: Any) -> Fake:
        return fakes[config.name]

    patch.setattr("studio.catalog.wiring.open_connector", open_fake)
    terms = LookupTable.objects.create(
        workspace=workspace, connection=books, name="terms", label="Terms", code_kind="term"
    )
    for key, label in (("3", "Net 30"), ("4", "Net 60")):
        Code.objects.create(connection=books, kind="term", key=key, label=label)
    LookupRow.objects.create(table=terms, source="30", target="3", target_label="Net 30")
    inbound = _mapping(_snapshot(erp, ERP), "inbound", "SorMaster", INBOUND, INBOUND_LINES)
    outbound = _mapping(_snapshot(books, BOOKS), "outbound", "Invoice", OUTBOUND, OUTBOUND_LINES)
    Party.objects.create(connection=erp, kind="customer", key="BAY", code="BAY", label="Bayside")
    Party.objects.create(
        connection=books, kind="customer", key="58", code="58", label="Bayside Ltd"
    )
    Link.objects.create(
        workspace=workspace,
        kind="customer",
        left_connection=erp,
        left_code="BAY",
        right_connection=books,
        right_key="58",
        right_label="Bayside Ltd",
    )
    flow = Flow.objects.create(
        workspace=workspace,
        key="orders",
        name="Orders to invoices",
        source=erp,
        target=books,
        design=deepcopy(DESIGN),
        state="live",
    )
    pin = lambda v: {"version": v.pk, "number": 1, "hash": v.content_hash}  # noqa: E731
    content = {
        "design": deepcopy(DESIGN),
        "inbound": pin(inbound),
        "outbound": {"Invoice": pin(outbound)},
        "creates": {},
    }
    version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        content=content,
        content_hash="1" * 64,
        state="published",
        published_by="Ivo Marsh",
    )
    return World(workspace, flow, erp, books, fakes[erp.name], fakes[books.name], terms, version)

"""A customer list on two in-memory systems that are kept equal by a pair of live flows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.config import ConnectionConfig
from engine.errors import RemoteFault, StaleVersion
from engine.ports import Action, Draft, Health, Page, Receipt, SourceRecord
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.accounts.models import Workspace, machine
from studio.accounts.roles import PUBLISH
from studio.catalog.models import Connection
from studio.flows.actions import publish_flow
from studio.flows.models import Delivery, Flow, Golden, InboxItem
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.linking.models import Link, MatchRun, Pair, Party
from studio.mapping.models import Mapping as FieldMapping
from studio.mapping.models import MappingVersion
from studio.triage.models import OPEN_STATES, Case
from tests.studio.world import _connection, _snapshot

TEXT = FieldType.STRING
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Store:
    """A system that keeps records as vendors do: versions, a change log, closing, deleting."""

    named: str
    active: str = ""
    rows: dict[str, SourceRecord] = field(default_factory=dict)
    log: list[SourceRecord] = field(default_factory=list)
    writes: list[tuple[str, Draft]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    late: list[Exception] = field(default_factory=list)
    longest: int = 99

    def close(self) -> None:
        """Nothing to give back."""

    def check(self) -> Health:
        return Health(ok=True, who="memory")

    def put(self, entity: str, key: str, *, deleted: bool = False, **values: Any) -> SourceRecord:
        """A person (or a write) says what the record is now."""
        held = self.rows.get(key)
        data = {**(copy.deepcopy(dict(held.data)) if held else {}), **values}
        data = {k: v[: self.longest] if isinstance(v, str) else v for k, v in data.items()}
        at = START + timedelta(minutes=len(self.log))
        number = str(len(self.log))
        data["Version"] = number
        record = SourceRecord(entity, key, number, data, at, deleted=deleted)
        self.log.append(record)
        if deleted:
            self.rows.pop(key, None)
        else:
            self.rows[key] = record
        return record

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        start = int(cursor or 0)
        rows = self.log[start : start + limit]
        return Page(rows, str(start + len(rows)), more=start + len(rows) < len(self.log))

    def read(self, entity: str, key: str) -> SourceRecord | None:
        return self.rows.get(key)

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        return [r for r in self.rows.values() if all(r.data.get(k) == v for k, v in where.items())][
            :limit
        ]

    def find_by_reference(self, entity: str, reference: str, key: str) -> Receipt | None:
        found = self.find(entity, {self.named: reference})
        return self._receipt(found[0]) if found else None

    def create(self, draft: Draft) -> Receipt:
        return self._written("create", draft, str(100 + len(self.rows)), dict(draft.data))

    def update(self, draft: Draft) -> Receipt:
        return self._written("update", draft, draft.key, dict(draft.data))

    def act(self, draft: Draft, action: Action) -> Receipt:
        return self._written(
            str(action), draft, draft.key, {self.active: action is Action.REACTIVATE}
        )

    def _written(self, verb: str, draft: Draft, key: str, values: dict[str, Any]) -> Receipt:
        if self.faults:
            raise self.faults.pop(0)
        held = self.rows.get(key)
        if held and draft.version != held.version:
            raise StaleVersion(system="memory", call=f"{verb} {draft.entity}")
        self.writes.append((verb, draft))
        record = self.put(draft.entity, key, **values)
        if self.late:
            raise self.late.pop(0)
        return self._receipt(record)

    def _receipt(self, record: SourceRecord) -> Receipt:
        number = str(record.data.get(self.named) or "")
        return Receipt(record.entity, record.key, number, record.version, record.data)


def _schema(system: str, entity: str, names: list[str], *, active: bool) -> SystemSchema:
    fields = [FieldSchema(n, n, TEXT, 100) for n in names]
    if active:
        fields.append(FieldSchema("Active", "Active", FieldType.BOOLEAN))
    return SystemSchema(system=system, entities=(EntitySchema(name=entity, fields=tuple(fields)),))


ERP = _schema("syspro", "ArCustomer", ["Customer", "Name", "Email", "Phone", "City"], active=False)
BOOKS = _schema("qbo", "Customer", ["DisplayName", "Mail", "Tel", "Town", "Notes"], active=True)
ROWS = {
    ("syspro", "inbound"): {"code": "Customer", "name": "Name", "role": '"customer"', "email": "Email",
                            "phone": "Phone", "billing.city": "City"},
    ("syspro", "outbound"): {"Email": "email", "Phone": "phone"},
    ("qbo", "inbound"): {"name": "DisplayName", "role": '"customer"', "email": "Mail", "phone": "Tel",
                         "billing.city": "Town", "active": "Active"},
    ("qbo", "outbound"): {"DisplayName": "name", "Mail": "email", "Tel": "phone", "Town": "billing.city",
                          "Notes": 'CONCAT("Cust no ", code)'},
}  # fmt: skip
FORWARD = {
    "document": "party",
    "trigger": {"kind": "poll", "entity": "ArCustomer"},
    "filter": "",
    "business_key": "code",
    "branches": [{"when": "TRUE", "entity": "Customer", "label": "Every customer"}],
    "entities": {"Customer": {"reference": "DisplayName"}},
    "creates": {
        "customer": {"entity": "Customer", "document": "party", "reference": "DisplayName"}
    },
    "keeps": {"kind": "customer", "unlinked": "ask"},
    "owners": {"entity": "source", "fields": {"email": "newest", "phone": "ask"}},
    "on_change": "update",
    "on_delete": "deactivate",
}
REVERSE = {
    "document": "party",
    "trigger": {"kind": "poll", "entity": "Customer"},
    "filter": "",
    "business_key": "name",
    "branches": [{"when": "TRUE", "entity": "ArCustomer", "label": "Every customer"}],
    "entities": {"ArCustomer": {"reference": "Customer"}},
    "keeps": {"kind": "customer", "unlinked": "leave"},
    "on_change": "update",
    "on_delete": "ask",
}


@dataclass
class Kept:
    """The world of a test: both systems, the two flows, and the workers' turns."""

    workspace: Workspace
    erp: Connection
    books: Connection
    left: Store
    right: Store
    forward: Flow
    reverse: Flow

    def customer(self, code: str = "BAY", key: str = "58", **more: str) -> Golden | None:
        """A customer that both sides have and that is linked; both flows know it."""
        values = {"Name": "Bayside", "Email": "a@bay.example", "Phone": "1", "City": "Leeds"} | more
        self.left.put("ArCustomer", code, Customer=code, **values)
        self.right.put("Customer", key, DisplayName=values["Name"], Mail=values["Email"],
                       Tel=values["Phone"], Town=values["City"], Active=True)  # fmt: skip
        self.link(code, key)
        self.run()
        return Golden.objects.filter(left_key=code).first()

    def link(self, code: str, key: str) -> Link:
        return Link.objects.create(
            workspace=self.workspace, kind="customer", left_connection=self.erp, left_code=code,
            right_connection=self.books, right_key=key, right_label="Bayside",
        )  # fmt: skip

    def compared(self) -> None:
        """The matcher compared both sides just now."""
        MatchRun.objects.create(source=self.erp, target=self.books, kind="customer",
                                started_at=datetime.now(UTC) + timedelta(seconds=5))  # fmt: skip

    def twin(self, code: str, key: str, probability: float) -> Pair:
        left = Party.objects.get(connection=self.erp, code=code)
        right = Party.objects.create(
            connection=self.books, kind="customer", key=key, label="Bay Side"
        )
        return Pair.objects.create(kind="customer", left=left, right=right, probability=probability,
                                   word="strong")  # fmt: skip

    def turn(self, flow: Flow) -> None:
        flow.refresh_from_db()
        poll(flow)
        InboxItem.objects.filter(state="new").update(not_before=None)
        pump_flow(flow.pk)
        for connection in (self.books, self.erp):
            Delivery.objects.filter(connection=connection).update(not_before=None)
            pump_connection(connection.pk)

    def run(self, times: int = 3) -> None:
        """Turns of both flows until what one wrote has come back through the other."""
        for _ in range(times):
            self.turn(self.forward)
            self.turn(self.reverse)

    def publish(self) -> None:
        """Publish both flows with their designs as they stand."""
        ivo = machine(self.workspace, "Ivo Marsh", PUBLISH)
        for flow in (self.forward, self.reverse):
            publish_flow(ivo, flow)

    def keep(self, **changes: str) -> None:
        """Change what the forward flow does about its records, and publish."""
        self.forward.design["keeps"] |= changes
        self.forward.save()
        self.publish()

    def item(self, flow: Flow) -> InboxItem:
        return InboxItem.objects.filter(flow=flow).latest("pk")

    def case(self) -> Case:
        return Case.objects.get(state__in=OPEN_STATES)

    def fault(self, kind: type[RemoteFault]) -> RemoteFault:
        return kind(system="memory", call="update")


def _publish(connection: Connection, schema: SystemSchema, direction: str) -> None:
    own = {"system": connection.system, "entity": schema.entities[0].name}
    canonical = {"system": "canonical", "entity": "party"}
    source, target = (own, canonical) if direction == "inbound" else (canonical, own)
    frame = {"mapping": f"{direction} {own['entity']}", "source": source, "target": target}
    rows = ROWS[connection.system, direction]
    mapping = FieldMapping.objects.create(
        workspace=connection.workspace, connection=connection, direction=direction,
        entity=own["entity"], document="party", frame=frame,
        snapshot=connection.snapshots.first() or _snapshot(connection, schema),
    )  # fmt: skip
    MappingVersion.objects.create(
        mapping=mapping, number=1, published_by="Ivo Marsh",
        document={**frame, "rows": [{"to": k, "from": v} for k, v in rows.items()]},
        content_hash=f"{connection.system} {direction}",
        approvals={to: {"by": "Ivo Marsh", "at": "2026-11-01T09:00:00+00:00"} for to in rows},
    )  # fmt: skip


def design(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A design with some of its keys changed."""
    return {**copy.deepcopy(base), **changes}


@pytest.fixture
def kept(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Kept:
    return make_kept(workspace, monkeypatch)


def make_kept(
    workspace: Workspace, patch: pytest.MonkeyPatch, erp_name: str = "Harbour ERP"
) -> Kept:
    """Both systems and the live pair of flows, for as long as the patch lasts."""
    erp, books = (
        _connection(workspace, "syspro", erp_name),
        _connection(workspace, "qbo", "Books"),
    )
    stores = {erp.name: Store("Customer"), books.name: Store("DisplayName", "Active")}

    def open_store(config: ConnectionConfig, services: Any) -> Store:
        return stores[config.name]

    patch.setattr("studio.catalog.wiring.open_connector", open_store)
    for connection, schema in ((erp, ERP), (books, BOOKS)):
        for direction in ("inbound", "outbound"):
            _publish(connection, schema, direction)
    forward = Flow.objects.create(workspace=workspace, key="customers", name="Customers to books",
                                  source=erp, target=books, design=design(FORWARD))  # fmt: skip
    reverse = Flow.objects.create(workspace=workspace, key="customers-back", name="Customers back",
                                  source=books, target=erp, design=design(REVERSE))  # fmt: skip
    made = Kept(workspace, erp, books, stores[erp.name], stores[books.name], forward, reverse)
    made.publish()
    return made

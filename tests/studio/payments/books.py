"""Books on the real emulators: documents in both systems, links between them, live payment flows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from connectors.emulation.serve import Running, load, start_in_thread
from engine.ports import Action, Draft, Receipt, SourceRecord
from engine.runtime.idempotency import content_hash
from studio.accounts.models import Workspace, machine
from studio.accounts.roles import CONNECT, MAP, MATCH, PUBLISH, TIE_OUT
from studio.catalog.actions import introspect
from studio.catalog.models import Connection, SchemaSnapshot
from studio.catalog.wiring import opened
from studio.core.action import Actor
from studio.flows.designs import ensure_flows
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.linking.actions import Ends, add_link
from studio.mapping.actions import ensure_lookup_tables, ensure_mappings
from studio.mapping.models import LookupRow, LookupTable, Mapping, MappingVersion
from studio.mapping.shipped import starters
from studio.sandbox import seeding
from studio.triage.models import Case
from tests.studio.signing import go_live

DAY = "2026-06-20"
WIDE = {"per_second": 10**6, "per_minute": 10**6, "concurrent": 10**6}
# What introspection saw is the same for every test of a run and takes its time.
_seen: dict[str, SchemaSnapshot] = {}


@dataclass
class Books:
    """One pair of companies: the ERP's and the one whose books pay."""

    workspace: Workspace
    erp: Connection
    books: Connection
    running: dict[str, Running]
    actor: Actor
    flows: dict[str, Flow] = field(default_factory=dict)
    number: int = 900_000

    # --- the two sides -----------------------------------------------------------------------------

    def make(self, connection: Connection, entity: str, data: dict[str, Any], said: str) -> Receipt:
        """A person enters a document."""
        with opened(connection) as connector:
            return connector.create(Draft(entity, data, f"by-hand-{entity}-{said}"[:50], said))

    def end(self, entity: str, key: str, action: Action = Action.VOID) -> None:
        """A person voids or deletes a document in the books."""
        with opened(self.books) as connector:
            connector.act(Draft(entity, {}, f"end-{entity}-{key}"[:50], key=key), action)

    def find(self, connection: Connection, entity: str, **where: str) -> list[SourceRecord]:
        with opened(connection) as connector:
            return connector.find(entity, where)

    def open_in_erp(self, number: str) -> Decimal:
        """What is still open of an invoice in the ERP."""
        (row,) = self.find(self.erp, "ArInvoice", Invoice=number)
        return Decimal(str(row.data["InvoiceBal1"]))

    # --- flows -------------------------------------------------------------------------------------

    def go_live(self, key: str) -> Flow:
        """Publish a shipped flow with its shipped mappings, as they are."""
        flow = Flow.objects.select_related("source", "target").get(key=key)
        design, known = flow.design, {s.name: s for s in starters()}
        wanted = {(flow.source_id, "inbound", design["trigger"]["entity"])}
        wanted |= {(flow.target_id, "outbound", b["entity"]) for b in design["branches"]}
        for mapping in Mapping.objects.filter(document=design["document"]):
            if (mapping.connection_id, mapping.direction, mapping.entity) not in wanted:
                continue
            document = known[mapping.frame["mapping"]].document
            MappingVersion.objects.get_or_create(
                mapping=mapping,
                number=1,
                defaults={"document": document, "content_hash": content_hash([document, mapping.connection.name]),
                          "published_by": "Ivo Marsh"},
            )  # fmt: skip
        go_live(self.actor, flow)
        self.flows[key] = Flow.objects.select_related("source", "target", "workspace").get(key=key)
        poll(self.flows[key])  # what is there already is history
        return self.flows[key]

    def run(self, times: int = 2) -> None:
        """The workers, until all is quiet; pauses between tries are taken as over."""
        for _ in range(times):
            for flow in self.flows.values():
                poll(Flow.objects.select_related("source", "target").get(pk=flow.pk))
            self.work()

    def work(self) -> None:
        for flow in self.flows.values():
            InboxItem.objects.filter(state="new").update(not_before=None)
            pump_flow(flow.pk)
        for connection in (self.erp, self.books):
            Delivery.objects.filter(connection=connection).update(not_before=None)
            pump_connection(connection.pk)

    def link(self, kind: str, code: str, key: str) -> None:
        add_link(self.actor, kind, Ends(self.erp, code, self.books, key, code), origin="test")

    def lookup(self, connection: Connection, table: str, source: str, target: str) -> None:
        """A person enters a row of a lookup table."""
        found, _ = LookupTable.objects.get_or_create(
            workspace=self.workspace, connection=connection, name=table, defaults={"label": table}
        )
        LookupRow.objects.update_or_create(table=found, source=source, defaults={"target": target})

    def posts(self, **where: Any) -> list[Delivery]:
        return list(Delivery.objects.filter(step="post", **where).order_by("pk"))

    def case(self, **where: Any) -> Case:
        return Case.objects.get(**where)

    # --- documents ---------------------------------------------------------------------------------

    def customer(self, currency: str = "") -> tuple[str, str]:
        """A customer in both systems: code in the ERP, key in the books; linked."""
        division = self.running["syspro"].emulator.company.of(self.erp.company)  # type: ignore[attr-defined]
        who = next(
            c
            for c in division.customers
            if len(c.twins) == 1 and c.twins[0].active and not c.on_hold
            and c.currency == (currency or division.currency)
        )  # fmt: skip
        field_, entity = (
            ("DisplayName", "Customer") if self.books.system == "qbo" else ("Name", "Contact")
        )
        key = self.find(self.books, entity, **{field_: who.twins[0].name})[0].key
        self.link("customer", who.code, key)
        return who.code, key

    def invoice(
        self,
        gross: str,
        *,
        link: bool = True,
        currency: str = "",
        rate: str = "",
        bill_of: str = "",
    ) -> tuple[str, str]:
        """An open invoice in both systems; its number in the ERP and its key in the books."""
        code, key = self.customer(currency)
        self.number += 1
        number = f"{self.number:06d}"
        data = {
            "Customer": code,
            "InvoiceDate": DAY,
            "CurrencyValue": Decimal(gross),
            "ProductClass": "HDW",
        }
        made = self.make(self.erp, "ArInvoice", data, number)
        if rate:
            emulator: Any = self.running["syspro"].emulator
            emulator.edit(f"{self.erp.company}.ArInvoice", made.key, {"ConvRate": Decimal(rate)})
        if self.books.system == "qbo":
            line = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(gross),
                    "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}}  # fmt: skip
            body: dict[str, Any] = {
                "CustomerRef": {"value": key},
                "TxnDate": DAY,
                "DocNumber": number,
                "Line": [line],
            }
        else:
            body = {"Type": "ACCREC", "Status": "AUTHORISED", "Contact": {"ContactID": key}, "Date": DAY,
                    "DueDate": DAY, "InvoiceNumber": number, "LineAmountTypes": "NoTax",
                    "LineItems": [{"Description": "Goods", "Quantity": Decimal(1), "UnitAmount": Decimal(gross),
                                   "AccountCode": "200"}]}  # fmt: skip
            if currency:
                body |= {"CurrencyCode": currency, "CurrencyRate": round(1 / Decimal(rate), 6)}
        paid = self.make(self.books, "Invoice", body, number)
        if link:
            self.link("invoice", number, paid.key)
        return number, paid.key

    def pay(
        self,
        *shares: tuple[str, str],
        total: str = "",
        key: str = "",
        said: str = "CHK-1",
        account: str = "",
    ) -> Receipt:
        """A payment in QuickBooks: (key of the invoice, amount) each, the rest on account."""
        customer = key or self.customer()[1]
        lines = [
            {"Amount": Decimal(a), "LinkedTxn": [{"TxnId": k, "TxnType": "Invoice"}]}
            for k, a in shares
        ]
        amount = Decimal(total) if total else sum((Decimal(a) for _, a in shares), Decimal(0))
        self.number += 1
        body = {"CustomerRef": {"value": customer}, "TotalAmt": amount, "TxnDate": DAY,
                "PaymentRefNum": said, "Line": lines}  # fmt: skip
        if account:
            body["DepositToAccountRef"] = {"value": account}
        with opened(self.books) as connector:
            return connector.create(Draft("Payment", body, f"by-hand-{self.number}", said))

    def pay_xero(self, invoice: str, amount: str, rate: str = "") -> Receipt:
        """A payment of one invoice in Xero."""
        (bank,) = self.find(self.books, "Account", Type="BANK")[:1]
        self.number += 1
        body: dict[str, Any] = {"Invoice": {"InvoiceID": invoice}, "Account": {"AccountID": bank.key},
                                "Date": DAY, "Amount": Decimal(amount), "Reference": f"BACS {self.number}"}  # fmt: skip
        if rate:
            body["CurrencyRate"] = round(1 / Decimal(rate), 6)
        return self.make(self.books, "Payment", body, body["Reference"])


def _books(workspace: Workspace, folder: Any, erp: str, books: str) -> Iterator[Books]:
    running = {
        s: start_in_thread(load(s).make("S", 1, None, None, True))
        for s in ("syspro", "qbo", "xero")
    }
    hellos = {s: r.hello() for s, r in running.items()}
    (folder / "emulators.json").write_text(json.dumps(hellos))
    actor = machine(workspace, "test", CONNECT, MAP, MATCH, PUBLISH, TIE_OUT)
    found = seeding.connections(actor, workspace)
    Connection.objects.update(limits=WIDE)
    made = Books(workspace, found[erp], found[books], running, actor)
    for connection in (made.erp, made.books):
        connection.refresh_from_db()
        seen = _seen.get(connection.name) or introspect(actor, connection, sample=60)
        if connection.name in _seen:
            SchemaSnapshot.objects.create(
                connection=connection,
                number=1,
                content=seen.content,
                content_hash=seen.content_hash,
            )
        _seen[connection.name] = seen
    ensure_mappings(actor, made.erp, made.books)
    for connection in (made.erp, made.books):
        ensure_lookup_tables(actor, connection)
    ensure_flows(made.erp, made.books)
    ensure_flows(made.books, made.erp)
    yield made
    for one in running.values():
        one.stop()


@pytest.fixture
def qbo_books(
    workspace: Workspace, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Books]:
    """SYSPRO US and QuickBooks."""
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    yield from _books(workspace, tmp_path, "syspro-us", "qbo")


@pytest.fixture
def xero_books(
    workspace: Workspace, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Books]:
    """SYSPRO UK and Xero."""
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    yield from _books(workspace, tmp_path, "syspro-uk", "xero")

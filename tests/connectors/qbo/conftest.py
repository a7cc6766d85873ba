from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from connectors.config import ConnectionConfig, Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running, start_in_thread
from connectors.emulation.wsgi import DropConnectionError, HangError
from connectors.http.budget import NoBudget
from connectors.http.evidence import RecentEvidence
from connectors.http.tokens import MemoryTokenStore, Tokens
from connectors.qbo.catalogue import catalogue, expand
from connectors.qbo.connector import QboConnector, connect
from connectors.qbo.emulator import make
from connectors.qbo.emulator.app import QboEmulator
from connectors.qbo.emulator.throttle import Windows
from engine.ports import Draft

START = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)


class InProcess(httpx.BaseTransport):
    """Calls the emulator's application; silence and cuts become httpx's own errors."""

    def __init__(self, emulator: QboEmulator) -> None:
        self._inner = httpx.WSGITransport(app=emulator.app)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        try:
            answer = self._inner.handle_request(request)
            body = answer.read()
        except HangError:
            raise httpx.ReadTimeout("silent", request=request) from None
        except DropConnectionError:
            raise httpx.RemoteProtocolError("cut", request=request) from None
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body)
        )


@dataclass
class Bench:
    """An emulator, a connector to it, and what passed between them."""

    emulator: QboEmulator
    connector: QboConnector
    transport: InProcess
    tokens: MemoryTokenStore
    evidence: RecentEvidence
    clock: EmulatorClock
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def draft(self, entity: str, data: dict, **more) -> Draft:
        values = {"idempotency_key": f"k{next(self.numbers)}"} | more
        return Draft(entity=entity, data=data, **values)

    def create(self, entity: str, data: dict, **more):
        return self.connector.create(self.draft(entity, data, **more))

    def arm(self, kind: FaultKind, path: str = "", **more) -> None:
        self.emulator.faults.arm(Fault(kind=kind, path=path, seconds=0.01, **more))

    def customer(self, name: str = "Wire Works", **more):
        return self.create("Customer", {"DisplayName": name, **more})

    def invoice(self, customer: str, amount="100.00", **more):
        return self.create(
            "Invoice", {**invoice_body(customer, amount), **more.pop("data", {})}, **more
        )


def invoice_body(customer: str, amount="100.00", item="1", code="NON") -> dict:
    from decimal import Decimal

    return {
        "CustomerRef": {"value": customer},
        "TxnDate": "2026-06-15",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal(amount),
                "SalesItemLineDetail": {
                    "ItemRef": {"value": item},
                    "Qty": Decimal(1),
                    "UnitPrice": Decimal(amount),
                    "TaxCodeRef": {"value": code},
                },
            }
        ],
    }


def build(emulator: QboEmulator, clock: EmulatorClock, **settings: str) -> Bench:
    hello = emulator.hello()
    transport, evidence = InProcess(emulator), RecentEvidence()
    ends = clock.now() + timedelta(hours=1)
    tokens = MemoryTokenStore(Tokens(hello["access_token"], hello["refresh_token"], ends))
    config = ConnectionConfig(
        system="qbo",
        base_url="http://qbo.test",
        company=hello["realm_id"],
        settings={"client_id": hello["client_id"], "batch_per_minute": "1000", **settings},
        secrets={
            "client_secret": SecretStr(hello["client_secret"]),
            "webhook_key": SecretStr(hello["webhook_key"]),
        },
    )
    services = Services(
        tokens=tokens, budget=NoBudget(), clock=clock, evidence=evidence, transport=transport
    )
    connector = connect(config, services)
    assert isinstance(connector, QboConnector)
    return Bench(emulator, connector, transport, tokens, evidence, clock)


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock(START)


@pytest.fixture
def emulator(clock: EmulatorClock) -> Iterator[QboEmulator]:
    made = make(clock=clock)
    # The limits have tests of their own; everywhere else they would only slow the clock.
    made.throttle.windows = Windows(0, 0, 0, 0)
    yield made
    made.close()


@pytest.fixture
def bench(emulator: QboEmulator, clock: EmulatorClock) -> Iterator[Bench]:
    made = build(emulator, clock)
    yield made
    made.connector.close()


@pytest.fixture
def served(emulator: QboEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The emulator over real HTTP, with what the vendor's SDK needs in the environment."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = start_in_thread(emulator)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def reference() -> dict:
    """Intuit's field catalogue from the reference folder, else the same facts as we keep them."""
    path = Path(os.environ.get("SHARED_DIR", "../shared")) / "reference/qbo/schema.json"
    return json.loads(path.read_text()) if path.exists() else our_facts()


def our_facts() -> dict:
    """Our compact catalogue in the form of the reference's file."""
    words = {
        "s": "string",
        "d": "decimal",
        "i": "integer",
        "b": "boolean",
        "D": "date",
        "T": "datetime",
        "e": "enum",
        "o": "object",
        "A": "object",
        "a": "array",
        "r": "reference",
    }
    entities = []
    for name, facts in catalogue().items():
        fields = [
            {
                "name": f.path,
                "type": words[f.type],
                "max_length": f.length,
                "enum": list(f.enum) or None,
                "required_on_create": f.required and not f.path.endswith(".value"),
                "read_only": f.read_only,
            }
            for stated in facts.fields
            for f in expand(stated)
        ]
        also = [{"name": n} for n in facts.also]
        entities.append({"name": name, "fields": fields, "xsd_only_fields": also})
    return {"entities": entities}

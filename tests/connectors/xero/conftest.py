from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.config import ConnectionConfig, Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.inprocess import InProcessTransport
from connectors.http.budget import NoBudget
from connectors.http.tokens import MemoryTokenStore, Tokens
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator import make
from connectors.xero.emulator.app import XeroEmulator
from engine.ports import Draft
from engine.schema.model import JsonValue, Record
from tests.connectors.xero.drafts import line
from tests.connectors.xero.openapi import Judge, JudgedTransport, reference_file

BASE = "http://xero.test"


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock(datetime(2026, 6, 30, 9, 0, tzinfo=UTC))


@pytest.fixture
def emulator(clock: EmulatorClock) -> Iterator[XeroEmulator]:
    made = make(clock=clock, control=True)
    made.limiter.ceilings.minute = 0
    yield made
    made.close()


@pytest.fixture
def connected(emulator: XeroEmulator, clock: EmulatorClock) -> Callable[..., XeroConnector]:
    """Makes connectors straight into the emulator, judged where the official file is present."""
    path = reference_file()

    def connect(**changes: Any) -> XeroConnector:
        hello = emulator.hello()
        transport = JudgedTransport(InProcessTransport(emulator.app), _judge(path))
        config = ConnectionConfig(
            system="xero",
            base_url=BASE,
            company=changes.pop("company", hello["tenant_id"]),
            settings={"client_id": hello["client_id"], **changes.pop("settings", {})},
            secrets={
                "client_secret": SecretStr(hello["client_secret"]),
                "webhook_key": SecretStr(hello["webhook_key"]),
            },
        )
        services = Services(
            tokens=MemoryTokenStore(Tokens(hello["access_token"], hello["refresh_token"])),
            budget=NoBudget(),
            clock=clock,
            transport=transport,
        )
        return XeroConnector(config, replace(services, **changes))

    return connect


_JUDGES: list[Judge] = []


def _judge(path: Any) -> Judge | None:
    if path is None:
        return None
    if not _JUDGES:
        _JUDGES.append(Judge(path))
    return _JUDGES[0]


@pytest.fixture
def connector(connected: Callable[..., XeroConnector]) -> Iterator[XeroConnector]:
    made = connected()
    if _JUDGES:
        _JUDGES[0].violations.clear()
    yield made
    made.close()
    if _JUDGES:
        assert _JUDGES[0].violations == []


@dataclass(frozen=True)
class Raw:
    """Plain calls to the accounting API, for what no connector would send."""

    client: httpx.Client

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.client.request(method, f"/api.xro/2.0/{path}", **more)


@pytest.fixture
def raw(emulator: XeroEmulator) -> Raw:
    hello = emulator.hello()
    headers = {
        "Authorization": f"Bearer {hello['access_token']}",
        "xero-tenant-id": hello["tenant_id"],
        "Accept": "application/json",
    }
    transport = InProcessTransport(emulator.app)
    return Raw(httpx.Client(transport=transport, base_url=BASE, headers=headers))


@pytest.fixture
def contact(connector: XeroConnector) -> str:
    receipt = connector.create(Draft("Contact", {"Name": "Test Customer"}, "contact-key"))
    return receipt.key


@pytest.fixture
def invoice(contact: str) -> Callable[..., Draft]:
    """Drafts of approved sales invoices."""

    def draft(number: str = "T-1", *amounts: str, key: str = "", **more: JsonValue) -> Draft:
        data: Record = {
            "Type": "ACCREC",
            "InvoiceNumber": number,
            "Contact": {"ContactID": contact},
            "Status": "AUTHORISED",
            "Date": "2026-06-01",
            "DueDate": "2026-07-01",
            "LineItems": [line(a) for a in amounts or ("100.00",)],
            **more,
        }
        return Draft("Invoice", data, key or f"key-{number}", reference=number)

    return draft

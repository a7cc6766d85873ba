"""The webhook sender: intent to receive, signed deliveries, sequences, faults on the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import string
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from connectors.emulation.faults import FaultBook, FaultKind
from connectors.emulation.store import Store
from connectors.emulation.wsgi import dump_json

_WAIT = 5.0


def signature(key: str, body: bytes) -> str:
    """``x-xero-signature``: Base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class Delivery:
    """One POST that was tried: status 0 means no answer."""

    events: int
    status: int
    signed: bool


@dataclass(slots=True)
class Sender:
    """Delivers events of one app to its address.

    Attributes:
        store: keeps the sequence number and deliveries that still wait.
        faults: duplicate, late and reordered deliveries.
        key: signing key.
        tenant: organisation the events are of.
        url: where to deliver; empty delivers nothing but keeps counting.
    """

    store: Store
    faults: FaultBook
    key: str
    tenant: str
    url: str = ""
    enabled: bool = False
    history: list[Delivery] = field(default_factory=list)
    held: list[bytes] = field(default_factory=list)
    transport: httpx.BaseTransport | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _random: random.Random = field(default_factory=lambda: random.Random(7))

    def _post(self, body: bytes, *, good: bool = True) -> int:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-xero-signature": signature(self.key if good else "wrong" + self.key, body),
        }
        status = 0
        try:
            with httpx.Client(transport=self.transport, timeout=_WAIT, trust_env=False) as client:
                status = client.post(self.url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        self.history.append(Delivery(body.count(b"resourceId"), status, good))
        return status

    def _body(self, events: list[dict[str, Any]], first: int, last: int) -> bytes:
        letters = "".join(self._random.choices(string.ascii_uppercase, k=20))
        return dump_json(
            {
                "events": events,
                "firstEventSequence": first,
                "lastEventSequence": last,
                "entropy": letters,
            }
        ).encode()

    def subscribe(self, url: str) -> bool:
        """Set the address and ask for its intent to receive; whether deliveries are on now."""
        self.url = url
        good = self._post(self._body([], 0, 0))
        bad = self._post(self._body([], 0, 0), good=False)
        self.enabled = good == 200 and bad == 401
        return self.enabled

    def batch(self, events: list[dict[str, Any]], base_url: str) -> bytes | None:
        """A delivery for events of one request; numbered even while nobody listens."""
        if not events:
            return None
        rows = []
        numbers = [self.store.next("webhook") for _ in events]
        for event in events:
            resource = event["resource"]
            rest = {k: v for k, v in event.items() if k != "resource"}
            address = f"{base_url}/api.xro/2.0/{resource}/{event['resourceId']}"
            rows.append(
                {
                    "resourceUrl": address,
                    "tenantId": self.tenant,
                    "tenantType": "ORGANISATION",
                    **rest,
                }
            )
        return self._body(rows, numbers[0], numbers[-1])

    def deliver(self, body: bytes) -> None:
        """Send now, or as a fault says: twice, later, or after the next one."""
        if not self.enabled:
            return
        kinds = (FaultKind.WEBHOOK_DUPLICATE, FaultKind.WEBHOOK_LATE, FaultKind.WEBHOOK_REORDERED)
        fault = self.faults.draw(kinds, "POST", "/webhook")
        with self._lock:
            if fault and fault.kind is not FaultKind.WEBHOOK_DUPLICATE:
                self.held.append(body)
                return
            for _ in range(2 if fault else 1):
                self._post(body)
            late, self.held = self.held, []
        for one in late:
            self._post(one)

    def flush(self) -> int:
        """Send what was held back; answers how many deliveries."""
        with self._lock:
            late, self.held = self.held, []
        for one in late:
            self._post(one)
        return len(late)

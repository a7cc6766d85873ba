"""Webhook notifications: two body formats, the real signature, duplicates, delay and disorder.

Events wait in the store until they are sent; ``pump`` sends what is due (the server calls it after
each answered write, a test whenever it likes). Retries follow Intuit's ladder by the clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import FaultBook, FaultKind
from connectors.emulation.store import Store
from connectors.emulation.wsgi import dump_json

NOTIFIED = frozenset(
    [
        "Account",
        "Bill",
        "BillPayment",
        "Class",
        "CreditMemo",
        "Customer",
        "Department",
        "Deposit",
        "Employee",
        "Estimate",
        "Invoice",
        "Item",
        "JournalEntry",
        "Payment",
        "PaymentMethod",
        "Preferences",
        "Purchase",
        "PurchaseOrder",
        "RefundReceipt",
        "SalesReceipt",
        "Term",
        "TimeActivity",
        "Transfer",
        "Vendor",
        "VendorCredit",
    ]
)
LADDER = (20 * 60, 30 * 60, 50 * 60)
_RETRIED = frozenset({0, 408, 500, 502, 503, 504})
_VERBS = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Void": "voided",
    "Emailed": "emailed",
}

Post = Callable[[str, bytes, dict[str, str]], int]
"""Sends a body and answers the status, 0 for no answer."""


def post_over_http(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send one notification; Intuit waits three seconds."""
    try:
        return httpx.post(
            url, content=body, headers=headers, timeout=3.0, trust_env=False
        ).status_code
    except httpx.HTTPError:
        return 0


def signature(key: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


class Webhooks:
    """The notification service of one app."""

    def __init__(
        self, store: Store, clock: EmulatorClock, faults: FaultBook, realm: str, key: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._faults = faults
        self._realm = realm
        self.key = key
        self.post: Post = post_over_http
        self._lock = threading.Lock()

    def subscribe(self, url: str, style: str = "legacy") -> None:
        """Send to ``url`` from now on; ``style`` is ``legacy``, ``cloud`` or ``both``."""
        self._store.set_meta("webhook", {"url": url, "style": style} if url else None)

    def queue(self, entity: str, key: str, operation: str) -> None:
        """Note one event; call inside the transaction of the change."""
        target = self._store.meta("webhook")
        if target is None or entity not in NOTIFIED:
            return
        number = self._store.next("events")
        styles = ("legacy", "cloud") if target["style"] == "both" else (target["style"],)
        for style in styles:
            event = {
                "number": number,
                "entity": entity,
                "id": key,
                "operation": operation,
                "at": self._clock.now().isoformat(),
                "due": self._clock.now().isoformat(),
                "style": style,
                "tries": 0,
            }
            self._store.put("_events", f"{number:09d}-{style}", event)

    def pump(self) -> int:
        """Send everything that is due; answers how many posts were accepted."""
        target = self._store.meta("webhook")
        if target is None:
            return 0
        with self._lock:
            due = [
                (k, e)
                for k, e in self._store.items("_events")
                if datetime.fromisoformat(e["due"]) <= self._clock.now()
            ]
            if self._faults.draw({FaultKind.WEBHOOK_REORDERED}, "POST", "webhook"):
                due.reverse()
            return sum(self._send(target["url"], key, event) for key, event in due)

    def _send(self, url: str, key: str, event: dict[str, Any]) -> int:
        if self._faults.draw({FaultKind.WEBHOOK_LATE}, "POST", "webhook"):
            self._later(key, event, 3600)
            return 0
        body = dump_json(self._body(event)).encode()
        headers = {
            "intuit-signature": signature(self.key, body),
            "intuit-created-time": event["at"],
            "intuit-t-id": str(uuid5(NAMESPACE_URL, f"{self._realm}:{key}")),
            "intuit-notification-schema-version": "0.1",
            "content-type": "application/json; charset=utf-8",
            "user-agent": "intuit_notification_server/0.1",
        }
        if self._faults.draw({FaultKind.WEBHOOK_DUPLICATE}, "POST", "webhook"):
            self.post(url, body, headers)
        status = self.post(url, body, headers)
        if 200 <= status < 300 or status not in _RETRIED or event["tries"] >= len(LADDER):
            self._store.delete("_events", key)
            return int(200 <= status < 300)
        self._later(key, event, LADDER[event["tries"]])
        return 0

    def _later(self, key: str, event: dict[str, Any], seconds: int) -> None:
        due = (self._clock.now() + timedelta(seconds=seconds)).isoformat()
        self._store.put("_events", key, {**event, "due": due, "tries": event["tries"] + 1})

    def _body(self, event: dict[str, Any]) -> Any:
        moment = datetime.fromisoformat(event["at"])
        if event["style"] == "cloud":
            return [
                {
                    "specversion": "1.0",
                    "id": str(uuid5(NAMESPACE_URL, f"{self._realm}:event:{event['number']}")),
                    "source": "intuit." + base64.b64encode(self._realm.encode()).decode(),
                    "type": f"qbo.{event['entity'].lower()}.{_VERBS[event['operation']]}.v1",
                    "datacontenttype": "application/json",
                    "time": moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z",
                    "intuitentityid": event["id"],
                    "intuitaccountid": self._realm,
                    "data": {},
                }
            ]
        entity = {
            "name": event["entity"],
            "id": event["id"],
            "operation": event["operation"],
            "lastUpdated": moment.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
        return {
            "eventNotifications": [
                {"realmId": self._realm, "dataChangeEvent": {"entities": [entity]}}
            ]
        }

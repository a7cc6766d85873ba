"""Webhooks: the signature over the raw body, and the notices inside (xero.md section 12).

The receiver must answer 200 within five seconds when ``verify`` holds and 401 when it does not; the
*intent to receive* deliveries carry no events and need nothing else. A gap between the last sequence
of one delivery and the first of the next means a lost delivery: read the changes since.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.http.jsontext import JsonError, load
from connectors.xero.dates import to_datetime
from engine.errors import SurpriseAnswer
from engine.ports import ChangeNotice

HEADER = "x-xero-signature"
_ENTITIES = {"CONTACT": "Contact", "INVOICE": "Invoice", "CREDITNOTE": "CreditNote"}


class XeroWebhooks:
    """Implements ``engine.ports.Webhooks`` for one app.

    Args:
        key: the app's signing key.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def verify(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether the signature fits the raw body (constant time)."""
        given = next((v for k, v in headers.items() if k.lower() == HEADER), "")
        digest = hmac.new(self._key, body, hashlib.sha256).digest()
        expected = base64.b64encode(digest)
        return bool(self._key) and hmac.compare_digest(given.strip().encode(), expected)

    def parse(self, body: bytes) -> list[ChangeNotice]:
        """The notices inside a verified body; none in an intent to receive.

        Raises:
            SurpriseAnswer: not the documented shape.
        """
        raw = _object(body)
        events = raw.get("events")
        if not isinstance(events, list):
            raise SurpriseAnswer(system="xero", call="webhook", field="events", expected="a list")
        return [
            _notice(event)
            for event in events
            if isinstance(event, dict) and str(event.get("eventCategory")) in _ENTITIES
        ]


def sequence(body: bytes) -> tuple[int, int]:
    """First and last event sequence of a delivery; ``(0, 0)`` for an intent to receive."""
    raw = _object(body)
    first, last = raw.get("firstEventSequence"), raw.get("lastEventSequence")
    return (first, last) if isinstance(first, int) and isinstance(last, int) else (0, 0)


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = load(body)
    except JsonError as error:
        raise SurpriseAnswer(
            system="xero", call="webhook", field="body", expected="JSON", detail=str(error)
        ) from error
    if not isinstance(raw, dict):
        raise SurpriseAnswer(system="xero", call="webhook", field="body", expected="an object")
    return raw


def _when(text: str) -> datetime | None:
    try:
        return to_datetime(text)
    except ValueError:
        return None


def _notice(event: dict[str, Any]) -> ChangeNotice:
    key, tenant = str(event.get("resourceId", "")), str(event.get("tenantId", ""))
    occurred = str(event.get("eventDateUtc", ""))
    category = str(event["eventCategory"])
    operation = str(event.get("eventType", "")).lower()
    return ChangeNotice(
        connection=tenant,
        entity=_ENTITIES[category],
        key=key,
        operation=operation,
        occurred_at=_when(occurred),
        # Delivery is at least once; the same event has the same four parts.
        event_id="/".join((tenant, key, occurred, operation)),
    )

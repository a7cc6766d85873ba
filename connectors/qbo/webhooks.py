"""What Intuit posts to us: signature and both body formats.

A notice says only "look": the record is read again. Duplicates and disorder are normal, so each
notice has an ``event_id`` that is the same for a repeated delivery.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.http.jsontext import JsonError, load
from connectors.qbo.catalogue import by_resource
from connectors.qbo.facts import SYSTEM
from engine.errors import SurpriseAnswer
from engine.ports import ChangeNotice

SIGNATURE = "intuit-signature"
_VERBS = {
    "created": "create",
    "updated": "update",
    "deleted": "delete",
    "merged": "merge",
    "voided": "void",
    "emailed": "emailed",
}
_TYPE = re.compile(r"qbo\.([a-z]+)\.([a-z]+)\.v\d+\Z")


class QboWebhooks:
    """Implements ``engine.ports.Webhooks``.

    Args:
        verifier: the verifier token of the app's webhook settings (secret).
    """

    def __init__(self, verifier: str) -> None:
        self._key = verifier.encode()

    def verify(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether base64(HMAC-SHA256(token, raw body)) is what the header says; constant time."""
        given = next((v for k, v in headers.items() if k.lower() == SIGNATURE), "")
        wanted = base64.b64encode(hmac.new(self._key, body, hashlib.sha256).digest())
        return bool(self._key) and hmac.compare_digest(wanted, given.strip().encode())

    def parse(self, body: bytes) -> list[ChangeNotice]:
        """Notices of a verified body: an object is the older format, an array CloudEvents.

        Raises:
            SurpriseAnswer: neither format.
        """
        try:
            content = load(body)
        except JsonError:
            raise _surprise("the body", "JSON") from None
        if isinstance(content, list):
            return [_cloud(event) for event in content]
        parts = content.get("eventNotifications") if isinstance(content, dict) else None
        if not isinstance(parts, list):
            raise _surprise("eventNotifications", "a list")
        return [notice for part in parts for notice in _older(part)]


def _older(part: Any) -> list[ChangeNotice]:
    realm = str(part.get("realmId", "")) if isinstance(part, dict) else ""
    event = part.get("dataChangeEvent") if isinstance(part, dict) else None
    entities = event.get("entities") if isinstance(event, dict) else None
    if not realm or not isinstance(entities, list):
        raise _surprise("dataChangeEvent.entities", "a list with its realmId")
    found = []
    for one in entities:
        name, key, operation, at = (
            str(one.get(n, "")) for n in ("name", "id", "operation", "lastUpdated")
        )
        found.append(
            ChangeNotice(
                connection=realm,
                entity=name,
                key=key,
                operation=operation.lower(),
                occurred_at=_moment(at),
                event_id=f"{realm}:{name}:{key}:{operation}:{at}",
            )
        )
        gone = one.get("deletedId") or one.get("deletedID")
        if gone:
            found.append(_merged_away(found[-1], str(gone)))
    return found


def _cloud(event: Any) -> ChangeNotice:
    match = _TYPE.match(str(event.get("type", ""))) if isinstance(event, dict) else None
    if match is None:
        raise _surprise("type", "qbo.<entity>.<event>.v1")
    facts = by_resource().get(match.group(1))
    return ChangeNotice(
        connection=str(event.get("intuitaccountid", "")),
        entity=facts.name if facts else match.group(1),
        key=str(event.get("intuitentityid", "")),
        operation=_VERBS.get(match.group(2), match.group(2)),
        occurred_at=_moment(str(event.get("time", ""))),
        event_id=str(event.get("id", "")),
    )


def _merged_away(notice: ChangeNotice, key: str) -> ChangeNotice:
    return ChangeNotice(
        connection=notice.connection,
        entity=notice.entity,
        key=key,
        operation="delete",
        occurred_at=notice.occurred_at,
        event_id=f"{notice.event_id}:{key}",
    )


def _moment(text: str) -> datetime | None:
    """An aware time; nanoseconds are cut to microseconds, ``-0700`` is understood."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _surprise(field: str, expected: str) -> SurpriseAnswer:
    return SurpriseAnswer(system=SYSTEM, call="webhook", field=field, expected=expected)

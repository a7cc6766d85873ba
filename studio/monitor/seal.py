"""The hash chain over the audit trail: each sealed line carries the hash of the one before.

Lines are appended freely; a sealer that holds the head row by conditional UPDATE gives them their
place. ``verify`` recomputes the chain; the export carries everything needed to do that offline.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import transaction

from studio.core.models import AuditEvent, SealHead

BATCH = 500


def content_of(event: AuditEvent) -> dict[str, Any]:
    """What the hash of a line is taken of."""
    return {
        "seal": event.seal,
        "at": event.at.isoformat(),
        "workspace": event.workspace_key,
        "actor": event.actor,
        "role": event.role,
        "key": event.key,
        "subject": event.subject,
        "data": event.data,
        "bulk": str(event.bulk or ""),
        "previous": event.previous_hash,
    }


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a line."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal_events() -> int:
    """Seal the lines that are not sealed yet; returns how many. Only one sealer wins a batch."""
    with transaction.atomic():
        head, _ = SealHead.objects.get_or_create(pk=1)
        rows = list(AuditEvent.objects.filter(seal__isnull=True).order_by("id")[:BATCH])
        number, last = head.seal, head.hash
        for event in rows:
            number += 1
            event.seal, event.previous_hash = number, last
            event.hash = last = digest(content_of(event))
        won = SealHead.objects.filter(pk=1, seal=head.seal).update(seal=number, hash=last)
        if not won:
            return 0
        AuditEvent.objects.bulk_update(rows, ["seal", "previous_hash", "hash"])
    return len(rows)


def verify() -> list[str]:
    """Faults of the chain in words; empty when it is whole."""
    faults: list[str] = []
    expected, last = 1, ""
    for event in AuditEvent.objects.filter(seal__isnull=False).order_by("seal").iterator():
        if event.seal != expected:
            faults.append(f"line {expected} is missing")
            expected = event.seal or expected
        if event.previous_hash != last:
            faults.append(f"line {event.seal} does not follow the line before it")
        if digest(content_of(event)) != event.hash:
            faults.append(f"line {event.seal} was changed after it was sealed")
        expected, last = expected + 1, event.hash
    head = SealHead.objects.filter(pk=1).first()
    if head and head.seal >= expected:
        faults.append(f"lines {expected} to {head.seal} are missing at the end")
    return faults

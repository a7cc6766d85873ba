"""Keys made of what is being said, never of the attempt."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

# QBO accepts a request id of at most 50 characters (reference/qbo/qbo.md); Xero 128; we use one form.
KEY_LENGTH = 40


def _plain(value: Any) -> Any:
    """Decimals by value: 1.50 and 1.5 say the same."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    raise TypeError(f"cannot put {type(value).__name__} into a content hash")


def content_hash(content: Any) -> str:
    """Hash of JSON-like content (64 hexadecimal characters), independent of key order."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def idempotency_key(
    *, connection: str, flow: str, entity: str, business_key: str, content: str, step: str
) -> str:
    """Key of one intent: the same content of the same record for the same step, whoever tries it.

    Args:
        connection: public key of the target connection.
        flow: key of the flow.
        entity: entity written at the target.
        business_key: what the record is called in the business (order number, customer code).
        content: content hash of what is said, or a constant where the step is said once.
        step: ``post``, ``write_back``, …
    """
    said = "\x1f".join((connection, flow, entity, business_key, content, step))
    return hashlib.sha256(said.encode()).hexdigest()[:KEY_LENGTH]

"""Signatures after the Standard Webhooks specification: HMAC-SHA256 over id, moment and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret of 256 random bits, in the form that libraries for receivers take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, event_id: str, moment: int, body: bytes) -> str:
    """One signature, with its version in front."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    said = f"{event_id}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def headers(keys: Iterable[str], event_id: str, moment: int, body: bytes) -> dict[str, str]:
    """The headers of a message, signed with every secret that is in force."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "mapping-studio",
        "webhook-id": event_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(signature(key, event_id, moment, body) for key in keys),
    }

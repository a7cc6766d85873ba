"""Secrets at rest: encrypted with the newest key, readable with any key still listed."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def digest_of(secret: str) -> str:
    """The form a token of ours is kept in; it carries 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _box() -> MultiFernet:
    keys = [
        base64.urlsafe_b64encode(hashlib.sha256(k.encode()).digest()) for k in settings.VAULT_KEYS
    ]
    return MultiFernet([Fernet(k) for k in keys])


def seal(secrets: dict[str, Any]) -> bytes:
    """Encrypt a small dict of secrets."""
    return _box().encrypt(json.dumps(secrets, sort_keys=True).encode())


def unseal(sealed: bytes | memoryview) -> dict[str, Any]:
    """Decrypt what ``seal`` made.

    Raises:
        ImproperlyConfigured: none of STUDIO_VAULT_KEYS fits.
    """
    try:
        found: dict[str, Any] = json.loads(_box().decrypt(bytes(sealed)))
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "The stored credentials cannot be read with the keys in STUDIO_VAULT_KEYS. "
            "Put the key they were sealed with back into the list."
        ) from error
    return found

"""OAuth tokens as a value, and where they are kept."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one grant; the secrets are hidden in ``repr``.

    Attributes:
        access_token: short-lived bearer.
        refresh_token: empty for client credentials.
        expires_at: end of the access token, aware.
        refresh_expires_at: end of the refresh token where the vendor says, aware.
        scope: granted scopes, space separated.
        id_token: OpenID token where one was granted (secret).
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    scope: str = ""
    id_token: str = field(default="", repr=False)


class TokenStore(Protocol):
    """Keeps the tokens of one connection.

    The order that never loses a rotated token: ``lock()``, ``get()`` again, refresh at the vendor,
    ``put()``, leave the lock, only then use the access token. The lock is held across processes.
    """

    def get(self) -> Tokens | None:
        """The tokens stored last, read fresh."""
        ...

    def put(self, tokens: Tokens) -> None:
        """Store durably; called inside ``lock()``."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """One refresher at a time, in all processes."""
        ...


class MemoryTokenStore:
    """Tokens of one process."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.RLock()

    def get(self) -> Tokens | None:
        """The tokens stored last."""
        return self._tokens

    def put(self, tokens: Tokens) -> None:
        """Replace the tokens."""
        self._tokens = tokens

    def lock(self) -> AbstractContextManager[object]:
        """A lock for the threads of this process."""
        return self._lock

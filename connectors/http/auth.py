"""Who we are on each call: bearer tokens that renew themselves, once, for all processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from connectors.http.clock import SystemClock
from connectors.http.oauth import OAuthClient
from connectors.http.tokens import Tokens, TokenStore
from engine.errors import AccessDenied
from engine.ports import Clock

MARGIN = timedelta(minutes=5)
"""A token with less left than this is renewed before it is used."""


class Auth(Protocol):
    """Supplies the credential of each call."""

    def credential(self) -> str:
        """Value of the ``Authorization`` header; renews when it must.

        Raises:
            AccessDenied: a person must reconnect.
        """
        ...

    def renew(self, refused: str) -> bool:
        """The vendor answered 401 to ``refused``: get another; False when there is none to get."""
        ...


class _BearerAuth:
    """Bearer tokens in a store; subclasses say how to get fresh ones."""

    def __init__(
        self, system: str, store: TokenStore, clock: Clock | None, margin: timedelta
    ) -> None:
        self._system = system
        self._store = store
        self._clock = clock or SystemClock()
        self._margin = margin

    def credential(self) -> str:
        """``Bearer …`` with a token that lives longer than the margin."""
        tokens = self._store.get()
        if tokens is None or not self._fresh(tokens):
            tokens = self._renewed(lambda held: not self._fresh(held))
        return f"Bearer {tokens.access_token}"

    def renew(self, refused: str) -> bool:
        """Renew unless another process already did."""
        self._renewed(lambda held: f"Bearer {held.access_token}" == refused)
        return True

    def _fresh(self, tokens: Tokens) -> bool:
        if not tokens.access_token:
            return False
        return tokens.expires_at is None or tokens.expires_at - self._clock.now() > self._margin

    def _renewed(self, stale: Callable[[Tokens], bool]) -> Tokens:
        with self._store.lock():
            held = self._store.get()  # somebody may have renewed while we waited
            if held is not None and not stale(held):
                return held
            tokens = self._obtain(held)
            self._store.put(tokens)
            return tokens

    def _obtain(self, held: Tokens | None) -> Tokens:
        raise NotImplementedError


class RefreshTokenAuth(_BearerAuth):
    """Renews with the refresh token, which the vendor may replace at each use."""

    def __init__(
        self,
        system: str,
        store: TokenStore,
        oauth: OAuthClient,
        *,
        clock: Clock | None = None,
        margin: timedelta = MARGIN,
    ) -> None:
        super().__init__(system, store, clock, margin)
        self._oauth = oauth

    def _obtain(self, held: Tokens | None) -> Tokens:
        if held is None or not held.refresh_token:
            raise AccessDenied(
                system=self._system, call="renew the sign-in", detail="It was never connected."
            )
        return self._oauth.refresh(held.refresh_token)


class ClientCredentialsAuth(_BearerAuth):
    """The app signs in as itself; there is no refresh token."""

    def __init__(
        self,
        system: str,
        store: TokenStore,
        oauth: OAuthClient,
        scopes: Sequence[str],
        *,
        clock: Clock | None = None,
        margin: timedelta = MARGIN,
    ) -> None:
        super().__init__(system, store, clock, margin)
        self._oauth = oauth
        self._scopes = tuple(scopes)

    def _obtain(self, held: Tokens | None) -> Tokens:
        return self._oauth.client_credentials(self._scopes)

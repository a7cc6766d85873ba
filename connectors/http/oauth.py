"""The OAuth 2.0 conversations: where to send the person, and the token endpoint's grants.

RFC 6749 (code, refresh, client credentials), RFC 7636 (PKCE), RFC 7009 (revocation), OpenID
discovery. The vendor differences are arguments, not branches.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from connectors.http.clock import SystemClock
from connectors.http.jsontext import JsonError, dump, load
from connectors.http.redact import detail
from connectors.http.tls import tls_floor
from connectors.http.tokens import Tokens
from engine.errors import AccessDenied, RemoteBusy, RemoteUnavailable, SurpriseAnswer
from engine.ports import Clock


@dataclass(frozen=True, slots=True)
class Pkce:
    """A PKCE pair (method S256); the verifier is secret until it is exchanged."""

    verifier: str = field(repr=False)
    challenge: str

    @classmethod
    def make(cls) -> Pkce:
        """A fresh pair from 64 random bytes."""
        verifier = secrets.token_urlsafe(64)
        digest = hashlib.sha256(verifier.encode()).digest()
        return cls(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the authorization server listens."""

    authorize: str
    token: str
    revoke: str = ""
    issuer: str = ""


def authorization_url(
    endpoint: str,
    *,
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str],
    state: str,
    pkce: Pkce | None = None,
) -> str:
    """The address to send the person's browser to; ``state`` must be checked on return."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
    }
    if pkce is not None:
        query |= {"code_challenge": pkce.challenge, "code_challenge_method": "S256"}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


class OAuthClient:
    """Talks to one token endpoint as one registered app.

    Args:
        system: name used in errors.
        endpoints: where the server listens.
        client_id: the app.
        client_secret: empty for a public client (PKCE only).
        http: a client to use (pooled by the caller); a plain one is made when absent.
        clock: time for expiry.
    """

    def __init__(
        self,
        system: str,
        endpoints: Endpoints,
        client_id: str,
        client_secret: str = "",
        *,
        http: httpx.Client | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.system = system
        self.endpoints = endpoints
        self.client_id = client_id
        self._secret = client_secret
        self._http = http or httpx.Client(
            timeout=httpx.Timeout(30.0, connect=10.0), verify=tls_floor()
        )
        self._clock = clock or SystemClock()

    def exchange(self, code: str, redirect_uri: str, pkce: Pkce | None = None) -> Tokens:
        """Tokens for an authorization code (single use)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if pkce is not None:
            form["code_verifier"] = pkce.verifier
        return self._grant(form, "sign in")

    def refresh(self, refresh_token: str) -> Tokens:
        """Fresh tokens; the answer's refresh token replaces the one given.

        Raises:
            AccessDenied: the grant is over; a person must reconnect.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        tokens = self._grant(form, "renew the sign-in")
        if tokens.refresh_token:
            return tokens
        return Tokens(
            access_token=tokens.access_token,
            refresh_token=refresh_token,
            expires_at=tokens.expires_at,
            refresh_expires_at=tokens.refresh_expires_at,
            scope=tokens.scope,
        )

    def client_credentials(self, scopes: Sequence[str]) -> Tokens:
        """Tokens of the app itself (Xero custom connections)."""
        form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
        return self._grant(form, "sign in")

    def revoke(self, token: str, *, as_json: bool = False) -> None:
        """End the grant at the vendor; a token it no longer knows counts as ended.

        Args:
            token: refresh token (either token where the vendor takes both).
            as_json: body as JSON (Intuit) instead of a form (RFC 7009).
        """
        body: dict[str, Any] = (
            {"content": dump({"token": token}), "headers": {"Content-Type": "application/json"}}
            if as_json
            else {"data": {"token": token}}
        )
        response = self._post(self.endpoints.revoke, "sign out", body)
        if response.status_code not in (200, 204, 400):
            raise self._fault(response, "sign out")

    def _grant(self, form: Mapping[str, str], call: str) -> Tokens:
        form = dict(form)
        if not self._secret:
            form["client_id"] = self.client_id
        response = self._post(self.endpoints.token, call, {"data": form})
        if response.status_code != 200:
            raise self._fault(response, call)
        return self._tokens(response, call)

    def _post(self, url: str, call: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Accept": "application/json", **body.pop("headers", {})}
        if self._secret:
            body["auth"] = httpx.BasicAuth(self.client_id, self._secret)
        try:
            return self._http.post(url, headers=headers, **body)
        except httpx.HTTPError as fault:
            raise RemoteUnavailable(
                system=self.system, call=call, detail=f"No answer ({type(fault).__name__})."
            ) from None

    def _tokens(self, response: httpx.Response, call: str) -> Tokens:
        answer = _object(response)
        access = answer.get("access_token")
        if not isinstance(access, str) or not access:
            raise SurpriseAnswer(
                system=self.system, call=call, field="access_token", expected="a text"
            )
        now = self._clock.now()
        lasts = answer.get("x_refresh_token_expires_in")
        return Tokens(
            access_token=access,
            refresh_token=str(answer.get("refresh_token") or ""),
            expires_at=now + timedelta(seconds=_seconds(answer.get("expires_in"), 1800)),
            refresh_expires_at=now + timedelta(seconds=_seconds(lasts, 0)) if lasts else None,
            scope=str(answer.get("scope") or ""),
            id_token=str(answer.get("id_token") or ""),
        )

    def _fault(self, response: httpx.Response, call: str) -> Exception:
        answer = _object(response)
        reason = str(answer.get("error") or "")
        words = detail(
            str(answer.get("error_description") or reason or f"HTTP {response.status_code}")
        )
        said: dict[str, Any] = {
            "system": self.system,
            "call": call,
            "detail": words,
            "vendor_code": reason,
        }
        if response.status_code == 429:
            return RemoteBusy(**said, wait_seconds=60.0, scope="app")
        if response.status_code >= 500:
            return RemoteUnavailable(**said)
        return AccessDenied(**{**said, "detail": words.rstrip(".") + "."})


def discover(url: str, *, system: str, http: httpx.Client) -> Endpoints:
    """Read an OpenID discovery document.

    Raises:
        RemoteUnavailable: no answer, or not 200.
        SurpriseAnswer: the document lacks an endpoint.
    """
    try:
        response = http.get(url, headers={"Accept": "application/json"})
    except httpx.HTTPError as fault:
        raise RemoteUnavailable(
            system=system, call="read the discovery document", detail=type(fault).__name__
        ) from None
    if response.status_code != 200:
        raise RemoteUnavailable(
            system=system, call="read the discovery document", detail=f"HTTP {response.status_code}"
        )
    answer = _object(response)
    for name in ("authorization_endpoint", "token_endpoint"):
        if not isinstance(answer.get(name), str):
            raise SurpriseAnswer(
                system=system, call="read the discovery document", field=name, expected="an address"
            )
    return Endpoints(
        authorize=str(answer["authorization_endpoint"]),
        token=str(answer["token_endpoint"]),
        revoke=str(answer.get("revocation_endpoint") or ""),
        issuer=str(answer.get("issuer") or ""),
    )


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        value = load(response.content)
    except JsonError:
        return {}
    return value if isinstance(value, dict) else {}


def _seconds(value: Any, otherwise: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return otherwise

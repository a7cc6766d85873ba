"""One connected Xero organisation: the ports of the engine over its accounting API.

Settings: ``client_id``, ``grant`` (``refresh_token``, the default, or ``client_credentials`` for a
custom connection), ``scopes``, ``per_day``. Secrets: ``client_secret``, ``webhook_key``, and
optionally ``access_token`` and ``refresh_token`` for a store that is still empty. The company is the
tenant id; where it is empty and the sign-in reaches exactly one organisation, that one is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import httpx

from connectors.config import ConnectionConfig, Services
from connectors.http.auth import Auth, ClientCredentialsAuth, RefreshTokenAuth
from connectors.http.budget import LocalBudget
from connectors.http.client import ApiClient
from connectors.http.oauth import Endpoints, OAuthClient
from connectors.http.tokens import Tokens
from connectors.parts import Assembled
from connectors.xero.client import XeroApi
from connectors.xero.facts import CONSENT, IDENTITY, LIMITS, PRODUCTION, SCOPES, SYSTEM
from connectors.xero.introspect import XeroIntrospector
from connectors.xero.resolution import TABLE
from connectors.xero.sink import XeroSink
from connectors.xero.source import XeroSource
from connectors.xero.webhooks import XeroWebhooks
from engine.errors import AccessDenied, RemoteFault
from engine.ports import (
    ChangeNotice,
    Connector,
    File,
    Health,
    Receipt,
)


def endpoints(config: ConnectionConfig) -> Endpoints:
    """Where to sign in: Xero's own hosts, or the emulator's when ``base_url`` is another."""
    if config.base_url.rstrip("/") == PRODUCTION and not config.auth_url:
        return Endpoints(CONSENT, f"{IDENTITY}/connect/token", f"{IDENTITY}/connect/revocation")
    base = (config.auth_url or config.base_url).rstrip("/")
    return Endpoints(
        f"{base}/identity/connect/authorize", f"{base}/connect/token", f"{base}/connect/revocation"
    )


def oauth_client(config: ConnectionConfig, services: Services) -> OAuthClient:
    """The sign-in conversation of this connection's app."""
    return OAuthClient(
        SYSTEM,
        endpoints(config),
        config.setting("client_id"),
        config.secret("client_secret"),
        http=httpx.Client(transport=services.transport) if services.transport else None,
        clock=services.clock,
    )


def _auth(config: ConnectionConfig, services: Services) -> Auth:
    oauth = oauth_client(config, services)
    store = services.tokens
    if config.setting("grant") == "client_credentials":
        scopes = config.setting("scopes").split() or [s for s in SCOPES if s.startswith("acc")]
        return ClientCredentialsAuth(SYSTEM, store, oauth, scopes, clock=services.clock)
    if store.get() is None and (config.secret("access_token") or config.secret("refresh_token")):
        with store.lock():
            store.put(Tokens(config.secret("access_token"), config.secret("refresh_token")))
    return RefreshTokenAuth(SYSTEM, store, oauth, clock=services.clock)


class XeroConnector(Assembled):
    """Implements ``engine.ports.Connector`` and ``Webhooks``."""

    system = SYSTEM
    sink: XeroSink

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        per_day = config.setting("per_day")
        limits = replace(LIMITS, per_day=int(per_day)) if per_day.isdigit() else LIMITS
        budget = services.budget or LocalBudget(SYSTEM, limits, clock=services.clock)
        self._http = ApiClient(
            SYSTEM,
            config.base_url.rstrip("/"),
            resolve=TABLE,
            auth=_auth(config, services),
            budget=budget,
            transport=services.transport,
            evidence=services.evidence,
            clock=services.clock,
        )
        self.api = XeroApi(self._http, config.company)
        self.source = XeroSource(self.api)
        self.sink = XeroSink(self.api)
        self.introspector = XeroIntrospector(self.api, self.source)
        self._webhooks = XeroWebhooks(config.secret("webhook_key"))

    def verify(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether a webhook's signature fits."""
        return self._webhooks.verify(body, headers)

    def parse(self, body: bytes) -> list[ChangeNotice]:
        """The notices in a verified webhook body."""
        return self._webhooks.parse(body)

    def connections(self) -> list[dict[str, str]]:
        """Organisations this sign-in reaches, for the person to choose: id, tenantId, tenantName."""
        return [
            {k: str(v) for k, v in one.items() if isinstance(v, str)}
            for one in self.api.connections()
        ]

    def companies(self) -> dict[str, str]:
        """Organisations this sign-in reaches: tenant id and name."""
        return {one["tenantId"]: one.get("tenantName", "") for one in self.connections()}

    def check(self) -> Health:
        """List the connections (never a heavy stream) and find ours among them."""
        try:
            found = self.connections()
            if not self.api.tenant and len(found) == 1:
                self.api.tenant = found[0]["tenantId"]
            ours = next((c for c in found if c.get("tenantId") == self.api.tenant), None)
            if ours is None:
                raise AccessDenied(
                    system=SYSTEM, call="check", detail="This organisation is not connected."
                )
        except RemoteFault as fault:
            left = self._http.budget.left()
            return Health(ok=False, detail=str(fault), limits=left, error=fault)
        return Health(ok=True, who=ours.get("tenantName", ""), limits=self._http.budget.left())

    def attach(self, file: File) -> Receipt:
        """Put a file beside a document."""
        return self.sink.attach(file)

    def attached(self, entity: str, key: str, name: str) -> Receipt | None:
        """The file of that name beside a document."""
        return self.sink.attached(entity, key, name)

    def close(self) -> None:
        """Close sockets."""
        self._http.close()


def connect(config: ConnectionConfig, services: Services) -> Connector:
    """The connector of a Xero connection; nothing is called before it is needed."""
    return XeroConnector(config, services)

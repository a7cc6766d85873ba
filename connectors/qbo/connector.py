"""The QuickBooks Online connector: one company (realm), all ports in one object."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from connectors.config import ConnectionConfig, Services
from connectors.http.auth import Auth, RefreshTokenAuth
from connectors.http.budget import Budget, Limits, LocalBudget, Patience
from connectors.http.client import ApiClient
from connectors.http.oauth import Endpoints, OAuthClient, discover
from connectors.http.tls import tls_floor
from connectors.http.tokens import Tokens
from connectors.parts import Assembled
from connectors.qbo import facts
from connectors.qbo.client import QboClient
from connectors.qbo.introspect import QboIntrospector
from connectors.qbo.resolution import TABLE
from connectors.qbo.sink import QboSink, Writing
from connectors.qbo.source import QboSource
from connectors.qbo.webhooks import QboWebhooks
from engine.errors import AccessDenied, RemoteFault
from engine.ports import (
    ChangeNotice,
    Connector,
    File,
    Health,
    Receipt,
)

SCOPES = facts.SCOPES


class QboConnector(Assembled):
    """Implements ``engine.ports.Connector`` and ``engine.ports.Webhooks``.

    Args:
        config: ``base_url`` (``https://quickbooks.api.intuit.com``), ``company`` (realm id),
            ``auth_url`` (discovery document; derived from the base address where empty).
            Settings: ``client_id``, ``marker`` (``on``/``off``), ``batch_per_minute``.
            Secrets: ``client_secret``, ``webhook_key``; ``access_token`` and ``refresh_token`` to
            start with.
        services: tokens, budget, clock, lanes, evidence, transport.
    """

    system = facts.SYSTEM
    sink: QboSink

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        self._config = config
        self._http = _plain_http(config, services)
        budget = services.budget or LocalBudget(self.system, facts.LIMITS, clock=services.clock)
        self.api = ApiClient(
            self.system,
            f"{config.base_url.rstrip('/')}/v3/company/{config.company}",
            resolve=TABLE,
            auth=LazyAuth(config, services, self._http),
            budget=budget,
            transport=services.transport,
            evidence=services.evidence,
            clock=services.clock,
        )
        self.client = QboClient(self.api, config.company, _batches(config, services))
        self.source = QboSource(self.client, services.clock)
        self.introspector = QboIntrospector(self.client)
        how = Writing(services.lane, services.clock, marks=config.setting("marker", "on") != "off")
        self.sink = QboSink(self.client, how)
        self._webhooks = QboWebhooks(config.secret("webhook_key"))

    def verify(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether a webhook's signature fits its raw body."""
        return self._webhooks.verify(body, headers)

    def parse(self, body: bytes) -> list[ChangeNotice]:
        """The notices of a verified webhook body."""
        return self._webhooks.parse(body)

    def check(self) -> Health:
        """Read CompanyInfo: one light call, allowed to use the people's reserve."""
        try:
            company = self.client.get("CompanyInfo", "", human=True)
        except RemoteFault as fault:
            left = self.api.budget.left()
            return Health(ok=False, detail=str(fault), limits=left, error=fault)
        who = f"{company.get('CompanyName', '')} (realm {self._config.company})"
        return Health(ok=True, who=who, limits=self.api.budget.left())

    def attach(self, file: File) -> Receipt:
        """Put a file beside a document."""
        return self.sink.attach(file)

    def attached(self, entity: str, key: str, name: str) -> Receipt | None:
        """The file of that name beside a document."""
        return self.sink.attached(entity, key, name)

    def close(self) -> None:
        """Close the pooled sockets."""
        self.api.close()
        self._http.close()


def _batches(config: ConnectionConfig, services: Services) -> Budget:
    """The budget of batch calls, which have a limit of their own; shared where there is somebody to share it."""
    if services.apart is not None:
        return services.apart("batch")
    per_minute = int(config.setting("batch_per_minute") or facts.BATCH_LIMITS.per_minute or 40)
    return LocalBudget(
        facts.SYSTEM,
        Limits(per_minute=per_minute, reserve=0.0),
        clock=services.clock,
        patience=Patience(facts.SYSTEM, longest=30.0),
    )


class LazyAuth:
    """Reads the discovery document only when a token must be renewed; a fresh one needs no call."""

    def __init__(self, config: ConnectionConfig, services: Services, http: httpx.Client) -> None:
        self._config = config
        self._services = services
        self._http = http
        self._ready: Auth | None = None

    def credential(self) -> str:
        """The bearer header value; renews when it must."""
        return self._auth().credential()

    def renew(self, refused: str) -> bool:
        """Renew after a 401, unless another process already did."""
        return self._auth().renew(refused)

    def _auth(self) -> Auth:
        if self._ready is None:
            app = oauth_client(self._config, self._services, http=self._http, lazily=True)
            self._ready = RefreshTokenAuth(
                facts.SYSTEM, self._services.tokens, app, clock=self._services.clock
            )
        return self._ready


class _DiscoveringClient(OAuthClient):
    """An app whose endpoints are looked up at the first call."""

    def __init__(
        self, url: str, app: tuple[str, str], http: httpx.Client, services: Services
    ) -> None:
        super().__init__(
            facts.SYSTEM, Endpoints("", ""), app[0], app[1], http=http, clock=services.clock
        )
        self._url = url

    def refresh(self, refresh_token: str) -> Tokens:
        """Fresh tokens, after discovery."""
        if not self.endpoints.token:
            self.endpoints = discover(self._url, system=facts.SYSTEM, http=self._http)
        return super().refresh(refresh_token)


def discovery_url(config: ConnectionConfig) -> str:
    """The discovery document of a connection: stated, Intuit's own, or the emulator's."""
    if config.auth_url:
        return config.auth_url
    if config.base_url.startswith(facts.PRODUCTION):
        return facts.DISCOVERY
    if config.base_url.startswith(facts.SANDBOX):
        return facts.DISCOVERY_SANDBOX
    return f"{config.base_url.rstrip('/')}/.well-known/openid_sandbox_configuration"


def oauth_client(
    config: ConnectionConfig,
    services: Services,
    *,
    http: httpx.Client | None = None,
    lazily: bool = False,
) -> OAuthClient:
    """The registered app of a connection: for the consent address, code exchange and revocation.

    Raises:
        AccessDenied: no ``client_id`` is configured.
        RemoteUnavailable: the discovery document cannot be read (unless ``lazily``).
    """
    client_id = config.setting("client_id")
    if not client_id:
        raise AccessDenied(
            system=facts.SYSTEM, call="sign in", detail="No client id is configured."
        )
    http = http or _plain_http(config, services)
    url, secret = discovery_url(config), config.secret("client_secret")
    if lazily:
        return _DiscoveringClient(url, (client_id, secret), http, services)
    endpoints = discover(url, system=facts.SYSTEM, http=http)
    return OAuthClient(facts.SYSTEM, endpoints, client_id, secret, http=http, clock=services.clock)


def _plain_http(config: ConnectionConfig, services: Services) -> httpx.Client:
    outside = config.base_url.startswith("https")
    return httpx.Client(
        timeout=httpx.Timeout(30.0, connect=10.0),
        transport=services.transport,
        verify=tls_floor(),
        trust_env=outside,
    )


def connect(config: ConnectionConfig, services: Services) -> Connector:
    """Connect to one QuickBooks company; no call is made until it is used.

    Tokens in the config's secrets (a sandbox hands them out) are put into an empty token store.
    """
    if config.secret("refresh_token") and services.tokens.get() is None:
        with services.tokens.lock():
            if services.tokens.get() is None:
                services.tokens.put(
                    Tokens(config.secret("access_token"), config.secret("refresh_token"))
                )
    return QboConnector(config, services)

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from connectors.config import ConnectionConfig, Services
from connectors.emulation.inprocess import InProcessTransport
from connectors.http.oauth import OAuthClient, Pkce, authorization_url
from connectors.http.tokens import MemoryTokenStore, Tokens
from connectors.xero.connector import XeroConnector, endpoints, oauth_client
from connectors.xero.emulator.app import XeroEmulator
from connectors.xero.facts import SCOPES
from engine.errors import AccessDenied

BACK = "https://studio.test/back"


@pytest.fixture
def http(emulator: XeroEmulator) -> httpx.Client:
    return httpx.Client(transport=InProcessTransport(emulator.app))


@pytest.fixture
def app(emulator: XeroEmulator, http: httpx.Client) -> OAuthClient:
    config = ConnectionConfig(system="xero", base_url="http://xero.test")
    hello = emulator.hello()
    return OAuthClient(
        "xero", endpoints(config), hello["client_id"], hello["client_secret"], http=http,
        clock=emulator.clock,
    )  # fmt: skip


def consent(app: OAuthClient, http: httpx.Client, pkce: Pkce | None = None) -> dict[str, str]:
    url = authorization_url(
        app.endpoints.authorize, client_id=app.client_id, redirect_uri=BACK, scopes=SCOPES,
        state="s t", pkce=pkce,
    )  # fmt: skip
    answer = http.get(url)
    assert answer.status_code == 302
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    return {k: v[0] for k, v in found.items()}


def test_a_person_signs_in_with_pkce_and_the_code_works_once(
    app: OAuthClient, http: httpx.Client
) -> None:
    pkce = Pkce.make()
    back = consent(app, http, pkce)
    assert back["state"] == "s t"
    tokens = app.exchange(back["code"], BACK, pkce)
    assert tokens.access_token
    assert tokens.refresh_token
    with pytest.raises(AccessDenied):
        app.exchange(back["code"], BACK, pkce)


def test_a_wrong_verifier_gets_nothing(app: OAuthClient, http: httpx.Client) -> None:
    back = consent(app, http, Pkce.make())
    with pytest.raises(AccessDenied):
        app.exchange(back["code"], BACK, Pkce.make())


def test_a_cancelled_consent_says_so(
    app: OAuthClient, http: httpx.Client, emulator: XeroEmulator
) -> None:
    emulator.identity.auto_consent = False
    assert consent(app, http)["error"] == "access_denied"


def test_access_tokens_look_like_jwts_with_the_event_of_the_consent(
    app: OAuthClient, http: httpx.Client, emulator: XeroEmulator
) -> None:
    tokens = app.exchange(consent(app, http)["code"], BACK)
    middle = tokens.access_token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    assert claims["authentication_event_id"] == emulator.identity.connections()[0]["authEventId"]
    assert "accounting.invoices" in claims["scope"]


def test_a_refresh_token_rotates_and_its_grace_ends(
    app: OAuthClient, emulator: XeroEmulator
) -> None:
    first = emulator.hello()["refresh_token"]
    second = app.refresh(first)
    assert second.refresh_token != first
    assert app.refresh(first).access_token
    emulator.clock.advance(1801)
    with pytest.raises(AccessDenied):
        app.refresh(first)
    emulator.identity.grace = False
    third = app.refresh(second.refresh_token)
    with pytest.raises(AccessDenied):
        app.refresh(second.refresh_token)
    emulator.clock.advance(61 * 86400)
    with pytest.raises(AccessDenied):
        app.refresh(third.refresh_token)


def test_an_expired_access_token_is_renewed_on_the_way(
    connected: Callable[..., XeroConnector], emulator: XeroEmulator, app: OAuthClient
) -> None:
    hello = emulator.hello()
    store = MemoryTokenStore(Tokens(hello["access_token"], hello["refresh_token"]))
    connector = connected(tokens=store)
    connector._http._auth._oauth = app  # type: ignore[union-attr] # sign in inside the process
    emulator.clock.advance(1900)
    assert connector.changes("Contact").records
    held = store.get()
    assert held is not None
    assert held.access_token != hello["access_token"]
    assert held.refresh_token != hello["refresh_token"]


def test_after_revocation_a_person_must_reconnect(
    connected: Callable[..., XeroConnector], emulator: XeroEmulator, app: OAuthClient
) -> None:
    app.revoke(emulator.hello()["refresh_token"])
    health = connected().check()
    assert not health.ok
    assert "Reconnect" in health.detail
    with pytest.raises(AccessDenied):
        connected().changes("Contact")
    with pytest.raises(AccessDenied):
        app.refresh(emulator.hello()["refresh_token"])


def test_a_custom_connection_signs_in_by_itself(
    connected: Callable[..., XeroConnector], app: OAuthClient
) -> None:
    connector = connected(settings={"grant": "client_credentials"}, tokens=MemoryTokenStore())
    connector._http._auth._oauth = app  # type: ignore[union-attr] # sign in inside the process
    assert connector.changes("Contact").records


def test_the_only_organisation_is_taken_where_none_was_chosen(
    connected: Callable[..., XeroConnector], emulator: XeroEmulator
) -> None:
    connector = connected(company="")
    assert connector.check().ok
    assert [c["tenantId"] for c in connector.connections()] == [emulator.hello()["tenant_id"]]
    assert connector.changes("Contact").records


def test_the_vendors_own_hosts_are_the_default() -> None:
    config = ConnectionConfig(system="xero", base_url="https://api.xero.com")
    assert endpoints(config).token == "https://identity.xero.com/connect/token"
    assert oauth_client(config, Services()).endpoints.authorize.startswith(
        "https://login.xero.com/"
    )


def test_no_secret_shows_in_a_config_or_a_token() -> None:
    assert "tiger" not in repr(Tokens("tiger", "tiger"))


def test_a_person_in_a_browser_chooses_the_second_organisation_which_has_data_of_its_own(
    app: OAuthClient, http: httpx.Client, emulator: XeroEmulator
) -> None:
    pkce = Pkce.make()
    url = authorization_url(
        app.endpoints.authorize, client_id=app.client_id, redirect_uri=BACK, scopes=SCOPES,
        state="s", pkce=pkce,
    )  # fmt: skip
    page = http.get(url, headers={"Accept": "text/html,*/*;q=0.8"})
    assert "Halden Outfitting (UK) Ltd" in page.text
    assert "Halden Outlet (UK) Ltd" in page.text
    first, second = emulator.identity.tenants
    form = dict(parse_qsl(urlsplit(url).query))
    place = url.split("?")[0]

    gone = http.post(place, data={**form, "tenant": second.id, "decision": "cancel"})
    assert "error=access_denied" in gone.headers["location"]
    back = http.post(place, data={**form, "tenant": second.id, "decision": "allow"})
    code = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
    bearer = {"Authorization": f"Bearer {app.exchange(code, BACK, pkce).access_token}"}
    known = http.get("http://xero.test/connections", headers=bearer).json()
    assert [c["tenantName"] for c in known] == [first.name, second.name]

    def many(tenant: str, entity: str) -> int:
        headers = {**bearer, "xero-tenant-id": tenant, "Accept": "application/json"}
        answer = http.get(f"http://xero.test/api.xro/2.0/{entity}", headers=headers)
        return len(answer.json()[entity])

    assert many(second.id, "Contacts") == many(second.id, "Invoices") == 0
    assert many(second.id, "Accounts") > 20
    before = many(first.id, "Contacts")
    http.put(
        "http://xero.test/api.xro/2.0/Contacts",
        json={"Name": "First & Only"},
        headers={**bearer, "xero-tenant-id": second.id, "Accept": "application/json"},
    )
    assert many(second.id, "Contacts") == 1
    assert many(first.id, "Contacts") == before

from __future__ import annotations

import base64
import hashlib
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.http.auth import ClientCredentialsAuth, RefreshTokenAuth
from connectors.http.oauth import Endpoints, OAuthClient, Pkce, authorization_url, discover
from connectors.http.tokens import MemoryTokenStore, Tokens
from engine.errors import AccessDenied, RemoteBusy, RemoteUnavailable, SurpriseAnswer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINTS = Endpoints("http://x.test/auth", "http://x.test/token", "http://x.test/revoke")


class At:
    def now(self):
        return NOW


def oauth(handler, secret="s"):
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return OAuthClient("qbo", ENDPOINTS, "id", secret, http=http, clock=At())


def answering(requests, **body):
    def handler(request):
        requests.append(request)
        number = len(requests)
        made = {"access_token": f"a{number}", "refresh_token": f"r{number}", "expires_in": 3600}
        return httpx.Response(200, json=made | body)

    return handler


def form(request):
    return {k: v[0] for k, v in parse_qs(request.content.decode()).items()}


def test_many_threads_with_an_expired_token_renew_it_once():
    requests: list[httpx.Request] = []
    store = MemoryTokenStore(Tokens("old", "r0", NOW))
    auth = RefreshTokenAuth("qbo", store, oauth(answering(requests)), clock=At())
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(auth.credential())) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(requests) == 1
    assert set(seen) == {"Bearer a1"}
    assert store.get().refresh_token == "r1"


def test_a_refused_token_that_another_process_already_renewed_is_not_renewed_again():
    requests: list[httpx.Request] = []
    store = MemoryTokenStore(Tokens("new", "r5", NOW + timedelta(hours=1)))
    auth = RefreshTokenAuth("qbo", store, oauth(answering(requests)), clock=At())
    assert auth.renew("Bearer old")
    assert requests == []
    assert auth.renew("Bearer new")
    assert len(requests) == 1


@pytest.mark.promise("F06", "F10")
def test_the_new_refresh_token_is_stored_before_the_access_token_is_used():
    order = []

    class Store(MemoryTokenStore):
        def put(self, tokens):
            order.append("stored")
            super().put(tokens)

    auth = RefreshTokenAuth("qbo", Store(Tokens("", "r0")), oauth(answering([])), clock=At())
    auth.credential()
    order.append("used")
    assert order == ["stored", "used"]


def test_a_grant_that_is_over_asks_a_person_to_reconnect():
    body = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
    client = oauth(lambda r: httpx.Response(400, json=body))
    with pytest.raises(AccessDenied) as caught:
        client.refresh("r0")
    assert "Incorrect or invalid refresh token. Reconnect" in str(caught.value)


def test_a_connection_without_tokens_was_never_connected():
    auth = RefreshTokenAuth("qbo", MemoryTokenStore(), oauth(answering([])), clock=At())
    with pytest.raises(AccessDenied):
        auth.credential()


@pytest.mark.parametrize(("status", "expected"), [(503, RemoteUnavailable), (429, RemoteBusy)])
def test_trouble_at_the_token_endpoint_does_not_end_the_grant(status, expected):
    store = MemoryTokenStore(Tokens("", "r0"))
    client = oauth(lambda r: httpx.Response(status))
    with pytest.raises(expected):
        RefreshTokenAuth("qbo", store, client, clock=At()).credential()
    assert store.get().refresh_token == "r0"


def test_a_refresh_answer_without_a_new_refresh_token_keeps_the_old_one():
    client = oauth(answering([], refresh_token=None))
    assert client.refresh("r0").refresh_token == "r0"


def test_the_app_signs_in_as_itself():
    requests: list[httpx.Request] = []
    client = oauth(answering(requests))
    auth = ClientCredentialsAuth("xero", MemoryTokenStore(), client, ["a", "b"], clock=At())
    assert auth.credential() == "Bearer a1"
    assert form(requests[0]) == {"grant_type": "client_credentials", "scope": "a b"}
    assert requests[0].headers["authorization"].startswith("Basic ")


def test_a_public_client_proves_itself_by_pkce():
    requests: list[httpx.Request] = []
    pair = Pkce.make()
    address = authorization_url(
        "http://x.test/auth?a=1",
        client_id="id",
        redirect_uri="http://me/cb",
        scopes=["s1", "s2"],
        state="st",
        pkce=pair,
    )
    query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    digest = hashlib.sha256(pair.verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (query["scope"], query["state"], query["a"]) == ("s1 s2", "st", "1")
    oauth(answering(requests), secret="").exchange("code", "http://me/cb", pair)
    assert form(requests[0])["code_verifier"] == pair.verifier
    assert form(requests[0])["client_id"] == "id"
    assert "authorization" not in requests[0].headers


def test_secrets_do_not_show_in_repr():
    assert "secret-value" not in repr(
        Tokens("secret-value", "secret-value", id_token="secret-value")
    )
    assert Pkce("secret-value", "c").verifier not in repr(Pkce("secret-value", "c"))


def test_revoking_takes_both_body_forms_and_an_unknown_token_counts_as_ended():
    requests: list[httpx.Request] = []

    def handler(request):
        requests.append(request)
        return httpx.Response(200 if len(requests) < 2 else 400)

    client = oauth(handler)
    client.revoke("r0", as_json=True)
    client.revoke("r0")
    assert requests[0].content == b'{"token":"r0"}'
    assert form(requests[1]) == {"token": "r0"}


def test_discovery_names_what_is_missing():
    http = httpx.Client(transport=httpx.MockTransport(lambda r: httpx.Response(200, json={})))
    with pytest.raises(SurpriseAnswer) as caught:
        discover("http://x.test/d", system="qbo", http=http)
    assert caught.value.field == "authorization_endpoint"

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from connectors.http.auth import RefreshTokenAuth
from connectors.http.client import ApiClient
from connectors.http.evidence import RecentEvidence
from connectors.http.oauth import Endpoints, OAuthClient
from connectors.http.resolution import with_defaults
from connectors.http.tokens import MemoryTokenStore, Tokens
from engine.errors import (
    AccessDenied,
    OutcomeUnknown,
    PermissionMissing,
    RecordMissing,
    RemoteBusy,
    RemoteRejected,
    RemoteUnavailable,
)

RESOLVE = with_defaults("qbo", (), lambda response, said: said)


def client(handler, **more) -> ApiClient:
    return ApiClient(
        "qbo", "http://x.test", resolve=RESOLVE, transport=httpx.MockTransport(handler), **more
    )


def failing(kind):
    def handler(request):
        raise kind("boom", request=request)

    return handler


@pytest.mark.parametrize("safe", [True, False])
def test_a_connection_that_was_never_made_changed_nothing(safe):
    with pytest.raises(RemoteUnavailable):
        client(failing(httpx.ConnectError)).send("POST", "/a", call="create A", safe=safe)


@pytest.mark.parametrize("kind", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError])
def test_a_write_without_an_answer_has_an_unknown_outcome(kind):
    with pytest.raises(OutcomeUnknown):
        client(failing(kind)).send("POST", "/a", call="create A", safe=False)
    with pytest.raises(RemoteUnavailable):
        client(failing(kind)).send("GET", "/a", call="read A", safe=True)


@pytest.mark.parametrize(
    ("status", "safe", "expected"),
    [
        (400, False, RemoteRejected),
        (401, False, AccessDenied),
        (403, False, PermissionMissing),
        (404, True, RecordMissing),
        (429, False, RemoteBusy),
        (500, False, OutcomeUnknown),
        (500, True, RemoteUnavailable),
        (503, False, RemoteUnavailable),
        (504, False, OutcomeUnknown),
        (507, False, OutcomeUnknown),
    ],
)
def test_plain_statuses_mean_what_http_says(status, safe, expected):
    with pytest.raises(expected) as caught:
        client(lambda r: httpx.Response(status)).send("POST", "/a", call="create A", safe=safe)
    assert type(caught.value) is expected


def test_money_leaves_as_a_plain_number():
    seen = []

    def handler(request):
        seen.append(request.content)
        return httpx.Response(200)

    client(handler).send("POST", "/a", call="c", safe=False, json={"Amt": Decimal("1E+2"), "n": 1})
    assert seen == [b'{"Amt":100,"n":1}']


def rotating(answers):
    """An authorization server and an API that accepts only the newest access token."""
    state = {"n": 0, "calls": []}

    def handler(request):
        if request.url.path == "/token":
            state["n"] += 1
            body = {
                "access_token": f"a{state['n']}",
                "refresh_token": f"r{state['n']}",
                "expires_in": 3600,
            }
            return httpx.Response(200, json=body)
        state["calls"].append((request.headers["authorization"], str(request.url), request.content))
        return answers(request, state)

    return handler, state


def authed(handler, now, tokens):
    http = httpx.Client(transport=httpx.MockTransport(handler))
    endpoints = Endpoints(authorize="http://x.test/auth", token="http://x.test/token")
    clock = type("C", (), {"now": lambda self: now})()
    oauth = OAuthClient("qbo", endpoints, "id", "secret", http=http, clock=clock)
    store = MemoryTokenStore(tokens)
    return RefreshTokenAuth("qbo", store, oauth, clock=clock), store


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_401_midway_is_replayed_once_with_the_same_key_and_body():
    handler, state = rotating(
        lambda request, s: httpx.Response(
            401 if request.headers["authorization"] == "Bearer old" else 200
        )
    )
    auth, store = authed(handler, NOW, Tokens("old", "r0", NOW + timedelta(hours=1)))
    api = client(handler, auth=auth)
    api.send("POST", "/a", call="create A", safe=False, params={"requestid": "k1"}, json={"x": 1})
    first, second = state["calls"]
    assert first[1:] == second[1:]
    assert "requestid=k1" in first[1]
    assert store.get().refresh_token == "r1"


def test_a_second_401_is_not_replayed_again():
    handler, state = rotating(lambda request, s: httpx.Response(401))
    auth, _ = authed(handler, NOW, Tokens("old", "r0", NOW + timedelta(hours=1)))
    with pytest.raises(AccessDenied):
        client(handler, auth=auth).send("GET", "/a", call="read A", safe=True)
    assert len(state["calls"]) == 2


def test_a_token_near_its_end_is_renewed_before_use():
    handler, state = rotating(lambda request, s: httpx.Response(200))
    auth, _ = authed(handler, NOW, Tokens("old", "r0", NOW + timedelta(minutes=4)))
    client(handler, auth=auth).send("GET", "/a", call="read A", safe=True)
    assert [c[0] for c in state["calls"]] == ["Bearer a1"]


@pytest.mark.promise("F27")
def test_evidence_keeps_the_exchange_without_secrets():
    kept = RecentEvidence()
    answer = httpx.Response(
        200, json={"access_token": "TOPSECRET", "ok": 1}, headers={"intuit_tid": "t-1"}
    )
    api = client(lambda r: answer, evidence=kept)
    api.send(
        "POST",
        "/a",
        call="c",
        safe=False,
        params={"code": "TOPSECRET"},
        json={"password": "TOPSECRET", "Name": "Acme"},
    )
    (one,) = kept.exchanges
    assert "TOPSECRET" not in repr(one)
    assert "Acme" in one.request
    assert (one.status, one.trace) == (200, "t-1")


def test_a_failed_exchange_is_evidence_too():
    kept = RecentEvidence()
    with pytest.raises(OutcomeUnknown):
        client(failing(httpx.ReadTimeout), evidence=kept).send("POST", "/a", call="c", safe=False)
    assert kept.exchanges[0].response == "ReadTimeout"

"""Webhooks by API: added, changed, told, sent again; for who may connect systems only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from studio.accounts.models import Membership, User, Workspace
from studio.api.models import StoredAnswer
from studio.webhooks.models import Endpoint, Message
from studio.webhooks.pump import pump

Clients = Callable[..., APIClient]
LIST = "/api/v1/webhooks/"
BODY = {"name": "Warehouse", "url": "http://127.0.0.1:1/hear", "events": ["case.opened"]}


@pytest.fixture
def program(ivo: User, client_of: Clients) -> APIClient:
    return client_of(ivo, "connect")


@pytest.fixture
def hook(program: APIClient) -> dict[str, Any]:
    said = program.post(f"{LIST}add/", BODY, format="json")
    assert said.status_code == 200, said.content
    made: dict[str, Any] = said.json()
    return made


def test_a_webhook_is_added_and_its_secret_answered_once(
    program: APIClient, hook: dict[str, Any]
) -> None:
    assert hook["secret"].startswith("whsec_")
    assert hook["events"] == ["case.opened"]

    again = program.get(f"{LIST}{hook['uuid']}/").json()
    assert "secret" not in again
    assert "sealed" not in again


def test_a_repeated_call_gets_the_answer_without_the_secret(program: APIClient) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    first = program.post(f"{LIST}add/", BODY, format="json", **key).json()

    again = program.post(f"{LIST}add/", BODY, format="json", **key).json()

    assert again == {**first, "secret": ""}
    assert first["secret"] not in StoredAnswer.objects.get().body
    assert Endpoint.objects.count() == 1


def test_every_deed_of_a_webhook(program: APIClient, hook: dict[str, Any]) -> None:
    here = f"{LIST}{hook['uuid']}/"
    changed = {**BODY, "name": "Depot", "events": ["case.closed", "flow.paused"]}

    assert program.post(f"{here}change/", changed, format="json").json()["name"] == "Depot"
    assert program.post(f"{here}renew-secret/").json()["secret"] != hook["secret"]
    assert program.post(f"{here}switch-off/").json()["state"] == "off"
    assert program.post(f"{here}switch-on/").json()["state"] == "on"
    assert program.post(f"{here}ping/").json()["event"] == "webhook.ping"
    assert program.post(f"{here}remove/").json()["state"] == "removed"
    assert program.get(here).status_code == 404


def test_what_became_of_a_message_is_read_and_it_is_sent_again(
    program: APIClient, hook: dict[str, Any]
) -> None:
    program.post(f"{LIST}{hook['uuid']}/ping/")
    pump(Endpoint.objects.get().pk)

    row = program.get("/api/v1/webhook-messages/", {"webhook": hook["uuid"]}).json()["results"][0]
    again = program.post(f"/api/v1/webhook-messages/{row['uuid']}/send-again/").json()

    assert (row["state"], row["status"]) == ("failed", 0)
    assert row["answer"].startswith("No answer")
    assert (again["state"], again["event_id"]) == ("new", row["event_id"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "ftp://example.com"}, "https"),
        ({"events": ["order.shipped"]}, "order.shipped"),
        ({"events": []}, "at least one"),
        ({"name": " "}, "blank"),
    ],
)
def test_what_cannot_be_is_400(program: APIClient, change: dict[str, Any], words: str) -> None:
    said = program.post(f"{LIST}add/", {**BODY, **change}, format="json")

    assert said.status_code == 400
    assert words in said.json()["sentence"]


@pytest.mark.parametrize("person", ["ana", "olga"])
def test_who_may_not_connect_sees_no_webhook(
    person: str, hook: dict[str, Any], request: Any, client_of: Clients
) -> None:
    client = client_of(request.getfixturevalue(person), all_scopes=True)
    here = f"{LIST}{hook['uuid']}/"

    for address in (LIST, here, "/api/v1/webhook-messages/"):
        assert client.get(address).status_code == 403
    for address in (f"{LIST}add/", f"{here}ping/", f"{here}remove/", f"{here}renew-secret/"):
        assert client.post(address, BODY, format="json").status_code == 403
    assert Endpoint.objects.get().state == "on"


def test_a_token_without_the_scope_is_refused(
    ivo: User, hook: dict[str, Any], client_of: Clients
) -> None:
    said = client_of(ivo, "operate").get(LIST)

    assert said.status_code == 403
    assert said.json()["fix"]


def test_another_workspace_has_other_webhooks(
    otto: User, hook: dict[str, Any], program: APIClient, client_of: Clients
) -> None:
    program.post(f"{LIST}{hook['uuid']}/ping/")
    elsewhere = Workspace.objects.create(name="Other", slug="other")
    Membership.objects.create(user=otto, workspace=elsewhere, role="integrator")
    theirs = client_of(otto, all_scopes=True)
    message = Message.objects.get()

    assert theirs.get(LIST).json()["results"] == []
    assert theirs.get(f"{LIST}{hook['uuid']}/").status_code == 404
    assert theirs.post(f"{LIST}{hook['uuid']}/ping/").status_code == 404
    assert theirs.post(f"/api/v1/webhook-messages/{message.uuid}/send-again/").status_code == 404

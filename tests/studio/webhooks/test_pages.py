"""The pages of webhooks: without script, by parts with it, for who may connect systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import Membership, User, Workspace
from studio.webhooks.models import Endpoint, Message
from studio.webhooks.outbox import tell
from tests.studio.webhooks.conftest import Listening

pytestmark = pytest.mark.django_db
AsPerson = Callable[[User], Client]
LIST = "/webhooks/"


@pytest.fixture
def ivos(ivo: User, as_person: AsPerson) -> Client:
    return as_person(ivo)


def place(listening: Listening, rest: str = "") -> str:
    return f"{LIST}{listening.endpoint.uuid}/{rest}"


def test_an_address_is_added_and_its_secret_shown_once(ivos: Client, receiver: Any) -> None:
    said = ivos.post(
        LIST, {"name": "Warehouse", "url": receiver.url, "events": ["case.opened", "case.closed"]}
    )

    assert "whsec_" in said.content.decode()
    assert said["Cache-Control"] == "no-store"
    again = ivos.get(LIST).content.decode()
    assert "whsec_" not in again
    assert "Warehouse" in again
    assert Endpoint.objects.get().events == ["case.opened", "case.closed"]


def test_what_was_typed_stays_with_the_reason_why_not(ivos: Client, settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = False

    said = ivos.post(LIST, {"name": "Depot", "url": "https://10.0.0.1/", "events": ["flow.paused"]})

    page = said.content.decode()
    assert said.status_code == 422
    assert "private network" in page
    assert 'value="Depot"' in page
    assert 'value="flow.paused" checked' in page
    assert ivos.post(LIST, {"name": "Depot", "url": "https://example.com"}).status_code == 422


def test_what_it_was_told_is_shown_with_the_answer(
    world: Any, listening: Listening, ivos: Client
) -> None:
    listening.receiver.answers = [(500, "out of order", {})]
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {}, page="/flows/orders/")
    listening.send()

    page = ivos.get(place(listening)).content.decode()

    assert "out of order" in page
    assert "500" in page
    assert 'href="/flows/orders/"' in page
    assert "The last try failed." in page


def test_a_ping_and_sending_again_answer_a_part_to_htmx_and_a_page_to_others(
    listening: Listening, ivos: Client
) -> None:
    plain = ivos.post(place(listening, "ping/"))
    listening.send()
    again = reverse("webhooks:send-again", args=[Message.objects.get().uuid])
    part = ivos.post(again, HTTP_HX_REQUEST="true")

    assert plain.status_code == 302
    assert part.status_code == 200
    text = part.content.decode()
    assert "<html" not in text
    assert 'id="messages"' in text
    assert "with the id it had" in text
    listening.send()
    assert listening.receiver.types() == ["webhook.ping", "webhook.ping"]


def test_sending_again_to_who_is_off_is_refused_with_the_fix(
    world: Any, listening: Listening, ivos: Client
) -> None:
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    listening.send()
    ivos.post(place(listening, "switch/"), {"on": "no"})
    again = reverse("webhooks:send-again", args=[Message.objects.get().uuid])

    page = ivos.post(again, follow=True).content.decode()

    assert "is switched off. Switch it on first." in page


def test_it_is_changed_switched_given_a_new_secret_and_removed(
    listening: Listening, ivos: Client
) -> None:
    change = {"name": "Depot", "url": listening.receiver.url, "events": ["flow.paused"]}

    assert ivos.post(place(listening, "change/"), change).status_code == 302
    assert ivos.post(place(listening, "change/"), {**change, "name": ""}).status_code == 422
    assert "whsec_" in ivos.post(place(listening, "secret/")).content.decode()
    assert "whsec_" not in ivos.get(place(listening)).content.decode()
    ivos.post(place(listening, "switch/"), {"on": "no"})
    assert (listening.now().state, listening.now().name) == ("off", "Depot")
    assert ivos.post(place(listening, "remove/")).url == LIST
    assert ivos.get(place(listening)).status_code == 404


def test_an_address_that_was_switched_off_for_failing_says_what_waits(
    world: Any, listening: Listening, ivos: Client
) -> None:
    Endpoint.objects.update(state="failed", why="No answer: refused")
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})

    page = ivos.get(place(listening)).content.decode()

    assert "1 event waits for it" in page
    assert "No answer: refused" in page


def test_the_address_of_another_workspace_is_not_there(
    listening: Listening, otto: User, as_person: AsPerson
) -> None:
    other = Workspace.objects.create(name="Other", slug="other")
    Membership.objects.create(user=otto, workspace=other, role="integrator")
    client = as_person(otto)

    assert client.get(place(listening)).status_code == 404
    assert client.post(place(listening, "ping/")).status_code == 404


def test_the_administrator_reads_in_the_admin_site_and_changes_nothing_there(
    listening: Listening, ivos: Client, ada: User, as_person: AsPerson
) -> None:
    User.objects.filter(pk=ada.pk).update(is_superuser=True, is_staff=True)
    ivos.post(place(listening, "ping/"))
    listening.send()
    admin, message = as_person(ada), Message.objects.get()

    for name, key in (("endpoint", listening.endpoint.pk), ("message", message.pk)):
        assert admin.get(reverse(f"admin:webhooks_{name}_changelist")).status_code == 200
        page = reverse(f"admin:webhooks_{name}_change", args=[key])
        shown = admin.get(page).content.decode()
        assert "whsec_" not in shown
        assert "sealed" not in shown
        assert admin.post(page, {"state": "off"}).status_code == 403
        assert admin.get(reverse(f"admin:webhooks_{name}_add")).status_code == 403

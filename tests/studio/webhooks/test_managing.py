"""Addresses: who may, which may be told, secrets, switching, sending once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from studio.accounts.models import User
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.core.vault import unseal
from studio.webhooks import actions
from studio.webhooks.models import Endpoint, Message
from studio.webhooks.outbox import tell
from tests.studio.webhooks.conftest import Listening
from tests.studio.webhooks.test_telling import verified

pytestmark = pytest.mark.django_db
OUTSIDE = "https://hooks.example.com/studio"


@pytest.mark.parametrize(("person", "may"), [("ivo", 1), ("ada", 1), ("ana", 0), ("olga", 0)])
def test_who_connects_systems_manages_addresses(
    person: str, may: bool, workspace: Any, request: Any, actor_of: Callable[[User], Actor]
) -> None:
    actor = actor_of(request.getfixturevalue(person))

    if may:
        assert actions.add(actor, workspace, "Warehouse", OUTSIDE, ["case.opened"])
        return
    with pytest.raises(PermissionDenied):
        actions.add(actor, workspace, "Warehouse", OUTSIDE, ["case.opened"])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/", "begins with https"),
        ("ftp://hooks.example.com/", "begins with https"),
        ("https://user:word@hooks.example.com/", "name or password"),
        ("https://hooks.example.com/#part", "#"),
        ("https://127.0.0.1/", "private network"),
        ("https://localhost/", "private network"),
        ("https://10.1.2.3/", "private network"),
        ("https://[::1]/", "private network"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("hooks", "begins with https"),
        ("https://" + "a" * 500 + ".example.com", "500 characters"),
    ],
)
def test_an_address_that_may_not_be_told_is_refused(
    url: str, words: str, workspace: Any, integrator: Actor, settings: Any
) -> None:
    settings.WEBHOOKS_INSIDE = False

    with pytest.raises(ValidationError, match=words):
        actions.add(integrator, workspace, "Warehouse", url, ["case.opened"])

    assert not Endpoint.objects.exists()


def test_an_address_stored_before_is_guarded_when_it_is_told(
    world: Any, listening: Listening, settings: Any
) -> None:
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    settings.WEBHOOKS_INSIDE = False

    listening.send()

    assert listening.receiver.heard == []
    assert Message.objects.get().status == 0


def test_a_secret_is_shown_once_and_stands_nowhere_in_the_clear(listening: Listening) -> None:
    row = Endpoint.objects.values().get()

    assert listening.secret.startswith("whsec_")
    assert listening.secret not in str(row)
    assert listening.secret not in str(list(AuditEvent.objects.values()))
    assert unseal(listening.endpoint.sealed) == {"secret": listening.secret}


def test_after_a_new_secret_both_sign_for_a_day(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    fresh = actions.renew_secret(integrator, listening.endpoint)
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    listening.send()
    Endpoint.objects.update(old_secret_until=None)
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    listening.send()

    first, second = listening.receiver.heard
    assert verified(fresh, first.headers, first.body)
    assert verified(listening.secret, first.headers, first.body)
    assert verified(fresh, second.headers, second.body)
    assert not verified(listening.secret, second.headers, second.body)


def test_an_event_is_sent_again_with_the_id_it_had(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    listening.send()

    actions.send_again(integrator, Message.objects.get())
    listening.send()

    one, other = listening.receiver.heard
    assert one.headers["webhook-id"] == other.headers["webhook-id"]
    assert one.body == other.body


def test_what_is_on_its_way_is_not_sent_beside_itself(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    Message.objects.update(state="sending")

    with pytest.raises(DecisionRefused, match="just now"):
        actions.send_again(integrator, Message.objects.get())


def test_a_ping_reaches_an_address_that_is_switched_off(
    listening: Listening, integrator: Actor
) -> None:
    actions.switch(integrator, listening.endpoint, on=False)

    actions.ping(integrator, listening.endpoint)
    listening.send()

    assert listening.receiver.types() == ["webhook.ping"]
    assert listening.now().state == "off"


def test_a_ping_is_tried_once(listening: Listening, integrator: Actor) -> None:
    listening.receiver.answers = [(500, "", {})]

    actions.ping(integrator, listening.endpoint)
    listening.send()

    assert Message.objects.get().state == "failed"


def test_who_is_switched_off_by_hand_is_not_told(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    actions.switch(integrator, listening.endpoint, on=False)
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})

    assert not Message.objects.exists()


def test_switching_on_sends_what_waited(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    Endpoint.objects.update(state="failed", failures=9)
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
    assert listening.send() == 0

    actions.switch(integrator, listening.now(), on=True)
    listening.send()

    assert listening.receiver.types() == ["flow.paused"]
    assert listening.now().failures == 0


def test_a_removed_address_is_told_nothing_and_its_secret_is_forgotten(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})

    actions.remove(integrator, listening.endpoint)

    assert listening.send() == 0
    assert unseal(listening.now().sealed) == {}
    assert Message.objects.get().state == "failed"
    with pytest.raises(DecisionRefused, match="removed"):
        actions.ping(integrator, listening.endpoint)


def test_every_deed_is_in_the_trail(listening: Listening, integrator: Actor) -> None:
    actions.change(
        integrator, listening.endpoint, name="Depot", url=OUTSIDE, events=["case.opened"]
    )
    actions.switch(integrator, listening.endpoint, on=False)
    actions.remove(integrator, listening.endpoint)

    keys = list(AuditEvent.objects.order_by("id").values_list("key", flat=True))
    assert keys == [
        "webhook.added", "webhook.changed", "webhook.switched_off", "webhook.removed"
    ]  # fmt: skip

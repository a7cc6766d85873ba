"""What is told: written with what happened, sent over real HTTP, signed, without secrets and records."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from engine.errors import PeriodClosed
from studio.accounts.models import Workspace
from studio.core.action import Actor
from studio.flows.actions import pause, replay, resume
from studio.flows.drain import drain, end_drains
from studio.mapping.models import LookupRow
from studio.triage.models import Case
from studio.webhooks.models import Endpoint, Event, Message
from studio.webhooks.outbox import tell
from tests.studio.webhooks.conftest import Listening

pytestmark = pytest.mark.django_db


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As docs/api.md tells receivers to do it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [part.partition(",")[2] for part in headers["webhook-signature"].split()]
    return any(hmac.compare_digest(wanted, one) for one in given)


def test_a_posting_is_told_with_its_number_amount_and_links(
    world: Any, listening: Listening
) -> None:
    world.order("1001")
    world.run()

    listening.send()

    said = listening.receiver.heard[0].said
    post = world.post("1001")
    assert (said["type"], said["workspace"]) == ("delivery.posted", "sample")
    data = said["data"]
    assert (data["uuid"], data["business_key"], data["target_key"]) == (
        *(str(post.uuid), "1001", "100"),
    )
    assert (data["amount"], data["currency"]) == ("100.00", "USD")
    assert data["links"]["api"].endswith(f"/api/v1/deliveries/{post.uuid}/")
    assert Message.objects.get().state == "done"


def test_a_message_is_signed_over_its_id_moment_and_body(world: Any, listening: Listening) -> None:
    world.order("1001")
    world.run()

    listening.send()

    heard = listening.receiver.heard[0]
    assert heard.headers["webhook-id"] == str(Event.objects.get().uuid) == heard.said["id"]
    assert verified(listening.secret, heard.headers, heard.body)
    assert not verified(listening.secret, heard.headers, heard.body + b" ")
    assert not verified(listening.secret, {**heard.headers, "webhook-timestamp": "1"}, heard.body)


def test_no_name_no_payload_and_no_secret_leaves_with_a_message(
    world: Any, listening: Listening
) -> None:
    world.order("1001")
    world.order("1002", Terms="45")
    world.run()

    listening.send()

    sent = b"".join(one.body for one in listening.receiver.heard).decode()
    assert len(listening.receiver.heard) == 2
    for personal in ("Bayside", "Vice", listening.secret):
        assert personal not in sent


def test_an_exception_is_told_when_it_opens_and_when_it_is_over(
    world: Any, listening: Listening, accountant: Actor
) -> None:
    world.order("1001", Terms="45")
    world.run()
    LookupRow.objects.create(table=world.terms, source="45", target="4", target_label="Net 60")
    replay(world.item("1001"))
    world.work()
    world.send()

    listening.send()

    assert sorted(listening.receiver.types()) == ["case.closed", "case.opened", "delivery.posted"]
    opened = next(h.said for h in listening.receiver.heard if h.said["type"] == "case.opened")
    assert opened["data"]["uuid"] == str(Case.objects.get().uuid)


def test_a_write_that_is_refused_is_told_with_the_code(world: Any, listening: Listening) -> None:
    world.order("1001")
    world.target.faults = [
        PeriodClosed(system="qbo", call="create Invoice", vendor_code="6200", detail="closed")
    ]
    world.run()

    listening.send()

    failed = next(h.said for h in listening.receiver.heard if h.said["type"] == "delivery.failed")
    assert failed["data"]["code"] == PeriodClosed.code
    assert failed["data"]["gave_up"] is False


def test_a_flow_that_is_paused_goes_on_or_has_ended_its_work_is_told(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    pause(integrator, world.flow, "stock-taking")
    resume(integrator, world.flow)
    drain(integrator, world.flow, "the end")
    end_drains()

    listening.send()

    assert listening.receiver.types() == ["flow.paused", "flow.resumed", "flow.paused"]


def test_an_address_hears_only_what_it_asked_for(
    world: Any, listen: Callable[..., Endpoint], integrator: Actor
) -> None:
    listen("flow.resumed")

    pause(integrator, world.flow, "stock-taking")
    resume(integrator, world.flow)

    assert [e.key for e in Event.objects.all()] == ["flow.resumed"]


def test_what_is_rolled_back_was_never_told(world: Any, listening: Listening) -> None:
    with transaction.atomic():
        tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})
        transaction.set_rollback(True)

    assert not Event.objects.exists()
    assert listening.send() == 0


def test_where_nobody_listens_nothing_is_written(world: Any) -> None:
    world.order("1001")
    world.run()

    assert not Event.objects.exists()


def test_another_workspace_hears_nothing(world: Any, listening: Listening) -> None:
    other = Workspace.objects.create(name="Other", slug="other")

    tell(other.pk, "flow.paused", f"flow:{world.flow.uuid}", {})

    assert not Event.objects.exists()

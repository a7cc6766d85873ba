"""Sending: at least once, one id for ever, ever longer pauses, and an end for who does not listen."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import connection, connections, transaction
from django.utils import timezone

from connectors.http.posting import Answer
from studio.core.models import AuditEvent
from studio.webhooks.models import Endpoint, Event, Message
from studio.webhooks.outbox import tell
from studio.webhooks.pump import AGAIN, OFF_AFTER, claim, pump, settle, sweep
from tests.studio.webhooks.conftest import Listening

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(world: Any, listening: Listening) -> Listening:
    """One event that waits to be sent."""
    tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {"flow": "orders"})
    return listening


def test_a_crash_after_the_commit_loses_nothing(told: Listening, monkeypatch: Any) -> None:
    """No wake ever came; the sweep finds the row."""
    woken: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, args: woken.append((task, args)))
    with transaction.atomic():
        found = sweep()

    assert found == 1
    assert told.send() == 1
    assert told.receiver.types() == ["flow.paused"]


def test_a_worker_that_died_while_sending_is_followed_by_one_with_the_same_id(
    told: Listening,
) -> None:
    dead = claim(told.endpoint.pk)
    assert dead is not None
    assert claim(told.endpoint.pk) is None
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    told.send()
    settle(dead, Answer(500, "too late"))

    message = Message.objects.get()
    assert (message.state, message.attempts, message.status) == ("done", 2, 200)
    assert told.receiver.heard[0].headers["webhook-id"] == str(dead.event.uuid)
    assert told.now().failures == 0


def test_waking_twice_sends_once(told: Listening) -> None:
    assert pump(told.endpoint.pk) == 1
    assert pump(told.endpoint.pk) == 0

    assert len(told.receiver.heard) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_event_once(world: Any, listening: Listening) -> None:
    for _ in range(6):
        tell(world.workspace.pk, "flow.paused", f"flow:{world.flow.uuid}", {})

    def work() -> None:
        try:
            pump(listening.endpoint.pk)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    heard = [one.headers["webhook-id"] for one in listening.receiver.heard]
    assert sorted(heard) == sorted(str(e.uuid) for e in Event.objects.all())
    assert connection.in_atomic_block is False


def test_a_refusal_is_tried_again_later_and_its_answer_is_kept(told: Listening) -> None:
    told.receiver.answers = [(503, '{"access_token": "abc123", "why": "in repair"}', {})]

    pump(told.endpoint.pk)

    message = Message.objects.get()
    assert (message.state, message.attempts, message.status) == ("new", 1, 503)
    assert "in repair" in message.answer
    assert "abc123" not in message.answer
    assert message.not_before is not None
    assert message.not_before > timezone.now()
    assert pump(told.endpoint.pk) == 0
    assert told.send() == 1
    assert Message.objects.get().state == "done"
    assert told.now().why == ""


def test_pauses_grow_differ_and_end() -> None:
    pauses = [AGAIN.pause(n, "e1") for n in range(1, AGAIN.give_up_after)]
    known = [p for p in pauses if p is not None]

    assert known[:7] == sorted(known[:7])
    assert AGAIN.pause(3, "e1") != AGAIN.pause(3, "e2")
    assert timedelta(days=1) < timedelta(seconds=sum(known)) < timedelta(days=4)
    assert AGAIN.pause(AGAIN.give_up_after, "e1") is None


def test_a_pause_that_the_receiver_asks_for_is_kept(told: Listening) -> None:
    told.receiver.answers = [(429, "", {"Retry-After": "600"})]

    pump(told.endpoint.pk)

    wait = Message.objects.get().not_before
    assert wait is not None
    assert wait > timezone.now() + timedelta(seconds=590)
    rest = told.now().rest_until
    assert rest is not None
    assert rest > timezone.now() + timedelta(seconds=590)


def test_a_message_that_was_tried_often_enough_is_given_up_and_others_go_on(
    world: Any, told: Listening
) -> None:
    Message.objects.update(attempts=AGAIN.give_up_after - 1)
    tell(world.workspace.pk, "flow.resumed", f"flow:{world.flow.uuid}", {})
    told.receiver.answers = [(422, "cannot read this", {})]

    told.send()
    told.send()

    assert [m.state for m in Message.objects.order_by("id")] == ["failed", "done"]
    assert told.now().state == "on"


def test_who_does_not_answer_for_a_day_is_switched_off_and_hears_later_what_it_missed(
    world: Any, told: Listening
) -> None:
    told.receiver.answers = [(500, "", {}), (500, "", {})]
    told.send()
    Endpoint.objects.update(failing_since=timezone.now() - OFF_AFTER - timedelta(minutes=1))

    told.send()
    tell(world.workspace.pk, "flow.resumed", f"flow:{world.flow.uuid}", {})

    assert told.now().state == "failed"
    assert AuditEvent.objects.get(key="webhook.given_up").data["name"] == "Warehouse"
    assert told.send() == 0
    assert Message.objects.filter(state="new").count() == 2


def test_an_address_that_says_it_is_gone_is_switched_off_at_once(told: Listening) -> None:
    told.receiver.answers = [(410, "moved out", {})]

    told.send()

    assert (told.now().state, told.now().why) == ("failed", "410 moved out")


def test_a_redirect_is_not_followed(told: Listening) -> None:
    told.receiver.answers = [(302, "", {"Location": told.receiver.url + "/elsewhere"})]

    told.send()

    assert [one.path for one in told.receiver.heard] == ["/hear"]
    assert "redirects are not followed" in Message.objects.get().answer


def test_an_address_that_nobody_answers_is_said(told: Listening) -> None:
    Endpoint.objects.update(url="http://127.0.0.1:1/hear")

    told.send()

    message = Message.objects.get()
    assert (message.state, message.status) == ("new", 0)
    assert message.answer.startswith("No answer")


def test_what_an_answer_may_contain_does_not_break_the_row(told: Listening) -> None:
    told.receiver.answers = [(500, "zero \0 byte " + "x" * 5000, {})]

    told.send()

    answer = Message.objects.get().answer
    assert answer.startswith("zero byte xx")
    assert len(answer) <= 300


def test_what_is_settled_is_forgotten_after_a_month(told: Listening) -> None:
    told.send()
    Event.objects.update(created_at=timezone.now() - timedelta(days=31))

    sweep()

    assert not Message.objects.exists()


def test_what_nobody_heard_for_a_month_is_given_up(told: Listening) -> None:
    Endpoint.objects.update(state="failed")
    Event.objects.update(created_at=timezone.now() - timedelta(days=31))
    Message.objects.update(created_at=timezone.now() - timedelta(days=31))

    sweep()

    assert not Event.objects.exists()

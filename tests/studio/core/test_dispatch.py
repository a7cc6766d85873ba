"""Waking workers: after the commit, once, and never at the cost of the work itself."""

from __future__ import annotations

import pytest
from celery import current_app
from django.db import transaction

from studio.core.dispatch import nudge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, tuple[int, ...]]]:
    said: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, args: said.append((task, args)))
    return said


def test_what_is_asked_for_twice_in_a_transaction_is_sent_once_after_it(sent) -> None:
    with transaction.atomic():
        for _ in range(3):
            nudge("flows.pump_deliveries", 1)
        nudge("flows.pump_deliveries", 2)
        assert sent == []

    assert sent == [("flows.pump_deliveries", (1,)), ("flows.pump_deliveries", (2,))]


def test_a_wake_that_was_rolled_back_does_not_swallow_the_next_one(sent) -> None:
    with transaction.atomic():
        inner = transaction.savepoint()
        nudge("flows.poll", 1)
        transaction.savepoint_rollback(inner)
        nudge("flows.poll", 1)

    assert sent == [("flows.poll", (1,))]


def test_a_broker_that_is_away_spoils_nothing(monkeypatch) -> None:
    def away(task, args):
        raise ConnectionError("redis")

    monkeypatch.setattr(current_app, "send_task", away)

    nudge("flows.poll", 1)

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from engine.errors import (
    AccessDenied,
    DuplicateAtTarget,
    IllegalTransitionError,
    OutcomeUnknown,
    ReferenceUnknown,
    RemoteBusy,
    RemoteUnavailable,
    StudioError,
)
from engine.runtime.disposition import Verdict, dispose
from engine.runtime.idempotency import KEY_LENGTH, content_hash, idempotency_key
from engine.runtime.retry import RetryPolicy
from engine.runtime.states import DeliveryState, ItemState, advance_delivery, advance_item

HERE = {"system": "qbo", "call": "create Invoice"}


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (RemoteBusy(**HERE, wait_seconds=3), Verdict.RETRY),
        (RemoteBusy(**HERE, wait_seconds=40_000, scope="day"), Verdict.PAUSE),
        (RemoteUnavailable(**HERE), Verdict.RETRY),
        (OutcomeUnknown(**HERE), Verdict.LOOK_UP),
        (DuplicateAtTarget(**HERE, value="INV-1"), Verdict.LOOK_UP),
        (AccessDenied(**HERE), Verdict.PAUSE),
        (ReferenceUnknown(**HERE, kind="item", value="A"), Verdict.PARK),
        (ZeroDivisionError(), Verdict.STOP),
    ],
)
def test_each_error_has_one_disposition(error: Exception, verdict: Verdict) -> None:
    assert dispose(error).verdict is verdict


def test_waiting_for_a_limit_does_not_count_as_a_failed_try() -> None:
    assert dispose(RemoteBusy(**HERE, wait_seconds=1)).counts is False
    assert dispose(RemoteUnavailable(**HERE)).counts is True


@pytest.mark.golden(8)
def test_the_key_says_what_is_said_and_not_who_tries() -> None:
    said = {
        "connection": "c",
        "flow": "f",
        "entity": "Invoice",
        "business_key": "1",
        "step": "post",
    }
    key = idempotency_key(**said, content="abc")
    assert key == idempotency_key(**said, content="abc")
    assert key != idempotency_key(**said, content="abd")
    assert len(key) == KEY_LENGTH <= 50


def test_equal_amounts_have_equal_content_whatever_their_zeros() -> None:
    assert content_hash({"a": Decimal("1.50"), "b": 1}) == content_hash(
        {"b": 1, "a": Decimal("1.5")}
    )


@pytest.mark.promise("F25")
def test_a_named_pause_is_a_floor_and_tries_end() -> None:
    policy = RetryPolicy(give_up_after=3)
    assert (policy.pause(1, "k", said_seconds=30) or 0) >= 30
    assert policy.pause(3, "k") is None
    assert policy.pause(2, "k") == policy.pause(2, "k")


def test_a_done_delivery_can_never_be_sent_again() -> None:
    with pytest.raises(IllegalTransitionError):
        advance_delivery("d", DeliveryState.DONE, DeliveryState.SENDING)
    assert advance_item("i", ItemState.PARKED, ItemState.NEW) is ItemState.NEW


def test_an_unknown_outcome_cannot_become_ready_without_a_look() -> None:
    with pytest.raises(IllegalTransitionError):
        advance_delivery("d", DeliveryState.UNKNOWN, DeliveryState.READY)


def test_errors_survive_pickling_with_their_evidence() -> None:
    error: StudioError = ReferenceUnknown(**HERE, kind="item", value="A-1", detail="gone")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert "A-1" in str(again)

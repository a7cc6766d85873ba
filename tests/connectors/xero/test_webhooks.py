from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.emulation.faults import Fault, FaultKind
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator.app import XeroEmulator
from connectors.xero.emulator.webhooks import signature
from connectors.xero.webhooks import XeroWebhooks, sequence
from engine.errors import SurpriseAnswer
from engine.ports import Draft

Drafts = Callable[..., Draft]


class Receiver:
    """A receiver that answers as the rules demand and keeps what it took."""

    def __init__(self, hooks: XeroWebhooks) -> None:
        self.hooks = hooks
        self.taken: list[bytes] = []
        self.refused = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        if not self.hooks.verify(body, request.headers):
            self.refused += 1
            return httpx.Response(401)
        self.taken.append(body)
        return httpx.Response(200)


@pytest.fixture
def receiver(emulator: XeroEmulator) -> Receiver:
    made = Receiver(XeroWebhooks(emulator.hello()["webhook_key"]))
    emulator.webhooks.transport = httpx.MockTransport(made)
    assert emulator.webhooks.subscribe("https://studio.test/hook")
    return made


def test_the_intent_to_receive_is_answered_and_a_wrong_signature_refused(
    receiver: Receiver,
) -> None:
    assert receiver.refused == 1
    assert [receiver.hooks.parse(b) for b in receiver.taken] == [[]]
    assert sequence(receiver.taken[0]) == (0, 0)


def test_a_receiver_that_takes_anything_is_not_switched_on(emulator: XeroEmulator) -> None:
    emulator.webhooks.transport = httpx.MockTransport(lambda _: httpx.Response(200))
    assert not emulator.webhooks.subscribe("https://studio.test/hook")


def test_a_new_invoice_and_its_payment_are_told_with_rising_numbers(
    receiver: Receiver, connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    made = connector.create(invoice("W-1"))
    emulator.edit("Invoice", made.key, {"Reference": "person"})
    notices = [n for body in receiver.taken for n in connector.parse(body)]
    ours = [(n.entity, n.operation) for n in notices if n.key == made.key]
    assert ours == [("Invoice", "create"), ("Invoice", "update")]
    assert {n.connection for n in notices} == {emulator.hello()["tenant_id"]}
    assert all(n.occurred_at and n.occurred_at.tzinfo for n in notices)
    ranges = [sequence(b) for b in receiver.taken[1:]]
    assert ranges[0][0] == 1
    assert all(b[0] == a[1] + 1 for a, b in itertools.pairwise(ranges))


def test_duplicate_late_and_reordered_deliveries_are_the_same_events(
    receiver: Receiver, connector: XeroConnector, emulator: XeroEmulator, contact: str
) -> None:
    def told() -> list[str]:
        return [n.event_id for b in receiver.taken for n in connector.parse(b) if n.key == contact]

    before = len(told())
    emulator.faults.arm(Fault(FaultKind.WEBHOOK_DUPLICATE))
    emulator.edit("Contact", contact, {"FirstName": "A"})
    assert len(told()) == before + 2
    assert len(set(told()[before:])) == 1
    emulator.faults.arm(Fault(FaultKind.WEBHOOK_LATE))
    emulator.clock.advance(1)
    emulator.edit("Contact", contact, {"FirstName": "B"})
    assert len(told()) == before + 2
    assert emulator.webhooks.flush() == 1
    emulator.faults.arm(Fault(FaultKind.WEBHOOK_REORDERED))
    for name in ("C", "D"):
        emulator.clock.advance(1)
        emulator.edit("Contact", contact, {"FirstName": name})
    firsts = [sequence(b)[0] for b in receiver.taken]
    assert firsts[-1] < firsts[-2]


@given(st.binary(max_size=200), st.text(max_size=40))
def test_only_the_right_signature_passes(body: bytes, other: str) -> None:
    hooks = XeroWebhooks("key")
    assert hooks.verify(body, {"X-Xero-Signature": signature("key", body)})
    assert not hooks.verify(body + b"x", {"x-xero-signature": signature("key", body)})
    assert not hooks.verify(body, {"x-xero-signature": other})
    assert not XeroWebhooks("").verify(body, {"x-xero-signature": signature("", body)})


@example(b'{"events": [{"eventCategory": []}]}')
@given(st.one_of(st.binary(max_size=300), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["events", "eventCategory", "resourceId", "x"]), inner, max_size=3),
).map(lambda v: json.dumps(v).encode())))  # fmt: skip
def test_any_body_is_read_or_called_a_surprise(body: bytes) -> None:
    hooks = XeroWebhooks("key")
    with contextlib.suppress(SurpriseAnswer):
        assert isinstance(hooks.parse(body), list)

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.registry import CONNECTORS, capabilities
from engine.errors import SurpriseAnswer
from engine.ports import Draft
from tests.connectors.contracts.subject import Subject, connected
from tests.connectors.hearing import caught

pytestmark = pytest.mark.contract
TELLING = [s for s in CONNECTORS if capabilities(s).webhooks]


POSTING = [(s, where) for s in TELLING for where in ("in process", "over HTTP")]


@pytest.fixture(params=POSTING, ids=[f"{s}, {w}" for s, w in POSTING])
def telling(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A fresh subject whose vendor posts to us."""
    system, where = request.param
    with connected(system, over_http=where == "over HTTP") as subject:
        yield subject


def test_only_one_system_that_is_asked_says_that_it_never_calls_us() -> None:
    asked = {key for key, system in CONNECTORS.items() if not system.capabilities.receives}
    assert asked - set(TELLING) == {"syspro"}


def test_a_connector_can_verify_what_its_vendor_posts_and_nothing_else(writing: Subject) -> None:
    assert hasattr(writing.connector, "verify") == (writing.system in TELLING)


def test_what_is_posted_verifies_and_tells_what_happened_to_which_record(telling: Subject) -> None:
    with caught(telling.system, telling.emulator, telling.connector) as heard:
        made = telling.connector.create(telling.draft(20))
        telling.connector.update(
            Draft(telling.words.party, telling.words.edit, "hook-20", key=made.key)
        )
    notices = [n for body, _ in heard for n in telling.connector.parse(body)]
    told = [(n.entity, n.operation) for n in notices if n.key == made.key]
    assert told == [(telling.words.party, "create"), (telling.words.party, "update")]
    assert len({n.connection for n in notices}) == 1
    assert all(n.connection for n in notices)
    assert all(n.occurred_at is not None and n.occurred_at.tzinfo for n in notices)


def test_one_changed_byte_or_another_signature_is_refused(telling: Subject) -> None:
    with caught(telling.system, telling.emulator, telling.connector) as heard:
        telling.connector.create(telling.draft(21))
    body, headers = heard[0]
    verify = telling.connector.verify
    assert verify(body, headers)
    assert verify(body, {k.upper(): v for k, v in headers.items()})
    assert not verify(body + b" ", headers)
    assert not verify(body, {})
    spoilt = {k: v[::-1] if "signature" in k else v for k, v in headers.items()}
    assert not verify(body, spoilt)


def test_a_repeated_delivery_is_the_same_event(telling: Subject) -> None:
    with caught(telling.system, telling.emulator, telling.connector) as heard:
        telling.faults.arm(Fault(FaultKind.WEBHOOK_DUPLICATE))
        telling.connector.create(telling.draft(22))
    events = [n.event_id for body, _ in heard for n in telling.connector.parse(body)]
    assert len(events) == 2
    assert len(set(events)) == 1


def test_what_is_none_of_the_vendors_formats_is_a_surprise(telling: Subject) -> None:
    for body in (b"", b"\xff", b"null", b"{}", b"[1]"):
        with pytest.raises(SurpriseAnswer):
            telling.connector.parse(body)

from __future__ import annotations

import pytest

from connectors.emulation.faults import FaultKind
from engine.errors import OutcomeUnknown, RemoteFault, RemoteRejected, RemoteUnavailable
from engine.ports import Draft
from tests.connectors.contracts.subject import Subject

pytestmark = pytest.mark.contract


def named(subject: Subject, number: int) -> list[str]:
    name = str(subject.words.new(number)[subject.words.name])
    found = subject.connector.find(subject.words.party, {subject.words.name: name})
    return [r.key for r in found]


def test_a_created_record_can_be_read_with_its_values(writing: Subject) -> None:
    receipt = writing.connector.create(writing.draft(1))
    read = writing.connector.read(writing.words.party, receipt.key)
    assert read is not None
    for path, value in writing.words.new(1).items():
        assert read.data[path] == value


def test_a_second_create_with_the_same_key_returns_the_first(writing: Subject) -> None:
    first = writing.connector.create(writing.draft(2))
    second = writing.connector.create(writing.draft(2))
    assert second.key == first.key
    assert named(writing, 2) == [first.key]


def test_an_update_changes_only_the_given_fields(writing: Subject) -> None:
    made = writing.connector.create(writing.draft(3))
    before = writing.connector.read(writing.words.party, made.key)
    assert before is not None
    receipt = writing.connector.update(
        Draft(
            entity=writing.words.party,
            key=made.key,
            version=before.version,
            data=writing.words.edit,
            idempotency_key="edit-3",
        )
    )
    after = writing.connector.read(writing.words.party, made.key)
    assert after is not None
    assert receipt.key == made.key
    assert after.version != before.version
    for path, value in writing.words.edit.items():
        assert after.data[path] == value
    assert after.data[writing.words.name] == before.data[writing.words.name]


def test_an_answer_that_never_came_is_an_unknown_outcome_and_is_found_by_reference(
    writing: Subject,
) -> None:
    writing.break_next(FaultKind.DROP_AFTER)
    draft = writing.draft(4)
    with pytest.raises(OutcomeUnknown):
        writing.connector.create(draft)
    found = writing.connector.find_by_reference(
        draft.entity, draft.reference, draft.idempotency_key
    )
    assert found is not None
    assert named(writing, 4) == [found.key]


def test_a_request_lost_on_the_way_leaves_nothing_to_find(writing: Subject) -> None:
    writing.break_next(FaultKind.DROP_BEFORE)
    draft = writing.draft(5)
    with pytest.raises((OutcomeUnknown, RemoteUnavailable)):
        writing.connector.create(draft)
    assert (
        writing.connector.find_by_reference(draft.entity, draft.reference, draft.idempotency_key)
        is None
    )
    writing.connector.create(draft)
    assert len(named(writing, 5)) == 1


def test_a_refused_record_says_why_and_leaves_nothing(writing: Subject) -> None:
    with pytest.raises(RemoteRejected) as caught:
        writing.connector.create(writing.refused(6))
    assert caught.value.system == writing.system
    assert caught.value.call
    assert named(writing, 6) == []


def test_one_bad_element_of_a_batch_spoils_only_itself(writing: Subject) -> None:
    drafts = [writing.draft(7), writing.refused(8), writing.draft(9)]
    results = writing.connector.create_many(drafts)
    assert [r.receipt is not None for r in results] == [True, False, True]
    assert isinstance(results[1].error, RemoteFault)
    assert [len(named(writing, n)) for n in (7, 8, 9)] == [1, 0, 1]


def test_a_server_error_after_the_effect_is_never_called_a_failure(writing: Subject) -> None:
    writing.break_next(FaultKind.SERVER_ERROR_AFTER)
    with pytest.raises(OutcomeUnknown):
        writing.connector.create(writing.draft(10))
    assert len(named(writing, 10)) == 1

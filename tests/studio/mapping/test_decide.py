from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping.actions import comment, decide
from studio.mapping.models import Decision, MappingRow
from tests.studio.mapping.conftest import candidate

MakeRow = Callable[..., MappingRow]


def test_approving_puts_the_candidate_in_force_and_keeps_all_candidates(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9), candidate("Telephone", 0.4))

    decision = decide(integrator, row, "approved", candidate=1)

    row.refresh_from_db()
    assert (row.state, row.expression, row.decided_by) == ("approved", "Telephone", "Ivo Marsh")
    assert len(row.candidates) == 2
    assert decision.confidence == 0.4
    assert decision.evidence["sentence"] == "Telephone looks right."
    assert decision.candidates == row.candidates


@pytest.mark.golden(18)
def test_the_best_candidate_is_the_highest_score_although_they_arrive_unsorted(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Telephone", 0.4), candidate("Name", 0.9))

    decide(integrator, row, "approved")

    row.refresh_from_db()
    assert row.expression == "Name"


def test_a_decision_leaves_one_audit_line_with_before_and_after(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9))

    decide(integrator, row, "approved")

    line = AuditEvent.objects.get(key="mapping.decided")
    assert line.actor == "Ivo Marsh"
    assert line.data["before"]["state"] == "open"
    assert line.data["after"]["expression"] == "Name"


def test_an_own_expression_is_checked_and_stored_in_its_canonical_spelling(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9))

    decide(integrator, row, "approved", expression='upper( Name )&" Ltd"')

    row.refresh_from_db()
    assert row.expression == 'UPPER(Name) & " Ltd"'
    assert row.method == "Own"


def test_an_unreadable_expression_is_refused_with_its_column(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name")

    with pytest.raises(DecisionRefused, match="Column"):
        decide(integrator, row, "approved", expression="UPPER(Name")

    row.refresh_from_db()
    assert row.state == "open"
    assert not Decision.objects.exists()


def test_do_not_map_needs_a_reason(integrator: Actor, make_row: MakeRow) -> None:
    row = make_row("fax")

    with pytest.raises(DecisionRefused, match="why"):
        decide(integrator, row, "do_not_map", reason="  ")
    decide(integrator, row, "do_not_map", reason="We fax nobody")

    row.refresh_from_db()
    assert (row.state, row.reason) == ("do_not_map", "We fax nobody")


def test_approving_a_candidate_that_is_not_there_is_refused(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9))

    with pytest.raises(DecisionRefused, match="no such candidate"):
        decide(integrator, row, "approved", candidate=3)


def test_the_second_of_two_people_who_saw_the_same_row_is_told(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9))
    seen = row.revision
    decide(integrator, row, "rejected")

    with pytest.raises(DecidedMeanwhile):
        decide(integrator, row, "approved", revision=seen)

    row.refresh_from_db()
    assert row.state == "rejected"


@pytest.mark.parametrize("who", ["accountant", "auditor"])
def test_who_may_not_map_is_refused(
    who: str, request: pytest.FixtureRequest, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9))

    with pytest.raises(PermissionDenied):
        decide(request.getfixturevalue(who), row, "approved")


def test_an_accountant_may_answer_beside_a_row_and_an_auditor_may_not(
    accountant: Actor, auditor: Actor, make_row: MakeRow
) -> None:
    row = make_row("name")

    comment(accountant, row, "Trading name, please.")
    with pytest.raises(PermissionDenied):
        comment(auditor, row, "Why?")

    assert row.notes.get().text == "Trading name, please."

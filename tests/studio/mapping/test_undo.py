from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.mapping.actions import bulk, decide, undo, undo_last
from studio.mapping.models import MappingRow
from tests.studio.mapping.conftest import candidate

MakeRow = Callable[..., MappingRow]


def test_undo_puts_back_what_was_in_force_and_says_whose_decision_it_took_back(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9), candidate("Telephone", 0.4))
    decide(integrator, row, "approved")
    second = decide(integrator, row, "approved", candidate=1)

    counter = undo(integrator, second)

    row.refresh_from_db()
    assert (row.state, row.expression, row.decided_by) == ("approved", "Name", "Ivo Marsh")
    assert row.decided_at is not None
    assert counter.undo_of == second
    assert len(row.candidates) == 2


def test_undo_can_be_repeated_back_to_the_beginning(integrator: Actor, make_row: MakeRow) -> None:
    row = make_row("name", candidate("Name", 0.9), candidate("Telephone", 0.4))
    decide(integrator, row, "approved")
    decide(integrator, row, "approved", candidate=1)

    undo_last(integrator)
    undo_last(integrator)

    row.refresh_from_db()
    assert (row.state, row.expression) == ("open", "")
    with pytest.raises(DecisionRefused, match="nothing of yours"):
        undo_last(integrator)


def test_undoing_the_last_takes_its_whole_bulk(integrator: Actor, make_row: MakeRow) -> None:
    rows = [make_row(f"custom.f{n}", candidate("Name", 0.9)) for n in range(3)]
    bulk(integrator, rows)

    done = undo_last(integrator)

    assert len(done) == 3
    assert MappingRow.objects.filter(state="open").count() == 3


def test_an_earlier_decision_cannot_be_undone_under_a_later_one(
    integrator: Actor, make_row: MakeRow
) -> None:
    row = make_row("name", candidate("Name", 0.9))
    first = decide(integrator, row, "approved")
    decide(integrator, row, "rejected")

    with pytest.raises(DecisionRefused, match="later decision"):
        undo(integrator, first)


def test_the_same_decision_is_undone_once(integrator: Actor, make_row: MakeRow) -> None:
    decision = decide(integrator, make_row("name", candidate("Name", 0.9)), "approved")
    undo(integrator, decision)

    with pytest.raises(DecisionRefused, match="already"):
        undo(integrator, decision)

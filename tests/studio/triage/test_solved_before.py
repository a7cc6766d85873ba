"""What a case tells of how the same was solved before: only what really healed, the same cause first."""

from __future__ import annotations

import pytest

from studio.triage.models import Case
from studio.triage.queries import similar_solved
from tests.studio.world import World

pytestmark = pytest.mark.django_db


def made(world: World, record: str, **more: object) -> Case:
    said = {"code": "missing_lookup", "case_class": "missing_reference", "audience": "accountant", "cause": f"terms:{record}",
            "cause_label": "x", "sentence": "x", "record_label": record, "evidence": {"kind": "lookup", "table": "terms"}}  # fmt: skip
    return Case.objects.create(
        workspace=world.workspace, subject=f"inbox:{record}", **{**said, **more}
    )


def fixed(world: World, record: str, **more: object) -> Case:
    case = made(world, record, state="fixed", closed_reason="closed", closed_by="machine", **more)
    case.notes.create(author="Ana Keller", kind="fix", text=f"Did it for {record}.")
    return case


def told(case: Case) -> list[tuple[str, str]]:
    return [(one.how, one.who) for one in similar_solved(case)]


def test_it_says_what_a_person_did_the_same_cause_first(world) -> None:
    case = made(world, "9")
    fixed(world, "1", cause="terms:9")
    fixed(world, "2")

    assert told(case) == [("Did it for 1.", "Ana Keller"), ("Did it for 2.", "Ana Keller")]


def test_what_is_held_up_still_or_of_another_kind_is_no_example(world) -> None:
    case = made(world, "9")
    fixed(world, "1")
    made(world, "1", cause="refused", code="remote-rejected")
    fixed(world, "2", evidence={"kind": "lookup", "table": "tax_codes"})
    fixed(world, "3", case_class="value")
    made(world, "4", state="fixed", closed_reason="This part is in order now.", closed_by="machine")

    assert told(case) == []


def test_a_record_that_was_handed_on_is_not_said_to_be_through(world, accountant) -> None:
    """The target may refuse it in the same attempt."""
    from studio.triage.actions import apply_remedy
    from tests.studio.flows.test_remedies_inactive import refusal

    world.order("1001", Terms="45")
    world.run()
    world.target.faults = [refusal()]
    apply_remedy(accountant, world.case(), "add_lookup", {"target": "4"})
    world.run()

    assert world.post("1001").state == "parked"
    assert (
        world.case(code="missing_lookup").closed_reason == "Nothing holds the record up any more."
    )

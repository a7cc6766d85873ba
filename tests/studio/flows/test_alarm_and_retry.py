from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from studio.flows.actions import resume
from studio.flows.alarm import judge_runs
from studio.flows.batches import approve_batch, held_of
from studio.flows.drain import drain, end_drains
from studio.flows.models import FlowVersion, InboxItem, Run
from studio.flows.retry import retry
from studio.mapping.models import MappingVersion
from studio.triage.actions import apply_remedy
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


# --- runs that look wrong ---------------------------------------------------------------------------


@pytest.mark.golden(14)
def test_a_run_whose_rows_yield_nothing_is_suspect_with_a_case_that_works_it_again(
    world, ivo, ana, actor_of
) -> None:
    """The source changed the word for completed: everything is read, nothing passes the filter."""
    for number in range(20):
        world.order(f"10{number:02}", Status="done")
    world.run()

    assert judge_runs() == 1

    run = Run.objects.get()
    assert "none of them" in run.suspect
    case = Case.objects.get()
    assert (case.subject, case.audience) == (f"run:{run.uuid}", "integrator")
    version = MappingVersion.objects.get(mapping__direction="inbound")
    for row in version.document["rows"]:
        if row["to"] == "status":
            row["from"] = 'IF(OR(Status = "9", Status = "done"), "completed", "open")'
    version.content_hash = "3" * 64
    version.save()
    apply_remedy(actor_of(ivo), case, "again_run", {})
    world.run()

    # The doubt took the flow one rung down: a person lets them go.
    assert world.target.creates == []
    assert approve_batch(actor_of(ana), run, held_of(run).seen) == 20
    world.send()
    assert len(world.target.creates) == 20
    assert judge_runs() == 0
    assert Case.objects.get().state == "fixed"


def test_a_usual_run_is_judged_once_and_raises_nothing(world) -> None:
    world.order("1001")
    world.order("1002", Status="1")
    world.poll()
    assert judge_runs() == 0
    assert Run.objects.get().judged_at is None
    world.run()

    judge_runs()

    assert Run.objects.get().judged_at is not None
    assert not Case.objects.exists()


def test_a_suspect_run_taken_as_right_counts_as_usual(world, ivo, actor_of) -> None:
    for number in range(20):
        world.order(f"10{number:02}", Status="1")
    world.run()
    judge_runs()
    case = Case.objects.get()
    with pytest.raises(ValidationError):
        apply_remedy(actor_of(ivo), case, "run_is_right", {})

    apply_remedy(actor_of(ivo), case, "run_is_right", {"reason": "a quiet week"})
    for number in range(20):
        world.order(f"20{number:02}", Status="1")
    world.run()

    assert judge_runs() == 0
    assert Case.objects.get().state == "accepted"


# --- trying again -----------------------------------------------------------------------------------


def second_version(world: Any) -> FlowVersion:
    """A version in force whose outbound mapping writes another note and needs no terms."""
    old = MappingVersion.objects.get(mapping__direction="outbound")
    document = json.loads(json.dumps(old.document))
    document["rows"] = [r for r in document["rows"] if r["to"] != "SalesTermRef.value"]
    new = MappingVersion.objects.create(
        mapping=old.mapping, number=2, document=document, content_hash="4" * 64,
        approvals={}, published_by="Ivo Marsh",
    )  # fmt: skip
    content = json.loads(json.dumps(world.version.content))
    content["outbound"]["Invoice"] = {"version": new.pk, "number": 2, "hash": new.content_hash}
    FlowVersion.objects.filter(pk=world.version.pk).update(state="retired")
    return FlowVersion.objects.create(
        flow=world.flow, number=2, content=content, content_hash="5" * 64, state="published"
    )


@pytest.mark.golden(26)
def test_after_a_change_of_the_mapping_a_person_chooses_the_version_and_all_is_checked_anew(
    world,
) -> None:
    world.order("1001", Terms="45")
    world.run()
    assert world.item("1001").state == "parked"
    second_version(world)

    assert retry(world.item("1001"), "same")
    world.run()
    assert world.item("1001").state == "parked"
    assert Case.objects.get(closed_at=None).code == "missing_lookup"

    assert retry(world.item("1001"), "current")
    world.run()
    post = world.post("1001")
    assert (post.state, post.version.number) == ("done", 2)
    assert not Case.objects.filter(closed_at=None).exists()


def test_from_the_start_reads_the_record_again_and_forgets_what_was_changed_by_hand(
    world, monkeypatch
) -> None:
    world.order("1001", Terms="45")
    world.run()
    item = world.item("1001")
    item.overrides = {"terms": "46"}
    item.save()
    fresh = world.order("1001", Net=Decimal("70.00"))
    world.source.records["SorMaster"].pop()
    monkeypatch.setattr(type(world.source), "read", lambda self, entity, key: fresh, raising=False)

    assert retry(item, "start")
    world.work()
    world.send()

    assert [str(d.data["TotalAmt"]) for d in world.target.creates] == ["70.00"]
    assert InboxItem.objects.filter(key="1001").count() == 2


def test_a_record_that_is_under_way_is_not_tried_twice_and_a_wrong_word_is_refused(world) -> None:
    world.order("1001")
    world.poll()
    assert not retry(world.item("1001"), "current")
    with pytest.raises(ValidationError):
        retry(world.item("1001"), "again")


# --- draining ---------------------------------------------------------------------------------------


def test_a_draining_flow_ends_what_it_has_reads_nothing_more_and_rests(
    world, ivo, actor_of
) -> None:
    world.order("1001")
    world.poll()
    drain(actor_of(ivo), world.flow, "month end")
    world.order("1002")
    world.run()

    assert end_drains() == 1
    world.flow.refresh_from_db()
    assert (world.flow.state, world.flow.paused_reason) == ("paused", "month end")
    assert [d.reference for d in world.target.creates] == ["1001"]

    resume(actor_of(ivo), world.flow)
    world.run()
    assert [d.reference for d in world.target.creates] == ["1001", "1002"]

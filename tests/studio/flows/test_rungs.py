"""How far a flow goes by itself: who may change that, in which direction, and what it takes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from studio.core.models import AuditEvent
from studio.flows.alarm import judge_runs
from studio.flows.models import Delivery, Run
from studio.flows.rungs import change_rung, rungs_for, why_not_up
from studio.triage.letters import send_letters
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def climbing(world: Any) -> Any:
    """The flow one rung below posting by itself, published by somebody who is not here."""
    world.flow.ladder = "approve"
    world.flow.save()
    world.version.published_by = "Somebody else"
    world.version.save()
    return world


def ran(world: Any, times: int, **changes: Any) -> None:
    for _ in range(times):
        Run.objects.create(flow=world.flow, finished_at=timezone.now(), **changes)


def test_after_clean_runs_an_approver_lets_it_go_one_rung_further(climbing, accountant) -> None:
    ran(climbing, 3)

    change_rung(accountant, climbing.flow, "digest", "two weeks without a doubt")
    climbing.order("1001")
    climbing.run()

    assert climbing.post("1001").state == "done"
    line = AuditEvent.objects.get(key="flow.rung_changed")
    assert line.data["before"] == "Post after approval"
    assert line.data["reason"] == "two weeks without a doubt"


def test_one_rung_at_a_time(climbing, accountant) -> None:
    ran(climbing, 3)

    with pytest.raises(ValidationError, match="One rung at a time"):
        change_rung(accountant, climbing.flow, "silent", "why not")


@pytest.mark.parametrize("changes", [{"suspect": "nothing came of it"}, None])
def test_a_run_with_a_doubt_or_a_record_held_up_counts_anew(climbing, accountant, changes) -> None:
    ran(climbing, 2)
    if changes:
        ran(climbing, 1, **changes)
    else:
        climbing.order("1001", Terms="45")
        climbing.run()
        Run.objects.update(finished_at=timezone.now())
    ran(climbing, 1)

    assert why_not_up(accountant, climbing.flow).startswith("It needs 2 more runs")
    with pytest.raises(ValidationError, match="2 more runs"):
        change_rung(accountant, climbing.flow, "digest", "now")


def test_what_ran_on_another_rung_shows_nothing_about_this_one(climbing, accountant) -> None:
    ran(climbing, 3)
    change_rung(accountant, climbing.flow, "digest", "clean")

    assert "3 more runs" in why_not_up(accountant, climbing.flow)


def test_who_published_what_runs_even_by_a_token_does_not_let_it_go_further(
    climbing, accountant
) -> None:
    ran(climbing, 3)
    climbing.version.published_by = f"token: loader ({accountant.name})"
    climbing.version.save()

    with pytest.raises(ValidationError, match="ask a colleague"):
        change_rung(accountant, climbing.flow, "digest", "clean")


def test_down_is_open_to_who_runs_flows_and_holds_the_next_posting(world, integrator) -> None:
    change_rung(integrator, world.flow, "suggest", "the auditors are here")
    world.order("1001")
    world.run()

    assert Delivery.objects.get(step="post").state == "held"
    with pytest.raises(PermissionDenied):
        change_rung(integrator, world.flow, "draft", "they have left")
    world.flow.refresh_from_db()
    assert world.flow.ladder == "suggest"


def test_who_only_reads_changes_nothing(world, olga, actor_of) -> None:
    with pytest.raises(PermissionDenied):
        change_rung(actor_of(olga), world.flow, "suggest", "no")
    assert rungs_for(actor_of(olga), world.flow) == []


@pytest.mark.parametrize(
    ("rung", "reason", "said"),
    [
        ("moon", "x", "no such rung"),
        ("suggest", " ", "Say why"),
        ("digest", "x", "already"),
    ],
)
def test_what_makes_no_sense_is_said(world, integrator, rung, reason, said) -> None:
    with pytest.raises(ValidationError, match=said):
        change_rung(integrator, world.flow, rung, reason)


def test_the_page_offers_what_this_person_may(climbing, ana, olga, as_person) -> None:
    page = f"/flows/{climbing.flow.key}/"
    said = as_person(ana).get(page).content.decode()
    assert "Not further yet." in said
    assert '<option value="digest">' not in said
    assert 'name="rung"' not in as_person(olga).get(page).content.decode()

    ran(climbing, 3)
    assert '<option value="digest">' in as_person(ana).get(page).content.decode()
    as_person(ana).post(f"{page}rung/", {"rung": "digest", "reason": "clean"})

    climbing.flow.refresh_from_db()
    assert climbing.flow.ladder == "digest"


def suspect(world: Any) -> Case:
    """A run that reads twenty orders and takes none of them."""
    for number in range(20):
        world.order(f"10{number:02}", Status="done")
    world.run()
    assert judge_runs() == 1
    return Case.objects.get()


def test_a_run_that_looks_wrong_takes_the_flow_one_rung_down_and_tells_who_answers(
    world, ana
) -> None:
    ana.email = "ana@harbour.example"
    ana.save()

    case = suspect(world)
    send_letters()

    world.flow.refresh_from_db()
    assert world.flow.ladder == "approve"
    line = AuditEvent.objects.get(key="flow.rung_changed")
    assert (line.actor, line.data["after"]) == ("machine", "Post after approval")
    assert line.data["reason"] == case.sentence
    assert "Taken down from “Post, with a daily digest”" in case.notes.get(kind="rung").text
    (letter,) = mail.outbox
    assert letter.to == ["ana@harbour.example"]
    assert f"/exceptions/{case.uuid}/" in letter.body
    # What comes from now on waits for a person.
    world.order("2001")
    world.run()
    assert world.post("2001").state == "held"


def test_a_flow_that_posts_nothing_by_itself_stays_where_a_person_put_it(climbing) -> None:
    suspect(climbing)

    climbing.flow.refresh_from_db()
    assert climbing.flow.ladder == "approve"
    assert not AuditEvent.objects.filter(key="flow.rung_changed").exists()


def test_after_a_step_down_the_clean_runs_count_anew(world, accountant) -> None:
    world.version.published_by = "Somebody else"
    world.version.save()
    ran(world, 5)
    suspect(world)
    world.flow.refresh_from_db()

    assert "3 more runs" in why_not_up(accountant, world.flow)


def test_looking_by_hand_where_nothing_is_new_is_no_clean_run(climbing, accountant) -> None:
    ran(climbing, 5, trigger="manual")

    assert why_not_up(accountant, climbing.flow).startswith("It needs 3 more runs")

from __future__ import annotations

import math
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import Workspace, machine
from studio.accounts.roles import READ
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.learning import actions
from studio.learning.fits import BAR
from studio.learning.models import Calibration
from studio.linking.actions import judge
from studio.linking.models import Judgement, Pair
from studio.mapping.actions import accept_within, decide
from studio.mapping.models import Mapping, MappingRow, MappingVersion


def learn(workspace: Workspace) -> list[Calibration]:
    actor = machine(workspace, "the learner", READ)
    made = actions.refit(actor, workspace)
    actions.rescore(actor, workspace)
    return made


def publish(mapping: Mapping) -> None:
    MappingVersion.objects.create(
        mapping=mapping, number=1, document={}, content_hash="x", published_by="Ivo"
    )


@pytest.fixture
def boasted(integrator, make_rows) -> Mapping:
    """A published mapping: 60 best candidates were shown with 90 %, every other one was right."""
    for n, row in enumerate(make_rows(60)):
        decide(integrator, row, "approved", candidate=n % 2)
    mapping = Mapping.objects.get()
    publish(mapping)
    return mapping


def test_boasting_is_put_right_for_open_rows_and_decided_ones_stay(
    workspace, boasted, make_rows
) -> None:
    [row] = make_rows()
    decided = list(MappingRow.objects.filter(state="approved").order_by("pk").values())

    [made] = learn(workspace)

    assert (made.kind, made.state, made.number) == ("field:similarity", "in_force", 1)
    assert made.after["error"] < made.before["error"]
    assert (made.labels, made.right) == (60, 30)
    row.refresh_from_db()
    assert row.confidence == pytest.approx(0.5, abs=0.1)
    best, other = row.candidates
    assert best["confidence"] == row.confidence
    assert best["word"] in ("possible", "guess")
    assert best["waterfall"][-1]["label"] == BAR
    assert other["expression"] == "Email"  # keys of the page do not move
    assert list(MappingRow.objects.filter(state="approved").order_by("pk").values()) == decided


def test_taking_back_restores_the_very_numbers_and_is_not_undone_by_the_next_lesson(
    workspace, boasted, integrator, make_rows
) -> None:
    [row] = make_rows()
    before = row.candidates
    [made] = learn(workspace)

    actions.take_back(integrator, made, reason="the sample was odd")
    actions.rescore(machine(workspace, "the learner", READ), workspace)

    row.refresh_from_db()
    assert [c["confidence"] for c in row.candidates] == [c["confidence"] for c in before]
    assert [c["waterfall"] for c in row.candidates] == [c["waterfall"] for c in before]
    for extra in make_rows(20):
        decide(integrator, extra, "approved", candidate=1)
    assert learn(workspace) == []
    with pytest.raises(DecidedMeanwhile):
        actions.take_back(integrator, made, reason="again")


def test_what_was_taken_back_can_be_put_back(workspace, boasted, integrator, make_rows) -> None:
    [row] = make_rows()
    [made] = learn(workspace)
    row.refresh_from_db()
    learned = row.confidence
    actions.take_back(integrator, made, reason="to see")

    actions.put_back(integrator, made)
    actions.rescore(machine(workspace, "the learner", READ), workspace)

    row.refresh_from_db()
    assert row.confidence == learned
    assert Calibration.objects.get().state == "in_force"


def test_a_second_lesson_starts_from_what_was_shipped_not_from_the_first(
    workspace, boasted, integrator, make_rows
) -> None:
    [first] = learn(workspace)
    for n, row in enumerate(make_rows(60)):
        row.refresh_from_db()
        decide(integrator, row, "approved", candidate=1 if n % 4 else 0)

    made = learn(workspace)

    # Rows made in the meantime were shown as shipped; their labels say so, whatever was in force.
    assert made
    assert made[0].number == first.number + 1
    assert Calibration.objects.filter(state="in_force").count() == 1


def test_too_few_decisions_teach_nothing(workspace, integrator, make_rows) -> None:
    for n, row in enumerate(make_rows(49)):
        decide(integrator, row, "approved", candidate=n % 2)
    publish(Mapping.objects.get())

    assert learn(workspace) == []
    assert not Calibration.objects.exists()


def test_an_unfinished_review_teaches_nothing(workspace, integrator, make_rows) -> None:
    for n, row in enumerate(make_rows(60)):
        decide(integrator, row, "approved", candidate=n % 2)

    assert learn(workspace) == []


def test_what_nobody_looked_at_teaches_nothing(workspace, integrator, make_rows) -> None:
    rows = make_rows(60)
    accept_within(integrator, MappingRow.objects.filter(pk__in=[r.pk for r in rows]), 99)
    publish(Mapping.objects.get())

    assert MappingRow.objects.filter(state="approved").count() == 60
    assert learn(workspace) == []


def test_another_workspace_learns_nothing_from_it(boasted) -> None:
    other = Workspace.objects.create(name="Other", slug="other")

    assert learn(other) == []


def test_what_a_sandbox_learned_is_not_in_force_in_production(
    workspace, boasted, integrator, make_rows, settings
) -> None:
    from studio.mapping.calibrated import fits_of

    [made] = learn(workspace)
    assert fits_of(workspace)

    settings.SANDBOX = False
    assert fits_of(workspace) == {}
    with pytest.raises(DecisionRefused, match="environment"):
        actions.put_back(integrator, made)


def test_what_is_calibrated_is_kept_and_said_to_be_no_better(
    workspace, integrator, make_rows
) -> None:
    for n, row in enumerate(make_rows(100, first=0.9)):
        decide(integrator, row, "approved", candidate=0 if n % 10 else 1)
    publish(Mapping.objects.get())

    [made] = learn(workspace)

    assert made.state == "not_better"
    assert learn(workspace) == []


@pytest.fixture
def misled(accountant, make_pairs) -> Any:
    """80 judged pairs: the telephone says yes every time and is right half the times, the name always is."""
    for n in range(80):
        same = n % 2 == 0
        bars = {"prior": -1.0, "phone": 3.0, "name": 2.0 if same else -2.0}
        [pair] = make_pairs(1, probability=0.98 if same else 0.5, bars=bars)
        judge(accountant, pair.left, pair.right, "same" if same else "not_a_match")


def test_record_matching_learns_what_each_evidence_weighs(workspace, misled, make_pairs) -> None:
    [pair] = make_pairs(1, probability=0.5, bars={"prior": -1.0, "phone": 3.0, "name": -2.0})
    [rival] = make_pairs(1, probability=0.98, bars={"prior": -1.0, "phone": 3.0, "name": 2.0})
    Pair.objects.filter(pk=rival.pk).update(left=pair.left, rank=1)
    Pair.objects.filter(pk=pair.pk).update(rank=2)
    judged = list(Judgement.objects.values("pk", "probability", "verdict"))

    [made] = learn(workspace)

    assert (made.kind, made.state) == ("customer", "in_force")
    pair.refresh_from_db()
    assert pair.probability < 0.3
    assert sum(b["effect"] for b in pair.waterfall) == pytest.approx(
        math.log(pair.probability / (1 - pair.probability)), abs=0.01
    )
    assert list(Judgement.objects.values("pk", "probability", "verdict")) == judged
    assert Pair.objects.filter(judged="same", probability=0.98).count() == 40


def test_pairs_found_later_are_shown_with_what_is_in_force(
    workspace, misled, make_pairs, django_assert_num_queries
) -> None:
    from studio.linking.calibrated import fit_of, weighed

    learn(workspace)
    [pair] = make_pairs(1, probability=0.5, bars={"prior": -1.0, "phone": 3.0, "name": -2.0})

    weighed([pair], fit_of(workspace, "customer"))

    assert pair.probability < 0.3
    assert weighed([pair], None) == [pair]
    assert pair.probability == 0.5


def test_the_page_shows_versions_and_takes_them_back(
    workspace, boasted, ivo, olga, as_person, make_rows
) -> None:
    client: Client = as_person(ivo)
    assert "Not yet calibrated" in client.get(reverse("monitor:accuracy")).content.decode()
    [made] = learn(workspace)

    text = client.get(reverse("monitor:accuracy")).content.decode()
    url = reverse("learning:take-back", args=[made.uuid])

    assert "Fields, likeness 1" in text
    assert "says more or less than is true" in text
    assert "Take back" not in as_person(olga).get(reverse("monitor:accuracy")).content.decode()
    assert as_person(olga).post(url, {"reason": "no"}).status_code == 403
    assert client.post(url, {"reason": ""}).status_code == 302
    assert Calibration.objects.get().state == "in_force"
    said = client.post(url, {"reason": "odd sample"}, follow=True).content.decode()
    assert "the shipped calibration is in force again" in said
    assert "odd sample" in said


def test_an_administrator_takes_back_in_the_admin_site(workspace, boasted, ada, as_person) -> None:
    [made] = learn(workspace)
    ada.is_superuser = True
    ada.save()

    as_person(ada).post(
        reverse("admin:learning_calibration_changelist"),
        {"action": "take_back", "_selected_action": [made.pk]},
    )

    made.refresh_from_db()
    assert (made.state, made.ended_by) == ("taken_back", "Ada Brook")


def test_the_background_learns_rescores_and_finishes_what_a_lost_message_left(
    workspace, boasted, make_rows
) -> None:
    from studio.learning import tasks

    [row] = make_rows()
    tasks.refit(workspace.pk)
    row.refresh_from_db()
    assert row.confidence == 0.9

    tasks.due()

    row.refresh_from_db()
    assert row.confidence < 0.7
    assert Calibration.objects.get().applied_at is not None

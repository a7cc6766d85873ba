from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studio.accounts.models import User, Workspace, machine
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.learning.actions import answer, repeats, sample
from studio.learning.models import Repeat
from studio.mapping.actions import decide, undo_last
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.queries import field_decisions

AsPerson = Callable[[User], Client]


@pytest.fixture
def rows(workspace: Workspace) -> list[MappingRow]:
    erp = Connection.objects.create(workspace=workspace, system="syspro", name="ERP")
    mapping = Mapping.objects.create(
        workspace=workspace, connection=erp, direction="inbound", entity="A", document="party"
    )
    candidates = [
        {"expression": "Name", "confidence": 0.9, "method": "Similarity"},
        {"expression": "Email", "confidence": 0.4, "method": "Similarity"},
    ]
    return [
        MappingRow.objects.create(
            mapping=mapping, target_path=f"f{n}", candidates=candidates, confidence=0.9
        )
        for n in range(3)
    ]


def test_choosing_another_candidate_counts_against_the_best(
    workspace: Workspace, rows: list[MappingRow], ivo: User, actor_of: Callable[[User], Actor]
) -> None:
    actor = actor_of(ivo)
    decide(actor, rows[0], "approved")
    decide(actor, rows[1], "approved", candidate=1)
    decide(actor, rows[2], "rejected")
    undo_last(actor)

    assert sorted(field_decisions(workspace)) == [(0.9, False), (0.9, True)]


def test_everybody_in_the_workspace_may_read_it_and_outsiders_may_not(
    olga: User, otto: User, as_person: AsPerson, rows: list[MappingRow]
) -> None:
    page = as_person(olga).get(reverse("monitor:accuracy"))

    assert page.status_code == 200
    assert "not yet calibrated" in page.content.decode()
    assert as_person(otto).get(reverse("monitor:accuracy")).status_code == 403


def test_agreement_of_people_and_of_the_machine_stands_on_the_page(
    workspace: Workspace,
    rows: list[MappingRow],
    ivo: User,
    ana: User,
    actor_of: Callable[[User], Actor],
    as_person: AsPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeats, "SHARE", 1.0)
    for row in rows:
        decide(actor_of(ivo), row, "approved")
    sample(machine(workspace, "the sampler", "read"), workspace)
    Repeat.objects.update(due_at=timezone.now())
    for repeat, said in zip(Repeat.objects.all(), ("Name", "Name", "Email"), strict=True):
        answer(actor_of(ana), repeat, said)

    page = as_person(ana).get(reverse("monitor:accuracy")).content.decode()

    assert "Asked twice, blind" in page
    assert "67\u00a0%" in page
    assert "21\u00a0% – 94\u00a0%" in page


def test_a_person_finds_what_is_to_be_looked_at_again_at_home(
    workspace: Workspace,
    rows: list[MappingRow],
    ivo: User,
    ana: User,
    actor_of: Callable[[User], Actor],
    as_person: AsPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeats, "SHARE", 1.0)
    decide(actor_of(ivo), rows[0], "approved")
    sample(machine(workspace, "the sampler", "read"), workspace)
    Repeat.objects.update(due_at=timezone.now())

    assert "1 decision to look at again" in as_person(ana).get("/").content.decode()
    assert "to look at again" not in as_person(ivo).get("/").content.decode()

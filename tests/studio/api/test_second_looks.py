from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from studio.accounts.models import User, machine
from studio.learning.actions import repeats, sample
from studio.learning.models import Calibration, Repeat
from studio.linking.actions import judge
from studio.linking.models import Pair, Party

Clients = Callable[..., APIClient]


@pytest.fixture
def drawn(world: Any, ivo: User, monkeypatch: pytest.MonkeyPatch) -> Repeat:
    """A judgement of the integrator that is to be asked again."""
    monkeypatch.setattr(repeats, "SHARE", 1.0)
    left = Party.objects.create(connection=world.erp, kind="customer", key="S", code="S", label="S")
    right = Party.objects.create(connection=world.books, kind="customer", key="9", label="Shale")
    Pair.objects.create(kind="customer", left=left, right=right, probability=0.9, word="strong")
    judge(ivo.memberships.get().actor(), left, right, "same")
    workspace = world.erp.workspace
    sample(machine(workspace, "the sampler", "read"), workspace)
    Repeat.objects.update(due_at=timezone.now())
    return Repeat.objects.get()


def test_a_program_answers_for_its_person_and_hears_the_first_answer_afterwards(
    drawn: Repeat, ana: User, client_of: Clients
) -> None:
    client = client_of(ana, "match")
    [asked] = client.get("/api/v1/second-looks/", {"mine": "true"}).json()["results"]
    question = client.get(f"/api/v1/second-looks/{drawn.uuid}/question/").json()

    assert (asked["first"], asked["decided_by"]) == ("", "")
    assert [o["value"] for o in question["options"]] == ["same", "not_a_match", "cannot_say"]
    said = client.post(f"/api/v1/second-looks/{drawn.uuid}/answer/", {"answer": "same"})
    assert said.status_code == 200, said.content
    assert (said.json()["agrees"], said.json()["decided_by"]) == (True, "Ivo Marsh")


def test_a_token_is_not_another_person(
    drawn: Repeat, ivo: User, ana: User, client_of: Clients
) -> None:
    client = client_of(ivo, "match")

    assert client.get("/api/v1/second-looks/", {"mine": "true"}).json()["results"] == []
    said = client.post(f"/api/v1/second-looks/{drawn.uuid}/answer/", {"answer": "same"})
    assert said.status_code == 409


def test_without_the_scope_nothing_is_answered(
    drawn: Repeat, ana: User, client_of: Clients
) -> None:
    said = client_of(ana).post(f"/api/v1/second-looks/{drawn.uuid}/answer/", {"answer": "same"})

    assert said.status_code == 403
    assert Repeat.objects.get().answered_at is None


def test_a_program_takes_a_calibration_back(world: Any, ana: User, client_of: Clients) -> None:
    made = Calibration.objects.create(
        workspace=world.erp.workspace, environment="sandbox", kind="customer", number=1, form="line",
        content={"slope": 0.5, "shift": 0, "factors": {}}, labels=60, right=30, before={}, after={},
        gain=0.1, doubt=0.01, state="in_force",
    )  # fmt: skip
    url = f"/api/v1/calibrations/{made.uuid}/"

    assert client_of(ana).post(f"{url}take-back/", {"reason": "no"}).status_code == 403
    said = client_of(ana, "match").post(f"{url}take-back/", {"reason": "odd"})
    assert (said.status_code, said.json()["state"]) == (200, "taken_back"), said.content
    said = client_of(ana, "match").post(f"{url}put-back/")
    assert (said.status_code, said.json()["state"]) == (200, "in_force"), said.content

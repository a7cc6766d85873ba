"""Every event of the catalogue is told by something that really happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import studio
from studio.accounts.models import User
from studio.core.action import Actor
from studio.flows.models import Delivery
from studio.flows.reversal import after_reversal
from studio.tieout.actions import run_tieout
from studio.tieout.signing import sign
from studio.webhooks.events import EVENTS, PING, RESOURCES, body_of
from studio.webhooks.models import Event
from tests.studio.signing import go_live
from tests.studio.webhooks.conftest import Listening

pytestmark = pytest.mark.django_db
CODE = Path(studio.__file__).parent


def test_what_is_told_is_what_can_be_asked_for() -> None:
    files = [p for p in CODE.rglob("*.py") if not {"webhooks", "migrations"} & set(p.parts)]
    calls = re.compile(r"\b_?tell(?:_\w+)?\(\s*(?:[\w.]+,\s*)?\"(\w+\.\w+)\"")

    told = {key for file in files for key in calls.findall(file.read_text(encoding="utf-8"))}

    assert told == set(EVENTS)


def test_a_flow_that_goes_live_is_told_with_its_rehearsal(
    world: Any, listening: Listening, integrator: Actor
) -> None:
    world.order("1001")

    version = go_live(integrator, world.flow)

    said = {e.key: e.data for e in Event.objects.all()}
    assert said["rehearsal.ready"]["state"] == "ready"
    assert said["flow.published"]["version"] == version.number


def test_a_tie_out_that_is_signed_is_told(
    world: Any, listening: Listening, ana: User, actor_of: Callable[[User], Actor]
) -> None:
    world.order("1001")
    world.run()
    accountant = actor_of(ana)
    tie = run_tieout(accountant, world.flow)[0]

    sign(accountant, tie, "seen")

    said = Event.objects.get(key="tieout.signed").data
    assert (said["flow"], said["currency"]) == ("orders", "USD")


def test_a_posting_that_is_taken_back_is_told(world: Any, listening: Listening) -> None:
    world.order("1001")
    world.run()
    post = world.post("1001")

    after_reversal(Delivery(flow=post.flow, item=post.item, follows=post, connection=world.books))

    said = Event.objects.get(key="delivery.reversed")
    assert said.subject == f"delivery:{post.uuid}"
    assert said.data["target_key"] == "100"


@pytest.mark.parametrize("kind", [*RESOURCES, "alert"])
def test_a_message_names_where_the_api_shows_it(kind: str, workspace: Any) -> None:
    key = "00000000-0000-0000-0000-000000000001"
    event = Event.objects.create(
        workspace=workspace, key=PING, subject=f"{kind}:{key}", page="/there/"
    )

    said = body_of(event).decode()

    assert (f"/api/v1/{RESOURCES.get(kind)}/{key}/" in said) == (kind in RESOURCES)
    assert "/there/" in said

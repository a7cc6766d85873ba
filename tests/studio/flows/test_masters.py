"""Customers and items of both sides are read and compared without a person starting a script."""

from __future__ import annotations

import pytest

from engine.errors import RemoteUnavailable
from studio.flows import masters
from studio.flows.tasks import match_due, match_masters

pytestmark = pytest.mark.django_db


def test_both_sides_of_every_flow_are_read_and_compared(world, monkeypatch) -> None:
    read, compared = [], []
    monkeypatch.setattr(masters, "refresh_masters", lambda actor, c: read.append(c.pk))
    monkeypatch.setattr(masters, "match_masters", lambda actor, flows: compared.append(len(flows)))

    match_masters(world.flow.workspace_id)

    assert sorted(read) == sorted([world.flow.source_id, world.flow.target_id])
    assert compared == [1]


def test_a_side_that_does_not_answer_keeps_what_it_had(world, monkeypatch) -> None:
    def gone(actor: object, connection: object) -> None:
        raise RemoteUnavailable(system="qbo", call="read customers")

    compared = []
    monkeypatch.setattr(masters, "refresh_masters", gone)
    monkeypatch.setattr(masters, "match_masters", lambda actor, flows: compared.append(1) or {})

    assert masters.refresh_and_match(world.flow.workspace) == {}
    assert compared == [1]


def test_live_flows_are_compared_every_hour(world, monkeypatch) -> None:
    woken = []
    monkeypatch.setattr("studio.flows.tasks.nudge", lambda *said: woken.append(said))

    match_due()

    assert woken == [("flows.match_masters", world.flow.workspace_id)]

"""An answer given anywhere lets the records go on that asked for it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from engine.errors import RemoteRejected
from studio.flows.actions import replay
from studio.flows.heal import heal
from studio.flows.models import InboxItem
from studio.mapping.actions import add_lookup_row
from studio.mapping.models import LookupTable
from studio.triage.models import OPEN_STATES, Case

pytestmark = pytest.mark.django_db


def test_a_row_added_to_the_table_lets_every_record_go_on_that_missed_it(
    world, ana, actor_of
) -> None:
    for number in ("1001", "1002"):
        world.order(number, Terms="45")
    world.run()
    case = Case.objects.filter(evidence__code="45").first()
    table = case.evidence["table"]
    assert heal() == 0
    add_lookup_row(actor_of(ana), LookupTable.objects.get(name=table), "45", "4")

    assert heal() == 2
    world.run()
    assert sorted(d.reference for d in world.target.creates) == ["1001", "1002"]
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


def test_an_answer_that_did_not_help_is_not_tried_for_ever(world, ana, actor_of) -> None:
    world.order("1001", Terms="45")
    world.run()
    case = Case.objects.get()
    table = LookupTable.objects.get(name=case.evidence["table"])
    row = add_lookup_row(actor_of(ana), table, "45", "4")
    row.valid_to = "2000-01-01"
    row.save()

    assert heal() == 1
    world.run()
    assert InboxItem.objects.get().state == "parked"
    assert heal() == 0


def test_what_was_answered_before_a_creation_was_refused_is_not_sent_for_ever(kept) -> None:
    kept.keep(unlinked="ask")
    kept.left.put("ArCustomer", "NEW", Customer="NEW", Name="Newcomer")
    kept.run()
    asked = Case.objects.get(code="missing_link")
    kept.keep(unlinked="create")
    kept.compared()
    kept.right.faults = [RemoteRejected(system="qbo", call="create Customer", detail="no")] * 3
    # Another question of the same record, answered since.
    lookup = Case.objects.get(pk=asked.pk)
    lookup.pk, lookup.uuid, lookup.code, lookup.cause = None, uuid4(), "missing_lookup", "lookup:x"
    lookup.save()
    replay(kept.item(kept.forward))

    kept.run(times=1)

    assert kept.item(kept.forward).state == "parked"
    assert Case.objects.get(state__in=OPEN_STATES).cause == asked.cause
    lookup.refresh_from_db()
    assert lookup.state == "auto_closed"
    assert heal() == 0

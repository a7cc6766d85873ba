"""Sending: once in effect, whatever the network and the target answer."""

from __future__ import annotations

import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.errors import (
    AccessDenied,
    DuplicateAtTarget,
    OutcomeUnknown,
    PeriodClosed,
    RemoteBusy,
    RemoteRejected,
    RemoteUnavailable,
)
from engine.ports import Receipt
from studio.catalog.models import Connection
from studio.core.models import AuditEvent
from studio.flows import deliver
from studio.flows.ledger import claim_delivery
from studio.flows.models import Delivery, FlowVersion
from studio.linking.actions import judge
from studio.linking.models import Link, Party
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case

pytestmark = pytest.mark.django_db


@pytest.mark.promise("F11", "F13", "U06", "U07")
def test_a_completed_order_is_posted_linked_and_written_back(world) -> None:
    world.order("1001")

    world.run()

    post = world.post("1001")
    assert (post.state, post.target_key) == ("done", "100")
    assert [d.data["CustomerRef"]["value"] for d in world.target.creates] == ["58"]
    back = Delivery.objects.get(step="write_back")
    assert (back.state, back.follows_id) == ("done", post.pk)
    assert [u.key for u in world.source.updates] == ["1001"]
    assert Link.objects.get(kind="sales_order").right_key == "100"
    assert not Case.objects.exists()


@pytest.mark.promise("F30")
@pytest.mark.golden(7)
def test_an_answer_that_never_came_is_looked_up_before_anything_is_sent_again(world) -> None:
    world.order("1001")
    world.target.late = [OutcomeUnknown(system="qbo", call="create Invoice")]

    world.run()
    assert world.post("1001").state == "unknown"
    world.send()

    assert world.post("1001").state == "done"
    assert (len(world.target.creates), world.target.look_ups) == (1, 1)


@pytest.mark.golden(8)
def test_an_unknown_outcome_without_a_document_is_sent_with_the_same_key(world) -> None:
    world.order("1001")
    world.target.faults = [OutcomeUnknown(system="qbo", call="create Invoice")]

    world.run()
    key = world.post("1001").idempotency_key
    world.send()

    assert world.post("1001").state == "done"
    assert [d.idempotency_key for d in world.target.creates] == [key]


def never_answered(world: Any) -> Case:
    """An order whose posting is never answered until the flow has tried often enough."""
    FlowVersion.objects.update(
        content={
            **world.version.content,
            "design": {**world.version.content["design"], "retry": {"give_up_after": 2}},
        }
    )
    world.order("1001")
    silence = OutcomeUnknown(system="qbo", call="create Invoice")
    world.target.faults = [silence, silence, silence, silence]
    world.run()
    for _ in range(3):
        world.send()
    return Case.objects.get(case_class="unknown_outcome")


def test_what_stays_unclear_is_the_integrators_who_looks_once_more(
    world, ivo, integrator, as_person
) -> None:
    case = never_answered(world)
    assert case.audience == "integrator"
    client = as_person(ivo)
    home = html.unescape(client.get("/").content.decode())
    page = html.unescape(client.get(f"/exceptions/{case.uuid}/").content.decode())
    assert "1 record asks for you" in home
    assert "for an integrator" in page
    assert f"/exceptions/{case.uuid}/fix/again/" in page
    looked = world.target.look_ups

    world.target.faults = []
    apply_remedy(integrator, case, "again", {"how": "current"})
    world.run()

    assert world.target.look_ups > looked
    assert world.post("1001").state == "done"
    assert len(world.target.creates) == 1


def test_an_integrator_decides_that_it_is_posted_already(world, integrator) -> None:
    case = never_answered(world)
    data = {"TotalAmt": Decimal("100.00"), "DocNumber": "1001"}
    world.target.created.append(Receipt("Invoice", "77", "1001", "0", data))
    Delivery.objects.filter(step="post").update(state="parked")

    apply_remedy(integrator, case, "adopt", {"key": "77", "reason": "Seen in the books."})

    assert (world.post("1001").state, world.post("1001").target_key) == ("done", "77")


def test_a_dead_workers_delivery_is_looked_up_first(world) -> None:
    world.order("1001")
    world.poll()
    world.work()
    dead = claim_delivery(world.books.pk)
    assert dead is not None
    assert not dead.unclear
    world.target.create(_draft(dead.delivery))
    Delivery.objects.filter(pk=dead.delivery.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )

    world.send()

    assert world.post("1001").state == "done"
    assert len(world.target.creates) == 1


def _draft(delivery: Delivery):
    from studio.flows.deliver import draft_of

    return draft_of(delivery)


def test_a_duplicate_with_our_number_and_our_total_is_ours(world) -> None:
    world.order("1001")
    world.poll()
    world.work()
    ours = Receipt("Invoice", "77", "1001", "0", {"TotalAmt": 100})
    world.target.created.append(ours)
    world.target.faults = [
        DuplicateAtTarget(system="qbo", call="create Invoice", value="1001", vendor_code="6140")
    ]

    world.send()

    assert world.post("1001").target_key == "77"
    assert not world.target.creates


def test_a_duplicate_with_another_total_is_a_persons_call(world) -> None:
    world.order("1001")
    world.target.created.append(Receipt("Invoice", "77", "1001", "0", {"TotalAmt": 55}))
    world.target.faults = [
        DuplicateAtTarget(system="qbo", call="create Invoice", value="1001", vendor_code="6140")
    ]

    world.run()

    assert world.post("1001").state == "parked"
    assert world.item("1001").state == "parked"
    assert world.case().case_class == "duplicate"


@pytest.mark.golden(12)
def test_a_day_limit_rests_the_connection_with_one_case_for_all(world) -> None:
    world.order("1001")
    world.order("1002")
    busy = {"system": "qbo", "call": "create Invoice", "scope": "day", "wait_seconds": 7200.0}
    world.target.whole = RemoteBusy(**busy)

    world.run()
    world.send()

    assert Connection.objects.get(pk=world.books.pk).resting()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"ready"}
    case = world.case()
    assert case.subject == f"connection:{world.books.uuid}"
    assert world.target.calls == [2], "nothing was sent while it rested"


@pytest.mark.promise("E04")
def test_a_rested_connection_goes_on_and_closes_its_case(world) -> None:
    world.order("1001")
    world.target.faults = [AccessDenied(system="qbo", call="create Invoice", detail="revoked.")]
    world.run()
    assert Connection.objects.get(pk=world.books.pk).state == "broken"

    Connection.objects.filter(pk=world.books.pk).update(paused_until=None)
    world.send()

    assert world.post("1001").state == "done"
    assert Connection.objects.get(pk=world.books.pk).state == "live"
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


@pytest.mark.promise("F25")
def test_an_outage_is_tried_again_without_a_case(world) -> None:
    world.order("1001")
    world.target.faults = [RemoteUnavailable(system="qbo", call="create Invoice")]

    world.run()
    first = world.post("1001")
    assert (first.state, first.not_before is not None) == ("ready", True)
    world.send()

    assert world.post("1001").state == "done"
    assert not Case.objects.exists()


@pytest.mark.promise("F26")
def test_a_refusal_parks_the_delivery_and_the_record_with_a_case(world) -> None:
    world.order("1001")
    world.target.faults = [
        RemoteRejected(system="qbo", call="create Invoice", detail="Amount is wrong.")
    ]

    world.run()

    assert (world.post("1001").state, world.item("1001").state) == ("parked", "parked")
    case = world.case()
    assert (case.amount, case.currency, case.record_label) == (100, "USD", "Order 1001")


def test_a_closed_period_can_be_posted_on_another_day(world, ana, actor_of) -> None:
    from studio.triage.actions import apply_remedy

    world.order("1001")
    world.target.faults = [PeriodClosed(system="qbo", call="create Invoice", date="2026-11-02")]
    world.run()

    values = {"date": "2026-12-01", "reason": "period closed"}
    apply_remedy(actor_of(ana), world.case(), "move_date", values)
    world.run()

    assert world.target.creates[-1].data["TxnDate"] == "2026-12-01"
    assert world.case().state == "fixed"
    assert world.post("1001").state == "done"


@pytest.mark.promise("U07")
def test_a_failing_write_back_never_touches_the_posting(world) -> None:
    world.order("1001")
    world.source.update_faults = [RemoteRejected(system="syspro", call="update SorMaster")]

    world.run()

    assert world.post("1001").state == "done"
    assert world.item("1001").state == "done"
    assert Delivery.objects.get(step="write_back").state == "parked"
    world.run()
    assert len(world.target.creates) == 1


def test_a_write_back_that_was_parked_can_be_tried_again(world, ana, actor_of) -> None:
    from studio.triage.actions import apply_remedy

    world.order("1001")
    world.source.update_faults = [RemoteRejected(system="syspro", call="update SorMaster")]
    world.run()

    apply_remedy(actor_of(ana), world.case(), "again", {})
    world.send()

    assert Delivery.objects.get(step="write_back").state == "done"
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()
    assert len(world.target.creates) == 1


def test_a_total_the_target_computed_differently_is_named(world) -> None:
    from decimal import Decimal

    world.order("1001")
    world.target.total = lambda draft: Decimal("100.01")

    world.run()

    assert world.post("1001").gross == Decimal("100.01")
    assert world.case().case_class == "amount"


def test_a_fault_of_our_own_parks_the_record_and_loses_nothing(world) -> None:
    world.order("1001")
    world.target.faults = [ZeroDivisionError("bug")]

    world.run()

    assert world.post("1001").state == "parked"
    assert "ZeroDivisionError" in world.case().sentence


def test_a_late_answer_of_a_worker_that_lost_its_lease_changes_nothing(world) -> None:
    from studio.flows.deliver import record_success
    from studio.flows.models import Attempt

    world.order("1001")
    world.poll()
    world.work()
    slow = claim_delivery(world.books.pk)
    assert slow is not None
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    fast = claim_delivery(world.books.pk)
    assert fast is not None
    assert fast.unclear

    attempt = Attempt.objects.create(delivery=slow.delivery)
    receipt = Receipt("Invoice", "77", "1001")
    assert record_success(slow, attempt, receipt) == "taken over"
    assert Delivery.objects.get(pk=slow.delivery.pk).state == "sending"


def test_a_party_an_order_needed_is_linked_as_who_ordered_it_decided_and_by_its_own_name(
    world, ana, actor_of
) -> None:
    world.order("1001")
    world.run()
    party = Party.objects.create(
        connection=world.erp, kind="customer", key="NEW", code="NEW", label="Newcomer Ltd", data={}
    )
    judge(actor_of(ana), party, None, "create_new", target=world.books)
    made = Receipt("Customer", "77", "Newcomer Ltd", data={})

    deliver._link(world.post("1001"), "customer", made, "created", code="NEW")

    link = Link.objects.get(left_code="NEW")
    assert (link.decided_by, link.left_label) == ("Ana Keller", "Newcomer Ltd")
    # The trail says both: the machine did it, and on whose word.
    event = AuditEvent.objects.filter(key="linking.linked").latest("pk")
    assert (event.actor, event.data["ordered_by"]) == ("machine", "Ana Keller")

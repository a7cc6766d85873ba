"""Many deliveries in one call: one path, one end for each, nothing doubled whatever the call did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.registry import capabilities
from engine.errors import OutcomeUnknown, RemoteBusy, RemoteRejected, RemoteUnavailable
from studio.catalog.models import Connection
from studio.flows.deliver import deliver
from studio.flows.ledger import claim_deliveries, claim_delivery
from studio.flows.models import Attempt, Delivery
from studio.flows.queries import journey
from studio.triage.models import Case

pytestmark = pytest.mark.django_db
NUMBERS = ("1001", "1002", "1003", "1004")


def _states() -> list[str]:
    posts = Delivery.objects.filter(step="post").order_by("business_key")
    return list(posts.values_list("state", flat=True))


@pytest.fixture
def orders(world):
    for number in NUMBERS:
        world.order(number)
    world.poll()
    world.work()
    return world


@pytest.mark.promise("F29", "F30")
def test_what_is_due_together_is_created_in_one_call(orders) -> None:
    orders.send()

    assert orders.target.calls == [4]
    assert [d.reference for d in orders.target.creates] == list(NUMBERS)
    assert _states() == ["done"] * 4
    assert len({d.idempotency_key for d in orders.target.creates}) == 4
    assert [u.key for u in orders.source.updates] == list(NUMBERS), "each is written back"


def test_write_backs_go_together_where_the_system_takes_several(orders, monkeypatch) -> None:
    told: list[int] = []
    many = orders.source.update_many
    monkeypatch.setattr(
        orders.source, "update_many", lambda drafts: told.append(len(drafts)) or many(drafts)
    )
    orders.source.update_faults = [RemoteRejected(system="syspro", call="write back")]

    orders.send()

    assert told == [4]
    backs = Delivery.objects.filter(step="write_back").order_by("business_key")
    # The one that was refused waits for its next turn; its neighbours are through.
    assert [b.state for b in backs].count("done") == 3
    assert len(set(Attempt.objects.filter(delivery__in=backs).values_list("batch", flat=True))) == 1


def test_a_fault_of_ours_in_a_call_of_many_write_backs_takes_it_apart(orders, monkeypatch) -> None:
    def broken(drafts):
        raise KeyError("InvoiceDocId")

    monkeypatch.setattr(orders.source, "update_many", broken)

    orders.send()

    assert [u.key for u in orders.source.updates] == list(NUMBERS)
    backs = Delivery.objects.filter(step="write_back")
    assert set(backs.values_list("state", flat=True)) == {"done"}


def test_the_vendors_size_is_never_exceeded(orders, monkeypatch) -> None:
    three = replace(capabilities("qbo"), batch=3)
    monkeypatch.setattr("studio.flows.pump.capabilities", lambda system: three)

    orders.send()

    assert orders.target.calls == [3], "the last one goes alone, in a call for one"
    assert _states() == ["done"] * 4


def test_one_refused_element_never_stops_its_neighbours(orders) -> None:
    orders.target.faults = [None, RemoteRejected(system="qbo", call="create Invoice")]

    orders.send()

    assert _states() == ["done", "parked", "done", "done"]
    assert orders.case().record_label == "Order 1002"


@pytest.mark.promise("F30")
def test_a_half_written_call_without_an_answer_is_looked_up_element_by_element(orders) -> None:
    orders.target.torn = 2

    orders.send()
    assert _states() == ["unknown"] * 4
    orders.send()

    assert _states() == ["done"] * 4
    assert orders.target.look_ups == 4
    assert [d.reference for d in orders.target.creates] == list(NUMBERS), "none twice"


def test_an_unanswered_call_is_looked_up_only_after_a_pause(orders) -> None:
    orders.target.torn = 4
    before = timezone.now()

    orders.send()

    waits = [d.not_before - before for d in Delivery.objects.filter(step="post") if d.not_before]
    assert len(waits) == 4
    assert min(waits) >= timedelta(seconds=10)


def test_a_call_refused_as_a_whole_is_taken_apart(orders) -> None:
    orders.target.whole = RemoteRejected(system="qbo", call="batch of 4", detail="Not readable.")
    orders.target.faults = [None, None, RemoteRejected(system="qbo", call="create Invoice")]

    orders.send()

    assert _states() == ["done", "done", "parked", "done"]


def test_a_fault_of_our_own_in_a_call_is_narrowed_down_without_doubling(orders) -> None:
    orders.target.whole = ZeroDivisionError("bug")
    orders.target.faults = [None, ZeroDivisionError("bug")]

    orders.send()

    assert _states() == ["done", "parked", "done", "done"]
    assert orders.target.look_ups == 4, "whether anything had been sent was not known"


def test_an_outage_of_one_call_counts_once(orders) -> None:
    orders.target.whole = RemoteUnavailable(system="qbo", call="batch of 4")

    orders.send()

    connection = Connection.objects.get(pk=orders.books.pk)
    assert (connection.failures, connection.resting()) == (1, False)
    assert _states() == ["ready"] * 4


@pytest.mark.promise("E01")
def test_a_busy_answer_gives_all_back_without_a_try(orders) -> None:
    orders.target.whole = RemoteBusy(system="qbo", call="batch of 4", wait_seconds=3.0)

    orders.send()

    assert _states() == ["ready"] * 4
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {0}
    assert not Case.objects.exists()


def test_a_dead_workers_batch_is_looked_up_before_it_is_sent(orders) -> None:
    dead = claim_deliveries(orders.books.pk, 3)
    assert [c.unclear for c in dead] == [False] * 3
    Delivery.objects.filter(state="sending").update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )

    taken = claim_deliveries(orders.books.pk, 30)
    assert [c.unclear for c in taken] == [True, True, True, False]
    deliver(taken, orders.target)

    assert orders.target.look_ups == 3
    assert orders.target.calls == [4]
    assert _states() == ["done"] * 4


@pytest.mark.promise("F12")
def test_two_workers_never_claim_the_same(orders) -> None:
    first = claim_deliveries(orders.books.pk, 3)
    second = claim_deliveries(orders.books.pk, 3)

    assert {c.delivery.pk for c in first} & {c.delivery.pk for c in second} == set()
    assert (len(first), len(second)) == (3, 1)


def test_a_worker_that_lost_its_rows_while_it_looked_up_sends_nothing(orders, monkeypatch) -> None:
    Delivery.objects.update(state="unknown")
    slow = claim_deliveries(orders.books.pk, 30)
    find = orders.target.find_by_reference

    def taken_over(*args):
        Delivery.objects.filter(state="sending").update(claimed_by="somebody else")
        return find(*args)

    monkeypatch.setattr(orders.target, "find_by_reference", taken_over)
    deliver(slow, orders.target)

    assert not orders.target.creates


def test_what_is_said_about_one_record_keeps_its_order(orders) -> None:
    """A second delivery about a record waits until the first has an outcome."""
    first = orders.post("1001")
    Delivery.objects.exclude(pk=first.pk).update(state="done")
    later = Delivery.objects.get(pk=first.pk)
    later.pk, later.uuid, later.step, later.state = None, None, "update", "ready"
    later.uuid = type(first)._meta.get_field("uuid").get_default()
    later.idempotency_key = "another"
    later.save()

    claim = claim_delivery(orders.books.pk)

    assert claim is not None
    assert claim.delivery.pk == first.pk
    assert claim_delivery(orders.books.pk) is None
    deliver([claim], orders.target)
    now = claim_delivery(orders.books.pk)
    assert now is not None
    assert now.delivery.pk == later.pk


@pytest.mark.promise("F28")
def test_the_shared_call_is_part_of_each_records_journey(orders) -> None:
    from studio.catalog.models import Exchange

    orders.send()

    posted = Attempt.objects.filter(delivery__step="post").exclude(batch="")
    batch = posted.values_list("batch", flat=True).distinct().get()
    Exchange.objects.create(
        connection=orders.books,
        subject=f"batch:{batch}",
        method="POST",
        url="batch · u",
        status=200,
    )
    for number in ("1001", "1004"):
        assert any("batch: 200" in e.words for e in journey(orders.item(number)))


def test_successes_that_cannot_be_written_down_together_are_written_one_by_one(
    orders, monkeypatch
) -> None:
    from studio.flows import deliver as module

    real = module.record_success

    def sometimes(claim, attempt, receipt):
        if claim.delivery.business_key == "1002":
            raise OSError("disk")
        return real(claim, attempt, receipt)

    monkeypatch.setattr(module, "record_success", sometimes)
    orders.send()

    assert _states() == ["done", "sending", "done", "done"]


def test_an_unknown_element_among_answered_ones_is_looked_up_alone(orders) -> None:
    orders.target.late = [OutcomeUnknown(system="qbo", call="create Invoice")]

    orders.send()
    assert sorted(_states()) == ["done", "done", "done", "unknown"]
    orders.send()

    assert _states() == ["done"] * 4
    assert len(orders.target.creates) == 4

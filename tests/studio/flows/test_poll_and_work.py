"""From a change at the source to a delivery, a case or nothing: each way out, once."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from engine.errors import RemoteRejected, RemoteUnavailable
from studio.flows.actions import run_now
from studio.flows.batches import left_out
from studio.flows.ledger import claim_delivery, claim_item, claim_items
from studio.flows.models import Cursor, Delivery, InboxItem, Run
from studio.flows.poll import BY_HAND, poll, take_lease
from studio.mapping.models import ValueProposal
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


def states() -> dict[str, str]:
    return {i.key: i.state for i in InboxItem.objects.order_by("pk")}


@pytest.mark.promise("F19")
def test_a_page_and_its_cursor_are_stored_together(world, monkeypatch) -> None:
    world.order("1001")
    monkeypatch.setattr("studio.flows.poll._item", _fail)

    with pytest.raises(RuntimeError):
        world.poll()

    assert not InboxItem.objects.exists()
    assert Cursor.objects.get().value == ""
    assert Cursor.objects.get().lease_until is None


def _fail(*_: object, **__: object) -> InboxItem:
    raise RuntimeError("power cut")


@pytest.mark.promise("F21")
def test_the_same_content_twice_is_one_item(world) -> None:
    world.order("1001")
    world.order("1001")

    world.poll()
    Cursor.objects.update(value="")
    world.poll()

    assert InboxItem.objects.count() == 1


def test_a_record_that_returns_to_an_earlier_content_is_taken_again(world) -> None:
    for terms in ("30", "60", "30"):
        world.order("1001", Terms=terms)
        world.poll()
    world.poll()

    items = InboxItem.objects.filter(key="1001").order_by("pk")
    assert [i.turn for i in items] == [0, 0, 1]
    assert items[0].payload_hash == items[2].payload_hash

    # A first look from the beginning finds what is there now, and that is known.
    world.source.records["SorMaster"] = world.source.records["SorMaster"][-1:]
    Cursor.objects.update(value="")
    world.poll()
    assert items.all().count() == 3


def test_a_dated_record_read_late_does_not_pass_for_the_newest(world) -> None:
    dated = [
        replace(world.order("1001", Terms=terms), changed_at=datetime(2026, 11, day, tzinfo=UTC))
        for terms, day in (("30", 2), ("60", 3), ("30", 2))
    ]
    for record in dated:
        world.source.records["SorMaster"] = [record]
        Cursor.objects.update(value="")
        world.poll()

    assert InboxItem.objects.filter(key="1001").count() == 2


def test_only_one_worker_polls_a_flow_at_a_time(world) -> None:
    world.order("1001")
    assert take_lease(world.flow, "SorMaster") is not None

    assert poll(world.flow) is None
    assert not InboxItem.objects.exists()


def test_a_source_that_does_not_answer_keeps_its_cursor(world, monkeypatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise RemoteUnavailable(system="syspro", call="read orders")

    monkeypatch.setattr(world.source, "changes", gone)

    assert poll(world.flow) is None
    assert Cursor.objects.get().lease_until is None
    assert not Run.objects.exists()


@pytest.mark.promise("U01")
def test_an_open_order_is_filtered_and_goes_on_when_it_is_completed(world) -> None:
    world.order("1001", Status="1")
    world.run()
    assert states() == {"1001": "filtered"}

    world.order("1001")
    world.run()

    assert world.item("1001").state == "done"
    assert len(world.target.creates) == 1


def test_a_missing_code_parks_the_record_with_a_case_in_words(world) -> None:
    world.order("1001", Terms="45")

    world.run()

    case = world.case()
    assert world.item("1001").state == "parked"
    assert case.sentence == "“45” is not in the table “Terms” of Harbour Books yet."
    assert (case.amount, case.evidence["party"]) == (Decimal("100.00"), "Bayside")
    assert not Delivery.objects.exists()


@pytest.mark.promise("U01", "F30")
def test_the_same_order_again_is_unchanged_and_never_posted_twice(world) -> None:
    world.order("1001")
    world.run()

    InboxItem.objects.update(payload_hash="as if it were new")
    Cursor.objects.update(value="")
    world.run()

    assert sorted(InboxItem.objects.values_list("state", flat=True)) == ["done", "unchanged"]
    assert len(world.target.creates) == 1


def test_an_order_changed_after_posting_becomes_a_case_with_both_amounts(world) -> None:
    world.order("1001")
    world.run()

    world.order("1001", Net=Decimal("120.00"))
    world.run()

    case = world.case()
    assert case.case_class == "conflict"
    assert case.evidence["posted"] == "100.00"
    assert case.evidence["now"] == "120.00"
    assert len(world.target.creates) == 1


def test_a_corrected_order_replaces_what_was_refused(world) -> None:
    world.order("1001")
    world.target.faults = [RemoteRejected(system="qbo", call="create Invoice", detail="no")]
    world.run()
    first = world.post("1001")
    assert first.state == "parked"

    world.order("1001", Net=Decimal("120.00"))
    world.run()

    post = world.post("1001")
    assert (post.pk, post.state, post.gross) == (first.pk, "done", Decimal("120.00"))
    assert post.idempotency_key != first.idempotency_key


def test_versions_of_one_record_are_worked_in_order(world) -> None:
    world.order("1001", Status="1")
    world.order("1001")
    world.order("1002")
    world.poll()

    taken = [claim_item(world.flow.pk), claim_item(world.flow.pk), claim_item(world.flow.pk)]

    assert [i and i.key for i in taken] == ["1001", "1002", None]


def test_an_order_deleted_before_posting_is_left_alone(world) -> None:
    world.order("1001", deleted=True)

    world.run()

    assert states() == {"1001": "filtered"}


def test_an_order_deleted_after_posting_is_a_case(world) -> None:
    world.order("1001")
    world.run()

    world.order("1001", deleted=True)
    world.run()

    assert world.case().code == "deleted-at-source"
    assert world.post("1001").state == "done"


def test_one_of_two_claims_wins(world, monkeypatch) -> None:
    world.order("1001")
    world.poll()
    first = claim_item(world.flow.pk)

    assert first is not None
    assert claim_item(world.flow.pk) is None


def test_a_claim_that_read_a_stale_state_loses(world, monkeypatch) -> None:
    """Both workers saw “ready”; the row goes to the one whose UPDATE came first."""
    world.order("1001")
    world.poll()
    world.work()
    stale = [(world.post("1001").pk, "ready", "Invoice", "post")]
    assert claim_delivery(world.books.pk) is not None

    class Seen:
        def values_list(self, *_: str) -> list[tuple[int, str, str, str]]:
            return stale

    monkeypatch.setattr("studio.flows.ledger.due_deliveries", lambda _: Seen())

    assert claim_delivery(world.books.pk) is None


def test_an_item_of_a_dead_worker_is_taken_over_and_the_dead_one_writes_nothing(world) -> None:
    from studio.flows.bundle import bundle_of, context_of
    from studio.flows.work import decide, write_down

    world.order("1001")
    world.poll()
    dead = claim_item(world.flow.pk)
    assert dead is not None
    InboxItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim_item(world.flow.pk) is not None

    bundle, sides = bundle_of(world.version), context_of(world.flow)
    assert write_down(dead, bundle, sides, decide(dead, bundle, sides)) == "taken over"
    assert not Delivery.objects.exists()


def test_a_paused_flow_takes_and_sends_nothing(world) -> None:
    world.order("1001")
    world.poll()
    world.work()
    world.flow.state = "paused"
    world.flow.save()

    world.order("1002")
    world.run()

    assert states() == {"1001": "done"}
    assert not world.target.creates


def test_two_hundred_and_fifty_orders_arrive_once_each(world) -> None:
    for n in range(250):
        world.order(f"{n:04}", Status="1")

    world.poll()

    assert InboxItem.objects.count() == 250
    assert Run.objects.get().read == 250


def test_a_lost_wake_up_is_found_by_the_sweep(world) -> None:
    from studio.flows.sweep import sweep

    world.order("1001")
    world.poll()

    assert sweep()["flows"] == 1
    world.work()
    assert sweep()["connections"] == 1
    world.send()
    assert sweep() == {"flows": 0, "connections": 0, "released": 0, "healed": 0}
    assert not Case.objects.exists()


def test_only_the_newest_of_two_versions_read_together_is_posted(world) -> None:
    world.order("1001")
    world.order("1001", Net=Decimal("120.00"))

    world.run()

    assert [str(d.data["TotalAmt"]) for d in world.target.creates] == ["120.00"]
    assert [i.state for i in InboxItem.objects.order_by("pk")] == ["unchanged", "done"]
    assert not Case.objects.exists()


def test_a_corrected_order_closes_the_case_of_its_earlier_version(world) -> None:
    world.order("1001", Terms="45")
    world.run()
    assert world.case().state == "open"

    world.order("1001")
    world.run()

    assert not Case.objects.filter(closed_at=None).exists()
    assert [i.state for i in InboxItem.objects.order_by("pk")] == ["unchanged", "done"]


def test_an_order_cancelled_before_it_is_sent_is_never_posted(world) -> None:
    world.order("1001")
    world.poll()
    world.work()

    world.order("1001", Status="1")
    world.poll()
    world.work()
    world.send()

    assert not world.target.creates
    assert Delivery.objects.get().state == "void"


def test_an_order_completed_again_takes_its_closed_delivery_up(world) -> None:
    world.order("1001")
    world.poll()
    world.work()
    world.order("1001", Status="1")
    world.poll()
    world.work()

    world.order("1001", Name="Bayside Ltd")
    world.run()

    assert Delivery.objects.get(step="post").state == "done"
    assert len(world.target.creates) == 1


def test_an_order_cancelled_after_posting_is_a_case_that_can_be_accepted(world) -> None:
    from studio.flows.actions import override, replay

    world.order("1001")
    world.run()
    world.order("1001", Status="1")
    world.run()
    case = world.case()
    assert (case.code, case.case_class) == ("left-the-flow", "conflict")

    item = InboxItem.objects.latest("pk")
    override(item, "accept:left-the-flow", "credited by hand")
    replay(item)
    world.run()

    assert not Case.objects.filter(closed_at=None).exists()
    assert world.post("1001").state == "done"


def test_a_change_after_an_unclear_try_looks_the_document_up_first(world) -> None:
    world.order("1001")
    world.target.faults = [KeyError("answer")]
    world.run()
    assert world.post("1001").state == "parked"

    world.order("1001", Net=Decimal("120.00"))
    world.run()

    assert world.target.look_ups == 1
    assert world.post("1001").state == "done"


def test_items_are_claimed_together_and_by_one_worker_only(world) -> None:
    for number in ("1001", "1002", "1003"):
        world.order(number)
    world.order("1001", Net=Decimal("5.00"))
    world.poll()

    first = claim_items(world.flow.pk, 2)
    second = claim_items(world.flow.pk, 20)

    assert [[i.key for i in one] for one in (first, second)] == [["1001", "1002"], ["1003"]]
    assert not claim_items(world.flow.pk, 20), "a record's later version waits for the earlier one"


def test_one_item_that_cannot_be_worked_never_stops_the_others(world, monkeypatch) -> None:
    from studio.flows import together

    real = together.decide

    def sometimes(item, *args):
        if item.key == "1002":
            raise ZeroDivisionError("bug")
        return real(item, *args)

    monkeypatch.setattr(together, "decide", sometimes)
    for number in ("1001", "1002", "1003"):
        world.order(number)
    world.poll()
    world.work()

    assert [world.item(n).state for n in ("1001", "1002", "1003")] == ["done", "new", "done"]


def test_a_case_says_the_name_beside_the_code(world) -> None:
    world.order("1001", Terms="45")
    world.run()
    assert world.case().sentence.startswith("“45” is not in the table")
    ValueProposal.objects.create(table=world.terms, source="77", source_label="Net 77 days")

    world.order("1002", Terms="77")
    world.run()

    case = Case.objects.get(evidence__code="77")
    assert case.sentence == "“77” (Net 77 days) is not in the table “Terms” of Harbour Books yet."


def test_a_run_says_what_it_took_and_does_not_mean_to_post(world, ivo, as_person) -> None:
    world.order("1001", Status="1")
    world.run()
    taken = Run.objects.get(items__key="1001")

    page = html.unescape(as_person(ivo).get(f"/flows/runs/{taken.uuid}/").content.decode())

    (one,) = left_out(taken)
    assert one.count == 1
    assert f"<strong>1</strong> {one.why}" in page


def test_looking_by_hand_leaves_a_run_also_where_nothing_is_new(
    world, integrator, ana, as_person, monkeypatch
) -> None:
    woken = []
    monkeypatch.setattr("studio.flows.actions.nudge", lambda *said: woken.append(said))
    run_now(integrator, world.flow)
    (_task, key, trigger) = woken[0]
    assert key == world.flow.pk
    assert poll(world.flow) is None
    assert not Run.objects.exists()

    run = poll(world.flow, trigger=trigger)

    assert run is not None
    assert (run.read, run.taken, run.suspect) == (0, 0, "")
    for address in ("/flows/runs/", f"/flows/runs/{run.uuid}/"):
        assert "0 read, nothing is new" in as_person(ana).get(address).content.decode()
    run.refresh_from_db()
    assert run.finished_at is not None


def test_looking_by_hand_that_could_not_read_says_why_in_its_run(world, monkeypatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise RemoteUnavailable(system="syspro", call="read orders")

    monkeypatch.setattr(world.source, "changes", gone)

    run = poll(world.flow, trigger=BY_HAND)

    assert run is not None
    assert "read orders" in run.suspect or "syspro" in run.suspect.casefold()

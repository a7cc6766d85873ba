"""What is unexplained is adjusted once, after a second person approved it, and nothing else is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from connectors.http.jsontext import load
from engine.errors import OutcomeUnknown
from studio.accounts.models import machine
from studio.accounts.roles import APPROVE, TIE_OUT
from studio.core.models import AuditEvent
from studio.flows.batches import approve_batch, held_of, why_not_approved
from studio.flows.models import Delivery, Flow, InboxItem, Run
from studio.flows.poll import new_items
from studio.mapping.models import LookupRow
from studio.tieout import stock
from studio.tieout.models import StockComparison
from studio.triage.actions import apply_remedy
from studio.triage.models import Case
from tests.studio.tieout.stock_world import parts_of

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def adjusting(shelves):
    shelves.publish(policy="adjust")
    return shelves


@pytest.fixture
def ben(workspace):
    """A second accountant, who asks for comparisons."""
    return machine(workspace, "Ben Olsen", TIE_OUT, APPROVE)


def approve(world, actor) -> None:
    run = Run.objects.filter(trigger="comparison").latest("pk")
    approve_batch(actor, run, held_of(run).seen)


def adjustments(world) -> list[Delivery]:
    return list(Delivery.objects.filter(flow=world.flow).order_by("pk"))


@pytest.mark.promise("P02")
def test_a_difference_disappears_after_a_second_person_approved_its_adjustment(
    adjusting, ben, accountant
) -> None:
    adjusting.item("A1", 7, 10, cost="2.50")
    adjusting.item("A2", 5, 4)

    found = adjusting.compare(ben)
    adjusting.turn(adjusting.flow)

    assert parts_of(found) == {"A1": {"adjusted": D(-3)}, "A2": {"adjusted": D(1)}}
    assert (found.green, found.adjusted, found.held_back) == (True, 2, "")
    assert {d.state for d in adjustments(adjusting)} == {"held"}
    assert adjusting.target.creates == []

    approve(adjusting, accountant)
    adjusting.turn(adjusting.flow)

    assert (adjusting.target.quantity("i0"), adjusting.target.quantity("i1")) == (7, 5)
    sent = adjusting.target.creates[0]
    assert sent.data["AdjustAccountRef"] == {"value": "81"}
    assert sent.data["DocNumber"] == sent.reference == f"SC{found.pk}-1"
    assert [d.gross for d in adjustments(adjusting)] == [D("-7.50"), D("4.00")]
    assert parts_of(adjusting.compare(ben)) == {"A1": {}, "A2": {}}


def test_who_asked_cannot_approve_and_neither_can_who_published(adjusting, ben, accountant) -> None:
    adjusting.item("A1", 7, 10)
    found = adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    run = found.run

    with pytest.raises(ValidationError, match="four eyes"):
        approve_batch(ben, run, held_of(run).seen)
    publisher = machine(adjusting.workspace, "token: x (Ivo Marsh)", APPROVE)
    assert "four eyes" in why_not_approved(publisher, run)
    assert "An accountant" in why_not_approved(machine(adjusting.workspace, "Zoe"), run)
    assert why_not_approved(accountant, run) == ""

    approve(adjusting, accountant)
    line = AuditEvent.objects.get(key="batch.approved")
    assert (line.actor, line.data["count"]) == ("Ana Keller", 1)


def test_the_approver_sees_each_quantity_before_and_after(
    adjusting, ben, ana, olga, as_person
) -> None:
    adjusting.item("A1", 7, 10)
    found = adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    path = f"/flows/runs/{found.run.uuid}/"

    page = as_person(ana).get(path).content.decode()

    assert "1 adjustment, worth" in page
    assert "A1: 10 → <strong>7</strong>" in page
    assert "Approve and post to Harbour Books" in page
    assert "An accountant approves them." in as_person(olga).get(path).content.decode()
    shown = as_person(ana).get(f"/tie-out/stock/{found.uuid}/").content.decode()
    assert "1 difference is to be adjusted." in shown
    as_person(ana).post(f"{path}approve/", {"seen": held_of(found.run).seen})
    assert adjustments(adjusting)[0].state == "ready"


def test_a_quantity_that_changed_before_it_was_sent_is_left_to_the_next_comparison(
    adjusting, ben, accountant
) -> None:
    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    approve(adjusting, accountant)
    adjusting.target.add("i0", D(-3))

    adjusting.turn(adjusting.flow)

    assert adjusting.target.creates == []
    assert [d.state for d in adjustments(adjusting)] == ["void"]
    item = InboxItem.objects.get(flow=adjusting.flow)
    assert item.state == "unchanged"
    assert "the next comparison looks at it" in item.why
    assert not Case.objects.exists()
    assert parts_of(adjusting.compare(ben)) == {"A1": {}}


def test_an_answer_that_never_came_makes_one_adjustment(adjusting, ben, accountant) -> None:
    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    approve(adjusting, accountant)
    adjusting.target.late = [OutcomeUnknown(system="qbo", call="create")]

    adjusting.turn(adjusting.flow, times=4)

    assert len(adjusting.target.creates) == 1
    assert adjusting.target.quantity("i0") == 7
    assert [d.state for d in adjustments(adjusting)] == ["done"]
    assert parts_of(adjusting.compare(ben)) == {"A1": {}}


def test_what_is_on_its_way_is_not_adjusted(adjusting, ben) -> None:
    adjusting.item("A1", 100, 102)
    adjusting.ship("1001", "A1", 5)

    found = adjusting.compare(ben)

    assert parts_of(found) == {"A1": {"in_flight": D(-5), "adjusted": D(-2)}}


def test_nothing_is_adjusted_while_nobody_knows_what_left_the_warehouse(adjusting, ben) -> None:
    adjusting.item("A1", 7, 10)
    Flow.objects.filter(key="orders").update(state="paused")

    found = adjusting.compare(ben)

    assert parts_of(found) == {"A1": {"unexplained": D(-3)}}
    assert "Orders is not live." in found.held_back
    assert not InboxItem.objects.filter(flow=adjusting.flow).exists()


def test_another_comparison_that_ended_meanwhile_keeps_this_one_from_adjusting(
    adjusting, ben, monkeypatch
) -> None:
    adjusting.item("A1", 7, 10)
    real = adjusting.target.changes

    def slow(*args, **more):
        if not StockComparison.objects.filter(state="ready").exists():
            other = StockComparison.objects.get()
            StockComparison.objects.create(
                flow=other.flow, version=other.version, asked_by="x", state="ready",
                finished_at=timezone.now(),
            )  # fmt: skip
        return real(*args, **more)

    monkeypatch.setattr(adjusting.target, "changes", slow)

    assert "Another comparison ended" in adjusting.compare(ben).held_back


def test_a_newer_comparison_replaces_what_nobody_approved(adjusting, ben, accountant) -> None:
    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    adjusting.count("A1", D(-1))

    found = adjusting.compare(ben)
    adjusting.turn(adjusting.flow)

    assert parts_of(found) == {"A1": {"adjusted": D(-4)}}
    assert [d.state for d in adjustments(adjusting)] == ["void", "held"]
    assert [i.state for i in InboxItem.objects.filter(flow=adjusting.flow).order_by("pk")] == [
        "unchanged",
        "done",
    ]
    approve(adjusting, accountant)
    adjusting.turn(adjusting.flow)
    assert adjusting.target.quantity("i0") == 6


def test_an_item_has_one_adjustment_at_a_time(adjusting, ben, accountant) -> None:
    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    approve(adjusting, accountant)
    adjusting.count("A1", D(-1))

    found = adjusting.compare(ben)

    assert parts_of(found) == {"A1": {"adjusting": D(-3), "moving": D(-1)}}
    assert len(adjustments(adjusting)) == 1
    adjusting.turn(adjusting.flow)
    assert adjusting.target.quantity("i0") == 7
    assert parts_of(adjusting.compare(ben)) == {"A1": {"adjusted": D(-1)}}


def test_an_adjustment_without_an_account_waits_with_a_case_and_is_not_made_twice(
    adjusting, ben, accountant
) -> None:
    LookupRow.objects.filter(table=adjusting.tables["adjustment_accounts"]).delete()
    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.turn(adjusting.flow)

    case = Case.objects.get()
    assert "HDW" in case.sentence
    assert parts_of(adjusting.compare(ben)) == {"A1": {"adjusting": D(-3)}}
    apply_remedy(accountant, case, "void", {"reason": "counted wrongly"})
    assert parts_of(adjusting.compare(ben)) == {"A1": {"adjusted": D(-3)}}


def test_books_in_another_unit_are_adjusted_in_their_unit(adjusting, ben, accountant) -> None:
    adjusting.item("A1", 36, 2, alternate=("CS", 12))
    adjusting.item("A2", 30, 2, alternate=("CS", 14))
    for code in ("A1", "A2"):
        LookupRow.objects.create(table=adjusting.tables["item_units"], source=code, target="CS")

    found = adjusting.compare(ben)
    adjusting.turn(adjusting.flow)
    approve(adjusting, accountant)
    adjusting.turn(adjusting.flow)

    assert parts_of(found) == {"A1": {"adjusted": D(12)}, "A2": {"unexplained": D(2)}}
    assert "no whole part of the unit" in found.rows.get(item="A2").note
    assert adjusting.target.quantity("i0") == 3
    assert adjusting.target.quantity("i1") == 2


def test_a_record_that_no_comparison_found_is_not_posted(adjusting) -> None:
    adjusting.item("A1", 7, 10)
    (record,) = adjusting.source.records["InvMaster"]
    new_items(adjusting.flow, None, [record])[0].save()

    adjusting.turn(adjusting.flow)

    item = InboxItem.objects.get(flow=adjusting.flow)
    assert (item.state, "not posted by itself" in item.why) == ("filtered", True)


def test_what_was_handed_over_is_let_go_when_the_flow_only_compares_again(adjusting, ben) -> None:
    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.publish(policy="compare")

    adjusting.turn(adjusting.flow)

    assert InboxItem.objects.get(flow=adjusting.flow).state == "filtered"
    assert not Delivery.objects.filter(flow=adjusting.flow).exists()


def test_an_adjustment_is_explained_and_made_again_from_what_is_stored(
    adjusting, ben, accountant
) -> None:
    from studio.flows.lineage import recomputed

    adjusting.item("A1", 7, 10)
    adjusting.compare(ben)
    adjusting.turn(adjusting.flow)

    (delivery,) = adjustments(adjusting)

    assert load(recomputed(delivery)) == load(delivery.payload)
    assert delivery.basis["booked"] == "10"


def test_a_comparison_that_dies_leaves_no_adjustment_behind(adjusting, ben, monkeypatch) -> None:
    adjusting.item("A1", 7, 10)

    class Died(BaseException):
        pass

    def die(*_args, **_more):
        raise Died

    asked = stock.claim(stock.ask(ben, adjusting.flow).pk)
    assert asked is not None
    with monkeypatch.context() as patch:
        patch.setattr(stock.StockPart.objects, "bulk_create", die)
        with pytest.raises(Died):
            stock.run(asked)
    assert not InboxItem.objects.filter(flow=adjusting.flow).exists()

    StockComparison.objects.update(lease_until=asked.created_at)
    again = stock.claim(asked.pk)
    assert again is not None
    assert stock.run(again).adjusted == 1
    assert InboxItem.objects.filter(flow=adjusting.flow).count() == 1

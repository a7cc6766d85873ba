"""What both sides have of each item: every unit of difference gets its name, and the names add up."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from openpyxl import load_workbook

from engine.errors import MappingRefused, RemoteUnavailable
from studio.accounts.models import machine
from studio.accounts.roles import PUBLISH
from studio.core.models import AuditEvent
from studio.core.paper import styles
from studio.flows.actions import publish_flow
from studio.flows.models import Delivery, Flow, InboxItem, Run
from studio.flows.poll import poll
from studio.mapping.models import LookupRow, MappingVersion
from studio.tieout import stock
from studio.tieout.actions import run_tieout
from studio.tieout.models import StockComparison, StockRow
from studio.tieout.signing import sign_stock, signature
from studio.tieout.stock_exports import differing
from tests.studio.tieout.stock_world import parts_of

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.mark.promise("P02")
def test_the_sum_over_the_warehouses_is_compared_with_the_one_quantity_of_the_books(
    shelves, accountant
) -> None:
    shelves.item("A1", there=10, FG=7, RM=3)

    found = shelves.compare(accountant)

    row = found.rows.get()
    assert (found.state, found.green, found.items, found.apart) == ("ready", True, 1, 0)
    assert (row.source, row.target, row.difference) == (10, 10, 0)
    assert [(w["warehouse"], D(w["on_hand"])) for w in row.warehouses] == [("FG", 7), ("RM", 3)]


def test_an_order_on_its_way_explains_what_has_left_the_warehouse(shelves, accountant) -> None:
    shelves.item("A1", 100, 100)
    shelves.ship("1001", "A1", 5)

    found = shelves.compare(accountant)

    # Nobody had read the order yet: the comparison lets its flow look first.
    assert parts_of(found) == {"A1": {"in_flight": D(-5)}}
    assert (found.green, found.residual) == (True, D("-20.00"))

    shelves.turn(shelves.orders)
    assert parts_of(shelves.compare(accountant)) == {"A1": {}}


@pytest.mark.promise("P02")
def test_an_order_in_a_case_is_named_as_such(shelves, accountant) -> None:
    shelves.item("A1", 100, 100)
    shelves.item("A2", 50)
    shelves.ship("1001", "A1", 5)
    row = {"Item": "A2", "Qty": D(1), "Unit": "EA"}
    order = shelves.source.records["SorMaster"][0]
    order.data["Lines"].append(row)
    shelves.turn(shelves.orders)

    found = shelves.compare(accountant)

    assert parts_of(found) == {"A1": {"case": D(-5)}, "A2": {"not_linked": D(50)}}
    assert found.green


def test_a_posting_that_stands_there_as_a_draft_has_moved_nothing_yet(shelves, accountant) -> None:
    shelves.orders.design["entities"]["Invoice"]["draft"] = {"Status": "DRAFT"}
    shelves.orders.save()
    publish_flow(machine(shelves.workspace, "Ivo Marsh", PUBLISH), shelves.orders)
    shelves.item("A1", 100, 100)
    shelves.ship("1001", "A1", 5)
    shelves.turn(shelves.orders)
    (made,) = shelves.target.records["Invoice"]
    shelves.target.created.clear()
    shelves.target.records["Invoice"] = [replace(made, data={**made.data, "Status": "DRAFT"})]
    shelves.target.add("i0", D(5))

    assert parts_of(shelves.compare(accountant)) == {"A1": {"draft": D(-5)}}

    shelves.target.records["Invoice"] = [made]
    shelves.target.add("i0", D(-5))
    assert parts_of(shelves.compare(accountant)) == {"A1": {}}


def test_a_quantity_on_an_order_is_counted_in_stocking_units(shelves, accountant) -> None:
    shelves.item("A1", 100, 100, alternate=("CS", 12))
    shelves.ship("1001", "A1", 2, unit="CS", per=12)

    assert parts_of(shelves.compare(accountant)) == {"A1": {"in_flight": D(-24)}}


@pytest.mark.promise("T03")
def test_books_in_another_unit_are_converted_before_they_are_compared(shelves, accountant) -> None:
    shelves.item("A1", 30, 2, alternate=("CS", 12))
    LookupRow.objects.create(table=shelves.tables["item_units"], source="A1", target="CS")

    found = shelves.compare(accountant)

    row = found.rows.get()
    assert (row.source, row.target, row.unit) == (30, 24, "EA")
    assert parts_of(found) == {"A1": {"unexplained": D(6)}}
    assert "Harbour Books counts CS: 2 there." in row.note


def test_a_unit_that_cannot_be_converted_is_no_unexplained_difference(shelves, accountant) -> None:
    shelves.item("A1", 30, 2)
    LookupRow.objects.create(table=shelves.tables["item_units"], source="A1", target="PAL")

    found = shelves.compare(accountant)

    assert parts_of(found) == {"A1": {"unit_differs": D(28)}}
    assert "cannot convert to EA" in found.rows.get().note


def test_what_has_no_name_is_red_and_valued(shelves, accountant) -> None:
    shelves.item("A1", 7, 10, cost="2.50")
    shelves.item("A2", 5, 4, cost="10.00")

    found = shelves.compare(accountant)

    assert parts_of(found) == {"A2": {"unexplained": D(1)}, "A1": {"unexplained": D(-3)}}
    assert (found.green, found.residual, found.unexplained) == (False, D("2.50"), D("17.50"))


def test_items_that_only_one_side_keeps_are_named(shelves, accountant) -> None:
    shelves.item("A1", 5, 0, tracked=False)
    shelves.item("A2", 5, 3, linked=False)
    shelves.item("SV", 0, 0, tracked=False)

    found = shelves.compare(accountant)

    rows = [(r.item, {p.why: p.quantity for p in r.parts.all()}) for r in found.rows.order_by("id")]
    assert rows == [
        ("A1", {"not_tracked": D(5)}),
        ("A2", {"not_linked": D(5)}),
        ("A2", {"not_linked": D(-3)}),
    ]
    assert found.green


def test_two_items_that_are_one_record_in_the_books_are_counted_together(
    shelves, accountant
) -> None:
    shelves.item("A1", 5, 8, key="i1")
    shelves.item("A2", 3, 8, key="i1")

    found = shelves.compare(accountant)

    assert parts_of(found) == {"A1": {"shared": D(-3)}, "A2": {"shared": D(3)}}
    assert found.green


def test_an_item_that_moves_while_it_is_read_is_left_to_the_next_comparison(
    shelves, accountant, monkeypatch
) -> None:
    shelves.item("A1", 100, 100)
    real = shelves.source.changes

    def busy(entity, *, cursor="", limit=100):
        page = real(entity, cursor=cursor, limit=limit)
        if entity == "InvMaster" and not shelves.source.records["SorMaster"]:
            shelves.ship("1001", "A1", 5)
        return page

    monkeypatch.setattr(shelves.source, "changes", busy)

    found = shelves.compare(accountant)

    assert parts_of(found) == {"A1": {"in_flight": D(-5), "moving": D(5)}}
    assert found.green
    assert parts_of(shelves.compare(accountant)) == {"A1": {"in_flight": D(-5)}}


def test_a_flow_that_compares_posts_nothing_and_reads_nothing_into_the_inbox(
    shelves, accountant
) -> None:
    shelves.item("A1", 7, 10)
    shelves.compare(accountant)

    poll(shelves.flow)
    shelves.turn(shelves.flow)

    assert not InboxItem.objects.filter(flow=shelves.flow).exists()
    assert not Delivery.objects.exists()
    assert shelves.target.quantity("i0") == 10


def test_one_comparison_of_a_flow_at_a_time_and_a_dead_worker_is_replaced(
    shelves, accountant
) -> None:
    shelves.item("A1", 7, 10)
    asked = stock.ask(accountant, shelves.flow)

    assert stock.ask(accountant, shelves.flow) == asked
    taken = stock.claim(asked.pk)
    assert taken is not None
    assert stock.claim(asked.pk) is None
    StockComparison.objects.update(lease_until=asked.created_at)
    again = stock.claim(asked.pk)
    assert again is not None
    stock.run(taken)
    assert StockComparison.objects.get().state == "running"
    assert stock.run(again).state == "ready"
    assert StockRow.objects.count() == 1


def test_old_comparisons_are_forgotten_but_not_those_that_adjusted(
    shelves, accountant, monkeypatch
) -> None:
    shelves.item("A1", 10, 10)
    monkeypatch.setattr(stock, "KEPT", 2)
    made = [shelves.compare(accountant).pk for _ in range(3)]
    first = Run.objects.create(flow=shelves.flow, trigger="comparison")
    StockComparison.objects.filter(pk=made[1]).update(run=first)

    made += [shelves.compare(accountant).pk for _ in range(2)]

    kept = StockComparison.objects.order_by("pk").values_list("pk", flat=True)
    assert list(kept) == [made[1], *made[3:]]


def test_a_system_that_does_not_answer_is_said_and_nothing_is_half_kept(
    shelves, accountant, monkeypatch
) -> None:
    shelves.item("A1", 7, 10)

    def down(*_args, **_more):
        raise RemoteUnavailable(system="qbo", call="read Item", wait_seconds=5)

    monkeypatch.setattr(shelves.target, "changes", down)

    found = shelves.compare(accountant)

    assert (found.state, found.rows.count()) == ("failed", 0)
    assert "read Item" in found.error


def test_asking_leaves_an_audit_line_and_takes_the_right_role(
    shelves, accountant, integrator
) -> None:
    with pytest.raises(PermissionDenied):
        stock.ask(integrator, shelves.flow)
    with pytest.raises(ValidationError, match="compares stock levels"):
        stock.ask(accountant, shelves.orders)

    stock.ask(accountant, shelves.flow)

    line = AuditEvent.objects.get(key="stock.compared")
    assert (line.actor, line.data["policy"]) == ("Ana Keller", "compare")


def test_the_schedule_asks_in_the_name_of_the_machine(shelves) -> None:
    Flow.objects.update(state="live")
    shelves.flow.refresh_from_db()

    asked = stock.ask_by_schedule(shelves.flow)

    assert asked is not None
    assert asked.asked_by == "the schedule"
    assert Flow.objects.get(key="stock").last_polled_at is not None
    assert stock.wake_open() == 1


def test_amounts_are_not_tied_out_for_a_flow_of_quantities(shelves, accountant, ana, as_person):
    with pytest.raises(ValidationError, match="compares quantities"):
        run_tieout(accountant, shelves.flow)
    page = as_person(ana).get("/tie-out/").content.decode()
    assert '<option value="orders">' in page
    assert '<option value="stock">' not in page


# --- the flow -----------------------------------------------------------------------------------------


def test_what_becomes_of_differences_is_chosen_in_the_designer(shelves, ivo, as_person) -> None:
    client = as_person(ivo)

    page = client.get("/flows/stock/?step=compares").content.decode()
    assert "Compares with Item in Harbour Books. Differences: only compare, never post." in page
    assert "Posts nothing to Harbour Books." in page

    form = {"do": "change", "step": "compares", "revision": 0, "policy": "adjust"}
    client.post("/flows/stock/edit/", form)
    assert Flow.objects.get(key="stock").design["compares"]["policy"] == "adjust"
    refused = client.post(
        "/flows/stock/edit/", {**form, "revision": 1, "policy": "guess"}, follow=True
    )
    assert "Choose what becomes of differences." in refused.content.decode()


def test_a_flow_whose_books_nobody_can_read_is_refused(shelves, integrator) -> None:
    MappingVersion.objects.filter(mapping__entity="Item").update(state="retired")

    with pytest.raises(MappingRefused, match="without it nobody sees what the books have"):
        publish_flow(integrator, shelves.flow)


def test_a_flow_that_only_compares_needs_no_way_to_write(shelves, integrator) -> None:
    MappingVersion.objects.filter(mapping__entity="InventoryAdjustment").update(state="retired")

    publish_flow(integrator, shelves.flow)
    with pytest.raises(MappingRefused, match="mapping to InventoryAdjustment is not published"):
        shelves.publish(policy="adjust")


# --- pages ------------------------------------------------------------------------------------------


@pytest.fixture
def apart(shelves, accountant) -> StockComparison:
    """Three items: one ties, one differs by name, one without."""
    shelves.item("A1", 4, 4)
    shelves.item("A2", 9, 10, cost="1.00")
    shelves.item("A3", 5, linked=False, cost="7.00")
    return shelves.compare(accountant)


def test_the_page_shows_what_differs_most_first_and_can_be_narrowed(apart, ana, as_person) -> None:
    client = as_person(ana)
    path = f"/tie-out/stock/{apart.uuid}/"

    page = client.get(path).content.decode()

    assert page.index("<strong>A3<") < page.index("<strong>A2<")
    assert "<strong>A1</strong>" not in page
    assert "Linked to nothing on the other side 5" in page
    assert "The two sides do not have the same." in page
    everything = client.get(path, {"show": "all", "order": "item"}).content.decode()
    assert everything.index("<strong>A1") < everything.index("<strong>A2")
    narrowed = client.get(path, {"why": "not_linked"}).content.decode()
    assert "<strong>A3</strong>" in narrowed
    assert "<strong>A2</strong>" not in narrowed
    assert "<strong>A2</strong>" in client.get(path, {"show": "red", "q": "a2"}).content.decode()


def test_many_items_are_paged(shelves, accountant, ana, as_person) -> None:
    for n in range(60):
        shelves.item(f"B{n:02}", n + 1, 0)
    found = shelves.compare(accountant)
    client, seen = as_person(ana), []
    path = f"/tie-out/stock/{found.uuid}/"

    page = client.get(path)
    while True:
        seen += [r["row"].item for r in page.context["shown"]]
        after = page.context["rows"].after
        if after is None or len(page.context["shown"]) < 50:
            break
        page = client.get(path, {"after": after})

    assert seen == [f"B{n:02}" for n in reversed(range(60))]


def test_the_person_presses_and_the_worker_compares(shelves, ana, as_person) -> None:
    client = as_person(ana)
    shelves.item("A1", 4, 4)

    said = client.post("/tie-out/stock/run/", {"flow": "stock"}, follow=True)

    assert "Both sides are being read." in said.content.decode()
    found = StockComparison.objects.get()
    assert client.get(f"/tie-out/stock/{found.uuid}/export.csv").status_code == 404
    taken = stock.claim(found.pk)
    assert taken is not None
    stock.run(taken)
    page = client.get(f"/tie-out/stock/{found.uuid}/").content.decode()
    assert "Both sides have the same of every item." in page
    assert "ties" in client.get("/tie-out/stock/").content.decode()


def test_the_spreadsheets_have_items_warehouses_and_reasons(apart, ana, as_person) -> None:
    client = as_person(ana)
    path = f"/tie-out/stock/{apart.uuid}/export"

    lines = client.get(f"{path}.csv").content.decode().splitlines()
    book = load_workbook(io.BytesIO(client.get(f"{path}.xlsx").content))

    assert "item,A2,Item A2,EA,,9,10,-1,1,-1.00,USD," in lines
    assert "warehouse,A2,Item A2,EA,FG,9,,,1,9.00,USD," in lines
    assert "reason,A2,Item A2,EA,Not explained,,,-1,1,-1.00,USD," in lines
    assert len(list(book["Stock levels"].values)) == len(lines)
    assert client.get(f"{path}.docx").status_code == 404


def test_the_paper_names_the_items_that_differ_and_who_signed(
    shelves, accountant, ana, as_person
) -> None:
    shelves.item("A1", 4, 4)
    shelves.item("A<3>", 5, linked=False, cost="7.00")
    found = shelves.compare(accountant)
    client, path = as_person(ana), f"/tie-out/stock/{found.uuid}/"

    head, row = differing(found, styles().small)
    unsigned = client.get(f"{path}export.pdf").content
    client.post(f"{path}sign/", {"note": "counted <twice>"})
    found.refresh_from_db()

    assert head[-1] == "Worth"
    assert "A&lt;3&gt;" in row[0].text
    assert "Linked to nothing on the other side 5" in row[0].text
    assert row[1:] == ("5", "–", "5", "35.00")
    assert unsigned.startswith(b"%PDF-")
    assert client.get(f"{path}export.pdf").content != unsigned
    assert signature(found).startswith("Signed by Ana Keller, ")
    assert "“counted &lt;twice&gt;”" in signature(found)


# --- signature --------------------------------------------------------------------------------------


def test_it_is_signed_once_and_only_when_every_difference_has_a_name(
    shelves, accountant, ana, as_person
) -> None:
    shelves.item("A1", 9, 10, cost="1.00")
    red = shelves.compare(accountant)
    client = as_person(ana)

    refused = client.post(f"/tie-out/stock/{red.uuid}/sign/", {"note": "so be it"}, follow=True)
    assert "A difference worth 1.00 USD is not explained yet" in refused.content.decode()
    assert "It can be signed when every difference has a name." in refused.content.decode()

    shelves.count("A1", D(1))
    green = shelves.compare(accountant)
    said = client.post(f"/tie-out/stock/{green.uuid}/sign/", {"note": "year end"}, follow=True)
    again = client.post(f"/tie-out/stock/{green.uuid}/sign/", {"note": "mine"}, follow=True)

    assert "Signed by Ana Keller" in said.content.decode()
    assert "a signature is never replaced" in again.content.decode()
    green.refresh_from_db()
    assert (green.signed_by, green.sign_note) == ("Ana Keller", "year end")
    line = AuditEvent.objects.get(key="stock.signed")
    assert line.data == {"flow": green.flow.name, "items": 1, "apart": 0, "worth": "0.00 USD"}


def test_a_signed_comparison_is_kept_whatever_comes_after(shelves, accountant, monkeypatch) -> None:
    shelves.item("A1", 10, 10)
    monkeypatch.setattr(stock, "KEPT", 1)
    signed = shelves.compare(accountant)
    sign_stock(accountant, signed, "")

    for _ in range(3):
        shelves.compare(accountant)

    assert StockComparison.objects.count() == 2
    assert StockComparison.objects.filter(pk=signed.pk).exists()


def test_one_that_is_not_ready_cannot_be_signed(shelves, accountant) -> None:
    shelves.item("A1", 10, 10)
    asked = stock.ask(accountant, shelves.flow)

    with pytest.raises(ValidationError, match="ready"):
        sign_stock(accountant, asked, "")

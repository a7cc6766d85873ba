from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.emulation.faults import FaultKind
from studio.core.models import AuditEvent
from studio.flows.models import Delivery, InboxItem
from studio.portal.models import Order
from studio.portal.placing import way_of
from studio.triage.models import Case
from tests.studio.portal.market import Market

pytestmark = pytest.mark.django_db


@pytest.mark.promise("B04")
def test_an_order_reaches_syspro_and_its_number_the_page(market: Market) -> None:
    item = market.item()
    order = market.fill(market.bea, item, "3")

    said = market.place(market.bea, order, own_reference="PO 77", note="Gate 4")
    market.deliver()

    order.refresh_from_db()
    (there,) = market.in_syspro(order.number)
    assert said.status_code == 302
    assert there["CustomerPoNumber"] == f"PO 77/{order.number}"
    assert there["ShippingInstrs"] == "Gate 4"
    lines = [
        r
        for r in market.emulator.documents("EDU1.SorDetail", "")
        if r["SalesOrder"] == there["SalesOrder"]
    ]
    assert [(r["MStockCode"], r["MOrderQty"]) for r in lines] == [(item.code, Decimal(3))]
    way = way_of(order)
    assert way.state == "arrived"
    assert way.number == there["SalesOrder"].lstrip("0").zfill(6)
    page = market.client(market.bea).get(said.url).content.decode()
    assert way.number in page
    assert AuditEvent.objects.filter(key="portal.ordered", actor="Bea Lindt").count() == 1
    assert Case.objects.count() == 0


@pytest.mark.promise("B04")
def test_a_double_click_and_a_second_tab_place_one_order(market: Market) -> None:
    order = market.fill(market.bea, market.item())
    seen = order.revision

    first = market.place(market.bea, order, seen)
    second = market.place(market.bea, order, seen)
    market.deliver()
    third = market.place(market.bea, order, seen)
    market.deliver()

    assert first.status_code == second.status_code == third.status_code == 302
    assert first.url == second.url == third.url
    assert Order.objects.filter(state="placed").count() == 1
    assert InboxItem.objects.filter(flow=market.shop.flow).count() == 1
    assert len(market.in_syspro(order.number)) == 1


def test_two_requests_that_checked_at_the_same_moment_say_it_once(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second passes every check before the first has written a thing: the revision decides."""
    from studio.portal import placing

    order = market.fill(market.bea, market.item())
    real = placing._examined

    def late(one: Order, lines: list[object]) -> object:
        verdict = real(one, lines)  # type: ignore[arg-type]
        monkeypatch.setattr(placing, "_examined", real)
        assert market.place(market.bea, order).status_code == 302
        return verdict

    monkeypatch.setattr(placing, "_examined", late)
    said = market.place(market.bea, order)

    assert said.status_code == 302
    assert InboxItem.objects.filter(flow=market.shop.flow).count() == 1


@pytest.mark.promise("B04")
@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.SERVER_ERROR_AFTER])
def test_an_answer_that_never_came_is_looked_up_before_anything_is_sent_again(
    market: Market, kind: FaultKind
) -> None:
    order = market.fill(market.bea, market.item())
    market.place(market.bea, order)
    market.arm(kind, path="Transaction/Post")

    market.deliver()
    between = Delivery.objects.get(step="post")
    market.deliver()

    assert len(market.emulator.faults.struck) == 1
    assert between.state == "unknown"
    order.refresh_from_db()
    assert way_of(order).state == "arrived"
    (there,) = market.in_syspro(order.number)
    assert there["SalesOrder"].lstrip("0") == way_of(order).number.lstrip("0")
    assert Delivery.objects.get(step="post").tries.last().outcome == "replayed"  # type: ignore[union-attr]


@pytest.mark.promise("B04")
def test_a_worker_that_dies_after_sending_leaves_one_order(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.flows import deliver

    class Killed(BaseException):
        """As if the process were gone."""

    def die(*_args: object) -> str:
        raise Killed

    order = market.fill(market.bea, market.item())
    market.place(market.bea, order)
    with monkeypatch.context() as patch:
        patch.setattr(deliver, "record_success", die)
        with pytest.raises(Killed):
            market.deliver()
    assert Delivery.objects.get(step="post").state == "sending"
    assert len(market.in_syspro(order.number)) == 1

    market.expire()
    market.deliver()

    order.refresh_from_db()
    assert way_of(order).state == "arrived"
    assert len(market.in_syspro(order.number)) == 1


def test_the_key_is_made_of_what_is_said(market: Market) -> None:
    first = market.fill(market.bea, market.item())
    market.place(market.bea, first)
    second = market.fill(market.bea, market.item())
    market.place(market.bea, second)
    market.deliver()
    market.deliver()

    posts = list(Delivery.objects.filter(step="post").order_by("pk"))
    # The same goods twice are two orders: each is said under its own number.
    assert [p.state for p in posts] == ["done", "done"]
    assert posts[0].idempotency_key != posts[1].idempotency_key
    assert [p.business_key for p in posts] == [first.number, second.number]


@pytest.mark.promise("B04")
def test_what_syspro_refuses_is_a_case_and_the_buyer_hears_that_somebody_looks(
    market: Market,
    as_person,
    ana,  # type: ignore[no-untyped-def]
) -> None:
    item = market.item()
    order = market.fill(market.bea, item)
    said = market.place(market.bea, order)
    market.edit("InvMaster", item.code, StockOnHold="F")
    market.deliver()

    case = Case.objects.get()
    order.refresh_from_db()
    assert case.flow_label == market.shop.flow.name
    assert way_of(order).state == "looked at"
    page = market.client(market.bea).get(said.url).content.decode()
    assert case.sentence not in page
    staff = as_person(ana)
    assert staff.get(f"/exceptions/{case.uuid}/").status_code == 200
    assert staff.get(f"/flows/records/{order.inbox.uuid}/").status_code == 200
    assert staff.get(f"/flows/deliveries/{Delivery.objects.get().uuid}/explain/").status_code == 200

    market.edit("InvMaster", item.code, StockOnHold="")
    answer = staff.post(f"/exceptions/{case.uuid}/fix/again/")
    market.deliver()

    order.refresh_from_db()
    assert answer.status_code in (200, 302)
    assert way_of(order).state == "arrived"
    assert len(market.in_syspro(order.number)) == 1
    assert {c.state for c in Case.objects.all()} <= {"auto_closed", "fixed"}


def test_an_order_that_is_closed_without_posting_was_not_taken(
    market: Market,
    as_person,
    ana,  # type: ignore[no-untyped-def]
) -> None:
    item = market.item()
    order = market.fill(market.bea, item)
    market.place(market.bea, order)
    market.edit("InvMaster", item.code, StockOnHold="F")
    market.deliver()
    as_person(ana).post(f"/exceptions/{Case.objects.get().uuid}/fix/void/", {"reason": "by phone"})

    order.refresh_from_db()

    assert way_of(order).state == "declined"
    assert market.in_syspro(order.number) == []

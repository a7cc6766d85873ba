"""A batch of records without a past, written by few statements, comes to the same as each by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studio.flows import together
from studio.flows.bundle import bundle_of, context_of
from studio.flows.ledger import claim_items
from studio.flows.models import Delivery, InboxItem
from studio.flows.together import work_all
from studio.triage.models import Case

pytestmark = pytest.mark.django_db
# What differs from one row to the next whatever is decided.
PASSING = {"id", "uuid", "created_at", "updated_at", "decided_at", "claimed_by", "lease_until"}


def rows(model: type[InboxItem | Delivery]) -> list[dict[str, Any]]:
    """What the rows say, without what passes."""
    found = model.objects.order_by("pk").values()
    return [{k: v for k, v in row.items() if k not in PASSING} for row in found]


def claimed(world) -> list[InboxItem]:
    items = claim_items(world.flow.pk, 20)
    for item in items:
        item.flow = world.flow
    return items


def work(world, items: list[InboxItem]) -> list[Exception]:
    faults: list[Exception] = []
    work_all(
        items,
        bundle_of(world.version),
        context_of(world.flow),
        lambda _, error: faults.append(error),
    )
    return faults


def states() -> dict[str, str]:
    return dict(InboxItem.objects.order_by("pk").values_list("key", "state"))


def test_together_and_one_by_one_leave_the_same_rows(world, monkeypatch) -> None:
    for number in range(1001, 1006):
        world.order(str(number))
    world.order("1006", Status="1")
    world.order("1007", Terms="45")
    world.poll()
    monkeypatch.setattr("studio.flows.pump.AT_ONCE", 20)
    world.work()
    items, posts = rows(InboxItem), rows(Delivery)
    Delivery.objects.all().delete()
    Case.objects.all().delete()
    InboxItem.objects.update(
        state="new",
        **dict.fromkeys(("why", "party", "currency", "claimed_by"), ""),
        **dict.fromkeys(("amount", "net", "tax"), 0),
        canonical={},
        log=[],
        attempts=0,
        document_on=None,
    )

    monkeypatch.setattr("studio.flows.pump.AT_ONCE", 1)
    world.work()

    assert [p["business_key"] for p in posts] == ["1001", "1002", "1003", "1004", "1005"]
    assert states()["1006"] == "filtered"
    assert states()["1007"] == "parked"
    assert (rows(InboxItem), [p | {"item_id": 0} for p in rows(Delivery)]) == (
        items,
        [p | {"item_id": 0} for p in posts],
    )


def test_more_records_of_a_batch_cost_no_more_statements(world) -> None:
    def statements(numbers: range) -> int:
        for number in numbers:
            world.order(str(number))
        world.poll()
        items = claimed(world)
        bundle, sides = bundle_of(world.version), context_of(world.flow)
        with CaptureQueriesContext(database) as seen:
            work_all(items, bundle, sides, lambda _, error: pytest.fail(str(error)))
        return len(seen)

    few, many = statements(range(1001, 1004)), statements(range(1010, 1027))

    assert many == few
    assert Delivery.objects.count() == 20


def test_a_record_that_another_worker_took_over_is_left_to_it(world) -> None:
    for number in ("1001", "1002", "1003"):
        world.order(number)
    world.poll()
    mine = claimed(world)
    InboxItem.objects.filter(key="1002").update(
        claimed_by="another", lease_until=timezone.now() + timedelta(minutes=5)
    )

    assert not work(world, mine)

    assert states() == {"1001": "done", "1002": "working", "1003": "done"}
    assert set(Delivery.objects.values_list("business_key", flat=True)) == {"1001", "1003"}
    assert InboxItem.objects.get(key="1002").claimed_by == "another"


def test_a_document_that_another_worker_posts_in_this_moment_is_posted_once(
    world, monkeypatch
) -> None:
    """The look saw nothing of 1002; when the rows are written, its posting stands in the ledger."""
    for number in ("1001", "1002", "1003"):
        world.order(number)
    world.poll()
    mine = claimed(world)
    work(world, [mine[1]])
    InboxItem.objects.filter(key="1002").update(state="working")
    mine[1].state = "working"
    monkeypatch.setattr(together, "_without_a_past", lambda plain: plain)

    assert not work(world, mine)

    assert set(states().values()) == {"done"}
    assert Delivery.objects.filter(business_key="1002").count() == 1


def test_a_record_that_comes_twice_in_a_batch_is_posted_once(world) -> None:
    """Both versions of 1001 in one claim is what no claim gives out; two records of one document are."""
    world.order("1001")
    twin = world.order("1002")
    twin.data["SalesOrder"] = "1001"
    world.order("1003")
    world.poll()

    assert not work(world, claimed(world))

    assert Delivery.objects.filter(business_key="1001").count() == 1
    assert set(states().values()) == {"done"}


def test_a_record_with_an_open_case_goes_through_and_the_case_is_closed(world) -> None:
    for number in ("1001", "1002", "1003"):
        world.order(number, Terms="45" if number == "1002" else "30")
    world.poll()
    world.work()
    assert Case.objects.get().state == "open"
    world.order("1004")
    world.poll()
    world.terms.rows.create(source="45", target="45")
    InboxItem.objects.filter(key="1002").update(state="new")

    assert not work(world, claimed(world))

    assert set(states().values()) == {"done"}
    assert Case.objects.get().state == "auto_closed"

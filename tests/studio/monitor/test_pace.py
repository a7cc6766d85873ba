"""From completed to posted: median and nine of ten, from the rows of the last days."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from studio.flows.models import Delivery, InboxItem
from studio.monitor.pace import DAYS, pace, quantile

pytestmark = pytest.mark.django_db


def took(world, number: str, seconds: int, *, days_ago: int = 0) -> None:
    """The order was read and posted as if it had taken so long."""
    done = timezone.now() - timedelta(days=days_ago)
    world.order(number)
    world.run()
    Delivery.objects.filter(business_key=number, step="post").update(done_at=done)
    InboxItem.objects.filter(key=number).update(created_at=done - timedelta(seconds=seconds))


def test_a_quantile_is_a_value_that_occurred() -> None:
    counts = Counter([1, 2, 3, 4, 5, 6, 7, 8, 9, 100])

    assert quantile(counts, 0.5) == 5
    assert quantile(counts, 0.9) == 9
    assert quantile(Counter([7]), 0.9) == 7


def test_median_and_nine_of_ten_come_from_the_rows(world) -> None:
    for n, seconds in enumerate((2, 4, 6, 8, 3600)):
        took(world, f"1{n:03}", seconds)
    took(world, "1100", 20, days_ago=1)
    took(world, "1200", 99_999, days_ago=DAYS + 1)

    found = pace(world.workspace)

    assert (found.orders, found.median, found.most) == (6, 6, 3600)
    assert found.days == (20, 6)


def test_what_the_source_says_counts_before_when_we_read_it(world) -> None:
    took(world, "1001", 5)
    done = Delivery.objects.get(step="post").done_at
    InboxItem.objects.update(changed_at=done - timedelta(seconds=65))

    assert pace(world.workspace).median == 65


def test_a_clock_ahead_of_ours_makes_no_order_faster_than_at_once(world) -> None:
    took(world, "1001", -30)

    assert pace(world.workspace).median == 0


@pytest.mark.promise("U08")
def test_home_shows_the_time_from_completed_to_posted(world, ana, as_person) -> None:
    client = as_person(ana)
    assert "no order was posted lately" in client.get("/").content.decode()
    took(world, "1001", 80)
    took(world, "1002", 3700)

    page = client.get("/").content.decode().replace("\xa0", " ")

    figure = re.search(
        r'<a class="figure" href="([^"]*)"[^>]*><span class="figure-label">Comp.*?</a>',
        page,
        re.DOTALL,
    )
    assert figure is not None
    assert figure[1] == "/flows/runs/?state=done"
    assert "1 min 20 s" in figure[0]
    assert "9 of 10 orders within 1 h 1 min" in figure[0]


def test_a_figure_stands_where_the_reader_can_do_something_about_it(
    world, ivo, ana, olga, as_person
) -> None:
    shown = {p.username: as_person(p).get("/").content.decode() for p in (ivo, ana, olga)}

    assert {who: "Fields to review" in page for who, page in shown.items()} == {
        "ivo": True,
        "ana": False,
        "olga": False,
    }
    assert "Matches to judge" in shown["ana"]
    assert "Matches to judge" not in shown["olga"]

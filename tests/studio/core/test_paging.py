from __future__ import annotations

import pytest
from django.db.models import F

from studio.core.models import AuditEvent
from studio.core.paging import keyset

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def events() -> None:
    # Many equal keys: the tie-break is what pages get wrong.
    AuditEvent.objects.bulk_create(
        AuditEvent(actor="ivo", key=f"k{i % 3}", subject=str(i)) for i in range(23)
    )


def walk(order: list[str], size: int) -> list[list[int]]:
    pages, after = [], None
    while True:
        page = keyset(AuditEvent.objects.all(), order, after=after, size=size)
        pages.append([row.pk for row in page.rows])
        if page.after is None:
            return pages
        after = page.after


@pytest.mark.parametrize("order", [["key", "id"], ["-key", "id"], ["key", "-id"], ["-at", "-id"]])
def test_walking_forward_shows_every_row_once_in_order(events: None, order: list[str]) -> None:
    walked = [pk for page in walk(order, 5) for pk in page]

    assert walked == list(AuditEvent.objects.order_by(*order).values_list("pk", flat=True))


def test_walking_back_shows_the_same_pages(events: None) -> None:
    order = ["key", "-id"]
    forward = walk(order, 5)
    last = keyset(AuditEvent.objects.all(), order, size=5)
    while last.after:
        last = keyset(AuditEvent.objects.all(), order, after=last.after, size=5)

    back = []
    page = last
    while page.before:
        page = keyset(AuditEvent.objects.all(), order, before=page.before, size=5)
        back.append([row.pk for row in page.rows])

    assert back == forward[-2::-1]
    assert page.before is None


def test_rows_added_meanwhile_move_nothing(events: None) -> None:
    first = keyset(AuditEvent.objects.all(), ["-id"], size=5)
    AuditEvent.objects.create(actor="ana", key="new", subject="x")

    second = keyset(AuditEvent.objects.all(), ["-id"], after=first.after, size=5)

    assert second.rows[0].pk == first.rows[-1].pk - 1


def test_a_page_costs_one_query(events: None, django_assert_num_queries) -> None:
    first = keyset(AuditEvent.objects.all(), ["-id"], size=5)

    with django_assert_num_queries(1):
        keyset(AuditEvent.objects.all(), ["-id"], after=first.after, size=5)


def test_an_annotation_can_order(events: None) -> None:
    rows = AuditEvent.objects.annotate(twice=F("id") * 2)

    first = keyset(rows, ["-twice", "id"], size=5)
    second = keyset(rows, ["-twice", "id"], after=first.after, size=5)

    assert second.rows[0].pk == first.rows[-1].pk - 1


@pytest.mark.parametrize("token", ["", "rubbish", "e30", "W10", "WyJ4Il0", "%%%"])
def test_a_token_that_cannot_be_read_is_the_first_page(events: None, token: str) -> None:
    page = keyset(AuditEvent.objects.all(), ["-id"], after=token, size=5)

    assert page.rows[0].pk == AuditEvent.objects.latest("id").pk

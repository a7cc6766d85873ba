from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from engine.resolve.active import Question, next_questions
from studio.accounts.models import User, Workspace
from studio.catalog.models import Connection
from studio.core.paging import keyset
from studio.linking.models import MatchRun, Pair, Party
from studio.linking.queries import Narrowing, open_pairs
from tests.studio.linking.conftest import pair_of


@pytest.fixture
def asked(erp: Connection, books: Connection, make_party: Callable[..., Party]) -> list[Pair]:
    """Open pairs from sure to doubtful, rich and poor; the fourth has a rival."""
    found = []
    for n, (probability, money) in enumerate(
        [(0.99, 90000), (0.55, 100), (0.6, 5000), (0.6, 4000), (0.5, 0)]
    ):
        left = make_party(erp, f"L{n}", f"Left {n}")
        Party.objects.filter(pk=left.pk).update(money=Decimal(money))
        found.append(pair_of(left, make_party(books, f"R{n}", f"Right {n}"), probability))
    pair_of(found[3].left, make_party(books, "R9", "Rival"), 0.4, rank=2)
    return found


def test_the_next_question_is_the_one_that_settles_most(
    workspace: Workspace, asked: list[Pair]
) -> None:
    order = [p.pk for p in open_pairs(workspace, Narrowing(sort="worth")).order_by("-worth", "id")]
    told = [
        Question(str(p.pk), "", p.probability, Decimal(money), siblings)
        for p, money, siblings in zip(
            asked, (90000, 100, 5000, 4000, 0), (0, 0, 0, 1, 0), strict=True
        )
    ]

    assert order == [int(q.left_key) for q in next_questions(told)]
    assert order[0] == asked[3].pk


def test_pages_of_that_order_show_every_pair_once(workspace: Workspace, asked: list[Pair]) -> None:
    narrowing = Narrowing(sort="worth")
    seen: list[int] = []
    after = None
    for _ in range(5):
        page = keyset(open_pairs(workspace, narrowing), narrowing.order, after=after, size=1)
        seen += [p.pk for p in page.rows]
        after = page.after

    assert sorted(seen) == sorted(p.pk for p in asked)
    assert after is None


def test_the_order_is_offered_on_the_page(
    erp: Connection,
    books: Connection,
    asked: list[Pair],
    ana: User,
    as_person: Callable[..., Client],
) -> None:
    from django.utils import timezone

    MatchRun.objects.create(
        source=erp, target=books, kind="customer", started_at=timezone.now(), compared=1
    )

    text = as_person(ana).get(reverse("linking:matches"), {"sort": "worth"}).content.decode()

    assert "Settles most first" in text
    assert text.index("Left 3") < text.index("Left 2") < text.index("Left 1")

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.learning import actions
from studio.learning.models import Opinion
from studio.learning.opinions import record_of
from studio.linking.actions import judge
from studio.linking.calibrated import rescore
from studio.linking.models import Link, Pair, Party
from studio.linking.opinions import ask_about, reapply
from tests.connectors.ai.conftest import stub
from tests.studio.linking.conftest import pair_of

__all__ = ["stub"]
MakeParty = Callable[..., Party]
STREET = {"label": "street", "detail": "same street", "effect": 1.0}


@pytest.fixture
def model(stub: Any, settings: Any) -> Any:
    """A language model that chooses the candidate whose street is the same."""
    settings.AI_API_KEY, settings.AI_BASE_URL, settings.AI_MODEL = "k-secret", stub.url, "small-1"

    def choose(question: dict[str, Any]) -> int:
        for one in question["candidates"]:
            if "same street" in [c["result"] for c in one["comparisons"]]:
                return int(one["number"])
        return 0

    stub.choose = choose
    return stub


@pytest.fixture
def rivals(left: Party, right: Party, books: Connection, make_party: MakeParty) -> list[Pair]:
    """Two candidates that are nearly as likely; the second has the street on its side."""
    other = make_party(books, "59", "Bayside Marine North")
    pairs = [pair_of(left, right, 0.55), pair_of(left, other, 0.5, rank=2)]
    pairs[1].waterfall = [*pairs[1].waterfall, STREET]
    pairs[1].save()
    return pairs


@pytest.fixture
def known(accountant: Actor, erp: Connection, books: Connection, make_party: MakeParty) -> None:
    """Fourteen records that a person linked."""
    for n in range(14):
        pair = pair_of(
            make_party(erp, f"K{n}", f"K {n}"), make_party(books, f"T{n}", f"K {n}"), 0.9
        )
        pair.waterfall = [*pair.waterfall, STREET]
        pair.save()
        judge(accountant, pair.left, pair.right, "same")


def asked(pair: Pair) -> Opinion:
    said = actions.ask(pair.left.connection.workspace, pair.kind, pair.uuid, "Ana Keller")
    assert said is not None
    return said


def now(pairs: list[Pair]) -> list[tuple[float, int]]:
    for pair in pairs:
        pair.refresh_from_db()
    return [(pair.probability, pair.rank) for pair in pairs]


def test_no_name_or_number_of_a_record_is_sent(model: Any, rivals: list[Pair]) -> None:
    asked(rivals[0])

    [sent] = model.asked
    text = json.dumps(sent)
    assert "same street" in text
    for told in ("Bayside", "555", "0000042", '"59"', "phone differs"):
        assert told not in text


def test_without_a_record_it_is_heard_and_moves_nothing(model: Any, rivals: list[Pair]) -> None:
    before = now(rivals)

    assert asked(rivals[0]).answer == "59"
    assert now(rivals) == before


def test_its_record_on_links_of_people_weighs_it_and_the_better_candidate_leads(
    model: Any, known: None, rivals: list[Pair]
) -> None:
    asked(rivals[0])

    assert record_of(rivals[0].left.connection.workspace, "customer").right == 14
    (first, one), (second, two) = now(rivals)
    assert second > 0.9 > 0.2 > first
    assert (one, two) == (2, 1)
    assert rivals[1].waterfall[-1]["label"] == "language model"
    assert not Link.objects.filter(left_code="0000042").exists()


def test_it_outlives_a_calibration_and_a_new_search_and_is_not_counted_twice(
    model: Any, known: None, rivals: list[Pair]
) -> None:
    workspace = rivals[0].left.connection.workspace
    asked(rivals[0])
    once = now(rivals)

    rescore(workspace, "customer")
    assert now(rivals) == once
    reapply(workspace, "customer", [rivals[0].left_id])
    assert now(rivals) == once


def test_what_is_judged_is_not_asked_about(
    model: Any, accountant: Actor, rivals: list[Pair]
) -> None:
    judge(accountant, rivals[0].left, rivals[0].right, "same")
    rivals[0].refresh_from_db()

    with pytest.raises(DecisionRefused, match="is decided"):
        ask_about(accountant, rivals[0])


def test_the_page_asks_and_shows_the_suggestion_by_name(
    model: Any,
    known: None,
    rivals: list[Pair],
    ana: User,
    olga: User,
    as_person: Callable[..., Client],
) -> None:
    url = reverse("linking:ask", args=[rivals[0].uuid])
    explain = reverse("linking:explain", args=[rivals[0].uuid])
    client = as_person(ana)

    assert url in client.get(explain).content.decode()
    assert url not in as_person(olga).get(explain).content.decode()
    assert "is being asked about Bayside" in client.post(url, follow=True).content.decode()
    asked(rivals[0])

    text = client.get(explain).content.decode()
    assert "Suggestion of the language model:" in text
    assert "Bayside Marine North" in text
    assert "right in 14 of 14 answers here" in text
    assert "chip-machine" in client.get(reverse("linking:matches")).content.decode()

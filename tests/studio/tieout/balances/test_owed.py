"""Who decides whether two records are one sees what is open with each of them."""

from __future__ import annotations

import pytest

from studio.linking.models import Pair, Party
from tests.studio.tieout.balances.owing import carry, in_books, in_erp, looked

pytestmark = pytest.mark.django_db


@pytest.fixture
def owing(world):
    carry(world)
    return world


@pytest.fixture
def twins(owing) -> list[Pair]:
    """A customer of the ERP with two candidates in the books."""

    def party(place, key: str, label: str) -> Party:
        return Party.objects.create(
            connection=place, kind="customer", key=key, code=key, label=label, data={"name": label}
        )

    left = party(owing.erp, "SHA", "Shale")
    return [
        Pair.objects.create(
            kind="customer", left=left, right=party(owing.books, key, label), probability=sure, word="certain",
            method="Similarity",
        )
        for key, label, sure in (("71", "Shale Ltd", 0.99), ("72", "Shale Limited", 0.98))
    ]  # fmt: skip


def owe(owing, accountant) -> None:
    in_erp(owing, "9001", "250.00", Customer="SHA")
    in_books(owing, "501", "A1", "1250.00", CustomerRef={"value": "72", "name": "Shale Limited"})
    looked(owing, accountant)


def test_a_card_says_what_is_open_with_each_record_and_candidate(
    owing, twins, accountant, ana, as_person
) -> None:
    owe(owing, accountant)

    page = as_person(ana).get("/matches/?kind=customer").content.decode()
    card = page.split("Shale beside Shale Ltd")[1].split("</li>")[0]
    row = card.split("open balance")[1].split("</tr>")[0]

    assert row.index("250.00 USD") < row.index("nothing")
    assert "1,250.00 USD open" in card.split("Shale Limited")[1].split("</button>")[0]
    detail = as_person(ana).get(f"/matches/{twins[0].uuid}/explain/").content.decode()
    assert "Open with Shale in Harbour ERP: 250.00 USD" in detail
    assert "Open there: nothing" in detail
    assert "Open there: 1,250.00 USD" in detail


def test_what_nobody_has_looked_at_is_not_said_to_be_nothing(
    owing, twins, accountant, ana, as_person
) -> None:
    page = as_person(ana).get("/matches/?kind=customer").content.decode()

    assert "Shale beside Shale Ltd" in page
    assert "open balance" not in page


def test_items_owe_nothing(owing, twins, accountant, ana, as_person) -> None:
    owe(owing, accountant)
    Party.objects.update(kind="item")
    Pair.objects.update(kind="item")

    page = as_person(ana).get("/matches/?kind=item").content.decode()

    assert "Shale beside Shale Ltd" in page
    assert "open balance" not in page

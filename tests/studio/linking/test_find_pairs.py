from __future__ import annotations

from decimal import Decimal

import pytest

from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.linking.actions import Held, find_pairs, judge, load_parties
from studio.linking.models import MatchRun, Pair, Party

CUSTOMERS = [
    ("Bayside Marine Pty Ltd", "555 0101", "Fremantle"),
    ("Kelvin Hardware Company", "555 0102", "Boston"),
    ("Northwind Timber & Co", "555 0103", "Leeds"),
]


def held(prefix: str, names: list[tuple[str, str, str]]) -> list[Held]:
    return [
        Held(
            f"{prefix}{n}",
            {
                "code": f"{prefix}{n}",
                "name": name,
                "phone": phone,
                "billing": {"city": city},
                "credit_limit": Decimal("5000.00"),
            },
        )
        for n, (name, phone, city) in enumerate(names)
    ]


@pytest.fixture
def loaded(accountant: Actor, erp: Connection, books: Connection) -> None:
    load_parties(accountant, erp, "customer", held("L", CUSTOMERS))
    load_parties(
        accountant, books, "customer", held("R", [(n.upper(), p, c) for n, p, c in CUSTOMERS])
    )


def test_loading_stores_exact_values_and_only_what_changed(
    accountant: Actor, erp: Connection
) -> None:
    assert load_parties(accountant, erp, "customer", held("L", CUSTOMERS)) == 3
    assert load_parties(accountant, erp, "customer", held("L", CUSTOMERS)) == 0

    renamed = [("Bayside Marine Group", "555 0101", "Fremantle")]
    assert load_parties(accountant, erp, "customer", held("L", renamed)) == 1

    party = Party.objects.get(key="L0")
    assert party.label == "Bayside Marine Group"
    assert party.data["credit_limit"] == "5000.00"
    assert Party.objects.count() == 3


@pytest.mark.promise("U04", "T01")
def test_the_right_partner_is_on_top_with_word_method_sentence_and_waterfall(
    accountant: Actor, erp: Connection, books: Connection, loaded: None
) -> None:
    run = find_pairs(accountant, erp, books, "customer")

    assert run.compared == 3
    for n in range(3):
        best = Pair.objects.filter(left__key=f"L{n}").order_by("rank").first()
        assert best is not None
        assert best.right.key == f"R{n}"
        assert best.word
        assert best.method
        assert best.sentence
        assert best.waterfall[0]["label"] == "prior"


def test_a_second_search_compares_only_what_changed(
    accountant: Actor, erp: Connection, books: Connection, loaded: None
) -> None:
    find_pairs(accountant, erp, books, "customer")
    assert find_pairs(accountant, erp, books, "customer").compared == 0

    load_parties(accountant, erp, "customer", held("L", [("Bayside Marine Group", "1", "Perth")]))

    assert find_pairs(accountant, erp, books, "customer").compared == 1
    assert MatchRun.objects.count() == 3


@pytest.mark.golden(16)
def test_a_judged_pair_stays_judged_whatever_the_machine_says_later(
    accountant: Actor, erp: Connection, books: Connection, loaded: None
) -> None:
    find_pairs(accountant, erp, books, "customer")
    good = Pair.objects.get(left__key="L1", right__key="R1")
    judge(accountant, good.left, good.right, "same")

    changed = [CUSTOMERS[0], ("Quite Another Firm", "555 9999", "Oslo")]
    load_parties(accountant, erp, "customer", held("L", changed))
    find_pairs(accountant, erp, books, "customer")

    good.refresh_from_db()
    assert good.judged == "same"
    assert "Your decision stays" in good.objection


def test_a_rejected_pair_does_not_come_back(
    accountant: Actor, erp: Connection, books: Connection, loaded: None
) -> None:
    find_pairs(accountant, erp, books, "customer")
    pair = Pair.objects.get(left__key="L0", right__key="R0")
    judge(accountant, pair.left, pair.right, "not_a_match", comment="two branches")

    Party.objects.filter(key="L0").update(updated_at=MatchRun.objects.latest("id").created_at)
    find_pairs(accountant, erp, books, "customer")

    pair.refresh_from_db()
    assert pair.judged == "not_a_match"
    assert not Pair.objects.filter(left__key="L0", right__key="R0", judged="").exists()

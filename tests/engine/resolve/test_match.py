from __future__ import annotations

import math

import pytest

from engine.resolve import Policy, Table, dedupe, match
from engine.resolve.facade import MatchResult
from engine.resolve.judgement import Decision, Judgement

Parties = tuple[Table, Table, set[tuple[str, str]]]


@pytest.fixture(scope="session")
def result(parties: Parties) -> MatchResult:
    return match(parties[0], parties[1], kind="customer")


@pytest.mark.promise("T01")
def test_firms_in_two_systems_are_found_with_few_mistakes(
    result: MatchResult, parties: Parties
) -> None:
    accepted = {(a, b) for a, b, p in result.rows() if p >= 0.5}
    hits = len(accepted & parties[2])
    assert 2 * hits / (len(accepted) + len(parties[2])) >= 0.97


def test_pairs_come_best_first_and_as_probabilities(result: MatchResult) -> None:
    values = [p for _, _, p in result.rows()]
    assert values == sorted(values, reverse=True)
    assert all(0 <= p <= 1 for p in values)


def test_the_waterfall_of_every_pair_ends_at_the_number_that_is_shown(result: MatchResult) -> None:
    for at in range(0, len(result), 25):
        fall = result.explain(at)
        assert fall.prior + sum(bar.log_odds for bar in fall.bars) == pytest.approx(
            fall.final, abs=0.02
        )
        assert 1 / (1 + math.exp(-fall.final)) == pytest.approx(
            result.pair(at).probability, abs=1e-6
        )


def test_a_pair_says_in_one_sentence_why(result: MatchResult) -> None:
    best = result.pair(0)
    assert best.word == "certain"
    assert "name" in best.sentence.lower()
    assert best.sentence.endswith(".")


def test_the_order_of_the_rows_changes_nothing(result: MatchResult, parties: Parties) -> None:
    left, right, _ = parties
    turned = Table(
        keys=list(reversed(right.keys)),
        columns={n: list(reversed(v)) for n, v in right.columns.items()},
        key=right.key,
    )
    again = match(left, turned, kind="customer")
    before = {(a, b): p for a, b, p in result.rows() if p > 0.05}
    after = {(a, b): p for a, b, p in again.rows() if p > 0.05}
    assert before.keys() == after.keys()
    assert all(after[k] == pytest.approx(p, abs=1e-4) for k, p in before.items())


def test_a_rejected_pair_never_comes_back(result: MatchResult, parties: Parties) -> None:
    best = result.pair(0)
    decision = Decision(best.left_key, best.right_key, Judgement.REJECTED)
    again = match(parties[0], parties[1], kind="customer", judgements=[decision])
    assert (best.left_key, best.right_key) not in {(a, b) for a, b, _ in again.rows()}


def test_an_approved_pair_stands_whatever_the_score_says(parties: Parties) -> None:
    left, right, truth = parties
    key = left.keys[0]
    other = next(b for a, b in sorted(truth) if a != key)
    result = match(
        left, right, kind="customer", judgements=[Decision(key, other, Judgement.APPROVED)]
    )
    found = next(p for p in result if (p.left_key, p.right_key) == (key, other))
    assert (found.probability, found.method) == (1.0, "Memory")


def test_one_to_one_gives_every_record_at_most_once(parties: Parties) -> None:
    rows = list(
        match(parties[0], parties[1], kind="customer", policy=Policy(one_to_one=True)).rows()
    )
    assert len({a for a, _, _ in rows}) == len({b for _, b, _ in rows}) == len(rows)


def test_duplicates_inside_one_table_are_found_once_and_never_a_record_with_itself() -> None:
    rows = [
        {
            "Code": "A1",
            "Name": "Brunholm Steel Supplies Ltd",
            "Telephone": "031 551 2233",
            "City": "Durban",
        },
        {
            "Code": "B7",
            "Name": "BRUNHOLM STEEL SUPP",
            "Telephone": "+27 31 551 2233",
            "City": "Durban",
        },
        {"Code": "C3", "Name": "Wickford Glass", "Telephone": "021 558 9911", "City": "Cape Town"},
    ]
    pairs = [
        (a, b)
        for a, b, p in dedupe(Table.from_rows(rows, "Code"), kind="customer").rows()
        if p > 0.5
    ]
    assert pairs == [("A1", "B7")]


def test_an_empty_table_gives_no_pairs() -> None:
    assert (
        len(
            match(
                Table.from_rows([], "k"),
                Table.from_rows([{"k": "1", "Name": "x"}], "k"),
                kind="customer",
            )
        )
        == 0
    )


def test_a_blocked_duplicate_loses_to_its_live_twin() -> None:
    left = [
        {
            "Customer": "L1",
            "Name": "MARLFORD TIMBER TRADING",
            "Telephone": "011 552 7788",
            "City": "Johannesburg",
        },
        {
            "Customer": "L2",
            "Name": "DO NOT USE - MARLFORD TIMBER TRADING",
            "Telephone": "011 552 7788",
            "City": "Johannesburg",
        },
    ]
    right = [
        {
            "Id": "9",
            "DisplayName": "Marlford Timber Trading",
            "PrimaryPhone": "0115527788",
            "City": "Johannesburg",
        }
    ]
    found = {
        a: p
        for a, _, p in match(
            Table.from_rows(left, "Customer"), Table.from_rows(right, "Id"), kind="customer"
        ).rows()
    }
    assert found["L1"] > 0.8
    assert found.get("L2", 0.0) < 0.2


def test_a_box_of_hundred_is_not_a_single_piece() -> None:
    left = [
        {"StockCode": "W10", "Description": "FLAT WASHER M10 ZINC EACH", "Price": "0.50"},
        {"StockCode": "W10C", "Description": "FLAT WASHER M10 ZINC BOX 100", "Price": "40.00"},
    ]
    right = [{"Id": "1", "Name": "Flat washer M10 zinc box of 100", "UnitPrice": "40.00"}]
    found = {
        a: p
        for a, _, p in match(
            Table.from_rows(left, "StockCode"), Table.from_rows(right, "Id"), kind="item"
        ).rows()
    }
    assert found.get("W10C", 0) > found.get("W10", 0)


def test_records_of_any_sort_are_matched_without_a_model_and_explained() -> None:
    titles = [
        "Rare birds of the fjord",
        "Growing apples in clay",
        "A history of salt roads",
        "Winter sailing",
    ]
    left = [{"id": f"a{n}", "title": t, "year": str(1990 + n)} for n, t in enumerate(titles)]
    right = [
        {"id": f"b{n}", "title": t.upper() + "!", "year": str(1990 + n)}
        for n, t in enumerate(titles)
    ]
    result = match(Table.from_rows(left, "id"), Table.from_rows(right, "id"), kind="generic")
    best = {a: b for a, b, p in reversed(list(result.rows()))}
    assert best == {f"a{n}": f"b{n}" for n in range(4)}
    fall = result.explain(0)
    assert fall.prior + sum(bar.log_odds for bar in fall.bars) == pytest.approx(
        fall.final, abs=0.02
    )

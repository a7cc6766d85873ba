"""Tables of short cells: persons who share homes and names, in two registers with slips of the pen."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.resolve import MatchResult, Table, match, register
from engine.resolve.block_register import merge
from engine.resolve.register_profile import RegisterProfile

HEADS = ("given_name", "surname", "house", "street", "town", "born", "phone")
SYLLABLES = ("ba", "del", "fin", "gor", "hal", "kir", "lum", "mon", "nas", "pel", "rud", "tov")


def _word(r: random.Random, parts: int) -> str:
    return "".join(r.choice(SYLLABLES) for _ in range(parts))


def _slip(r: random.Random, text: str) -> str:
    at = r.randrange(max(len(text) - 1, 1))
    return text[:at] + r.choice("abcdefghik") + text[at + 1 :]


def _persons(n: int) -> tuple[Table, Table, set[tuple[str, str]]]:
    """``n`` persons, one in four living with the one before; 70 % of them in the second register."""
    r = random.Random(8)
    people: list[list[str]] = []
    for k in range(n):
        home = [_word(r, 2), str(r.randint(1, 99)), _word(r, 2) + " street", _word(r, 1)]
        if k and r.random() < 0.25:
            home = people[-1][1:5]
        born = f"{r.randint(1940, 2005)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
        people.append([_word(r, 2), *home, born, f"0{r.randint(10_000_000, 99_999_999)}"])
    left, right, truth = [], [], set()
    for k, person in enumerate(people):
        left.append({"id": f"L{k}", **dict(zip(HEADS, person, strict=True))})
        if k % 10 < 7:
            other = [_slip(r, v) if r.random() < 0.12 else v for v in person]
            other = ["" if r.random() < 0.08 else v for v in other]
            right.append({"no": f"R{k}", **dict(zip(HEADS, other, strict=True))})
            truth.add((f"L{k}", f"R{k}"))
    r.shuffle(right)
    return Table.from_rows(left, "id"), Table.from_rows(right, "no"), truth


@pytest.fixture(scope="module")
def persons() -> tuple[Table, Table, set[tuple[str, str]]]:
    return _persons(1500)


@pytest.fixture(scope="module")
def matched(persons: tuple[Table, Table, set[tuple[str, str]]]) -> MatchResult:
    return match(persons[0], persons[1], kind="generic")


def test_persons_are_found_without_labels(
    persons: tuple[Table, Table, set[tuple[str, str]]], matched: MatchResult
) -> None:
    found = {(a, b) for a, b, p in matched.rows() if p >= 0.5}
    hits = len(found & persons[2])
    assert hits / len(found) > 0.98
    assert hits / len(persons[2]) > 0.98


def test_people_who_share_a_home_are_not_one(
    persons: tuple[Table, Table, set[tuple[str, str]]], matched: MatchResult
) -> None:
    left = persons[0]
    home = list(zip(*(left.columns[n] for n in HEADS[1:5]), strict=True))
    flatmates = {
        (left.keys[k], f"R{k + d}")
        for k in range(len(left))
        for d in (-1, 1)
        if 0 <= k + d < len(left) and home[k] == home[k + d]
    }
    assert len(flatmates) > 300
    wrong = {(a, b) for a, b, p in matched.rows() if p >= 0.5} & flatmates
    assert len(wrong) <= 2


def test_the_bars_add_up_to_the_number(matched: MatchResult) -> None:
    for at in (0, len(matched) // 2, len(matched) - 1):
        told = matched.explain(at)
        assert told.prior + sum(b.log_odds for b in told.bars) == pytest.approx(
            told.final, abs=0.01
        )
        assert told.probability == matched.pair(at).probability
    assert "same surname" in matched.pair(0).sentence


def test_columns_under_other_headings_are_found_by_their_cells(
    persons: tuple[Table, Table, set[tuple[str, str]]],
) -> None:
    left, right, truth = persons
    names = {n: n if n == "no" else f"col{k}" for k, n in enumerate(right.columns)}
    other = Table(right.keys, {names[n]: v for n, v in right.columns.items()}, "no")
    found = match(left, other, kind="generic")
    assert isinstance(found.profile, RegisterProfile)
    hits = {(a, b) for a, b, p in found.rows() if p >= 0.5} & truth
    assert len(hits) / len(truth) > 0.97


def test_customers_who_are_persons_are_a_register(
    persons: tuple[Table, Table, set[tuple[str, str]]], parties: tuple[Table, Table, object]
) -> None:
    left, right, truth = persons
    found = match(left, right, kind="customer")
    assert isinstance(found.profile, RegisterProfile)
    hits = {(a, b) for a, b, p in found.rows() if p >= 0.5} & truth
    assert len(hits) / len(truth) > 0.98
    firms = match(parties[0], parties[1], kind="customer")
    assert not isinstance(firms.profile, RegisterProfile)


def test_few_records_and_long_texts_are_no_register(
    persons: tuple[Table, Table, set[tuple[str, str]]],
) -> None:
    left, right, _ = persons
    assert register.pairs(left, right)
    assert not register.pairs(left, left)
    few = Table(left.keys[:50], {n: v[:50] for n, v in left.columns.items()}, "id")
    assert not register.pairs(few, right)
    long = {n: [f"{x} in many words of its own" for x in v] for n, v in left.columns.items()}
    assert not register.pairs(Table(left.keys, long, "id"), right)


def test_folding_in_bulk_is_folding_one_by_one() -> None:
    texts = ["  St. John's  Rd", "MÜHLE", "", "a\x1fb", "12-34/5", "plain"]
    apart = [next(register.folded([t])) for t in texts]
    assert list(register.folded(texts)) == apart
    assert list(register.folded(["  A--b ", "", "C"])) == ["a b", "", "c"]
    assert apart[1] == "muhle"


def test_merge_pairs_equal_keys_and_leaves_crowds_out() -> None:
    left = np.asarray([5, -1, 7, 7, 9], dtype=np.int64)
    right = np.asarray([7, 5, -1, 9, 9, 9], dtype=np.int64)
    pairs = {(int(c) // 6, int(c) % 6) for c in merge(left, right, group=2)}
    assert pairs == {(0, 1), (2, 0), (3, 0)}
    assert len(merge(left, right, group=3)) == 6
    assert not len(merge(left[1:2], right))

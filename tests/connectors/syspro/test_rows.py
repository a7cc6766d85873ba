"""Reading what hangs inside many records: by a range where numbers lie close, and never more than was asked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.http.evidence import RecentEvidence
from connectors.syspro.connector import SysproConnector
from connectors.syspro.rows import CHUNK, SPAN, near

KEYS = st.integers(0, 900).map(lambda n: f"{n:06d}")


@given(st.lists(st.one_of(KEYS, st.sampled_from(["A1", "", "7", "٣"])), unique=True))
def test_each_key_is_in_one_range_or_alone_and_a_range_is_at_least_half_wanted(
    keys: list[str],
) -> None:
    ranges, single = near(keys)
    inside = [[k for k in keys if k.isascii() and k.isdigit() and a <= k <= b] for a, b in ranges]
    assert sorted([*single, *(k for part in inside for k in part)]) == sorted(keys)
    for (first, last), part in zip(ranges, inside, strict=True):
        width = int(last) - int(first) + 1
        assert {first, last} <= set(part)
        assert CHUNK <= len(part) <= width <= min(SPAN, 2 * len(part))


def test_numbers_far_apart_or_of_other_width_are_asked_for_singly() -> None:
    far = [f"{n:06d}" for n in range(0, 3000, 30)]
    mixed = [str(n) for n in range(90, 110)]
    assert near(far) == ([], far)
    assert near(mixed) == ([], mixed)


def test_orders_in_a_row_are_read_with_few_calls_and_come_whole(
    syspro: SysproConnector, evidence: RecentEvidence
) -> None:
    whole = {r.key: r for r in syspro.changes("SorMaster", limit=200).records}
    calls = [e for e in evidence.exchanges if e.call == "read SorDetail"]
    assert len(whole) >= 2 * CHUNK
    assert len(calls) == 1
    for key in ("001000", "001013"):
        alone: Any = syspro.read("SorMaster", key)
        assert alone == whole[key]


def test_what_a_range_brings_besides_is_left_out(syspro: SysproConnector) -> None:
    every = [r.key for r in syspro.changes("SorMaster", limit=200).records]
    wanted = [syspro.rows.stored("SorDetail", "SalesOrder", k) for k in sorted(every)]
    odd = [k for n, k in enumerate(wanted) if n % 3]
    lines = syspro.rows.among("SorDetail", "SalesOrder", odd)
    assert near(odd)[0]
    found = {syspro.rows.stored("SorDetail", "SalesOrder", str(r["SalesOrder"])) for r in lines}
    assert found == set(odd)

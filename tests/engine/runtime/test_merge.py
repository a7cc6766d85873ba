"""The three-way merge: cases by table, and what must hold whatever the values are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.merge import Merged, Owner, Side, Version, Why, differing, merge

L, R = Side.LEFT, Side.RIGHT
OLD, NEW, OTHER = "old", "new", "other"
EARLY, LATE = "2026-11-01T09:00:00+00:00", "2026-11-02T09:00:00+00:00"


def one(owner: Owner, left: tuple[Any, Any], right: tuple[Any, Any], **more: Any) -> Merged:
    """Merge one field given as (base, now) of both sides."""
    sides = [Version({"f": now}, {"f": base}, more.pop(n, {})) for n, (base, now) in
             (("left_at", left), ("right_at", right))]  # fmt: skip
    return merge(*sides, {"f": owner}, **more)[0]


@pytest.mark.promise("F09", "F31")
@pytest.mark.parametrize(
    ("owner", "left", "right", "expected"),
    [
        pytest.param(Owner.ASK, (OLD, OLD), (OLD, OLD), (OLD, None, Why.SAME, None), id="nothing"),
        pytest.param(Owner.ASK, (OLD, NEW), (OLD, NEW), (NEW, None, Why.SAME, None), id="both alike"),
        pytest.param(Owner.ASK, (OLD, NEW), (OLD, OLD), (NEW, L, Why.CHANGED, R), id="left changed"),
        pytest.param(Owner.ASK, (OLD, OLD), (OLD, NEW), (NEW, R, Why.CHANGED, L), id="right changed"),
        pytest.param(Owner.ASK, (OLD, NEW), (OLD, OTHER), (NEW, L, Why.CONFLICT, None), id="both: ask"),
        pytest.param(Owner.LEFT, (OLD, NEW), (OLD, OTHER), (NEW, L, Why.OWNER, R), id="both: left's"),
        pytest.param(Owner.LEFT, (OLD, OLD), (OLD, NEW), (OLD, L, Why.OWNER, R), id="put right"),
        pytest.param(Owner.RIGHT, (OLD, NEW), (OLD, OLD), (OLD, R, Why.OWNER, L), id="put left"),
        pytest.param(Owner.APART, (OLD, NEW), (OLD, OTHER), (NEW, L, Why.APART, None), id="apart"),
        pytest.param(Owner.LEFT, (OLD, OLD), ("OLD", "OLD"), (OLD, L, Why.UNTOUCHED, None),
                     id="held in its own way"),
        pytest.param(Owner.LEFT, (OLD, None), (OLD, OLD), (None, L, Why.OWNER, R), id="cleared"),
    ],
)  # fmt: skip
def test_the_owner_of_a_field_decides_only_what_somebody_changed(
    owner, left, right, expected
) -> None:
    said = one(owner, left, right)

    assert (said.value, said.side, said.why, said.write) == expected


@pytest.mark.parametrize(
    ("left_at", "right_at", "side", "why"),
    [(EARLY, LATE, R, Why.NEWEST), (LATE, EARLY, L, Why.NEWEST), (LATE, LATE, L, Why.CONFLICT),
     ("", LATE, L, Why.CONFLICT)],
)  # fmt: skip
def test_the_newest_change_stands_where_both_times_are_known(left_at, right_at, side, why) -> None:
    said = one(
        Owner.NEWEST, (OLD, NEW), (OLD, OTHER), left_at={"f": left_at}, right_at={"f": right_at}
    )

    assert (said.side, said.why) == (side, why)


def test_a_persons_choice_stands_above_the_owner() -> None:
    said = one(Owner.LEFT, (OLD, NEW), (OLD, OTHER), chosen={"f": R})

    assert (said.value, said.why, said.write) == (OTHER, Why.CHOSEN, L)


@pytest.mark.parametrize(("align", "write"), [(False, None), (True, R)])
def test_two_records_that_meet_keep_their_differences_unless_told_to_align(align, write) -> None:
    said = merge(Version({"f": OLD}), Version({"f": OTHER}), {"f": Owner.LEFT}, align=align)[0]

    assert said.write == write


values = st.sampled_from([None, "a", "b", "c"])
record = st.fixed_dictionaries({"x": values, "y": values})
times = st.fixed_dictionaries({"x": st.sampled_from(["", EARLY, LATE]), "y": st.just(EARLY)})
version = st.builds(Version, record, st.none() | record, times)
owners = st.fixed_dictionaries({"x": st.sampled_from(Owner), "y": st.sampled_from(Owner)})
MIRROR = {Owner.LEFT: Owner.RIGHT, Owner.RIGHT: Owner.LEFT}


def after(side: Side, held: Version, said: list[Merged]) -> Version:
    """The side once everything was written: what it says now is its new base."""
    now = {**held.now, **{m.path: m.value for m in said if m.write is side}}
    return Version(now, now, held.at)


@given(version, version, owners)
def test_merging_again_after_the_writes_changes_nothing(left, right, owned) -> None:
    said = merge(left, right, owned)
    settled = [m.path for m in said if m.why is not Why.CONFLICT]

    again = merge(after(L, left, said), after(R, right, said), owned)

    assert [m for m in again if m.write and m.path in settled] == []


@given(version, version, owners)
def test_a_write_says_what_the_other_side_says_and_only_where_they_differ(
    left, right, owned
) -> None:
    for said in merge(left, right, owned):
        if said.write is not None:
            held, other = (left, right) if said.write is L else (right, left)
            assert said.value == other.now[said.path] != held.now[said.path]


@given(version, version, owners)
def test_a_field_nobody_touched_is_never_written(left, right, owned) -> None:
    for said in merge(left, right, owned):
        if said.write is not None:
            assert left.changed(said.path) or right.changed(said.path)


@given(version, version, owners)
def test_the_sides_are_treated_alike(left, right, owned) -> None:
    mirrored = merge(right, left, {p: MIRROR.get(o, o) for p, o in owned.items()})
    turned = [(m.path, m.write.other if m.write else None) for m in mirrored]

    assert turned == [(m.path, m.write) for m in merge(left, right, owned)]


def test_only_what_differs_is_said_and_what_is_gone_is_cleared() -> None:
    wanted = {"Name": "B", "Bill": {"Line1": "1", "City": "Leeds"}, "Phones": [{"n": "1"}]}
    held = {
        "Name": "A",
        "Bill": {"Line1": "1", "City": "York", "Zip": "9"},
        "Phones": [],
        "Fax": "5",
    }

    assert differing(wanted, held) == {
        "Name": "B", "Bill": {"City": "Leeds", "Zip": ""}, "Phones": [{"n": "1"}], "Fax": "",
    }  # fmt: skip
    assert differing(held, held) == {}

from __future__ import annotations

from bench.xero_soak import soak


def test_a_small_soak_loses_and_doubles_nothing_and_runs_at_the_allowed_speed() -> None:
    seen = soak("S", writes=1000, page=1)
    assert seen.faults >= 3
    assert (seen.lost, seen.doubled, seen.refused, seen.read_twice) == (0, 0, 0, 0)
    assert seen.written == 1000
    assert seen.ratio >= 0.9

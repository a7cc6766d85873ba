from __future__ import annotations

import pytest

from bench.soak import soak


@pytest.mark.parametrize("system", ["qbo", "xero"])
def test_a_small_soak_loses_and_doubles_nothing_and_runs_at_the_allowed_speed(system: str) -> None:
    seen = soak(system, "S", records=100, writes=300, page=2)

    assert seen.faults >= 2
    assert (seen.lost, seen.doubled, seen.refused, seen.read_twice) == (0, 0, 0, 0)
    assert seen.written == 300
    assert seen.ratio_read >= 0.9
    assert seen.ratio_write >= 0.9

"""What the throughput bench counts; the bench itself is run by hand."""

from __future__ import annotations

import time

from bench.throughput import Stages, whole_minutes


class Work:
    def inner(self, seconds: float) -> None:
        began = time.process_time()
        while time.process_time() - began < seconds:
            pass

    def outer(self, seconds: float) -> None:
        self.inner(seconds)


def test_a_stage_inside_another_is_counted_once() -> None:
    work, stages = Work(), Stages()
    stages.around(work, "inner", lambda seconds: f"inner {seconds}")
    with stages.stage("outer"):
        work.outer(0.05)
        work.inner(0.02)

    assert set(stages.cpu) == {"outer", "inner 0.05", "inner 0.02"}
    assert stages.cpu["inner 0.05"] >= 0.05
    assert stages.cpu["inner 0.02"] >= 0.02
    assert stages.cpu["outer"] < 0.02
    assert stages.clock["outer"] < stages.clock["inner 0.05"]


def test_only_whole_minutes_after_the_first_count() -> None:
    a_second = [float(n) for n in range(200)]

    assert whole_minutes(a_second) == [60, 60]
    assert whole_minutes(a_second[:120]) == []
    assert whole_minutes([0.0, 59.9, 60.0, 61.0, 119.9, 120.0, 180.0]) == [3, 1]

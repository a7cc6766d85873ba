"""Do the same work on many pieces, on two or more cores where the process may have children."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

J = TypeVar("J")
R = TypeVar("R")
_MOST = 4
_work: list[Callable[[Any], Any]] = []


def _run(job: Any) -> Any:
    return _work[-1](job)


def cores() -> int:
    """Cores this process may use, at most four; 1 where forking is not safe.

    Celery workers are daemons and may not have children; web servers run threads, and a fork would
    copy their locks.
    """
    alone = threading.active_count() == 1 and not multiprocessing.current_process().daemon
    if not alone or "fork" not in multiprocessing.get_all_start_methods():
        return 1
    return min(_MOST, len(os.sched_getaffinity(0)))


def each(work: Callable[[J], R], jobs: Sequence[J], *, large: bool) -> Iterator[R]:
    """``work`` on every job, answers in order.

    Children are forked so that they read what ``work`` closes over without copying it; answers
    travel back and should be arrays.

    Args:
        work: called once per job; must not change shared state.
        jobs: pieces of work.
        large: whether the work is worth starting processes for.
    """
    count = min(cores(), len(jobs)) if large else 1
    if count < 2:
        yield from map(work, jobs)
        return
    _work.append(work)
    try:
        with multiprocessing.get_context("fork").Pool(count) as pool:
            yield from pool.imap(_run, jobs)
    finally:
        _work.pop()


def pieces(total: int, size: int) -> list[range]:
    """Consecutive ranges of at most ``size`` that cover ``total``."""
    return [range(a, min(a + size, total)) for a in range(0, total, size)]

"""From scored pairs to an answer: which pairs are returned under a policy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.resolve.keys import Floats, Ints
from engine.resolve.table import Policy


def choose(i: Ints, j: Ints, probability: Floats, policy: Policy) -> NDArray[np.int64]:
    """Positions of the pairs to return.

    Without one-to-one every pair above the floor is returned: duplicates in the books are all true.
    With it the best pair first, each record at most once.
    """
    keep = np.flatnonzero(probability >= policy.floor)
    if not policy.one_to_one:
        return keep
    order = keep[np.argsort(-probability[keep], kind="stable")]
    left: set[int] = set()
    right: set[int] = set()
    out: list[int] = []
    for at, a, b in zip(order.tolist(), i[order].tolist(), j[order].tolist(), strict=True):
        if a not in left and b not in right:
            left.add(a)
            right.add(b)
            out.append(at)
    return np.asarray(out, dtype=np.int64)

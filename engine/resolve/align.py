"""Which column of one table is which column of another, where no roles are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def _overlap(a: Sequence[str], b: Sequence[str]) -> float:
    left, right = set(a) - {""}, set(b) - {""}
    return len(left & right) / max(min(len(left), len(right)), 1)


def align(
    left: Mapping[str, Sequence[str]], right: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Pairs of columns: same heading first, then the columns that share most values."""
    found = [(name, name) for name in left if name in right]
    rest_left = [n for n in left if n not in right]
    rest_right = [n for n in right if n not in left]
    scored = sorted(
        ((_overlap(left[a], right[b]), a, b) for a in rest_left for b in rest_right), reverse=True
    )
    used: set[str] = set()
    for value, a, b in scored:
        if value > 0.02 and "<" + a not in used and ">" + b not in used:
            used |= {"<" + a, ">" + b}
            found.append((a, b))
    return found

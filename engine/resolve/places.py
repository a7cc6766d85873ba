# ruff: noqa: SIM905 - word lists read better as text
"""Towns: a gazetteer from the data's own town columns and a table of towns with two names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.resolve.text import plain_vowels
from engine.resolve.words import SAME_PLACE

_SAME = {plain_vowels(k): plain_vowels(v) for k, v in SAME_PLACE.items()}


def subsequence(short: str, long: str) -> bool:
    """Whether ``short`` is written with letters of ``long`` in order, first letter equal."""
    if not short or short[0] != long[0] or len(short) >= len(long):
        return False
    rest = iter(long)
    return all(c in rest for c in short)


class Gazetteer:
    """Finds towns in texts; towns with two names have one canonical name."""

    def __init__(self, counts: Counter[str]) -> None:
        total = sum(counts.values())
        floor = 1 if total < 1000 else max(2, total // 20000)
        known = {town for town, n in counts.items() if n >= floor and not town.isdigit()}
        for town in list(known):
            canonical = _SAME.get(town)
            if canonical:
                known |= {k for k, v in _SAME.items() if v == canonical and len(k) > 3}
        self._canonical = {town: "@" + _SAME.get(town, town).replace(" ", "_") for town in known}
        self._first: dict[str, list[list[str]]] = {}
        for town in known:
            parts = town.split()
            self._first.setdefault(parts[0], []).append(parts)
        for options in self._first.values():
            options.sort(key=len, reverse=True)

    def __len__(self) -> int:
        return len(self._canonical)

    def mark(self, tokens: Sequence[str]) -> list[str]:
        """Tokens with every town replaced by its canonical name, which starts with ``@``."""
        first = self._first
        if first.keys().isdisjoint(tokens):
            return list(tokens)
        out: list[str] = []
        at = 0
        while at < len(tokens):
            for parts in first.get(tokens[at], ()):
                if list(tokens[at : at + len(parts)]) == parts:
                    out.append(self._canonical[" ".join(parts)])
                    at += len(parts)
                    break
            else:
                out.append(tokens[at])
                at += 1
        return out

    def find(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Canonical towns named in the cells of an address.

        A cell that is nothing but a town counts; a town inside a longer cell counts where no
        house number precedes it directly (``12 George Street`` is a street).
        """
        found: list[str] = []
        for cell in cells:
            found += self._find(cell)
        return tuple(dict.fromkeys(found))

    def _find(self, cell: str) -> list[str]:
        tokens = cell.split()
        if self._first.keys().isdisjoint(tokens):
            return []
        found: list[str] = []
        marked = self.mark(tokens)
        for at, token in enumerate(marked):
            if token[0] != "@":
                continue
            street = at + 1 < len(marked) and marked[at + 1] in _STREETS
            house = at and marked[at - 1][0].isdigit() and len(marked[at - 1]) < 4
            if not street and not (house and at + 1 < len(marked)):
                found.append(token)
        return found


_STREETS = frozenset(
    "street st str road rd avenue ave av drive dr drv lane ln crescent cres crs boulevard blvd way close cl".split()
)

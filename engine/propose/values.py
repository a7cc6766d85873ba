"""Which code of one list is which code of another: terms, tax codes, methods, units, accounts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from engine.propose.words import canonical, spelled

_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
ENOUGH = 0.55


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A proposed translation of one code; ``target`` is empty where nothing fits."""

    source: str
    target: str
    score: float
    sentence: str


def _words(code: str, meaning: str) -> frozenset[str]:
    said = f"{meaning or code}"
    return frozenset(canonical(w) for w in spelled(said) if not w.isdigit())


def alike(a: tuple[str, str], b: tuple[str, str]) -> tuple[float, str]:
    """How alike two codes are (0 to 1), and why; different numbers rule a match out.

    Args:
        a: code and meaning; the meaning may be empty.
        b: code and meaning of the other list.
    """
    if a[0] and a[0].casefold() == b[0].casefold():
        return 1.0, "the same code"
    first, second = " ".join(a), " ".join(b)
    one = {float(n) for n in _NUMBERS.findall(first)}
    two = {float(n) for n in _NUMBERS.findall(second)}
    if one and two and not one & two:
        return 0.0, "different numbers"
    numbers = 0.35 if one and two else 0.0
    x, y = _words(*a), _words(*b)
    shared = len(x & y) / max(1, min(len(x), len(y))) if x and y else 0.0
    spelled_alike = fuzz.token_sort_ratio(a[1] or a[0], b[1] or b[0], processor=str.casefold) / 100
    score = min(
        0.99, max(0.65 * shared + 0.35 * spelled_alike, spelled_alike) * (1 - numbers) + numbers
    )
    why = "the same number and like words" if numbers else "like words"
    return score, why


def map_values(
    source: Sequence[tuple[str, str]], target: Sequence[tuple[str, str]]
) -> list[ValueMatch]:
    """Translate every source code; several may become the same target code.

    Args:
        source: code and meaning (the meaning may be empty).
        target: code and meaning.

    Returns:
        One match for each source code, in order; ``target`` empty below a score of 0.55.
    """
    out = []
    for one in source:
        scored = [(*alike(one, other), other[0]) for other in target]
        score, why, code = max(scored, key=lambda s: s[0], default=(0.0, "", ""))
        if score < ENOUGH:
            out.append(ValueMatch(one[0], "", round(score, 3), "nothing in the list fits"))
        else:
            out.append(ValueMatch(one[0], code, round(score, 3), f"{why} ({score:.2f})"))
    return out

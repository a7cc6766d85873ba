"""Makes values fit target fields: length, digits, lists of codes; or finds that they do not fit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from engine.canon.money import MAX_PLACES, QUANTA
from engine.mapping.runtime import FieldFault, blank, day, number, short, text, truth, whole

KNOWN_DAYS: set[str] = set()
"""Texts that were found to be ISO dates; bounded, because days repeat and parsing costs."""
_MOST_DAYS = 50_000


def keep_day(value: Any) -> str | None:
    """The day for a date target; remembered so that the next one is a set look-up."""
    found = day(value)
    if found and len(KNOWN_DAYS) < _MOST_DAYS:
        KNOWN_DAYS.add(found)
    return found or None


def fit_text(value: Any, limit: int | None, *, cut: bool = False) -> str:
    """The text for a target field of ``limit`` characters."""
    found = text(value)
    if limit is not None and len(found) > limit:
        if cut:
            return found[:limit]
        raise FieldFault(
            f"“{short(found)}” has {len(found)} characters, {limit} are allowed.",
            "too_long",
            length=len(found),
            limit=limit,
        )
    return found


def fit_number(value: Any, places: int | None, *, cut: bool = False) -> Decimal | None:
    """The number for a target field with ``places`` digits after the point."""
    found = number(value)
    if found is None or places is None:
        return found
    rounded = found.quantize(QUANTA[min(places, MAX_PLACES)], ROUND_HALF_UP)
    if rounded != found and not cut:
        raise FieldFault(
            f"{text(found)} has more than {places} digits after the point.",
            "too_precise",
            limit=places,
        )
    return rounded if cut else found


def fit_whole(value: Any, *, cut: bool = False) -> int | None:
    """The whole number for an integer target."""
    found = number(value)
    if found is None:
        return None
    if found != found.to_integral_value() and not cut:
        raise FieldFault(f"{text(found)} is not a whole number.", "not_whole")
    return whole(found)


def fit_flag(value: Any) -> bool | None:
    """Yes or no for a boolean target; blank stays blank."""
    return None if blank(value) else truth(value)


def fit_enum(value: Any, allowed: frozenset[str]) -> str:
    """The code for a target with a fixed list."""
    found = text(value)
    if found and found not in allowed:
        listed = ", ".join(sorted(allowed)[:8])
        raise FieldFault(f"“{short(found)}” is not allowed here; allowed: {listed}.", "not_in_list")
    return found

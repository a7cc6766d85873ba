"""Numbers and days as people type them: what can be read in two ways is refused, never guessed.

In one country 1,234 is a thousand and more, in another it is a little over one. A text is read in both ways of
writing; where both give a number and the two differ, nobody but the writer can say which is meant.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

# Groups of three digits parted by a comma, a point, an apostrophe or a space; then the fraction.
_ENGLISH = re.compile(
    r"(?P<whole>\d+|\d{1,3}(?:(?P<by>[,'’  \u202f])\d{3})(?:(?P=by)\d{3})*)?(?:\.(?P<rest>\d+))?"
)
_CONTINENTAL = re.compile(
    r"(?P<whole>\d+|\d{1,3}(?:(?P<by>[.'’  \u202f])\d{3})(?:(?P=by)\d{3})*)?(?:,(?P<rest>\d+))?"
)


class Ambiguous(ValueError):
    """A number that can be read in two ways; its words say both."""


def typed_number(text: str) -> Decimal:
    """The number a person typed; the sign stands in front.

    Raises:
        Ambiguous: it is one number to one reader and another to the next.
        ValueError: it is no number.
    """
    said = text.strip()
    found = _readings(said)
    if not found:
        raise ValueError(f"“{said}” is not a number; write it like 1234.56.")
    if len(found) > 1:
        less, more = sorted(found, key=abs)
        raise Ambiguous(
            f"“{said}” can be read as {less:,f} or as {more:,f}. Write {typed(less)} or {typed(more)}."
        )
    return found.pop()


def _readings(said: str) -> set[Decimal]:
    return {n for n in (_read(said, way) for way in (_ENGLISH, _CONTINENTAL)) if n is not None}


def _read(said: str, way: re.Pattern[str]) -> Decimal | None:
    sign, bare = (said[0], said[1:]) if said[:1] in ("-", "+", "−") else ("", said)
    match = way.fullmatch(bare)
    if match is None or not (match["whole"] or match["rest"]):
        return None
    whole = re.sub(r"\D", "", match["whole"] or "0")
    # “0,125” has no thousands: nobody writes a nought in front of them.
    if match["by"] and whole.startswith("0"):
        return None
    number = Decimal(f"{whole}.{match['rest'] or '0'}" if match["rest"] else whole)
    return -number if sign in ("-", "−") else number


def typed(number: Decimal) -> str:
    """A number as a person types it so that it is read in one way only."""
    plain = format(number, "f")
    return plain if len(_readings(plain)) == 1 else f"{plain}0"


def typed_day(text: str) -> date:
    """The day a person typed, year first.

    Raises:
        ValueError: it is none, or the calendar does not have it.
    """
    said = text.strip()
    if not re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", said):
        raise ValueError(f"“{said}” is not a date; write it like 2026-11-25.")
    year, month, day = (int(part) for part in said.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"“{said}” is a day the calendar does not have.") from None

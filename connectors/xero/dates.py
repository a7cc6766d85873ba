"""Both date forms of Xero: ``/Date(ms+0000)/`` and ISO text.

Document dates are calendar days and never move with a time zone: the offset inside ``/Date(…)/`` is
not applied (xero.md section 9). Timestamps are UTC even where the text has no zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_MS = re.compile(r"^\\?/Date\((-?\d{1,17})([+-]\d{4})?\)\\?/$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(\.\d{6})\d+")


def to_datetime(text: str) -> datetime:
    """An aware UTC moment from either form.

    Raises:
        ValueError: neither form, or outside the years 1 to 9999.
    """
    match = _MS.match(text.strip())
    try:
        if match:
            return _EPOCH + timedelta(milliseconds=int(match[1]))
        value = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip()))
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not a date: {text[:40]!r}") from error


def to_date(text: str) -> date:
    """A calendar day from either form; the time of day and any offset are dropped.

    Raises:
        ValueError: neither form.
    """
    if _MS.match(text.strip()):
        return to_datetime(text).date()
    return datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip())).date()


def _milliseconds(moment: datetime) -> int:
    delta = moment - _EPOCH
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def from_date(day: date) -> str:
    """``/Date(ms+0000)/`` of midnight UTC of the calendar day."""
    return f"/Date({_milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))}+0000)/"


def from_datetime(moment: datetime, *, offset: bool = True) -> str:
    """``/Date(ms+0000)/``, or without the offset as Items and the envelope have it."""
    return f"/Date({_milliseconds(moment)}{'+0000' if offset else ''})/"

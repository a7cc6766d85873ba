"""Days as sentences say them."""

from __future__ import annotations

from datetime import date

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def spoken_day(day: date | str) -> str:
    """A day that nobody reads as another: ``31 Mar 2026``; text that is no ISO day stays as it is."""
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day[:10])
        except ValueError:
            return day
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

"""Days as sentences say them."""

from __future__ import annotations

from datetime import date

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def spoken_day(day: date | str) -> str:
    """A day that nobody reads as another: ``31 Mar 2026``; text that is no ISO day stays as it is."""
    try:
        found = date.fromisoformat(day[:10]) if isinstance(day, str) else day
    except ValueError:
        return str(day)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"

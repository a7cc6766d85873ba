"""When work may and when it must happen: times of the day, days of the week, hours of a system.

Both are written the way people write them: a schedule as ``06:00, 18:00`` on ``mon tue wed``, opening
hours as ``mon-fri 06:00-22:00 Europe/London``. Times are wall-clock times of a zone; without one, UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = 8
_HOURS = re.compile(
    r"^(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<open>\d{1,2}:\d{2})\s*-\s*(?P<close>\d{1,2}:\d{2})(?:\s+(?P<zone>\S+))?$",
    re.IGNORECASE,
)


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC where none is named.

    Raises:
        ValueError: there is no such zone.
    """
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"There is no time zone “{name}”. Write it like Europe/London.") from error


def time_of(text: str) -> time:
    """``06:30`` as a time.

    Raises:
        ValueError: it is not one.
    """
    hours, _, minutes = text.strip().partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        raise ValueError(f"“{text.strip()}” is not a time of the day. Write it like 06:30.")
    return time(int(hours), int(minutes))


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times of the day on some days of the week.

    Attributes:
        times: wall-clock times, earliest first.
        days: numbers of the days, Monday is 0.
        zone: where the clock hangs.
    """

    times: tuple[time, ...]
    days: frozenset[int]
    zone: tzinfo = UTC

    @classmethod
    def read(cls, at: Sequence[str], days: Sequence[str], zone: str = "") -> Schedule:
        """The schedule as a design keeps it; no day named means every day.

        Raises:
            ValueError: a time, day or zone is not one.
        """
        unknown = [d for d in days if d not in DAYS]
        if unknown:
            raise ValueError(f"“{unknown[0]}” is not a day of the week. Use {', '.join(DAYS)}.")
        if not at:
            raise ValueError("A schedule needs at least one time of the day.")
        chosen = frozenset(DAYS.index(d) for d in days) or frozenset(range(7))
        return cls(tuple(sorted(time_of(t) for t in at)), chosen, zone_of(zone))

    def after(self, moment: datetime) -> datetime:
        """The first scheduled moment later than ``moment``, in UTC."""
        return next(m for m in self._moments(moment) if m > moment)

    def due(self, since: datetime, now: datetime) -> bool:
        """Whether a scheduled moment passed after ``since``."""
        return self.after(since) <= now

    def _moments(self, start: datetime) -> Iterator[datetime]:
        day = start.astimezone(self.zone).date()
        for ahead in range(_WEEK):
            date = day + timedelta(days=ahead)
            if date.weekday() in self.days:
                for one in self.times:
                    yield datetime.combine(date, one, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours of a system; past midnight where the end lies before the start."""

    opens: time
    closes: time
    days: frozenset[int]
    zone: tzinfo = UTC

    @classmethod
    def read(cls, text: str) -> Hours | None:
        """``06:00-22:00``, ``mon-fri 06:00-22:00 Europe/London``; None for always.

        Raises:
            ValueError: it is neither.
        """
        if not text.strip():
            return None
        found = _HOURS.match(text.strip())
        if found is None:
            raise ValueError(
                f"“{text}” are no hours. Write them like 06:00-22:00 or mon-fri 06:00-22:00 "
                "Europe/London."
            )
        first, last = (found["first"] or "mon").lower(), (found["last"] or "").lower()
        last = last or (first if found["first"] else "sun")
        if first not in DAYS or last not in DAYS:
            raise ValueError(f"Days are {', '.join(DAYS)}.")
        begin, end = DAYS.index(first), DAYS.index(last)
        days = frozenset((begin + n) % 7 for n in range((end - begin) % 7 + 1))
        return cls(
            time_of(found["open"]), time_of(found["close"]), days, zone_of(found["zone"] or "")
        )

    def open_at(self, now: datetime) -> bool:
        """Whether work is allowed at that moment."""
        local = now.astimezone(self.zone)
        clock, today = local.time(), local.weekday()
        if self.opens <= self.closes:
            return today in self.days and self.opens <= clock < self.closes
        late = today in self.days and clock >= self.opens
        return late or ((today - 1) % 7 in self.days and clock < self.closes)

    def next_opening(self, now: datetime) -> datetime:
        """When it opens next, in UTC."""
        return Schedule((self.opens,), self.days, self.zone).after(now)

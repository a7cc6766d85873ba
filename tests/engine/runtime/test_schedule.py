from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.runtime.schedule import Hours, Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WED_9 = at("2026-11-25T09:00")


@pytest.mark.parametrize(
    ("times", "days", "zone", "after"),
    [
        (["18:00", "06:00"], [], "", "2026-11-25T18:00"),
        (["06:00"], [], "", "2026-11-26T06:00"),
        (["06:00"], ["mon"], "", "2026-11-30T06:00"),
        (["09:00"], ["wed"], "", "2026-12-02T09:00"),
        (["09:30"], [], "Europe/Berlin", "2026-11-26T08:30"),
        (["10:30"], [], "Europe/Berlin", "2026-11-25T09:30"),
    ],
)
def test_the_next_moment_of_a_schedule(times, days, zone, after) -> None:
    assert Schedule.read(times, days, zone).after(WED_9) == at(after)


def test_a_schedule_keeps_its_clock_time_when_the_clocks_change() -> None:
    schedule = Schedule.read(["06:00"], [], "Europe/Berlin")

    assert schedule.after(at("2026-10-24T12:00")) == at("2026-10-25T05:00")
    assert schedule.after(at("2026-10-23T12:00")) == at("2026-10-24T04:00")


def test_a_missed_moment_is_due_once() -> None:
    schedule = Schedule.read(["06:00"], [])

    assert schedule.due(at("2026-11-24T20:00"), WED_9)
    assert not schedule.due(at("2026-11-25T06:01"), WED_9)


@pytest.mark.parametrize(
    ("times", "days", "zone", "words"),
    [
        ([], [], "", "at least one time"),
        (["25:00"], [], "", "“25:00” is not a time"),
        (["06:00"], ["someday"], "", "“someday” is not a day"),
        (["06:00"], [], "Mars/Base", "no time zone “Mars/Base”"),
    ],
)
def test_a_schedule_that_cannot_be_says_why(times, days, zone, words) -> None:
    with pytest.raises(ValueError, match=words):
        Schedule.read(times, days, zone)


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("06:00-22:00", "2026-11-25T09:00", True),
        ("06:00-22:00", "2026-11-25T22:00", False),
        ("mon-fri 06:00-22:00", "2026-11-28T09:00", False),
        ("sat 06:00-22:00", "2026-11-28T09:00", True),
        ("fri-mon 06:00-22:00", "2026-11-30T09:00", True),
        ("mon-fri 22:00-04:00", "2026-11-28T03:00", True),
        ("mon-fri 22:00-04:00", "2026-11-30T03:00", False),
        ("09:30-17:00 Europe/Berlin", "2026-11-25T08:45", True),
        ("09:30-17:00 Europe/Berlin", "2026-11-25T16:30", False),
    ],
)
def test_opening_hours(text, moment, is_open) -> None:
    hours = Hours.read(text)

    assert hours is not None
    assert hours.open_at(at(moment)) is is_open


def test_no_hours_are_all_hours() -> None:
    assert Hours.read("  ") is None


def test_what_opens_next() -> None:
    hours = Hours.read("mon-fri 06:00-22:00")

    assert hours is not None
    assert hours.next_opening(at("2026-11-27T23:00")) == at("2026-11-30T06:00")


@pytest.mark.parametrize("text", ["always", "6-22", "xyz-fri 06:00-22:00", "06:00-22:00 Mars/Base"])
def test_hours_that_cannot_be_are_refused(text) -> None:
    with pytest.raises(ValueError, match=r"no hours|Days are|no time zone"):
        Hours.read(text)

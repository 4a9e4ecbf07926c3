"""Local days, contact hours and counting windows. Everything that comes in or goes out is an aware UTC datetime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

_LOOK_AHEAD = 400  # days; further than any holiday lasts
_MEETING = timedelta(days=31)  # hours that do not meet within it never do


class Window(StrEnum):
    """Calendar windows of local time: a day from midnight, a week from Monday, a month from the first."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Zone:
    """The office's time zone; None: the system's."""

    info: tzinfo | None = None

    def local(self, moment: datetime) -> datetime:
        """Local wall time, naive."""
        return moment.astimezone(self.info).replace(tzinfo=None)

    def utc(self, wall: datetime) -> datetime:
        """The moment at which clocks on the wall first show ``wall``."""
        return (wall if self.info is None else wall.replace(tzinfo=self.info)).astimezone(UTC)


@dataclass(frozen=True)
class Calendar:
    """Holidays and the weekend days worked in their stead; a year it does not know has plain weekends."""

    holidays: frozenset[date] = field(default_factory=frozenset)
    workdays: frozenset[date] = field(default_factory=frozenset)
    years: frozenset[int] = field(default_factory=frozenset)  # whose holidays are all listed

    def knows(self, day: date) -> bool:
        """False: its holidays have not been announced, and only its weekends are certain."""
        return day.year in self.years

    def is_workday(self, day: date) -> bool:
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)


@dataclass(frozen=True)
class Hours:
    """From ``start``, included, to ``end``, excluded; past midnight when ``end`` is not later than ``start``.

    The part past midnight belongs to the day on which it began.
    """

    start: time
    end: time
    workdays_only: bool = False

    def opening(self, moment: datetime, zone: Zone, calendar: Calendar) -> datetime:
        """The first moment, ``moment`` itself or later, that lies within the hours."""
        wall = zone.local(moment)
        first = wall.date() - timedelta(days=1)
        for ahead in range(_LOOK_AHEAD):
            day = first + timedelta(days=ahead)
            if self.workdays_only and not calendar.is_workday(day):
                continue
            opens, closes = self._span(day)
            if opens <= wall < closes:
                return moment
            if wall < opens:
                return zone.utc(opens)
        raise ValueError("the calendar has no workday")

    def _span(self, day: date) -> tuple[datetime, datetime]:
        until = day if self.start < self.end else day + timedelta(days=1)
        return datetime.combine(day, self.start), datetime.combine(until, self.end)

    def contain(self, moment: datetime, zone: Zone, calendar: Calendar) -> bool:
        return self.opening(moment, zone, calendar) == moment


def common_opening(several: Sequence[Hours], moment: datetime, zone: Zone, calendar: Calendar) -> datetime | None:
    """The first moment, ``moment`` itself or later, that lies within all of them; None when they never meet."""
    at = moment
    limit = moment + _MEETING
    while at <= limit:
        opens = max((hours.opening(at, zone, calendar) for hours in several), default=at)
        if opens == at:
            return at
        at = opens
    return None


def window_start(window: Window, moment: datetime, zone: Zone) -> datetime:
    return zone.utc(datetime.combine(_first_day(window, zone.local(moment).date()), time()))


def window_end(window: Window, moment: datetime, zone: Zone) -> datetime:
    """The start of the next window."""
    first = _first_day(window, zone.local(moment).date())
    if window is Window.DAY:
        following = first + timedelta(days=1)
    elif window is Window.WEEK:
        following = first + timedelta(days=7)
    else:
        following = _first_day(window, first + timedelta(days=31))
    return zone.utc(datetime.combine(following, time()))


def _first_day(window: Window, day: date) -> date:
    if window is Window.DAY:
        return day
    return day - timedelta(days=day.weekday()) if window is Window.WEEK else day.replace(day=1)

"""When the messages of a campaign may leave. Pure: the zone, the calendar and the moment are passed in.

A ``Schedule`` is what a maker answers and what is frozen and signed; a ``Timetable`` is what follows from it for one
campaign: the stretches of time in which its messages may leave, with the contact hours of their class already applied.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeVar

from console.core.compliance.times import Calendar, Hours, Zone
from console.core.errors import UserError
from console.core.i18n import T

LOOK_AHEAD = timedelta(days=400)  # no timetable reaches further
MOST = 1_000_000  # messages of a pace
_WHENEVER = 9  # the last priority there is

V_ = TypeVar("V_")
Span = tuple[datetime, datetime]  # from, included, to, excluded


class Unit(StrEnum):
    """What a pace counts in: any sixty seconds, any sixty minutes, a day of the office's calendar."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Urgency(StrEnum):
    URGENT = "urgent"
    NORMAL = "normal"
    WHENEVER = "whenever"


class BadSchedule(UserError):
    """A stored schedule that this version can not read, or that contradicts itself."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            T("The schedule of a campaign can not be read: {detail}.", detail=detail),
            T("It was changed by hand, or made by a newer version of the program."),
        )


@dataclass(frozen=True, kw_only=True)
class Pace:
    most: int  # messages
    unit: Unit


@dataclass(frozen=True, kw_only=True)
class Schedule:
    first_day: date | None = None  # both, or neither: a window of days
    last_day: date | None = None  # included
    opens: time | None = None  # both, or neither: within each of the days
    closes: time | None = None  # later than ``opens``
    weekdays: frozenset[int] = frozenset()  # Monday is 1; empty: every day
    workdays: bool = False  # working days of the office's calendar only
    spread: bool = False  # evenly over what is left of the time, instead of as fast as the lines go
    pace: Pace | None = None
    urgency: Urgency = Urgency.NORMAL
    lines: tuple[int, ...] = ()  # any of these; empty: what ``line_id`` of the campaign says

    def __post_init__(self) -> None:
        if trouble := self._trouble():
            raise BadSchedule(trouble)

    def _trouble(self) -> str:
        days, hours = (self.first_day, self.last_day), (self.opens, self.closes)
        if (None in days and days != (None, None)) or (None in hours and hours != (None, None)):
            return "a window has two ends"
        if self.first_day is not None and self.last_day is not None and self.last_day < self.first_day:
            return "the window ends before it begins"
        if self.opens is not None and self.closes is not None and self.closes <= self.opens:
            return "the hours end before they begin"
        if not self.weekdays <= set(range(1, 8)):
            return "there are seven days in a week"
        if self.pace is not None and not 1 <= self.pace.most <= MOST:
            return "no such pace"
        return ""

    @property
    def metered(self) -> bool:
        """Whether what has left has to be known before more may."""
        return self.spread or self.pace is not None

    @property
    def restricts(self) -> bool:
        """Whether it says on which days or at which hours."""
        return bool(self.first_day or self.opens or self.weekdays or self.workdays)

    def allows(self, day: date, calendar: Calendar) -> bool:
        if self.first_day is not None and self.last_day is not None and not self.first_day <= day <= self.last_day:
            return False
        if self.weekdays and day.isoweekday() not in self.weekdays:
            return False
        return not self.workdays or calendar.is_workday(day)

    def again(self) -> Schedule:
        """For a copy: the days of the first time are over."""
        return replace(self, first_day=None, last_day=None, spread=False)

    def from_day(self, day: date) -> Schedule:
        """For a campaign that repeats: its window begins on ``day`` and is as long as before."""
        if self.first_day is None or self.last_day is None:
            return self
        return replace(self, first_day=day, last_day=day + (self.last_day - self.first_day))

    def begins(self, zone: Zone) -> datetime | None:
        """The first moment of the window of days; None for none."""
        if self.first_day is None:
            return None
        return zone.utc(datetime.combine(self.first_day, self.opens or time()))

    def ends(self, zone: Zone) -> datetime | None:
        """The first moment after the window of days; None for none."""
        if self.last_day is None:
            return None
        if self.closes is not None:
            return zone.utc(datetime.combine(self.last_day, self.closes))
        return zone.utc(datetime.combine(self.last_day + timedelta(days=1), time()))

    def dump(self) -> dict[str, Any]:
        """What differs from "as soon as possible", for JSON."""
        record: dict[str, Any] = {}
        for name in ("first_day", "last_day", "opens", "closes"):
            if (value := getattr(self, name)) is not None:
                record[name] = value.isoformat()
        if self.weekdays:
            record["weekdays"] = sorted(self.weekdays)
        for name in ("workdays", "spread"):
            if getattr(self, name):
                record[name] = True
        if self.pace is not None:
            record["pace"] = {"most": self.pace.most, "unit": self.pace.unit.value}
        if self.urgency is not Urgency.NORMAL:
            record["urgency"] = self.urgency.value
        if self.lines:
            record["lines"] = list(self.lines)
        return record

    @staticmethod
    def load(record: Mapping[str, Any] | None) -> Schedule:
        """Raises BadSchedule."""
        if not record:
            return Schedule()
        try:
            pace = record.get("pace")
            return Schedule(
                first_day=_read(date.fromisoformat, record.get("first_day")),
                last_day=_read(date.fromisoformat, record.get("last_day")),
                opens=_read(time.fromisoformat, record.get("opens")),
                closes=_read(time.fromisoformat, record.get("closes")),
                weekdays=frozenset(record.get("weekdays", ())),
                workdays=bool(record.get("workdays")),
                spread=bool(record.get("spread")),
                pace=Pace(most=pace["most"], unit=Unit(pace["unit"])) if pace else None,
                urgency=Urgency(record.get("urgency", Urgency.NORMAL)),
                lines=tuple(record.get("lines", ())),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise BadSchedule(f"{type(error).__name__}: {error}") from error


def _read(parse: Callable[[str], V_], stored: str | None) -> V_ | None:
    return None if stored is None else parse(stored)


def signed(schedule: Mapping[str, Any] | None, priority: int) -> str:
    """What a batch's digest covers of a stored schedule; empty for a batch that has none."""
    if schedule is None:
        return ""
    return json.dumps({"priority": priority, "schedule": schedule}, sort_keys=True, separators=(",", ":"))


def priority_of(urgency: Urgency, usual: int, urgent: int | None) -> int:
    """0 leaves first. ``usual`` and ``urgent`` are the class's own; it may have no urgent one."""
    if urgency is Urgency.URGENT and urgent is not None:
        return min(usual, urgent)
    return max(usual, _WHENEVER) if urgency is Urgency.WHENEVER else usual


@dataclass(frozen=True)
class Timetable:
    """Stretches of time, in order and apart from each other, in which messages may leave."""

    spans: tuple[Span, ...]

    def open_at(self, now: datetime) -> bool:
        return self.opening(now) == now

    def opening(self, now: datetime) -> datetime | None:
        """The first moment, ``now`` itself or later, at which messages may leave; None when there is none left."""
        place = self._place(now)
        if place >= 0 and now < self.spans[place][1]:
            return now
        return self.spans[place + 1][0] if place + 1 < len(self.spans) else None

    def closing(self, now: datetime) -> datetime | None:
        """The end of the stretch that holds ``now``; None when it is closed."""
        place = self._place(now)
        return self.spans[place][1] if place >= 0 and now < self.spans[place][1] else None

    def left(self, now: datetime) -> timedelta:
        """How much of the open time is still to come."""
        place = self._place(now)
        rest = self._rest[place + 1]
        return rest + max(timedelta(), self.spans[place][1] - now) if place >= 0 else rest

    @property
    def end(self) -> datetime | None:
        return self.spans[-1][1] if self.spans else None

    def _place(self, now: datetime) -> int:
        """The last stretch that has begun; -1 for none."""
        return bisect_right(self._starts, now) - 1

    @cached_property
    def _starts(self) -> list[datetime]:
        return [start for start, _ in self.spans]

    @cached_property
    def _rest(self) -> list[timedelta]:
        """Open time from each stretch on; one more at the end."""
        lengths = [end - start for start, end in reversed(self.spans)]
        return list(accumulate(lengths, initial=timedelta()))[::-1]


def timetable(
    schedule: Schedule, contact: Hours | None, zone: Zone, calendar: Calendar, starts: datetime, ends: datetime
) -> Timetable:
    """``contact``: the hours of the class; None when it has none. All within ``starts``, included, and ``ends``."""
    ends = min(ends, starts + LOOK_AHEAD)
    if ends <= starts:
        return Timetable(())
    days = zone.local(starts).date() - timedelta(days=1), zone.local(ends).date()
    spans: Iterable[Span] = [(starts, ends)]
    if contact is not None:
        every = daily(contact, lambda day: not contact.workdays_only or calendar.is_workday(day), *days, zone)
        spans = common(spans, every)
    if schedule.restricts:
        hours = Hours(schedule.opens or time(), schedule.closes or time())
        spans = common(spans, daily(hours, lambda day: schedule.allows(day, calendar), *days, zone))
    return Timetable(tuple(spans))


def daily(hours: Hours, on: Callable[[date], bool], first: date, last: date, zone: Zone) -> Iterator[Span]:
    """The hours of each of the days for which ``on`` holds; stretches that touch are one."""
    held: Span | None = None
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        if not on(day):
            continue
        until = day if hours.start < hours.end else day + timedelta(days=1)
        start, wall = zone.utc(datetime.combine(day, hours.start)), datetime.combine(until, hours.end)
        end = zone.utc(wall)
        end -= zone.local(end) - wall  # clocks leap over it: early rather than late
        if held is not None and start <= held[1]:
            held = held[0], max(held[1], end)
            continue
        if held is not None:
            yield held
        held = (start, end) if start < end else None
    if held is not None:
        yield held


def common(ones: Iterable[Span], others: Iterable[Span]) -> Iterator[Span]:
    """What lies in both; each in order and apart."""
    left, right = iter(ones), iter(others)
    one, other = next(left, None), next(right, None)
    while one is not None and other is not None:
        start, end = max(one[0], other[0]), min(one[1], other[1])
        if start < end:
            yield start, end
        if one[1] < other[1]:
            one = next(left, None)
        else:
            other = next(right, None)

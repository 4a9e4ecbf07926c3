"""On which days a campaign repeats, and when it is put before the checkers. Pure: the calendar is passed in."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from console.core.compliance.times import Calendar, Zone
from console.core.errors import UserError
from console.core.format import local_date
from console.core.i18n import T, clauses, listed, ntr, tr

MOST_LEAD = 10  # workdays
MOST_BEFORE_END = 15  # workdays of a month
_DAY = timedelta(days=1)
_FURTHEST = 800  # days that are looked ahead for the next one
_MOVED = 31  # days that a day off moves a run at most: no holiday lasts longer


class Every(StrEnum):
    DAY = "day"
    WORKDAY = "workday"
    WEEK = "week"  # on ``weekdays``
    MONTH_DAY = "month_day"  # on ``day``, or the last day of a shorter month
    MONTH_LAST = "month_last"  # on the last day
    MONTH_END = "month_end"  # on the workday that ``before_end`` workdays of the month follow


class OffDay(StrEnum):
    """What happens to a run that falls on a day off."""

    RUN = "run"
    SKIP = "skip"
    BEFORE = "before"  # on the workday before
    AFTER = "after"  # on the workday after


class BadRecurrence(UserError):
    """No such repetition; the text says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    every: Every
    first: date  # local; no run before it
    until: date | None = None  # no run after it; None: until it is ended
    at: time  # local
    weekdays: tuple[int, ...] = ()  # of WEEK, ascending; Monday is 0
    day: int = 1  # of MONTH_DAY
    before_end: int = 0  # of MONTH_END; 0: the last workday
    off_day: OffDay = OffDay.SKIP
    lead: int = 1  # workdays before a run on which it is put before the checkers, at the same time of day

    def dump(self) -> dict[str, Any]:
        return {
            "every": self.every.value,
            "first": self.first.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "at": self.at.isoformat("minutes"),
            "weekdays": list(self.weekdays),
            "day": self.day,
            "before_end": self.before_end,
            "off_day": self.off_day.value,
            "lead": self.lead,
        }

    @staticmethod
    def load(record: Mapping[str, Any]) -> Recurrence:
        return Recurrence(
            every=Every(record["every"]),
            first=date.fromisoformat(record["first"]),
            until=date.fromisoformat(record["until"]) if record["until"] else None,
            at=time.fromisoformat(record["at"]),
            weekdays=tuple(record["weekdays"]),
            day=record["day"],
            before_end=record["before_end"],
            off_day=OffDay(record["off_day"]),
            lead=record["lead"],
        )

    def check(self) -> None:
        """Raises BadRecurrence."""
        if self.every is Every.WEEK and not (self.weekdays and set(self.weekdays) <= set(range(7))):
            raise BadRecurrence(T("No day of the week is chosen."), T("Choose at least one."))
        if self.every is Every.MONTH_DAY and not 1 <= self.day <= 31:
            raise BadRecurrence(T("A month has days 1 to 31."), T("Choose one of them."))
        if not 0 <= self.before_end <= MOST_BEFORE_END or not 0 <= self.lead <= MOST_LEAD:
            raise BadRecurrence(T("So many workdays can not be counted back."), T("Choose a smaller number."))
        if self.until is not None and self.until < self.first:
            raise BadRecurrence(T("It would end before it begins."), T("Choose a later last day."))


@dataclass(frozen=True, kw_only=True)
class Due:
    """One run."""

    day: date  # local
    at: datetime  # when its messages may leave
    prepare_at: datetime  # when it is put before the checkers


def run_days(recurrence: Recurrence, start: date, calendar: Calendar) -> Iterator[date]:
    """Days of runs from ``start`` on, ascending, as far as they can be told."""
    falls = _rules(calendar)[recurrence.every]
    day = max(recurrence.first, start - _MOVED * _DAY)
    before: date | None = None
    for _ in range(_FURTHEST):
        if recurrence.until is not None and day > recurrence.until:
            return
        run = _moved(recurrence, day, calendar) if falls(recurrence, day) else None
        if run is not None and run != before and _within(recurrence, run):
            before = run
            if run >= start:
                yield run
        day += _DAY


def dues(recurrence: Recurrence, since: datetime, calendar: Calendar, zone: Zone) -> Iterator[Due]:
    """The runs due later than ``since``, ascending."""
    for day in run_days(recurrence, zone.local(since).date(), calendar):
        at = zone.utc(datetime.combine(day, recurrence.at))
        if at > since:
            ahead = workdays_before(day, recurrence.lead, calendar)
            yield Due(day=day, at=at, prepare_at=zone.utc(datetime.combine(ahead, recurrence.at)))


def workdays_before(day: date, number: int, calendar: Calendar) -> date:
    """The ``number``-th workday before ``day``; ``day`` itself for 0."""
    while number:
        day -= _DAY
        number -= calendar.is_workday(day)
    return day


def _rules(calendar: Calendar) -> Mapping[Every, Callable[[Recurrence, date], bool]]:
    """Whether a day would be one of a run, before days off are looked at."""
    return {
        Every.DAY: lambda _how, _day: True,
        Every.WORKDAY: lambda _how, day: calendar.is_workday(day),
        Every.WEEK: lambda how, day: day.weekday() in how.weekdays,
        Every.MONTH_DAY: lambda how, day: day.day == min(how.day, _last_of(day).day),
        Every.MONTH_LAST: lambda _how, day: day == _last_of(day),
        Every.MONTH_END: lambda how, day: calendar.is_workday(day) and _workdays_left(day, calendar) == how.before_end,
    }


def _last_of(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _workdays_left(day: date, calendar: Calendar) -> int:
    """Workdays of the month that come after ``day``."""
    return sum(calendar.is_workday(day.replace(day=each)) for each in range(day.day + 1, _last_of(day).day + 1))


def _moved(recurrence: Recurrence, day: date, calendar: Calendar) -> date | None:
    """``day`` or where a day off moves it; None: it is left out."""
    if calendar.is_workday(day) or recurrence.off_day is OffDay.RUN:
        return day
    if recurrence.off_day is OffDay.SKIP:
        return None
    step = -_DAY if recurrence.off_day is OffDay.BEFORE else _DAY
    for _ in range(_MOVED):
        day += step
        if calendar.is_workday(day):
            return day
    return None


def _within(recurrence: Recurrence, day: date) -> bool:
    return day >= recurrence.first and (recurrence.until is None or day <= recurrence.until)


# In words


def weekday_names() -> tuple[str, ...]:
    """Monday first."""
    return (
        tr("Monday"), tr("Tuesday"), tr("Wednesday"), tr("Thursday"), tr("Friday"), tr("Saturday"), tr("Sunday"),
    )  # fmt: skip


def days_in_words(recurrence: Recurrence) -> str:
    """On which days, and at what time."""
    at = recurrence.at.isoformat("minutes")
    match recurrence.every:
        case Every.DAY:
            return tr("Every day at {time}", time=at)
        case Every.WORKDAY:
            return tr("Every working day at {time}", time=at)
        case Every.WEEK:
            names = weekday_names()
            return tr(
                "Every week on {days} at {time}", days=listed([names[day] for day in recurrence.weekdays]), time=at
            )
        case Every.MONTH_DAY:
            return tr("Every month on day {day} at {time}", day=recurrence.day, time=at)
        case Every.MONTH_LAST:
            return tr("Every month on its last day at {time}", time=at)
        case Every.MONTH_END:
            return _before_end(recurrence.before_end, at)


def _before_end(number: int, at: str) -> str:
    if not number:
        return tr("Every month on its last working day at {time}", time=at)
    return ntr(
        "Every month, {n} working day before the last one, at {time}",
        "Every month, {n} working days before the last one, at {time}",
        number,
        time=at,
    )


def off_days_in_words(recurrence: Recurrence) -> str:
    """Empty where a run can not fall on a day off."""
    if recurrence.every in (Every.WORKDAY, Every.MONTH_END):
        return ""
    match recurrence.off_day:
        case OffDay.RUN:
            return tr("also on days off")
        case OffDay.SKIP:
            return tr("not on days off")
        case OffDay.BEFORE:
            return tr("on the working day before a day off")
        case OffDay.AFTER:
            return tr("on the working day after a day off")


def range_in_words(recurrence: Recurrence) -> str:
    if recurrence.until is None:
        return tr("from {first} on", first=local_date(recurrence.first))
    return tr("from {first} to {last}", first=local_date(recurrence.first), last=local_date(recurrence.until))


def lead_in_words(recurrence: Recurrence) -> str:
    if not recurrence.lead:
        return tr("put before the supervisors at that time")
    return ntr(
        "put before the supervisors {n} working day earlier",
        "put before the supervisors {n} working days earlier",
        recurrence.lead,
    )


def in_words(recurrence: Recurrence) -> str:
    parts = (days_in_words(recurrence), off_days_in_words(recurrence), range_in_words(recurrence))
    return clauses([*filter(None, parts), lead_in_words(recurrence)])

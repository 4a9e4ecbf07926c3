"""From relative days to real ones: all that depends on what day it is, before the database is asked."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from console.core.compliance.policy import load_policy
from console.core.compliance.times import Calendar, Zone
from console.core.segments.operators import Operator, Period

_OLDEST = 130  # years that a birthday may lie back
FIRST, LAST = date(1000, 1, 1), date(9999, 12, 30)  # open ends; the day after LAST is still a date


@dataclass(frozen=True)
class Today:
    """The local date that everything counts from, and what turns a local day into moments."""

    day: date
    zone: Zone
    calendar: Calendar

    @staticmethod
    def of(day: date) -> Today:
        """With the zone and the calendar of the rule pack."""
        policy = load_policy()
        return Today(day, policy.zone, policy.calendar)

    @property
    def start(self) -> datetime:
        return self.midnight(self.day)

    def midnight(self, day: date) -> datetime:
        """The moment at which the local ``day`` begins, in UTC."""
        return self.zone.utc(datetime.combine(day, time())).astimezone(UTC)


def span(operator: Operator, value: tuple[str, ...], today: Today) -> tuple[date, date]:
    """First and last day that an operator of a date or a moment means, both included."""
    day = today.day
    match operator:
        case Operator.IN_DAYS:
            return shifted(day, int(value[0])), shifted(day, int(value[1]))
        case Operator.IN_WORKDAYS:
            return workdays(day, int(value[0]), int(value[1]), today.calendar)
        case Operator.DAYS_AGO:
            return shifted(day, -int(value[1])), shifted(day, -int(value[0]))
        case Operator.LAST_DAYS:
            return shifted(day, -int(value[0])), day
        case Operator.OLDER:
            return FIRST, shifted(day, -int(value[0]) - 1)
        case Operator.PERIOD:
            return period(Period(value[0]), day)
        case _:
            first, last = _stated(operator, [date.fromisoformat(each) for each in value])
            return max(first, FIRST), min(last, LAST)


def _stated(operator: Operator, days: list[date]) -> tuple[date, date]:
    match operator:
        case Operator.FROM:
            return days[0], LAST
        case Operator.UNTIL:
            return FIRST, days[0]
        case Operator.ON | Operator.BETWEEN_DAYS:
            return days[0], days[-1]
        case _:
            raise ValueError(operator)


def shifted(day: date, days: int) -> date:
    """``day`` moved by ``days``, held within what a date can be."""
    return date.fromordinal(min(max(day.toordinal() + days, FIRST.toordinal()), LAST.toordinal()))


def workdays(day: date, first: int, last: int, calendar: Calendar) -> tuple[date, date]:
    """The days from which ``first`` to ``last`` working days lie between ``day`` (left out) and them (included).

    A holiday counts with the working day before it, so that every day has one number and none falls through.
    """
    return workday_after(day, first, calendar), shifted(workday_after(day, last + 1, calendar), -1)


def workday_after(day: date, number: int, calendar: Calendar) -> date:
    """The ``number``-th working day after ``day``; for 0 ``day`` itself."""
    while number > 0 and day < LAST:
        day += timedelta(days=1)
        number -= calendar.is_workday(day)
    return day


def period(named: Period, day: date) -> tuple[date, date]:
    """Weeks begin on Monday."""
    near = {Period.YESTERDAY: -1, Period.TODAY: 0, Period.TOMORROW: 1}
    if named in near:
        there = day + timedelta(days=near[named])
        return there, there
    weeks = {Period.LAST_WEEK: -7, Period.THIS_WEEK: 0, Period.NEXT_WEEK: 7}
    if named in weeks:
        monday = day - timedelta(days=day.weekday()) + timedelta(days=weeks[named])
        return monday, monday + timedelta(days=6)
    months = {Period.LAST_MONTH: -1, Period.THIS_MONTH: 0, Period.NEXT_MONTH: 1}
    year, month = divmod(day.year * 12 + day.month - 1 + months[named], 12)
    return date(year, month + 1, 1), date(year, month + 1, monthrange(year, month + 1)[1])


def anniversaries(day: date, days: int) -> list[date]:
    """The days from ``day`` to ``days`` days after it as month and day of the year 2000, which has them all.

    Who was born on 29 February has it on 28 February in other years.
    """
    found = []
    for ahead in range(min(days, 366) + 1):
        there = shifted(day, ahead)
        found.append(date(2000, there.month, there.day))
        if (there.month, there.day) == (2, 28) and not isleap(there.year):
            found.append(date(2000, 2, 29))
    return list(dict.fromkeys(found))


def dates_of_birth(anniversary: date, day: date) -> list[date]:
    """Every date of birth that somebody alive on ``day`` may have with this month and day."""
    years = range(day.year - _OLDEST, day.year + 1)
    leap = (anniversary.month, anniversary.day) == (2, 29)
    return [anniversary.replace(year=year) for year in years if not leap or isleap(year)]


def born_until(day: date, age: int) -> date:
    """Who is ``age`` or older on ``day`` was born on this day or before; 1 March counts for 29 February."""
    year = day.year - age
    if year < FIRST.year:
        return FIRST
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return date(year, day.month, day.day)

"""A stretch of whole local days, and its bounds in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from console.core.errors import UserError
from console.core.i18n import T

LONGEST = 366  # days


@dataclass(frozen=True)
class Period:
    """``first`` and ``last`` are local days, both included. Raises UserError for days the wrong way round."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UserError(T("The period ends before it begins."), T("Choose a later last day."))
        if (self.last - self.first).days >= LONGEST:
            raise UserError(T("A report covers at most {n} days.", n=LONGEST), T("Choose a shorter period."))

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that no longer belongs to it."""
        return midnight(self.last + timedelta(days=1))

    def days(self) -> Iterator[date]:
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def __str__(self) -> str:
        one = self.first == self.last
        return self.first.isoformat() if one else f"{self.first.isoformat()} – {self.last.isoformat()}"


def midnight(day: date) -> datetime:
    """The start of a local day, in UTC."""
    return datetime.combine(day, time.min).astimezone(UTC)


def today(now: datetime) -> Period:
    day = now.astimezone().date()
    return Period(day, day)


def yesterday(now: datetime) -> Period:
    day = now.astimezone().date() - timedelta(days=1)
    return Period(day, day)


def last_days(now: datetime, number: int) -> Period:
    """The last ``number`` days, today included."""
    day = now.astimezone().date()
    return Period(day - timedelta(days=number - 1), day)


def this_month(now: datetime) -> Period:
    day = now.astimezone().date()
    return Period(day.replace(day=1), day)


def last_month(now: datetime) -> Period:
    last = now.astimezone().date().replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)

"""How much a line may send, when, and what: parts a minute, an hour, a day and a month; hours; classes."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

from db.models import BatchKind
from db.outbox import Claimed, Scope

_HOUR = timedelta(hours=1)
_CLOSED_FOR = timedelta(minutes=1)  # an hour's quota that had no room for a whole message


class Pace:
    """Evenly spaced: a message of three parts makes the next one wait three times as long."""

    def __init__(self, per_minute: int | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval = 60 / per_minute if per_minute else 0.0
        self._monotonic = monotonic
        self._next = -math.inf

    def wait(self) -> float:
        """Seconds until the next message may leave."""
        return max(0.0, self._next - self._monotonic())

    def left(self, parts: int, ago: float = 0.0) -> None:
        """``parts`` left ``ago`` seconds ago."""
        self._next = max(self._next, self._monotonic() - ago) + parts * self._interval


class HourlyQuota:
    """Parts within any sixty minutes."""

    def __init__(self, limit: int, left_at: Iterable[datetime] = ()) -> None:
        self._limit = limit
        self._left_at = deque(left_at)  # one entry a part, the oldest first

    def remaining(self, now: datetime) -> int:
        while self._left_at and self._left_at[0] <= now - _HOUR:
            self._left_at.popleft()
        return max(0, self._limit - len(self._left_at))

    def left(self, parts: int, now: datetime) -> None:
        self._left_at.extend([now] * parts)


class CalendarQuota:
    """Parts within a period of the office's calendar; ``first_day`` tells which one a moment belongs to."""

    def __init__(self, limit: int, first_day: Callable[[datetime], date], now: datetime, used: int) -> None:
        self._limit = limit
        self._first_day = first_day
        self._period = first_day(now)
        self._used = used

    def remaining(self, now: datetime) -> int:
        self._turn(now)
        return max(0, self._limit - self._used)

    def left(self, parts: int, now: datetime) -> None:
        self._turn(now)
        self._used += parts

    def _turn(self, now: datetime) -> None:
        period = self._first_day(now)
        if period != self._period:
            self._period, self._used = period, 0


Quota = HourlyQuota | CalendarQuota


def day_of(now: datetime) -> date:
    return now.astimezone().date()


def month_of(now: datetime) -> date:
    return day_of(now).replace(day=1)


def begins(day: date) -> datetime:
    """The office's midnight before ``day``."""
    return datetime.combine(day, time_of_day()).astimezone()


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The office's time. ``closes`` before ``opens`` passes midnight; equal ones are always open."""

    opens: time_of_day
    closes: time_of_day

    def open_at(self, now: datetime) -> bool:
        at = now.astimezone().time()
        if self.opens < self.closes:
            return self.opens <= at < self.closes
        return self.opens == self.closes or at >= self.opens or at < self.closes


class Limits:
    """All that restricts one line. Tests of a person leave at any hour and in any class, and count."""

    def __init__(
        self, quotas: Iterable[Quota] = (), *, hours: Hours | None = None, classes: Collection[str] = ()
    ) -> None:
        self._quotas = tuple(quotas)
        self._hours = hours
        self._classes = frozenset(classes)
        self._closed_until: datetime | None = None

    def remaining(self, now: datetime) -> int | None:
        """Parts that may leave now; None: any number."""
        if self._closed_until is not None and now < self._closed_until:
            return 0
        return min((quota.remaining(now) for quota in self._quotas), default=None)

    def covers(self, parts: int, now: datetime) -> bool:
        """Whether a whole message may leave now; if not, shorter ones do not slip past it for a while."""
        left = self.remaining(now)
        if left is None or left >= parts:
            return True
        self._closed_until = now + _CLOSED_FOR
        return False

    def left(self, parts: int, now: datetime) -> None:
        for quota in self._quotas:
            quota.left(parts, now)

    def allows(self, message: Claimed, now: datetime) -> bool:
        if message.kind is BatchKind.TEST:
            return True
        return self._open(now) and (not self._classes or message.class_key in self._classes)

    def scope(self, now: datetime) -> Scope:
        """What may be claimed for the line now."""
        return Scope(
            most_parts=self.remaining(now),
            tests_only=not self._open(now),
            classes=self._classes or None,
        )

    def _open(self, now: datetime) -> bool:
        return self._hours is None or self._hours.open_at(now)

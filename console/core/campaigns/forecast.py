"""When the last message of a campaign would leave, and how many would be left when its time is over. Pure.

Played through piece by piece: between two edges of anybody's hours, and over each midnight, everything stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from console.core.campaigns.capacity import Capacity, Power
from console.core.campaigns.schedule import Schedule, Span, Timetable, Unit
from console.core.compliance.times import Zone

_NOTHING = 1e-6  # parts
_MINUTES = {Unit.MINUTE: 1, Unit.HOUR: 60}


@dataclass(frozen=True, kw_only=True)
class Forecast:
    starts_at: datetime | None = None  # when the first may leave; None: never
    finish_at: datetime | None = None  # None: it would not be finished, or no line carries it
    left_over: int = 0  # messages that would never leave

    @property
    def takes(self) -> timedelta | None:
        if self.starts_at is None or self.finish_at is None:
            return None
        return self.finish_at - self.starts_at


def forecast(
    load: Capacity, table: Timetable, schedule: Schedule, messages: int, parts: int, now: datetime, zone: Zone
) -> Forecast:
    """``messages`` of ``parts`` altogether are still to leave, from ``now`` on."""
    starts = table.opening(now)
    if starts is None or not messages:
        return Forecast(starts_at=starts, finish_at=starts, left_over=messages)
    if not load.per_minute:
        return Forecast(starts_at=starts, left_over=messages)
    size = max(1.0, parts / messages)
    play = _Play(load, schedule, size, zone)
    todo = messages * size
    for piece, open_ in _pieces(table, load, now, zone):
        done, finish = play.piece(piece, todo if open_ else 0.0)
        todo -= done
        if finish is not None:
            ends = table.end if schedule.spread else finish
            return Forecast(starts_at=starts, finish_at=ends)
    return Forecast(starts_at=starts, left_over=math.ceil(todo / size))


class _Play:
    """What is left of the queue, of each line's quotas, and of the day's share of the campaign."""

    def __init__(self, load: Capacity, schedule: Schedule, size: float, zone: Zone) -> None:
        self._powers = load.powers
        self._queue = float(load.queued)
        self._pace = schedule.pace
        self._size = size  # parts a message
        self._zone = zone
        self._day: date | None = None
        self._month: tuple[int, int] | None = None
        self._left_today: dict[int, float] = {}
        self._left_this_month: dict[int, float] = {}
        self._share = math.inf  # parts that the pace still allows today

    def piece(self, span: Span, todo: float) -> tuple[float, datetime | None]:
        """Parts of ``todo`` that leave in it, and when the last of them does if it is all."""
        start, end = span
        self._turn(self._zone.local(start).date())
        open_ = [power for power in self._powers if power.hours is None or power.hours.open_at(start)]
        minutes, at, done = (end - start).total_seconds() / 60, 0.0, 0.0
        while at < minutes and (step := self._step(open_, minutes - at, todo - done)) is not None:
            took, own = step
            at, done = at + took, done + own
            if own and todo - done < _NOTHING:
                return todo, start + timedelta(minutes=at)
        return done, None

    def _step(self, lines: list[Power], minutes: float, todo: float) -> tuple[float, float] | None:
        """Until something changes: minutes, and parts of the campaign. None when nothing leaves any more."""
        able = {power: left for power in lines if (left := self._left(power.line_id)) >= _NOTHING}
        rate = sum(power.per_minute for power in able)
        ahead = self._queue >= _NOTHING
        whole = self._queue if ahead else min(todo, self._share)
        if not rate or whole < _NOTHING:
            return None
        use = rate if ahead else min(rate, self._rate())
        took = min(minutes, whole / use, *(left * rate / (use * power.per_minute) for power, left in able.items()))
        for power in able:
            part = use * took * power.per_minute / rate
            self._left_today[power.line_id] -= part
            self._left_this_month[power.line_id] -= part
        if ahead:
            self._queue -= use * took
            return took, 0.0
        self._share -= use * took
        return took, use * took

    def _left(self, line_id: int) -> float:
        return min(self._left_today[line_id], self._left_this_month[line_id])

    def _rate(self) -> float:
        """Parts a minute that the pace allows."""
        if self._pace is None or self._pace.unit is Unit.DAY:
            return math.inf
        return self._pace.most * self._size / _MINUTES[self._pace.unit]

    def _turn(self, day: date) -> None:
        if day != self._day:
            first = self._day is None
            self._day = day
            self._left_today = {p.line_id: _of(p.left_today if first else p.daily) for p in self._powers}
            if self._pace is not None and self._pace.unit is Unit.DAY:
                self._share = self._pace.most * self._size
        if (day.year, day.month) != self._month:
            first = self._month is None
            self._month = day.year, day.month
            self._left_this_month = {p.line_id: _of(p.left_this_month if first else p.monthly) for p in self._powers}


def _of(quota: int | None) -> float:
    return math.inf if quota is None else float(quota)


def _pieces(table: Timetable, load: Capacity, now: datetime, zone: Zone) -> Iterator[tuple[Span, bool]]:
    """From ``now`` to the end of the timetable, and whether the campaign is open."""
    at = now
    for start, end in table.spans:
        if end <= now:
            continue
        if at < start:
            yield from ((piece, False) for piece in _cut(at, start, load, zone))
        yield from ((piece, True) for piece in _cut(max(start, now), end, load, zone))
        at = end


def _cut(start: datetime, end: datetime, load: Capacity, zone: Zone) -> Iterator[Span]:
    """At midnight and at the edges of the hours of lines."""
    edges = {time()} | {
        edge for power in load.powers if power.hours for edge in (power.hours.opens, power.hours.closes)
    }
    first, last = zone.local(start).date(), zone.local(end).date()
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    moments = sorted({zone.utc(datetime.combine(day, edge)) for day in days for edge in edges})
    at = start
    for moment in moments:
        if at < moment < end:
            yield at, moment
            at = moment
    yield at, end

"""How many messages of a campaign may leave now, so that its pace is kept and an even spread stays even. Pure.

What has left is found by those who claim: between two looks at most those left that lines held at the first and do not
hold at the second, and of these only those whose rows say so. It is counted as if it had left at the second look, and
what lines hold counts as well, so that in no minute, hour or day more can leave than the pace says, whatever crashes
or stands still in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from console.core.campaigns.schedule import Pace, Timetable, Unit
from console.core.compliance.times import Zone

CATCH_UP = timedelta(seconds=10)  # of an even spread: what was missed before it is spread over what is left
APART = timedelta(seconds=10)  # that the clocks of two dispatchers may be, and that a commit may take
LONG_AGO = timedelta(minutes=30)  # rows are not asked further back: all that may have left is taken to have
RECOUNT = timedelta(hours=6)  # how long a large number of waiting messages is believed: counting takes a while
SURE = 2_000  # waiting messages up to which they are counted at every look
_SPANS = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}
_DAYS = timedelta(days=2)  # how long what left on a day is remembered
_PIECES = 60  # into which a span is cut, so that the memory stays short


@dataclass(frozen=True, kw_only=True)
class Flow:
    looked_at: datetime | None = None
    held: int = 0  # messages on lines after the last look, with what was then claimed
    since: datetime | None = None  # from when on rows are asked whether they left
    told: int = 0  # of those that left after ``since``: counted at former looks
    left: tuple[tuple[datetime, int], ...] = ()  # when at the latest, how many; the oldest first
    next_at: datetime | None = None  # of an even spread: when the next one is due
    waiting: int = 0  # messages, as far as is known
    counted_at: datetime | None = None  # when ``waiting`` was last counted in full

    def gone(self, held: int) -> int:
        """At most so many have left since the last look, when lines hold ``held`` now."""
        return max(0, self.held - held)

    def asks(self, now: datetime, held: int) -> datetime | None:
        """From when on rows have to be asked at this look; None when nothing can have left, or it is too long ago."""
        if not self.gone(held) or self.since is None or now - self.since > LONG_AGO:
            return None
        return self.since

    def seen(self, now: datetime, held: int, rows: tuple[int, int] | None, pace: Pace) -> Flow:
        """After a look. ``rows``: how many left after ``since``, and how many of them after ``now`` less ``APART``;
        None when they were not asked."""
        at_most = self.gone(held)
        gone, since, told = at_most, self.since, self.told
        if rows is not None:
            everything, lately = rows
            gone = max(0, min(at_most, everything - told))
            since, told = now - APART, max(0, told + gone - (everything - lately))
        elif at_most:
            since, told = now - APART, 0
        left = _remembered(self.left, now, pace)
        left = _with(left, now, gone, pace) if gone else left
        return replace(self, looked_at=now, held=held, left=left, since=since, told=told)

    def counted(self, waiting: int, now: datetime) -> Flow:
        return replace(self, waiting=waiting, counted_at=now)

    def stale(self, now: datetime) -> bool:
        return self.counted_at is None or not timedelta() <= now - self.counted_at < RECOUNT

    def took(self, number: int, now: datetime, spread: Timetable | None) -> Flow:
        """``number`` more were claimed at this look; ``spread``: over what they are spread evenly, if they are."""
        held, waiting = self.held + number, max(0, self.waiting - number)
        if number and (self.since is None or now - self.since > LONG_AGO):  # nothing has left for so long
            return replace(self, since=now - APART, told=0).took(number, now, spread)
        if spread is None or not number:
            return replace(self, held=held, waiting=waiting)
        due = max(self.next_at or now, now - CATCH_UP)
        following = due + number * _interval(spread, now, self.waiting)
        return replace(self, held=held, waiting=waiting, next_at=following)

    def dump(self) -> dict[str, Any]:
        return {
            "looked_at": _out(self.looked_at),
            "held": self.held,
            "since": _out(self.since),
            "told": self.told,
            "left": [[_out(at), number] for at, number in self.left],
            "next_at": _out(self.next_at),
            "waiting": self.waiting,
            "counted_at": _out(self.counted_at),
        }

    @staticmethod
    def load(record: Mapping[str, Any]) -> Flow:
        return Flow(
            looked_at=_in(record.get("looked_at")),
            held=record.get("held", 0),
            since=_in(record.get("since")),
            told=record.get("told", 0),
            left=tuple((datetime.fromisoformat(at), number) for at, number in record.get("left", ())),
            next_at=_in(record.get("next_at")),
            waiting=record.get("waiting", 0),
            counted_at=_in(record.get("counted_at")),
        )


def pace_room(pace: Pace, flow: Flow, now: datetime, zone: Zone) -> int:
    """Messages that lines may still take on; ``flow`` has just been brought up to date."""
    return max(0, pace.most - _used(pace, flow, now, zone) - flow.held)


def pace_opens(pace: Pace, flow: Flow, now: datetime, zone: Zone) -> datetime | None:
    """When there is room again, if nothing that lines hold leaves; None when there is, or when they hold it all."""
    if pace_room(pace, flow, now, zone) or flow.held >= pace.most:
        return None
    if pace.unit is Unit.DAY:
        tomorrow = zone.local(now).date() + timedelta(days=1)
        return zone.utc(datetime.combine(tomorrow, datetime.min.time()))
    span = _SPANS[pace.unit]
    return next((at + span for at, _ in flow.left if at + span > now), None)


def spread_room(flow: Flow, timetable: Timetable, now: datetime) -> int:
    """Messages that are due by now when what waits is spread over what is left of the open time."""
    if not flow.waiting or not timetable.open_at(now):
        return 0
    due = flow.next_at or now
    if now < due:
        return 0
    behind = min(now - due, CATCH_UP)
    interval = _interval(timetable, now, flow.waiting)
    return min(flow.waiting, 1 + behind // interval) if interval else flow.waiting


def _interval(timetable: Timetable, now: datetime, waiting: int) -> timedelta:
    return timetable.left(now) / max(1, waiting)


def _used(pace: Pace, flow: Flow, now: datetime, zone: Zone) -> int:
    if pace.unit is Unit.DAY:
        today = zone.local(now).date()
        return sum(number for at, number in flow.left if zone.local(at).date() == today)
    return sum(number for at, number in flow.left if at > now - _SPANS[pace.unit])


def _remembered(left: tuple[tuple[datetime, int], ...], now: datetime, pace: Pace) -> tuple[tuple[datetime, int], ...]:
    since = now - _SPANS.get(pace.unit, _DAYS)
    return tuple(entry for entry in left if entry[0] > since)


def _with(
    left: tuple[tuple[datetime, int], ...], now: datetime, number: int, pace: Pace
) -> tuple[tuple[datetime, int], ...]:
    """One entry a piece of the span, with the time of its newest: late rather than early."""
    piece = _SPANS.get(pace.unit, timedelta(minutes=30)) / _PIECES
    if left and _piece(left[-1][0], piece) == _piece(now, piece):
        return (*left[:-1], (max(now, left[-1][0]), left[-1][1] + number))
    return (*left, (now, number))


def _piece(at: datetime, length: timedelta) -> int:
    return int(at.timestamp() // length.total_seconds())


def _out(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _in(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)

"""What the lines can take of a campaign: which of them carry it, how fast each goes, what is left of their quotas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from console.core.sending.pacing import Hours, begins, day_of, month_of
from db import outbox_lines
from db.models import Batch, BatchState, Line, LineState, Message, MessageState
from db.outbox_batches import Obstacle, OpenBatch, obstacle

USUAL_PACE = 20  # parts a minute of a modem that has sent too little to be measured
MEASURED_OVER = timedelta(minutes=10)
_NEWEST = 200  # messages that tell how many parts one has
_ENOUGH = 20  # parts within MEASURED_OVER that make a measurement
_IN_FLIGHT = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)
_OPEN = select(Batch.id, Batch.priority, Batch.line_id, Batch.schedule, Batch.messages, Batch.parts).where(
    Batch.state == BatchState.OPEN
)


@dataclass(frozen=True, kw_only=True)
class Power:
    """What one line can do."""

    line_id: int = 0
    name: str = ""
    state: LineState = LineState.READY
    per_minute: float  # parts
    hours: Hours | None = None  # None: at any
    daily: int | None = None  # parts; None: any number
    monthly: int | None = None
    left_today: int | None = None
    left_this_month: int | None = None


@dataclass(frozen=True, kw_only=True)
class Capacity:
    powers: tuple[Power, ...] = ()  # of the lines that may carry it, by name
    queued: int = 0  # parts that go before it
    measured: bool = False  # from what was really sent in the last minutes
    hindered: dict[Obstacle, tuple[str, ...]] = field(default_factory=dict)  # the other lines by what hinders them

    @property
    def lines(self) -> int:
        return len(self.powers)

    @property
    def per_minute(self) -> float:
        """Parts, of all lines together."""
        return sum(power.per_minute for power in self.powers)

    def takes(self, parts: int) -> timedelta | None:
        """How long the lines work at ``parts`` more; None without a line."""
        return timedelta(minutes=(self.queued + parts) / self.per_minute) if self.per_minute else None


def capacity(session: Session, asked: OpenBatch, now: datetime, *, priority: int | None = None) -> Capacity:
    """For a batch as it stands or would stand. ``priority``: others after it do not hold it up; None: all do."""
    return Survey(session, now).capacity(asked, priority=priority)


class Survey:
    """The lines and the queue at one moment. What several batches ask of it is read once."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self._lines = session.scalars(select(Line).order_by(Line.name)).all()
        self._sent = _measured(session, [line.id for line in self._lines], now)
        self._most: int | None = None
        self._powers: dict[int, Power] = {}
        self._waiting: dict[int, int] = {}
        self._open = session.execute(_OPEN.where(or_(Batch.not_before.is_(None), Batch.not_before <= now))).all()

    def capacity(self, asked: OpenBatch, *, priority: int | None = None) -> Capacity:
        powers: list[Power] = []
        hindered: dict[Obstacle, tuple[str, ...]] = {}
        for line in self._lines:
            why = obstacle(asked, line.id, line.classes, enabled=line.enabled)
            if why is None:
                powers.append(self._power(line))
            elif why is not Obstacle.OFF or line.id in asked.lines:
                hindered[why] = (*hindered.get(why, ()), line.name)
        return Capacity(
            powers=tuple(powers),
            queued=self._queued(asked, priority),
            measured=bool(powers) and all(power.line_id in self._sent for power in powers),
            hindered=hindered,
        )

    def ask_at_most(self, parts: int) -> None:
        """No more than so many are played through. A quota that leaves as many is not counted to the last part:
        what is then said to be left of it is the least that is."""
        self._most = parts

    def waiting(self, batch_ids: Sequence[int]) -> dict[int, int]:
        """Messages that have not left, of each of these batches."""
        unknown = [each for each in batch_ids if each not in self._waiting]
        if unknown:
            query = (
                select(Message.batch_id, func.count())
                .where(Message.batch_id.in_(unknown), Message.state.in_(_IN_FLIGHT))
                .group_by(Message.batch_id)
            )
            self._waiting |= dict.fromkeys(unknown, 0) | dict(self._session.execute(query).all())
        return {each: self._waiting[each] for each in batch_ids}

    def _power(self, line: Line) -> Power:
        if line.id not in self._powers:
            self._powers[line.id] = _power(self._session, line, self._sent.get(line.id, 0.0), self._now, self._most)
        return self._powers[line.id]

    def _queued(self, asked: OpenBatch, priority: int | None) -> int:
        """Parts of open batches that go as fast as the lines do; of each as many as its messages are on average."""
        ahead = [
            batch
            for batch in self._open
            if batch.id != asked.id
            and (priority is None or batch.priority <= priority)
            and _ahead(asked, batch.line_id, batch.schedule or {})
        ]
        waiting = self.waiting([batch.id for batch in ahead])
        return sum(round(waiting[batch.id] * batch.parts / max(1, batch.messages)) for batch in ahead)


def _power(session: Session, line: Line, measured: float, now: datetime, most: int | None) -> Power:
    hours = None
    if line.opens_at is not None and line.closes_at is not None:
        hours = Hours(opens=line.opens_at, closes=line.closes_at)
    limits = [line.pace_per_minute, line.hourly_quota / 60 if line.hourly_quota is not None else None]
    rate = min([measured or USUAL_PACE, *(limit for limit in limits if limit is not None)])
    return Power(
        line_id=line.id,
        name=line.name,
        state=line.state,
        per_minute=rate,
        hours=hours,
        daily=line.daily_quota,
        monthly=line.monthly_quota,
        left_today=_left(session, line.id, line.daily_quota, begins(day_of(now)), most),
        left_this_month=_left(session, line.id, line.monthly_quota, begins(month_of(now)), most),
    )


def _left(session: Session, line_id: int, quota: int | None, since: datetime, most: int | None) -> int | None:
    if quota is None:
        return None
    if most is not None and most <= quota:
        least = quota - outbox_lines.parts_tried_since(session, line_id, since)
        if least >= most:
            return least
    used, _ = outbox_lines.parts_left_since(session, line_id, since)
    return max(0, quota - used)


def _measured(session: Session, line_ids: Sequence[int], now: datetime) -> dict[int, float]:
    """Parts a minute by line, over the time between its first and last acceptance of the last minutes.

    How many parts a message has is taken from the last ones: the messages alone are counted within an index.
    """
    rates = {}
    for line_id in line_ids:
        lately = Message.line_id == line_id, Message.accepted_at > now - MEASURED_OVER
        counted = select(func.count(), func.min(Message.accepted_at), func.max(Message.accepted_at)).where(*lately)
        messages, first, last = session.execute(counted).one()
        if first is None or last is None:
            continue
        newest = select(Message.parts).where(*lately).order_by(Message.accepted_at.desc()).limit(_NEWEST).subquery()
        parts = messages * float(session.scalar(select(func.avg(newest.c.parts))) or 0)
        minutes = (last - first).total_seconds() / 60
        if parts >= _ENOUGH and minutes:
            rates[line_id] = parts / minutes
    return rates


def _ahead(asked: OpenBatch, line_id: int | None, schedule: dict[str, object]) -> bool:
    if schedule.get("spread") or schedule.get("pace"):
        return False
    lines = schedule.get("lines")
    theirs = {line_id} if line_id is not None else set(lines if isinstance(lines, list) else ())
    return not theirs or not asked.lines or bool(theirs & asked.lines)

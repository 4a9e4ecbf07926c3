"""What the lines can take of a campaign: which of them carry it, how fast each goes, what is left of their quotas."""

from __future__ import annotations

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
_ENOUGH = 20  # parts within MEASURED_OVER that make a measurement
_IN_FLIGHT = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)


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
    found = session.scalars(select(Line).order_by(Line.name)).all()
    sent = _measured(session, now)
    powers: list[Power] = []
    hindered: dict[Obstacle, tuple[str, ...]] = {}
    for line in found:
        why = obstacle(asked, line.id, line.classes, enabled=line.enabled)
        if why is None:
            powers.append(_power(session, line, sent.get(line.id, 0.0), now))
        elif why is not Obstacle.OFF or line.id in asked.lines:
            hindered[why] = (*hindered.get(why, ()), line.name)
    return Capacity(
        powers=tuple(powers),
        queued=_queued(session, asked, priority, now),
        measured=bool(powers) and all(power.line_id in sent for power in powers),
        hindered=hindered,
    )


def _power(session: Session, line: Line, measured: float, now: datetime) -> Power:
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
        left_today=_left(session, line.id, line.daily_quota, begins(day_of(now))),
        left_this_month=_left(session, line.id, line.monthly_quota, begins(month_of(now))),
    )


def _left(session: Session, line_id: int, quota: int | None, since: datetime) -> int | None:
    if quota is None:
        return None
    used, _ = outbox_lines.parts_left_since(session, line_id, since)
    return max(0, quota - used)


def _measured(session: Session, now: datetime) -> dict[int, float]:
    """Parts a minute by line, over the time between its first and last acceptance of the last minutes."""
    query = (
        select(
            Message.line_id,
            func.sum(Message.parts),
            func.min(Message.accepted_at),
            func.max(Message.accepted_at),
        )
        .where(Message.line_id.is_not(None), Message.accepted_at > now - MEASURED_OVER)
        .group_by(Message.line_id)
    )
    rates = {}
    for line, parts, first, last in session.execute(query):
        if line is None or first is None or last is None or parts < _ENOUGH:
            continue
        if minutes := (last - first).total_seconds() / 60:
            rates[line] = parts / minutes
    return rates


def _queued(session: Session, asked: OpenBatch, priority: int | None, now: datetime) -> int:
    """Parts of open batches that go as fast as the lines do; of each as many as its messages are on average."""
    query = select(Batch.id, Batch.line_id, Batch.schedule, Batch.messages, Batch.parts).where(
        Batch.state == BatchState.OPEN, Batch.id != asked.id, or_(Batch.not_before.is_(None), Batch.not_before <= now)
    )
    if priority is not None:
        query = query.where(Batch.priority <= priority)
    ahead = [batch for batch in session.execute(query) if _ahead(asked, batch.line_id, batch.schedule or {})]
    waiting = _waiting(session, [batch.id for batch in ahead])
    return sum(round(waiting.get(batch.id, 0) * batch.parts / max(1, batch.messages)) for batch in ahead)


def _ahead(asked: OpenBatch, line_id: int | None, schedule: dict[str, object]) -> bool:
    if schedule.get("spread") or schedule.get("pace"):
        return False
    lines = schedule.get("lines")
    theirs = {line_id} if line_id is not None else set(lines if isinstance(lines, list) else ())
    return not theirs or not asked.lines or bool(theirs & asked.lines)


def _waiting(session: Session, batch_ids: list[int]) -> dict[int, int]:
    query = (
        select(Message.batch_id, func.count())
        .where(Message.batch_id.in_(batch_ids), Message.state.in_(_IN_FLIGHT))
        .group_by(Message.batch_id)
    )
    return dict(session.execute(query).all()) if batch_ids else {}

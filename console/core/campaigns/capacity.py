"""How fast the lines can take what is planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.compliance.policy import ContactHours, Policy
from console.core.compliance.times import Hours
from db.models import Batch, BatchState, Line, Message, MessageState

USUAL_PACE = 20  # parts a minute of a modem that has sent too little to be measured
MEASURED_OVER = timedelta(minutes=10)
_LOOK_AHEAD = 120  # openings
_ENOUGH = 20  # parts within MEASURED_OVER that make a measurement
_IN_FLIGHT = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    lines: int  # that may be used
    per_minute: float  # parts, of all of them together
    queued: int  # parts that are ahead in open batches
    measured: bool  # from what was really sent in the last minutes

    def takes(self, parts: int) -> timedelta | None:
        """How long the lines work at ``parts`` more; None without a line."""
        return timedelta(minutes=(self.queued + parts) / self.per_minute) if self.per_minute else None

    def finish(self, starts: datetime, parts: int, contact: ContactHours | None, policy: Policy) -> datetime | None:
        """When the last of ``parts`` would leave, begun at ``starts`` and within the contact hours of its class.

        None without a line, or when it would take longer than can be told.
        """
        needed = self.takes(parts)
        if needed is None or contact is None:
            return None if needed is None else starts + needed
        at = contact.hours.opening(starts, policy.zone, policy.calendar)
        for _day in range(_LOOK_AHEAD):
            closes = _closing(contact.hours, at, policy)
            if at + needed <= closes:
                return at + needed
            needed -= closes - at
            at = contact.hours.opening(closes, policy.zone, policy.calendar)
        return None


def _closing(hours: Hours, at: datetime, policy: Policy) -> datetime:
    """The end of the opening that holds ``at``."""
    wall = policy.zone.local(at)
    past_midnight = hours.end <= hours.start and wall.time() >= hours.start
    day = wall.date() + timedelta(days=1 if past_midnight else 0)
    return policy.zone.utc(datetime.combine(day, hours.end))


def capacity(session: Session, line_id: int | None, now: datetime) -> Capacity:
    """``line_id`` None: any line that is switched on."""
    wanted = Line.enabled.is_(True) if line_id is None else Line.id == line_id
    lines = session.execute(select(Line.id, Line.pace_per_minute).where(wanted)).all()
    sent = _measured(session, now)
    rates = {line: _rate(sent.get(line, 0.0), pace) for line, pace in lines}
    return Capacity(
        lines=len(rates),
        per_minute=sum(rates.values()),
        queued=_queued(session, line_id),
        measured=bool(rates) and all(line in sent for line in rates),
    )


def _rate(measured: float, pace: int | None) -> float:
    rate = measured or USUAL_PACE
    return min(rate, pace) if pace else rate


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


def _queued(session: Session, line_id: int | None) -> int:
    query = (
        select(func.coalesce(func.sum(Message.parts), 0))
        .join(Batch, Batch.id == Message.batch_id)
        .where(Batch.state == BatchState.OPEN, Message.state.in_(_IN_FLIGHT))
    )
    if line_id is not None:
        query = query.where(Batch.line_id.is_(None) | (Batch.line_id == line_id))
    return session.scalar(query) or 0

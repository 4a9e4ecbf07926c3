"""What the status bar says: lines, queue, today's figures, and whether anybody sends at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from console.core.processes import is_alive
from console.core.sending.machine import machine_id
from console.core.sending.stops import Stopped, stops
from console.core.sending.timepiece import doubt
from db.models import Batch, BatchState, Control, Discrepancy, Dispatcher, Line, LineState, Message, MessageState

ALIVE_WITHIN = timedelta(seconds=30)  # a dispatcher that has not shown itself for longer is taken for gone
USUAL_RATE = 20.0  # messages a minute of a modem that has not sent enough lately to be measured
_MEASURED_OVER = timedelta(minutes=10)
_ENOUGH = 10
_OUTGOING = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)
_FAILED = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    lines_ready: int
    lines_fault: int  # that are switched on and cannot send now
    lines_total: int  # that are switched on
    queued: int  # messages of open batches that have not left yet
    held: int  # messages of paused batches
    minutes_left: int | None  # for what is queued; None: nothing queued, stopped, or no line can send
    accepted_today: int  # taken by a line today, whatever became of it
    delivered_today: int
    failed_today: int
    unknown: int  # outcomes that a person has to decide, of any day
    stopped: bool  # the global stop is on
    clock_doubt: datetime | None = None  # what the database has seen already, while the clock here shows less
    discrepancies: int = 0  # between the records, that nobody has settled
    stops: tuple[Stopped, ...] = ()  # that one, and the classes that are stopped
    dispatcher_alive: bool
    dispatcher_pid: int | None
    dispatcher_host: str


def snapshot(session: Session, now: datetime) -> Snapshot:
    """Reads only indexes and small tables, so it may be asked every few seconds whatever the outbox holds."""
    lines = dict(
        session.execute(select(Line.state, func.count()).where(Line.enabled.is_(True)).group_by(Line.state)).all()
    )
    ready = lines.get(LineState.READY, 0)
    stopped = bool(session.scalar(select(Control.stopped)))
    today = _since_midnight(session, now)
    queued = _outgoing(session, BatchState.OPEN)
    alive = _living(session, now)
    return Snapshot(
        lines_ready=ready,
        lines_fault=lines.get(LineState.FAULT, 0) + lines.get(LineState.STOPPED, 0),
        lines_total=sum(lines.values()),
        queued=queued,
        held=_outgoing(session, BatchState.PAUSED),
        minutes_left=None if stopped or alive is None else _minutes(session, queued, ready, now),
        accepted_today=_accepted_since(session, midnight(now)),
        delivered_today=today.get(MessageState.DELIVERED, 0),
        failed_today=sum(today.get(state, 0) for state in _FAILED),
        unknown=_count(session, select(func.count()).where(Message.state == MessageState.UNKNOWN)),
        stopped=stopped,
        discrepancies=_count(session, select(func.count()).where(Discrepancy.settled_at.is_(None))),
        stops=stops(session),
        clock_doubt=doubt(session, now),
        dispatcher_alive=alive is not None,
        dispatcher_pid=alive.pid if alive else None,
        dispatcher_host=alive.host if alive else "",
    )


def midnight(now: datetime) -> datetime:
    """The beginning of the office's day."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def _living(session: Session, now: datetime) -> Dispatcher | None:
    """The liveliest dispatcher; one of this computer whose process is gone does not count."""
    query = (
        select(Dispatcher)
        .where(Dispatcher.stopped_at.is_(None), Dispatcher.heartbeat_at > now - ALIVE_WITHIN)
        .order_by(Dispatcher.heartbeat_at.desc())
    )
    here = machine_id()
    return next((row for row in session.scalars(query) if row.machine != here or is_alive(row.pid)), None)


def _outgoing(session: Session, state: BatchState) -> int:
    batches = session.scalars(select(Batch.id).where(Batch.state == state)).all()
    query = select(func.count()).where(Message.batch_id.in_(batches), Message.state.in_(_OUTGOING))
    return _count(session, query) if batches else 0


def _since_midnight(session: Session, now: datetime) -> dict[MessageState, int]:
    query = select(Message.state, func.count()).where(Message.done_at >= midnight(now)).group_by(Message.state)
    return dict(session.execute(query).all())


def _accepted_since(session: Session, since: datetime) -> int:
    lines = session.scalars(select(Line.id)).all()
    query = select(func.count()).where(Message.line_id.in_(lines), Message.accepted_at >= since)
    return _count(session, query)


def _minutes(session: Session, queued: int, ready: int, now: datetime) -> int | None:
    if not queued or not ready:
        return None
    sent = _accepted_since(session, now - _MEASURED_OVER)
    rate = ready * USUAL_RATE
    if sent >= _ENOUGH:
        lines = session.scalars(select(Line.id)).all()
        recent = Message.line_id.in_(lines), Message.accepted_at >= now - _MEASURED_OVER
        first = session.scalar(select(func.min(Message.accepted_at)).where(*recent))
        minutes = max((now - first).total_seconds() / 60, 1 / 6) if first else _MEASURED_OVER.total_seconds() / 60
        rate = sent / minutes
    return max(1, math.ceil(queued / rate))


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0

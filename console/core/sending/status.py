"""What the status bar says: lines, queue, today's figures, and whether anybody sends at all."""

from __future__ import annotations

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
_OUTGOING = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)
_FAILED = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    lines_ready: int
    lines_fault: int  # that are switched on and cannot send now
    lines_total: int  # that are switched on
    queued: int  # messages of open batches that have not left yet
    held: int  # messages of paused batches
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
    delivered, failed = _ended_since(session, midnight(now))
    alive = _living(session, now)
    return Snapshot(
        lines_ready=lines.get(LineState.READY, 0),
        lines_fault=lines.get(LineState.FAULT, 0) + lines.get(LineState.STOPPED, 0),
        lines_total=sum(lines.values()),
        queued=_outgoing(session, BatchState.OPEN),
        held=_outgoing(session, BatchState.PAUSED),
        accepted_today=_accepted_since(session, midnight(now)),
        delivered_today=delivered,
        failed_today=failed,
        unknown=_count(session, select(func.count()).where(Message.state == MessageState.UNKNOWN)),
        stopped=bool(session.scalar(select(Control.stopped))),
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


def _ended_since(session: Session, since: datetime) -> tuple[int, int]:
    """Delivered and failed; not grouped by state, for that leads SQLite through the index of another one."""
    delivered = func.count().filter(Message.state == MessageState.DELIVERED)
    failed = func.count().filter(Message.state.in_(_FAILED))
    row = session.execute(select(delivered, failed).where(Message.done_at >= since)).one()
    return row[0], row[1]


def _accepted_since(session: Session, since: datetime) -> int:
    lines = session.scalars(select(Line.id)).all()
    query = select(func.count()).where(Message.line_id.in_(lines), Message.accepted_at >= since)
    return _count(session, query)


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0

"""Runs of the dispatcher and the lines they hold: heartbeats, leases, health and faults as other processes see them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from db.models import Control, Dispatcher, Line, LineState, Message, MessagePart, MessageState, PartState

_LEFT = (
    PartState.SENDING,
    PartState.ACCEPTED,
    PartState.DELIVERED,
    PartState.FORWARDED,
    PartState.FAILED,
    PartState.EXPIRED,
    PartState.UNKNOWN,
)


_NOBODYS = {
    "state": LineState.OFF,
    "owner": "",
    "lease_until": None,
    "step": "",
    "step_text": "",
    "next_look_at": None,
}


@dataclass(frozen=True, kw_only=True)
class LineRow:
    line_id: int
    name: str
    kind: str
    address: str
    options: Mapping[str, Any]
    enabled: bool
    pace_per_minute: int | None
    hourly_quota: int | None
    daily_quota: int | None
    monthly_quota: int | None
    opens_at: time | None
    closes_at: time | None
    classes: tuple[str, ...]
    priority: int


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """What a run hears when it shows that it lives."""

    stop_requested: bool
    buried: bool  # others took it for dead and closed its row
    stopped: bool  # the global stop
    lines: frozenset[int]  # that it still holds


@dataclass(frozen=True, kw_only=True)
class RunRow:
    run: str
    host: str
    machine: str
    pid: int
    heartbeat_at: datetime


def start_run(session: Session, run: str, *, host: str, machine: str, pid: int, now: datetime) -> None:
    session.add(Dispatcher(run=run, host=host, machine=machine, pid=pid, started_at=now, heartbeat_at=now))


def end_run(session: Session, run: str, now: datetime) -> None:
    session.execute(update(Dispatcher).where(Dispatcher.run == run).values(stopped_at=now))


def beat(session: Session, run: str, now: datetime, lease_until: datetime) -> Pulse:
    """Show that the run lives; prolong its lines, and its claims that have come to half of their time."""
    alive = session.execute(
        update(Dispatcher)
        .where(Dispatcher.run == run, Dispatcher.stopped_at.is_(None))
        .values(heartbeat_at=now)
        .returning(Dispatcher.stop_requested)
    ).first()
    session.execute(
        update(Message)
        .where(
            Message.state.in_((MessageState.CLAIMED, MessageState.SENDING)),
            Message.owner == run,
            Message.lease_until <= now + (lease_until - now) / 2,
        )
        .values(lease_until=lease_until)
    )
    lines = session.scalars(
        update(Line).where(Line.owner == run).values(lease_until=lease_until).returning(Line.id)
    ).all()
    stopped = session.scalar(select(Control.stopped))
    return Pulse(
        stop_requested=alive is not None and alive.stop_requested,
        buried=alive is None,
        stopped=bool(stopped),
        lines=frozenset(lines),
    )


def request_stop(session: Session, machine: str) -> int:
    """Ask the dispatchers on one computer to finish what is on the air and end; how many were asked."""
    asked = session.execute(
        update(Dispatcher)
        .where(Dispatcher.machine == machine, Dispatcher.stopped_at.is_(None), Dispatcher.stop_requested.is_(False))
        .values(stop_requested=True)
        .returning(Dispatcher.run)
    )
    return len(asked.all())


def running(session: Session) -> list[RunRow]:
    """The runs that have not ended in order, the liveliest first."""
    query = select(Dispatcher.run, Dispatcher.host, Dispatcher.machine, Dispatcher.pid, Dispatcher.heartbeat_at).where(
        Dispatcher.stopped_at.is_(None)
    )
    return [RunRow(**row._mapping) for row in session.execute(query.order_by(Dispatcher.heartbeat_at.desc()))]


def dead_runs(
    session: Session, *, own: str, machine: str, silent_since: datetime, exists: Callable[[int], bool]
) -> list[str]:
    """Other runs that can not be sending any more: silent for a whole lease, or their process on this one is gone.

    A computer is known by its ``machine``: two may have the same name, and one's process is no news of the other's.
    """
    return [
        row.run
        for row in running(session)
        if row.run != own and (row.heartbeat_at <= silent_since or (row.machine == machine and not exists(row.pid)))
    ]


def lines(session: Session) -> list[LineRow]:
    query = select(
        Line.id.label("line_id"),
        Line.name,
        Line.kind,
        Line.address,
        Line.options,
        Line.enabled,
        Line.pace_per_minute,
        Line.hourly_quota,
        Line.daily_quota,
        Line.monthly_quota,
        Line.opens_at,
        Line.closes_at,
        Line.classes,
        Line.priority,
    )
    rows = session.execute(query.order_by(Line.id))
    return [LineRow(**{**row._mapping, "classes": tuple(row.classes)}) for row in rows]


def known_identity(session: Session, line_id: int) -> Mapping[str, Any]:
    """Who the line's modem was when it was last open, as in gsm.messages.LineIdentity."""
    return session.scalar(select(Line.identity).where(Line.id == line_id)) or {}


def last_submissions(session: Session, line_id: int, since: datetime) -> tuple[str, int]:
    """The last reference the line gave ("" when it gave none lately) and how many parts it left without since."""
    tried = select(MessagePart.reference).where(
        MessagePart.line_id == line_id, MessagePart.sending_at >= since, MessagePart.state.in_(_LEFT)
    )
    unanswered = 0
    for reference in session.scalars(tried.order_by(MessagePart.sending_at.desc(), MessagePart.id.desc()).limit(64)):
        if reference:
            return reference, unanswered
        unanswered += 1
    return "", unanswered


def move_line(session: Session, line_id: int, old: str, new: str) -> bool:
    """Its modem is at another port now; False when a person has changed the address meanwhile, or somebody has it."""
    taken = select(Line.id).where(Line.address == new, Line.id != line_id, Line.enabled.is_(True))
    if session.scalar(taken) is not None:
        return False
    moved = session.execute(
        update(Line).where(Line.id == line_id, Line.address == old).values(address=new).returning(Line.id)
    )
    return moved.first() is not None


def change_places(session: Session, line_id: int, address: str, imei: str) -> int | None:
    """Two lines whose modems were plugged in the other way round: their addresses are exchanged.

    ``imei`` is what answered at ``address``. The other line's id; this line's own when its address has been changed
    already; None when the modem is this line's, or nobody's that is switched on.
    """
    rows = session.execute(
        select(Line.id, Line.address, Line.identity).where(Line.enabled.is_(True)).with_for_update()
    ).all()
    own = next((row for row in rows if row.id == line_id), None)
    if own is not None and own.address != address:
        return line_id
    other = next((row for row in rows if row.id != line_id and (row.identity or {}).get("imei") == imei), None)
    known = (own.identity or {}).get("imei") if own is not None else ""
    if own is None or other is None or not known or known == imei:
        return None
    session.execute(update(Line).where(Line.id == own.id).values(address=other.address))
    session.execute(update(Line).where(Line.id == other.id).values(address=own.address))
    return int(other.id)


def errand(session: Session, line_id: int) -> str:
    """What a person has asked of the line; empty for nothing."""
    return session.scalar(select(Line.errand).where(Line.id == line_id)) or ""


def acquire_line(session: Session, line_id: int, run: str, now: datetime, lease_until: datetime) -> bool:
    """Hold the line, and with it the device, unless another run does."""
    free = or_(Line.owner == "", Line.owner == run, Line.lease_until.is_(None), Line.lease_until <= now)
    taken = session.execute(
        update(Line)
        .where(Line.id == line_id, Line.enabled.is_(True), free)
        .values(owner=run, lease_until=lease_until)
        .returning(Line.id)
    )
    return taken.first() is not None


def release_line(session: Session, line_id: int, run: str) -> None:
    session.execute(update(Line).where(Line.id == line_id, Line.owner == run).values(owner="", lease_until=None))


def show_line(session: Session, line_id: int, run: str, values: Mapping[str, object]) -> None:
    """State, fault, identity or health of a line, unless another run holds it."""
    session.execute(update(Line).where(Line.id == line_id, or_(Line.owner == run, Line.owner == "")).values(**values))


def switch_off_lines(session: Session, run: str) -> None:
    """A run ends: its lines are served by nobody."""
    session.execute(update(Line).where(Line.owner == run).values(**_NOBODYS))


def parts_left_since(session: Session, line_id: int, since: datetime) -> tuple[int, datetime | None]:
    """Parts that left over the line, or may have, and when the last one did: what a quota and a pace count."""
    row = session.execute(
        select(func.count(), func.max(MessagePart.sending_at)).where(
            MessagePart.line_id == line_id, MessagePart.sending_at >= since, MessagePart.state.in_(_LEFT)
        )
    ).one()
    return row[0], row[1]


def parts_tried_since(session: Session, line_id: int, since: datetime) -> int:
    """No fewer than left over the line: those that came back unsent are counted, too. Answered by an index alone."""
    tried = select(func.count()).where(MessagePart.line_id == line_id, MessagePart.sending_at >= since)
    return session.scalar(tried) or 0


def moments_left_since(session: Session, line_id: int, since: datetime, most: int) -> list[datetime]:
    """When the newest parts left, the oldest first, at most ``most``."""
    query = (
        select(MessagePart.sending_at)
        .where(MessagePart.line_id == line_id, MessagePart.sending_at > since, MessagePart.state.in_(_LEFT))
        .order_by(MessagePart.sending_at.desc())
        .limit(most)
    )
    return list(session.scalars(query))[::-1]


def bury(session: Session, runs: Collection[str], now: datetime) -> None:
    """Close the rows of dead runs and free their lines."""
    session.execute(update(Dispatcher).where(Dispatcher.run.in_(runs)).values(stopped_at=now))
    session.execute(update(Line).where(Line.owner.in_(runs)).values(**_NOBODYS))

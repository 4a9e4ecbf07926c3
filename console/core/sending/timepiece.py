"""Whether the clock of this computer can be right: contact hours, caps and approvals all hang on it.

A clock that shows less than the database has already seen is wrong: an empty battery puts it years back, a hand an
hour. Nothing is claimed while it is. Where it was the past that was wrong, a person says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.security.permissions import Permission
from db import marks
from db.models import AuditEntry, Dispatcher, Message

TOLERANCE = timedelta(minutes=5)


def doubt(session: Session, now: datetime) -> datetime | None:
    """The latest moment that the database has seen, when ``now`` lies well before it; else None."""
    seen = latest(session)
    if seen is None or seen - now <= TOLERANCE:
        return None
    trusted = marks.get(session, marks.CLOCK_TRUSTED)
    return None if trusted is not None and seen <= trusted else seen


def latest(session: Session) -> datetime | None:
    """Reads the ends of three indexes; that of the messages has only those that left, which the query must say."""
    decided = session.scalar(select(AuditEntry.at).order_by(AuditEntry.id.desc()).limit(1))
    left = session.scalar(select(func.max(Message.sending_at)).where(Message.sending_at.is_not(None)))
    lived = session.scalar(select(func.max(Dispatcher.heartbeat_at)))
    return max((moment for moment in (decided, left, lived) if moment is not None), default=None)


def trust_clock(ctx: Context) -> Change:
    """The clock is right, and what the database has seen later was written by a wrong one. Raises NotPermitted."""
    ctx.require(Permission.SENDING_RESUME)
    with ctx.database.begin() as session:
        seen = doubt(session, ctx.clock.now())
        if seen is not None:
            marks.put(session, marks.CLOCK_TRUSTED, seen)
            ctx.audit(session, "sending.trust_clock", "sending", seen=seen)
    return Change.of(Topic.OUTBOX)

"""What dead dispatchers left behind, and batches that must not go on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from db.models import Batch, BatchState, Message, MessagePart, MessageState, PartState


def free_claims(session: Session, dead: Collection[str], now: datetime) -> int:
    """Claims of dead runs, and claims whose lease ran out, wait again: nothing of them has left (I3)."""
    return _free(session, Message.owner.in_(dead)) + _free(session, Message.lease_until <= now)


def free_forgotten(session: Session, run: str, held: Collection[int]) -> int:
    """Claims of a living run that it does not know of: the answer to their commit got lost."""
    rows = session.scalars(select(Message.id).where(Message.state == MessageState.CLAIMED, Message.owner == run)).all()
    forgotten = sorted(set(rows) - set(held))
    return _free(session, Message.id.in_(forgotten) & (Message.owner == run)) if forgotten else 0


def _free(session: Session, which: ColumnElement[bool]) -> int:
    freed = session.execute(
        update(Message)
        .where(Message.state == MessageState.CLAIMED, which)
        .values(state=MessageState.WAITING, owner="", lease_until=None, line_id=None)
    )
    return _count(freed)


def give_up_sending(session: Session, dead: Collection[str], reason: str, reason_text: str) -> int:
    """What dead runs were sending may have left: unknown, and never sent again by the program (I3)."""
    if not dead:
        return 0
    lost = select(Message.id).where(Message.state == MessageState.SENDING, Message.owner.in_(dead))
    session.execute(
        update(MessagePart)
        .where(MessagePart.message_id.in_(lost), MessagePart.state == PartState.SENDING)
        .values(state=PartState.UNKNOWN, error=reason)
    )
    given_up = session.execute(
        update(Message)
        .where(Message.state == MessageState.SENDING, Message.owner.in_(dead))
        .values(state=MessageState.UNKNOWN, reason=reason, reason_text=reason_text, owner="", lease_until=None)
    )
    return _count(given_up)


def give_up_waiting(session: Session, limit: int, reason: str, reason_text: str) -> int:
    """Up to ``limit`` messages of open and paused batches that had not left when a copy was made: unknown now."""
    query = (
        select(Message.id)
        .join(Batch, Batch.id == Message.batch_id)
        .where(
            Batch.state.in_((BatchState.OPEN, BatchState.PAUSED)),
            Message.state.in_((MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)),
        )
        .limit(limit)
    )
    ids = session.scalars(query).all()
    session.execute(
        update(MessagePart)
        .where(MessagePart.message_id.in_(ids), MessagePart.state == PartState.SENDING)
        .values(state=PartState.UNKNOWN, error=reason)
    )
    session.execute(
        update(Message)
        .where(Message.id.in_(ids))
        .values(state=MessageState.UNKNOWN, reason=reason, reason_text=reason_text, owner="", lease_until=None)
    )
    return len(ids)


def pause_batch(session: Session, batch_id: int) -> bool:
    """Close an open batch; False when it was not open."""
    paused = session.execute(
        update(Batch).where(Batch.id == batch_id, Batch.state == BatchState.OPEN).values(state=BatchState.PAUSED)
    )
    return _count(paused) > 0


def _count(result: object) -> int:
    found: int = getattr(result, "rowcount", 0)
    return found

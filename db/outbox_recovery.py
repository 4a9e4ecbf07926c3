"""What is left over: claims nobody serves any more, messages of batches that are closed, batches that are done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from db.models import (
    Batch,
    BatchState,
    Campaign,
    CampaignState,
    Message,
    MessagePart,
    MessageState,
    PartState,
)

_OUTGOING = (MessageState.WAITING, MessageState.CLAIMED, MessageState.SENDING)


def free_claims(session: Session, dead: Collection[str], now: datetime) -> int:
    """Claims of dead runs, and claims whose lease ran out, wait again: nothing of them has left (I3)."""
    return _free(session, Message.owner.in_(dead)) + _free(session, Message.lease_until <= now)


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


def settle_cancelled(session: Session, now: datetime, limit: int, reason: str, reason_text: str) -> int:
    """Up to ``limit`` messages that wait in cancelled batches never leave."""
    return _settle(session, Batch.state == BatchState.CANCELLED, now, limit, reason, reason_text)


def settle_expired(session: Session, now: datetime, limit: int, reason: str, reason_text: str) -> int:
    """Up to ``limit`` messages that wait in batches whose time is over never leave."""
    over = Batch.state.in_((BatchState.OPEN, BatchState.PAUSED)) & (Batch.expires_at <= now)
    return _settle(session, over, now, limit, reason, reason_text)


def _settle(
    session: Session, which: ColumnElement[bool], now: datetime, limit: int, reason: str, reason_text: str
) -> int:
    settled = 0
    waits = Message.state == MessageState.WAITING
    for batch in session.scalars(select(Batch.id).where(which)).all():
        rows = select(Message.id).where(Message.batch_id == batch, waits).limit(limit - settled)
        found = session.scalars(rows.with_for_update(skip_locked=True)).all()
        session.execute(
            update(Message)
            .where(Message.id.in_(found))
            .values(state=MessageState.CANCELLED, reason=reason, reason_text=reason_text, done_at=now)
        )
        settled += len(found)
        if settled >= limit:
            break
    return settled


def finish_batches(session: Session, now: datetime) -> list[int]:
    """Batches of which nothing waits and nothing is on its way out are finished, and their campaigns with them."""
    outgoing = exists().where(Message.batch_id == Batch.id, Message.state.in_(_OUTGOING))
    done = session.scalars(
        update(Batch)
        .where(Batch.state.in_((BatchState.OPEN, BatchState.PAUSED)), ~outgoing)
        .values(state=BatchState.FINISHED, closed_at=now)
        .returning(Batch.id)
    ).all()
    session.execute(
        update(Campaign)
        .where(Campaign.batch_id.in_(done), Campaign.state == CampaignState.APPROVED)
        .values(state=CampaignState.FINISHED, updated_at=now)
    )
    return list(done)


def pause_batch(session: Session, batch_id: int) -> bool:
    """Close an open batch; False when it was not open."""
    paused = session.execute(
        update(Batch).where(Batch.id == batch_id, Batch.state == BatchState.OPEN).values(state=BatchState.PAUSED)
    )
    return _count(paused) > 0


def _count(result: object) -> int:
    found: int = getattr(result, "rowcount", 0)
    return found

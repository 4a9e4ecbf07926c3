"""What lines took beside what messages say of themselves: the rows that a reconciliation compares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, union
from sqlalchemy.orm import Session

from db.models import Batch, BatchState, Line, Message, MessagePart, MessageState, PartState

LEFT = (
    MessageState.SENDING, MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNDELIVERED,
    MessageState.EXPIRED, MessageState.REFUSED, MessageState.UNKNOWN,
)  # fmt: skip
_NOT_LEFT = (MessageState.WAITING, MessageState.CLAIMED)
_UNOPENED = (BatchState.BUILDING, BatchState.VOID)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One part on its way out, once."""

    part_id: int
    message_id: int
    sequence: int
    attempt: int
    state: PartState
    error: str
    line_id: int
    sending_at: datetime


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a message says of itself, and all its parts."""

    message_id: int
    batch_id: int
    state: MessageState
    reason: str
    line_id: int | None
    sending_at: datetime | None
    total: int  # parts
    recipient: str
    phone: str
    body: str
    digest: str
    parts: tuple[Taken, ...]


def batches(session: Session, since: datetime) -> list[int]:
    """Those that are not closed, and those that were after ``since``."""
    query = select(Batch.id).where(
        Batch.state.not_in(_UNOPENED), or_(Batch.closed_at.is_(None), Batch.closed_at >= since)
    )
    return list(session.scalars(query.order_by(Batch.id)))


def touched(session: Session, start: datetime, end: datetime, page: int) -> Iterator[list[int]]:
    """Ids of messages that a line took, or that say so, from ``start`` to before ``end``; ``page`` at a time."""
    taken = select(MessagePart.message_id).where(
        MessagePart.line_id.in_(select(Line.id)),  # the index begins with the line
        MessagePart.sending_at >= start,
        MessagePart.sending_at < end,
    )
    told = select(Message.id).where(Message.sending_at >= start, Message.sending_at < end)
    both = union(taken, told).subquery()
    return _streamed(session, select(both.c[0]).order_by(both.c[0]), page)


def waiting(session: Session, batch_id: int, page: int) -> Iterator[list[int]]:
    """Ids of messages that have not left, in a batch that may still be sent."""
    query = select(Message.id).where(Message.batch_id == batch_id, Message.state.in_(_NOT_LEFT))
    return _streamed(session, query.order_by(Message.id), page)


def _streamed(session: Session, query: Select[int], page: int) -> Iterator[list[int]]:
    """One pass with an open cursor: asking for each page anew would sort all of them each time."""
    with session.connection().execute(query.execution_options(yield_per=page)) as found:
        for rows in found.partitions(page):
            yield [row[0] for row in rows]


def told(session: Session, message_ids: Sequence[int]) -> list[Told]:
    parts: dict[int, list[Taken]] = defaultdict(list)
    columns = [getattr(MessagePart, name) for name in Taken.__dataclass_fields__ if name != "part_id"]
    query = select(MessagePart.id.label("part_id"), *columns).where(MessagePart.message_id.in_(message_ids))
    for row in session.execute(query):
        parts[row.message_id].append(Taken(**row._mapping))
    rows = session.execute(
        select(
            Message.id.label("message_id"),
            Message.batch_id,
            Message.state,
            Message.reason,
            Message.line_id,
            Message.sending_at,
            Message.parts.label("total"),
            Message.recipient,
            Message.phone,
            Message.body,
            Message.digest,
        )
        .where(Message.id.in_(message_ids))
        .order_by(Message.id)
    )
    return [Told(**row._mapping, parts=tuple(parts[row.message_id])) for row in rows]


def counted(session: Session, batch_ids: Collection[int]) -> dict[int, dict[MessageState, int]]:
    """Messages by state, for each batch that has any."""
    found: dict[int, dict[MessageState, int]] = defaultdict(dict)
    query = (
        select(Message.batch_id, Message.state, func.count())
        .where(Message.batch_id.in_(batch_ids))
        .group_by(Message.batch_id, Message.state)
    )
    for batch_id, state, number in session.execute(query):
        found[batch_id][state] = number
    return dict(found)

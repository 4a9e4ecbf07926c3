"""Taking messages out of the house, step by step: claim, mark as sending, record what became of it.

Every verb works on many rows at once inside the caller's write transaction (``Database.begin``) and may be repeated:
a step that does not fit the row's present state changes nothing. Who may send is decided by rows alone: a run of a
dispatcher owns its claims and its line, and a claim counts only while its batch is open and nobody stopped everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from db.models import Batch, BatchKind, BatchState, Control, Line, Message, MessageState

_ENOUGH = 2_000  # waiting rows that are counted at most


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A message as it was read when it was claimed; this copy is what leaves."""

    message_id: int
    batch_id: int
    kind: BatchKind
    class_key: str
    customer_id: int | None
    loan_id: int | None
    phone: str
    recipient: str
    body: str
    parts: int
    digest: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class ClaimAsk:
    run: str
    line_id: int
    limit: int
    lease_until: datetime


def waiting(session: Session, now: datetime) -> int:
    """How many messages some line could take now, counted up to 2,000; nothing while everything is stopped."""
    if session.scalar(select(Control.stopped)):
        return 0
    found = 0
    for batch in session.scalars(_open_batches(now)):
        for due in _due(now):
            rows = select(Message.id).where(_waits_in(batch), due).limit(_ENOUGH - found).subquery()
            found += session.scalar(select(func.count()).select_from(rows)) or 0
            if found >= _ENOUGH:
                return found
    return found


def claim(session: Session, asks: Sequence[ClaimAsk], now: datetime) -> list[list[Claimed]]:
    """Give each asker up to its limit of messages, the most urgent batch first; one list for each ask."""
    if session.scalar(select(Control.stopped)):
        return [[] for _ in asks]
    return [_claim(session, ask, now) for ask in asks]


def _claim(session: Session, ask: ClaimAsk, now: datetime) -> list[Claimed]:
    line = session.execute(select(Line.owner, Line.lease_until, Line.enabled).where(Line.id == ask.line_id)).first()
    if line is None or line_is_lost(line.owner, line.lease_until, line.enabled, ask.run, now):
        return []
    taken: list[Claimed] = []
    for batch in session.scalars(_open_batches(now, ask.line_id)).all():
        for due in _due(now):
            wanted = ask.limit - len(taken)
            if wanted > 0:
                rows = session.execute(_select_waiting(batch, due).limit(wanted))
                taken += [Claimed(**row._mapping) for row in rows]
    if taken:
        session.execute(
            update(Message)
            .where(Message.id.in_([row.message_id for row in taken]))
            .values(state=MessageState.CLAIMED, owner=ask.run, line_id=ask.line_id, lease_until=ask.lease_until)
        )
    return taken


def _open_batches(now: datetime, line_id: int | None = None) -> Select[int]:
    query = select(Batch.id).where(
        Batch.state == BatchState.OPEN,
        or_(Batch.not_before.is_(None), Batch.not_before <= now),
        or_(Batch.expires_at.is_(None), Batch.expires_at > now),
    )
    if line_id is not None:
        query = query.where(or_(Batch.line_id.is_(None), Batch.line_id == line_id))
    return query.order_by(Batch.priority, Batch.opened_at, Batch.id)


def _waits_in(batch_id: int) -> ColumnElement[bool]:
    # A literal, for the index over waiting rows is chosen only when the statement itself says so.
    waits: ColumnElement[bool] = Message.state == literal_column("'waiting'")
    return (Message.batch_id == batch_id) & waits


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """First what was put off and is due, then what was never tried: each is one stretch of the index."""
    return Message.not_before <= now, Message.not_before.is_(None)


CLAIMED = (
    Message.id.label("message_id"),
    Message.batch_id,
    Batch.kind,
    Batch.class_key,
    Message.customer_id,
    Message.loan_id,
    Message.phone,
    Message.recipient,
    Message.body,
    Message.parts,
    Message.digest,
    Message.attempts,
)


def _select_waiting(batch_id: int, due: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(*CLAIMED)
        .join(Batch, Batch.id == Message.batch_id)
        .where(_waits_in(batch_id), due)
        .order_by(Message.not_before, Message.id)
        .with_for_update(of=Message, skip_locked=True)
    )


def line_is_lost(owner: str, lease_until: datetime | None, enabled: bool, run: str, now: datetime) -> bool:
    return not enabled or owner != run or lease_until is None or lease_until <= now


def give_back(session: Session, run: str, message_ids: Sequence[int]) -> None:
    """Claims of this run that did not start to leave wait again, for any line."""
    _leave_claim(session, run, message_ids, state=MessageState.WAITING, line_id=None)


def put_off(session: Session, run: str, message_ids: Sequence[int], until: datetime, reason: str, text: str) -> None:
    """Claims of this run wait until ``until``; ``text`` is stored as it is given."""
    _leave_claim(
        session,
        run,
        message_ids,
        state=MessageState.WAITING,
        line_id=None,
        not_before=until,
        reason=reason,
        reason_text=text,
    )


def suppress(session: Session, run: str, message_ids: Sequence[int], now: datetime, reason: str, text: str) -> None:
    """Claims of this run that a rule forbids never leave."""
    _leave_claim(
        session,
        run,
        message_ids,
        state=MessageState.SUPPRESSED,
        line_id=None,
        reason=reason,
        reason_text=text,
        done_at=now,
    )


def _leave_claim(session: Session, run: str, message_ids: Sequence[int], **values: object) -> None:
    if message_ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(message_ids), Message.state == MessageState.CLAIMED, Message.owner == run)
            .values(owner="", lease_until=None, **values)
        )

"""The last gate: whether a part may leave, decided and written down in one transaction just before it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.models import Batch, BatchState, Control, Line, Message, MessagePart, MessageState, PartState
from db.outbox import CLAIMED, Claimed, give_back, line_is_lost


@dataclass(frozen=True, kw_only=True)
class SendingAsk:
    """One part is about to leave; ``sequence`` 1 takes the message from claimed to sending."""

    run: str
    line_id: int
    sender_identity: str
    message: Claimed
    sequence: int


class Hindrance(StrEnum):
    LOST = "lost"  # the claim is not ours any more
    LINE = "line"  # the line is not ours any more, or was switched off
    STOPPED = "stopped"  # the global stop
    CLOSED = "closed"  # the batch is not open
    EXPIRED = "expired"  # its time is over
    EARLY = "early"  # its time has not come
    TAMPERED = "tampered"  # the stored row is not the approved one


@dataclass(frozen=True, kw_only=True)
class Cleared:
    part_id: int
    attempt: int


Clearance = Cleared | Hindrance


def mark_sending(
    session: Session, asks: Sequence[SendingAsk], now: datetime, fits: Callable[[Claimed], bool]
) -> list[Clearance]:
    """Write down durably that a part is about to leave; one answer for each ask, and only ``Cleared`` may leave.

    ``fits`` says whether a stored row is the approved one. What is hindered and still ours goes back to waiting,
    except parts after the first: their message stays as it is, for a part of it has left.
    """
    scene = _Scene.read(session, asks)
    verdicts = [scene.hindrance(ask, now, fits) for ask in asks]
    cleared = [ask for ask, hindrance in zip(asks, verdicts, strict=True) if hindrance is None]
    parts = iter(_write_parts(session, cleared, now))
    _start_sending(session, [ask.message.message_id for ask in cleared if ask.sequence == 1], now)
    for ask, hindrance in zip(asks, verdicts, strict=True):
        if hindrance is not None and ask.sequence == 1:
            give_back(session, ask.run, [ask.message.message_id])
    return [next(parts) if hindrance is None else hindrance for hindrance in verdicts]


@dataclass(frozen=True)
class _Stored:
    row: Claimed
    state: MessageState
    owner: str
    line_id: int | None
    lease_until: datetime | None


@dataclass(frozen=True)
class _Scene:
    """Everything that decides whether parts may leave, read and held until the end of the transaction."""

    stopped: bool
    lines: dict[int, tuple[str, datetime | None, bool]]
    batches: dict[int, tuple[BatchState, datetime | None, datetime | None]]
    messages: dict[int, _Stored]

    @staticmethod
    def read(session: Session, asks: Sequence[SendingAsk]) -> _Scene:
        batch_ids = {ask.message.batch_id for ask in asks}
        stopped = session.scalar(select(Control.stopped).with_for_update(read=True))
        lines = session.execute(
            select(Line.id, Line.owner, Line.lease_until, Line.enabled).where(
                Line.id.in_({ask.line_id for ask in asks})
            )
        )
        batches = session.execute(
            select(Batch.id, Batch.state, Batch.not_before, Batch.expires_at)
            .where(Batch.id.in_(batch_ids))
            .order_by(Batch.id)
            .with_for_update(read=True)
        )
        return _Scene(
            bool(stopped),
            {row.id: (row.owner, row.lease_until, row.enabled) for row in lines},
            {row.id: (row.state, row.not_before, row.expires_at) for row in batches},
            _read_messages(session, {ask.message.message_id for ask in asks}),
        )

    def hindrance(self, ask: SendingAsk, now: datetime, fits: Callable[[Claimed], bool]) -> Hindrance | None:
        stored = self.messages.get(ask.message.message_id)
        if stored is None or stored.owner != ask.run or stored.line_id != ask.line_id:
            return Hindrance.LOST
        if ask.sequence > 1:  # a message that has begun to leave is finished whatever is stopped meanwhile
            return None if stored.state is MessageState.SENDING else Hindrance.LOST
        if stored.state is not MessageState.CLAIMED or stored.lease_until is None or stored.lease_until <= now:
            return Hindrance.LOST
        owner, lease_until, enabled = self.lines[ask.line_id]
        if line_is_lost(owner, lease_until, enabled, ask.run, now):
            return Hindrance.LINE
        if not fits(stored.row) or not _same_content(stored.row, ask.message):
            return Hindrance.TAMPERED
        return self._closed(ask.message.batch_id, now)

    def _closed(self, batch_id: int, now: datetime) -> Hindrance | None:
        state, not_before, expires_at = self.batches[batch_id]
        if self.stopped:
            return Hindrance.STOPPED
        if state is not BatchState.OPEN:
            return Hindrance.CLOSED
        if expires_at is not None and expires_at <= now:
            return Hindrance.EXPIRED
        return Hindrance.EARLY if not_before is not None and not_before > now else None


def _read_messages(session: Session, message_ids: set[int]) -> dict[int, _Stored]:
    rows = session.execute(
        select(*CLAIMED, Message.state, Message.owner, Message.line_id, Message.lease_until)
        .join(Batch, Batch.id == Message.batch_id)
        .where(Message.id.in_(message_ids))
        .order_by(Message.id)
        .with_for_update(of=Message)
    )
    found = {}
    for row in rows:
        values = dict(row._mapping)
        state, owner, line_id, lease = (values.pop(key) for key in ("state", "owner", "line_id", "lease_until"))
        found[row.message_id] = _Stored(Claimed(**values), state, owner, line_id, lease)
    return found


def _same_content(stored: Claimed, held: Claimed) -> bool:
    """The copy in memory is what leaves, the stored row is what was checked: they must be one."""
    return (stored.batch_id, stored.recipient, stored.phone, stored.body) == (
        held.batch_id,
        held.recipient,
        held.phone,
        held.body,
    )


def _write_parts(session: Session, asks: Sequence[SendingAsk], now: datetime) -> list[Cleared]:
    if not asks:
        return []
    message_ids = [ask.message.message_id for ask in asks]
    tried = session.execute(
        select(MessagePart.message_id, MessagePart.sequence, func.max(MessagePart.attempt))
        .where(MessagePart.message_id.in_(message_ids))
        .group_by(MessagePart.message_id, MessagePart.sequence)
    )
    attempts = {(message_id, sequence): attempt for message_id, sequence, attempt in tried}
    rows = [
        {
            "message_id": ask.message.message_id,
            "sequence": ask.sequence,
            "attempt": attempts.get((ask.message.message_id, ask.sequence), 0) + 1,
            "line_id": ask.line_id,
            "state": PartState.SENDING,
            "sender_identity": ask.sender_identity,
            "phone": ask.message.phone,
            "sending_at": now,
        }
        for ask in asks
    ]
    written = session.execute(
        insert(MessagePart).returning(MessagePart.id, MessagePart.attempt, sort_by_parameter_order=True), rows
    )
    return [Cleared(part_id=row.id, attempt=row.attempt) for row in written]


def _start_sending(session: Session, message_ids: Sequence[int], now: datetime) -> None:
    if message_ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(message_ids))
            .values(state=MessageState.SENDING, sending_at=now, attempts=Message.attempts + 1)
        )

"""The last gate: whether a part may leave, decided and written down in one transaction just before it does.

Every line waits here before each message, so it is three statements, built once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Table, bindparam, func, insert, select, true, update
from sqlalchemy.orm import Session

from db.models import Batch, BatchState, Control, Line, Message, MessagePart, MessageState, PartState
from db.outbox import CLAIMED, Claimed, give_back, line_is_lost
from db.outbox_seals import sealed_columns, sealed_values


@dataclass(frozen=True, kw_only=True)
class SendingAsk:
    """One part is about to leave; ``sequence`` 1 takes the message from claimed to sending."""

    run: str
    line_id: int
    sender_identity: str
    message: Claimed
    sequence: int
    attempt: int | None = None  # of a later part: that of the first one, or one more at each try
    concat_reference: int | None = None  # None for a message of one part


class Hindrance(StrEnum):
    LOST = "lost"  # the claim is not ours any more
    LINE = "line"  # the line is not ours any more, or was switched off
    STOPPED = "stopped"  # the global stop
    CLASS_STOPPED = "class_stopped"  # the stop of its class
    CLOSED = "closed"  # the batch is not open
    EXPIRED = "expired"  # its time is over
    EARLY = "early"  # its time has not come
    TAMPERED = "tampered"  # the stored row is not the approved one
    BATCH = "batch"  # its batch is not the approved one
    PAST = "past"  # it has left before, whatever it says of itself


@dataclass(frozen=True, kw_only=True)
class Cleared:
    part_id: int
    attempt: int


Clearance = Cleared | Hindrance
Fits = Callable[[Claimed], bool]
Sealed = Callable[[tuple[Any, ...]], bool]  # outbox_seals.sealed_values of its batch
Implausible = Callable[[Session, Collection[int]], Collection[int]]  # those of the messages whose past forbids it

_MESSAGE: Table = Message.__table__  # type: ignore[assignment]
_PART: Table = MessagePart.__table__  # type: ignore[assignment]
_CLAIMED = tuple(column.name for column in CLAIMED)
_TRIED = select(func.max(MessagePart.attempt)).where(MessagePart.message_id == Message.id).scalar_subquery()
_SCENE = (
    select(
        *CLAIMED,
        Message.state.label("message_state"),
        Message.owner.label("message_owner"),
        Message.line_id.label("line_id"),
        Message.lease_until.label("message_lease"),
        Line.owner.label("line_owner"),
        Line.lease_until.label("line_lease"),
        Line.enabled.label("line_enabled"),
        Batch.state.label("batch_state"),
        Batch.not_before.label("batch_not_before"),
        Batch.expires_at.label("batch_expires_at"),
        Control.stopped.label("stopped"),
        Control.classes.label("stopped_classes"),
        _TRIED.label("tried"),
        *sealed_columns(),
    )
    .join(Batch, Batch.id == Message.batch_id)
    .join(Line, Line.id == Message.line_id)
    .join(Control, true())
    .where(Message.id.in_(bindparam("wanted", expanding=True)))
    .order_by(Message.id)
    # A pause or a stop waits for this transaction, or this transaction sees it: there is no in between.
    .with_for_update(read=True, of=(Message, Batch, Line, Control))
)
_WRITE_PART = insert(_PART).returning(_PART.c.id, sort_by_parameter_order=True)
_START = (
    update(_MESSAGE)
    .where(_MESSAGE.c.id == bindparam("which"))
    .values(
        state=MessageState.SENDING,
        sending_at=bindparam("at"),
        attempts=_MESSAGE.c.attempts + 1,
        reason="",
        reason_text="",
    )
)


def joined_by(session: Session, line_id: int, phone: str, since: datetime) -> set[int]:
    """References that join the parts of long messages to this number over this line: a phone may still hold some."""
    query = (
        select(MessagePart.concat_reference)
        .join(Message, Message.id == MessagePart.message_id)
        .where(
            Message.phone == phone,
            MessagePart.line_id == line_id,
            MessagePart.sending_at >= since,
            MessagePart.concat_reference.is_not(None),
        )
        .distinct()
    )
    return {reference for reference in session.scalars(query) if reference is not None}


def mark_sending(
    session: Session,
    asks: Sequence[SendingAsk],
    now: datetime,
    fits: Fits,
    sealed: Sealed = lambda _values: True,
    implausible: Implausible = lambda _session, _ids: (),
) -> list[Clearance]:
    """Write down durably that a part is about to leave; one answer for each ask, and only ``Cleared`` may leave.

    ``fits`` says whether a stored row is the approved one, ``sealed`` whether its batch is, and ``implausible`` which
    of those that were tried before may not leave. What is hindered and still ours goes back to waiting, except parts
    after the first: their message stays as it is, for a part of it has left.
    """
    wanted = [ask.message.message_id for ask in asks]
    scene: dict[int, Any] = {
        row.message_id: row for row in session.connection().execute(_SCENE, {"wanted": wanted}).all()
    }
    tried = [row.message_id for row in scene.values() if row.tried is not None or row.attempts]
    past = frozenset(implausible(session, tried)) if tried else frozenset()
    verdicts = [_hindrance(ask, scene.get(ask.message.message_id), now, fits) for ask in asks]
    verdicts = [
        hindrance or _changed(ask, scene[ask.message.message_id], sealed, past)
        for ask, hindrance in zip(asks, verdicts, strict=True)
    ]
    cleared = [ask for ask, hindrance in zip(asks, verdicts, strict=True) if hindrance is None]
    parts = iter(_write_parts(session, cleared, scene, now))
    for ask, hindrance in zip(asks, verdicts, strict=True):
        if hindrance is not None and ask.sequence == 1:
            give_back(session, ask.run, [ask.message.message_id])
    return [next(parts) if hindrance is None else hindrance for hindrance in verdicts]


def _hindrance(ask: SendingAsk, row: Row[Any] | None, now: datetime, fits: Fits) -> Hindrance | None:
    if row is None or row.message_owner != ask.run or row.line_id != ask.line_id:
        return Hindrance.LOST
    if ask.sequence > 1:  # a message that has begun to leave is finished whatever is stopped meanwhile
        return None if row.message_state is MessageState.SENDING else Hindrance.LOST
    if row.message_state is not MessageState.CLAIMED or row.message_lease is None or row.message_lease <= now:
        return Hindrance.LOST
    if line_is_lost(row.line_owner, row.line_lease, row.line_enabled, ask.run, now):
        return Hindrance.LINE
    stored = _claimed(row)
    if not fits(stored) or not _same_content(stored, ask.message):
        return Hindrance.TAMPERED
    return _closed(row, now)


def _changed(ask: SendingAsk, row: Row[Any], sealed: Sealed, past: Collection[int]) -> Hindrance | None:
    """What somebody changed by other means than the program, in the batch or in the message's past."""
    if ask.sequence > 1:
        return None
    if not sealed(sealed_values(row)):
        return Hindrance.BATCH
    return Hindrance.PAST if row.message_id in past else None


def _closed(row: Row[Any], now: datetime) -> Hindrance | None:
    if row.stopped:
        return Hindrance.STOPPED
    if row.class_key in row.stopped_classes:
        return Hindrance.CLASS_STOPPED
    if row.batch_state is not BatchState.OPEN:
        return Hindrance.CLOSED
    if row.batch_expires_at is not None and row.batch_expires_at <= now:
        return Hindrance.EXPIRED
    return Hindrance.EARLY if row.batch_not_before is not None and row.batch_not_before > now else None


def _claimed(row: Row[Any]) -> Claimed:
    return Claimed(**{name: getattr(row, name) for name in _CLAIMED})


def _same_content(stored: Claimed, held: Claimed) -> bool:
    """The copy in memory is what leaves, the stored row is what was checked: they must be one."""
    return (stored.batch_id, stored.recipient, stored.phone, stored.body) == (
        held.batch_id,
        held.recipient,
        held.phone,
        held.body,
    )


def _write_parts(session: Session, asks: Sequence[SendingAsk], scene: dict[int, Any], now: datetime) -> list[Cleared]:
    if not asks:
        return []
    attempts = [ask.attempt or (scene[ask.message.message_id].tried or 0) + 1 for ask in asks]
    rows = [
        {
            "message_id": ask.message.message_id,
            "sequence": ask.sequence,
            "attempt": attempt,
            "line_id": ask.line_id,
            "state": PartState.SENDING,
            "sender_identity": ask.sender_identity,
            "reference": "",
            "concat_reference": ask.concat_reference,
            "phone": ask.message.phone,
            "error": "",
            "status": "",
            "counted": True,
            "sending_at": now,
        }
        for ask, attempt in zip(asks, attempts, strict=True)
    ]
    connection = session.connection()
    ids = connection.execute(_WRITE_PART, rows).scalars().all()
    begun = [{"which": ask.message.message_id, "at": now} for ask in asks if ask.sequence == 1]
    if begun:
        connection.execute(_START, begun)
    return [Cleared(part_id=part_id, attempt=attempt) for part_id, attempt in zip(ids, attempts, strict=True)]

"""What became of a part after it was cleared to leave, and what that makes of its message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, Update, bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from db.models import Message, MessagePart, MessageState, PartState

_PART: Table = MessagePart.__table__  # type: ignore[assignment]
_MESSAGE: Table = Message.__table__  # type: ignore[assignment]
_UNDECIDED = (PartState.SENDING, PartState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The line took a part. A fact: it is written whatever has happened to the row meanwhile."""

    message_id: int
    part_id: int
    reference: str
    sender_identity: str
    at: datetime
    last: bool  # the last part of the message
    of_many: bool = False  # the message has several parts


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A part was not taken, or nobody knows; what this means for the message is decided by the caller."""

    run: str
    message_id: int
    part_id: int | None  # None: whether it was cleared to leave is not known
    part_state: PartState  # not_sent | refused | unknown
    error: str
    message_state: MessageState  # waiting | refused | unknown
    reason: str
    reason_text: str
    at: datetime
    not_before: datetime | None = None  # for waiting
    counts: bool = True  # False: the line was to blame, the attempt is not counted


@dataclass(frozen=True, kw_only=True)
class PartRow:
    part_id: int
    message_id: int
    sequence: int
    attempt: int
    state: PartState
    error: str


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    message_id: int
    state: MessageState
    parts: int


def record_accepted(session: Session, facts: Sequence[Acceptance]) -> None:
    session.connection().execute(
        _ACCEPT_PART,
        [
            {"which": f.part_id, "new_reference": f.reference, "new_identity": f.sender_identity, "at": f.at}
            for f in facts
        ],
    )
    whole = [{"which": fact.message_id, "at": fact.at} for fact in facts if fact.last]
    if whole:
        session.connection().execute(_ACCEPT_MESSAGE, whole)


_ACCEPT_PART = (
    update(_PART)
    .where(_PART.c.id == bindparam("which"), or_(*(_PART.c.state == state for state in _UNDECIDED)))
    .values(
        state=PartState.ACCEPTED,
        reference=bindparam("new_reference"),
        sender_identity=bindparam("new_identity"),
        accepted_at=bindparam("at"),
        error="",
    )
)
_ACCEPT_MESSAGE = (
    update(_MESSAGE)
    .where(
        _MESSAGE.c.id == bindparam("which"),
        or_(_MESSAGE.c.state == MessageState.SENDING, _MESSAGE.c.state == MessageState.UNKNOWN),
    )
    .values(
        state=MessageState.ACCEPTED,
        accepted_at=bindparam("at"),
        owner="",
        lease_until=None,
        reason="",
        reason_text="",
        done_at=None,
    )
)


def record_failed(session: Session, facts: Iterable[Failure]) -> None:
    for fact in facts:
        counted = {} if fact.counts else {"counted": False}
        session.execute(_failed_part(fact).values(state=fact.part_state, error=fact.error, **counted))
        session.execute(
            update(Message)
            .where(
                Message.id == fact.message_id,
                Message.owner == fact.run,
                Message.state.in_((MessageState.CLAIMED, MessageState.SENDING)),
            )
            .values(**_after(fact))
        )


def _failed_part(fact: Failure) -> Update:
    if fact.part_id is not None:
        return update(MessagePart).where(MessagePart.id == fact.part_id, MessagePart.state.in_(_UNDECIDED))
    # The commit that cleared it may or may not have got through: what stands there now is this part.
    return update(MessagePart).where(MessagePart.message_id == fact.message_id, MessagePart.state == PartState.SENDING)


def _after(fact: Failure) -> dict[str, object]:
    values: dict[str, object] = {
        "state": fact.message_state,
        "reason": fact.reason,
        "reason_text": fact.reason_text,
        "not_before": fact.not_before,
        "owner": "",
        "lease_until": None,
    }
    if fact.message_state is MessageState.WAITING:
        values["line_id"] = None
        if not fact.counts:
            values["attempts"] = case(
                (Message.state == MessageState.SENDING, Message.attempts - 1), else_=Message.attempts
            )
    elif fact.message_state is MessageState.REFUSED:
        values["done_at"] = fact.at
    return values


def retry_part(session: Session, part_id: int, error: str) -> None:
    """A later part of a message was proved not to have left and is tried again at once, as a new attempt."""
    session.execute(
        update(MessagePart)
        .where(MessagePart.id == part_id, MessagePart.state == PartState.SENDING)
        .values(state=PartState.NOT_SENT, error=error)
    )


def messages_with_parts(
    session: Session, message_ids: Iterable[int]
) -> tuple[dict[int, MessageRow], dict[int, list[PartRow]]]:
    """Messages and all their parts and attempts, held until the end of the transaction."""
    wanted = set(message_ids)
    messages = {
        row.id: MessageRow(message_id=row.id, state=row.state, parts=row.parts)
        for row in session.execute(
            select(Message.id, Message.state, Message.parts)
            .where(Message.id.in_(wanted))
            .order_by(Message.id)
            .with_for_update()
        )
    }
    parts: dict[int, list[PartRow]] = {message_id: [] for message_id in messages}
    for row in session.execute(
        select(
            MessagePart.id.label("part_id"),
            MessagePart.message_id,
            MessagePart.sequence,
            MessagePart.attempt,
            MessagePart.state,
            MessagePart.error,
        ).where(MessagePart.message_id.in_(wanted))
    ):
        parts[row.message_id].append(PartRow(**row._mapping))
    return messages, parts


@dataclass(frozen=True, kw_only=True)
class Folded:
    state: MessageState
    reason: str
    reason_text: str


def write_folded(session: Session, folded: Mapping[int, Folded], now: datetime) -> None:
    """Messages take the state that their parts have together."""
    final = {MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED}
    if not folded:
        return
    session.connection().execute(
        update(_MESSAGE)
        .where(_MESSAGE.c.id == bindparam("which"))
        .values(
            state=bindparam("new_state"),
            reason=bindparam("new_reason"),
            reason_text=bindparam("new_text"),
            done_at=bindparam("done"),
            owner="",
            lease_until=None,
        ),
        [
            {
                "which": message_id,
                "new_state": new.state,
                "new_reason": new.reason,
                "new_text": new.reason_text,
                "done": now if new.state in final else None,
            }
            for message_id, new in folded.items()
        ],
    )

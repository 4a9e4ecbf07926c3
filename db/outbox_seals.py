"""What the seals are over: the fields of a batch that were approved, its decisions, and the past of its messages.

Rows only; whether a seal fits is told by ``core.sending.seals``, which has the key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from db.models import Batch, BatchState, Decision, Message, MessagePart, MessageState, PartState, Resend

# What is approved, and that it was opened: a change of any of them by other means than the program breaks the seal.
SEALED = (
    "id", "kind", "campaign_id", "class_key", "state", "priority", "not_before", "expires_at", "line_id", "schedule",
    "messages", "parts", "excluded", "rules", "digest", "created_by", "opened_by", "opened_at",
)  # fmt: skip
DECIDED = ("campaign_id", "batch_id", "approved", "digest", "comment", "decided_by", "on_behalf_of", "decided_at")
_PREFIX = "sealed_"
_SEALED: tuple[ColumnElement[Any], ...] = tuple(
    getattr(Batch, name).label(_PREFIX + name) for name in (*SEALED, "seal")
)
_NAMES = tuple(_PREFIX + name for name in (*SEALED, "seal"))


def sealed_columns() -> tuple[ColumnElement[Any], ...]:
    """For a query that ``sealed_values`` reads."""
    return _SEALED


def sealed_values(row: Row[Any]) -> tuple[Any, ...]:
    """The values of ``SEALED``, and the seal behind them."""
    return tuple(getattr(row, name) for name in _NAMES)


def values_of(batch: Batch) -> tuple[Any, ...]:
    return tuple(getattr(batch, name) for name in (*SEALED, "seal"))


def batch_values(session: Session, batch_ids: Collection[int]) -> dict[int, tuple[Any, ...]]:
    rows = session.execute(select(*_SEALED).where(Batch.id.in_(batch_ids)))
    return {row.sealed_id: sealed_values(row) for row in rows}


def decisions(session: Session, batch_ids: Collection[int]) -> dict[int, list[Decision]]:
    """Every decision on these batches, the oldest first."""
    found: dict[int, list[Decision]] = defaultdict(list)
    for each in session.scalars(select(Decision).where(Decision.batch_id.in_(batch_ids)).order_by(Decision.id)):
        found[each.batch_id].append(each)
    return found


def open_ids(session: Session) -> list[int]:
    return list(session.scalars(select(Batch.id).where(Batch.state == BatchState.OPEN).order_by(Batch.id)))


def rows_of(session: Session, batch_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """(messages as frozen, messages that there are); answered by an index."""
    ids = list(batch_ids)
    there = dict(
        session.execute(
            select(Message.batch_id, func.count()).where(Message.batch_id.in_(ids)).group_by(Message.batch_id)
        ).all()
    )
    frozen = session.execute(select(Batch.id, Batch.messages).where(Batch.id.in_(ids)))
    return {id_: (messages, there.get(id_, 0)) for id_, messages in frozen}


@dataclass
class Past:
    """What was tried of one message."""

    attempts: int = 0
    parts: list[tuple[int, int, PartState, bool | None]] = field(
        default_factory=list
    )  # sequence, attempt, ..., counted
    resends: list[Resend] = field(default_factory=list)

    def plausible(self, decided: int) -> bool:
        """Whether such a message may leave. ``decided``: a person let it go again after so many attempts; 0: nobody."""
        later = [part for part in self.parts if part[1] > decided]
        if any(state is not PartState.NOT_SENT for _, _, state, _ in later):
            return False  # it has left, or may have
        first = [counted for sequence, _, _, counted in later if sequence == 1]
        return None in first or self.attempts == sum(map(bool, first))


def pasts(session: Session, message_ids: Collection[int]) -> dict[int, Past]:
    found = {
        id_: Past(attempts=attempts)
        for id_, attempts in session.execute(select(Message.id, Message.attempts).where(Message.id.in_(message_ids)))
    }
    parts = select(
        MessagePart.message_id, MessagePart.sequence, MessagePart.attempt, MessagePart.state, MessagePart.counted
    ).where(MessagePart.message_id.in_(message_ids))
    for message_id, sequence, attempt, state, counted in session.execute(parts):
        found[message_id].parts.append((sequence, attempt, state, counted))
    for each in session.scalars(select(Resend).where(Resend.message_id.in_(message_ids)).order_by(Resend.id)):
        found[each.message_id].resends.append(each)
    return found


def tried(session: Session, message_ids: Sequence[int]) -> dict[int, int]:
    """The last attempt of each; 0 for one that was never tried."""
    query = select(MessagePart.message_id, func.max(MessagePart.attempt)).where(MessagePart.message_id.in_(message_ids))
    found = dict(session.execute(query.group_by(MessagePart.message_id)).all())
    return {id_: found.get(id_) or 0 for id_ in message_ids}


def waiting_with_a_past(session: Session, batch_id: int) -> list[int]:
    """Messages that wait, or were held back, although something of them was tried."""
    query = (
        select(Message.id)
        .where(
            Message.batch_id == batch_id,
            Message.state.in_((MessageState.WAITING, MessageState.CLAIMED, MessageState.SUPPRESSED)),
        )
        .where(select(MessagePart.id).where(MessagePart.message_id == Message.id).exists())
    )
    return list(session.scalars(query.order_by(Message.id)))

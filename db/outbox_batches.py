"""Which batches may give messages now, in which order, over which lines, and what is known of how they flow.

Asked by the claim, and by whoever tells people why nothing leaves: there is no second definition.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, case, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from db.models import Batch, BatchFlow, BatchKind, BatchState, Message, MessageState

EVERY = 10  # turns, of which one begins with a batch that is not the first: nobody waits for ever


@dataclass(frozen=True, kw_only=True)
class OpenBatch:
    """What decides whether a batch may give messages."""

    id: int
    kind: BatchKind
    class_key: str
    line_id: int | None  # None: see ``schedule``
    schedule: Mapping[str, Any] | None  # core.campaigns.schedule.Schedule
    not_before: datetime | None
    expires_at: datetime | None

    @property
    def lines(self) -> frozenset[int]:
        """That may carry it; empty: any."""
        if self.line_id is not None:
            return frozenset((self.line_id,))
        return frozenset((self.schedule or {}).get("lines", ()))


class Gate(Protocol):
    """What else decides on a batch at one moment, in one transaction."""

    def open(self, batch: OpenBatch) -> bool:
        """Whether it may give messages now."""

    def room(self, batch: OpenBatch) -> int | None:
        """How many messages at most; None: as many as there are."""

    def took(self, batch: OpenBatch, number: int) -> None:
        """So many were claimed."""


class _Wide:
    """Lets everything through."""

    def open(self, batch: OpenBatch) -> bool:
        return True

    def room(self, batch: OpenBatch) -> int | None:
        return None

    def took(self, batch: OpenBatch, number: int) -> None:
        return


WIDE: Gate = _Wide()


class Obstacle(StrEnum):
    """Why a line does not carry a batch."""

    OFF = "off"  # it is switched off
    OTHER = "other"  # the batch goes over other lines
    CLASS = "class"  # it does not send this class


def obstacle(
    batch: OpenBatch, line_id: int, classes: Collection[str] | None, *, enabled: bool = True
) -> Obstacle | None:
    """None when the line may carry it; ``classes`` None or empty: the line sends all of them."""
    if not enabled:
        return Obstacle.OFF
    if batch.lines and line_id not in batch.lines:
        return Obstacle.OTHER
    wrong = classes and batch.kind is not BatchKind.TEST and batch.class_key not in classes
    return Obstacle.CLASS if wrong else None


_COLUMNS = (
    Batch.id,
    Batch.kind,
    Batch.class_key,
    Batch.line_id,
    Batch.schedule,
    Batch.not_before,
    Batch.expires_at,
)


def open_batches(session: Session, now: datetime, stopped: Collection[str]) -> list[OpenBatch]:
    """Those whose time it is and whose class is not stopped, the most urgent first."""
    query = select(*_COLUMNS).where(
        Batch.state == BatchState.OPEN,
        or_(Batch.not_before.is_(None), Batch.not_before <= now),
        or_(Batch.expires_at.is_(None), Batch.expires_at > now),
    )
    if stopped:
        query = query.where(Batch.class_key.not_in(sorted(stopped)))
    found = session.execute(query.order_by(Batch.priority, Batch.opened_at, Batch.id))
    return [OpenBatch(**row._mapping) for row in found]


def as_open(batch: Batch) -> OpenBatch:
    return OpenBatch(**{column.key: getattr(batch, column.key) for column in _COLUMNS})


def in_turn(batches: Sequence[OpenBatch], turn: int) -> Sequence[OpenBatch]:
    """Their order, but now and then one that is not the first begins."""
    round_, rest = divmod(turn, EVERY)
    if rest != EVERY - 1 or len(batches) < 2:
        return batches
    first = 1 + round_ % (len(batches) - 1)
    return [batches[first], *batches[:first], *batches[first + 1 :]]


def waits_in(batch_id: int) -> ColumnElement[bool]:
    # A literal, for the index over waiting rows is chosen only when the statement itself says so.
    waits: ColumnElement[bool] = Message.state == literal_column("'waiting'")
    return (Message.batch_id == batch_id) & waits


def waiting_in(session: Session, batch_id: int, most: int | None = None) -> int:
    """Messages of the batch that wait, also those that wait for a time of their own; counted up to ``most``."""
    rows = select(Message.id).where(waits_in(batch_id)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def held(session: Session, batch_id: int) -> int:
    """Messages that lines have claimed and not begun to send."""
    query = select(func.count()).where(Message.batch_id == batch_id, Message.state == MessageState.CLAIMED)
    return session.scalar(query) or 0


def left_since(session: Session, batch_id: int, since: datetime, lately: datetime) -> tuple[int, int]:
    """Messages of the batch that began to leave after ``since``, and how many of them after ``lately``."""
    # "+ 0": few left in that time, and they are found by it, not by their batch
    query = select(func.count(), func.count(case((Message.sending_at > lately, 1)))).where(
        Message.batch_id + 0 == batch_id, Message.sending_at > since
    )
    everything, recent = session.execute(query).one()
    return everything, recent


def flow(session: Session, batch_id: int, *, lock: bool) -> Mapping[str, Any] | None:
    """What stands in its row. With ``lock`` the row is held for this transaction; None while another one holds it."""
    query = select(BatchFlow.data).where(BatchFlow.batch_id == batch_id)
    return session.scalar(query.with_for_update(skip_locked=True) if lock else query)


def store_flow(session: Session, batch_id: int, data: Mapping[str, Any]) -> None:
    session.execute(update(BatchFlow).where(BatchFlow.batch_id == batch_id).values(data=dict(data)))

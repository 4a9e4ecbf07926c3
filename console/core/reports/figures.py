"""Counts of messages that left, by day, line and class, and of campaigns in force; nothing is counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import Case, ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from console.core.campaigns.views import Outcome, tally
from console.core.reports.period import Period, midnight
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    Line,
    Message,
    MessagePart,
    MessageState,
    PartState,
    Resend,
)

H = TypeVar("H", bound=Hashable)

# What became of a message that was handed to a line. The others never left, or came back unsent.
LEFT: dict[MessageState, str] = {
    MessageState.SENDING: "sending",
    MessageState.ACCEPTED: "awaiting",
    MessageState.DELIVERED: "delivered",
    MessageState.UNDELIVERED: "failed",
    MessageState.EXPIRED: "failed",
    MessageState.REFUSED: "failed",
    MessageState.UNKNOWN: "unknown",
}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Messages handed to a line, by what became of them."""

    handed: int = 0  # counted from the parts that lines were given, not as the sum of the others
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    awaiting: int = 0  # accepted by the line, no receipt yet
    sending: int = 0
    parts: int = 0  # short messages the network bills: accepted parts, repeats included

    @property
    def difference(self) -> int:
        """I5: nothing unless a message is unaccounted for."""
        return self.handed - self.delivered - self.failed - self.unknown - self.awaiting - self.sending

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Key:
    day: date
    line_id: int | None
    class_key: str


@dataclass(frozen=True, kw_only=True)
class CampaignFigures:
    batch_id: int
    campaign_id: int | None  # None: a test or a reply
    kind: BatchKind
    name: str
    class_key: str
    approved: int  # messages, as frozen
    excluded: int
    counts: dict[Outcome, int]

    @property
    def difference(self) -> int:
        """I5: the states account for every approved row."""
        return self.approved - sum(self.counts.values())


def left(session: Session, period: Period) -> dict[Key, Counts]:
    """Messages by the local day on which they left, the line they left by, and their class.

    What became of them is told by the messages, how many a line was handed by their parts alone, as in
    ``console.core.sending.consistency``: the two add up unless somebody changed one of them.
    """
    days = list(period.days())
    found: dict[Key, Counts] = defaultdict(Counts)
    bucket = _bucket(Message.sending_at, days)
    given = exists().where(MessagePart.message_id == Message.id, MessagePart.state != PartState.NOT_SENT)
    given_up = and_(Message.state == MessageState.REFUSED, ~given)  # after several attempts, none of which left
    dropped = and_(Message.state == MessageState.CANCELLED, given)  # by a person, who could not know
    query = (
        select(bucket, Message.line_id, Batch.class_key, Message.state, func.count())
        .join(Batch, Batch.id == Message.batch_id)
        .where(Message.sending_at >= period.start, Message.sending_at < period.end)
        .where(or_(Message.state.in_(LEFT) & ~given_up, dropped))
        .group_by(bucket, Message.line_id, Batch.class_key, Message.state)
    )
    for number, line_id, class_key, state, messages in session.execute(query):
        key = Key(day=days[number], line_id=line_id, class_key=class_key)
        found[key] += Counts(**{LEFT.get(state, "unknown"): messages})
    for key, handed in _handed(session, period, days).items():
        found[key] += Counts(handed=handed)
    for key, parts in _parts(session, period, days).items():
        found[key] += Counts(parts=parts)
    return dict(found)


def _handed(session: Session, period: Period, days: list[date]) -> dict[Key, int]:
    """Messages whose last attempt a line took, refused, or may have taken; none that a person let go again."""
    later = aliased(MessagePart)
    again = exists().where(
        later.message_id == MessagePart.message_id, later.sequence == 1, later.attempt > MessagePart.attempt
    )
    let_go = exists().where(Resend.message_id == MessagePart.message_id, Resend.attempt >= MessagePart.attempt)
    first = MessagePart.sequence == 1
    return _counted(session, period, days, first, MessagePart.state != PartState.NOT_SENT, ~again, ~let_go)


def _parts(session: Session, period: Period, days: list[date]) -> dict[Key, int]:
    """Accepted parts by the day they were handed over."""
    return _counted(session, period, days, MessagePart.accepted_at.is_not(None))


def _counted(session: Session, period: Period, days: list[date], *which: ColumnElement[bool]) -> dict[Key, int]:
    """Parts that lines were given in the period."""
    bucket = _bucket(MessagePart.sending_at, days)
    query = (
        select(bucket, MessagePart.line_id, Batch.class_key, func.count())
        .join(Message, Message.id == MessagePart.message_id)
        .join(Batch, Batch.id == Message.batch_id)
        .where(
            MessagePart.line_id.in_(select(Line.id)),  # the index begins with the line
            MessagePart.sending_at >= period.start,
            MessagePart.sending_at < period.end,
            *which,
        )
        .group_by(bucket, MessagePart.line_id, Batch.class_key)
    )
    return {
        Key(day=days[number], line_id=line_id, class_key=class_key): number_of
        for number, line_id, class_key, number_of in session.execute(query)
    }


def _bucket(moment: InstrumentedAttribute[Any], days: list[date]) -> Case[int]:
    """The place in ``days`` of the local day of ``moment``, the same on every engine."""
    return case(*((moment < midnight(day + timedelta(days=1)), place) for place, day in enumerate(days)), else_=-1)


def summed(counts: dict[Key, Counts], by: Callable[[Key], H]) -> dict[H, Counts]:
    found: dict[H, Counts] = defaultdict(Counts)
    for key, each in counts.items():
        found[by(key)] += each
    return dict(found)


def total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def campaigns(session: Session, period: Period) -> list[CampaignFigures]:
    """Batches that were open at some time of the period, as they stand now, in the order they were opened."""
    in_force = [
        Batch.opened_at < period.end,
        or_(Batch.closed_at.is_(None), Batch.closed_at >= period.start),
        Batch.state != BatchState.VOID,
    ]
    query = (
        select(Batch, func.coalesce(Campaign.name, ""))
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .where(*in_force)
        .order_by(Batch.opened_at, Batch.id)
    )
    batches = [(row[0], row[1]) for row in session.execute(query)]
    states = _states(session, [batch.id for batch, _ in batches])
    return [
        CampaignFigures(
            batch_id=batch.id,
            campaign_id=batch.campaign_id,
            kind=batch.kind,
            name=name,
            class_key=batch.class_key,
            approved=batch.messages,
            excluded=batch.excluded,
            counts=tally(states.get(batch.id, []), batch.state),
        )
        for batch, name in batches
    ]


def _states(session: Session, batch_ids: list[int]) -> dict[int, list[tuple[MessageState, int]]]:
    found: dict[int, list[tuple[MessageState, int]]] = defaultdict(list)
    for start in range(0, len(batch_ids), 500):
        query = (
            select(Message.batch_id, Message.state, func.count())
            .where(Message.batch_id.in_(batch_ids[start : start + 500]))
            .group_by(Message.batch_id, Message.state)
        )
        for batch_id, state, number in session.execute(query):
            found[batch_id].append((state, number))
    return found


def line_names(session: Session) -> dict[int | None, str]:
    return {line.id: line.name for line in session.execute(select(Line.id, Line.name))}

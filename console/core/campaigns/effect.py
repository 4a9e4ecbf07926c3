"""What a campaign did: those who were meant to get it against those who were held out by lot.

Both groups are taken as the lot made them, whether or not a message arrived in the end, and both are watched over the
same time: only then is what differs between them the doing of the campaign, or chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from console.core.campaigns import holdout
from console.core.campaigns.intervals import Difference, Share, difference
from console.core.format import percent
from console.core.i18n import T, Text, sentences, tr
from console.core.messages.classes import CLASSES
from db.models import Batch, Exclusion, HoldOut, InboundMessage, Instalment, Message

DAYS = (7, 14, 30)  # after the first message left
FEW = 30  # people of a group below which little can be told


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One thing that people did, or did not do."""

    title: Text
    sent: Share  # of those who were meant to get it
    held: Share
    difference: Difference | None  # None: one group is empty
    people: int | None = None  # of the smaller group, where somebody counts more than once

    @property
    def words(self) -> str:
        if self.difference is None:
            return tr("One of the groups is empty: nothing can be told.")
        people = min(self.sent.whole, self.held.whole) if self.people is None else self.people
        found, small = self.difference, people < FEW
        low, high = points(found.low), points(found.high)
        if found.low > 0:
            said = tr(
                "More among those who were written to: by {low} to {high} percentage points. "
                "Chance alone hardly does that.",
                low=low,
                high=high,
            )
        elif found.high < 0:
            said = tr(
                "Fewer among those who were written to: by {low} to {high} percentage points. "
                "Chance alone hardly does that.",
                low=points(-found.high),
                high=points(-found.low),
            )
        else:
            said = tr(
                "Can not be told from chance: it may be anything from {low} to {high} percentage points.",
                low=low,
                high=high,
            )
        return sentences(said, tr("The groups are small.")) if small else said


@dataclass(frozen=True, kw_only=True)
class Effect:
    percent: int  # that was to be held out
    days: int  # watched after the first message left
    starts_at: datetime | None  # when the first message left; None: none has
    ends_at: datetime | None
    over: bool  # the days have passed
    sent: int  # people who were meant to get it
    held: int
    measures: tuple[Measure, ...]  # empty before anything left


def points(fraction: float) -> str:
    """Percentage points."""
    return percent(fraction, 1).removesuffix("%").strip()


def effect(session: Session, batch_id: int, now: datetime, days: int = DAYS[0]) -> Effect | None:
    """None when nobody was held out. A large batch takes a second or two."""
    stored = session.get(HoldOut, batch_id)
    if stored is None:
        return None
    batch = session.get_one(Batch, batch_id)
    starts_at = session.scalar(select(func.min(Message.sending_at)).where(Message.batch_id == batch_id))
    ends_at = starts_at + timedelta(days=days) if starts_at is not None else None
    sent, held = _people(session, _sent(batch_id)), _people(session, _held(batch_id))
    measures: list[Measure] = []
    if starts_at is not None and ends_at is not None:
        until = min(ends_at, now)
        for title, did in asked(batch.class_key):
            of_sent = Share(part=_people(session, _sent(batch_id).where(did(Message, starts_at, until))), whole=sent)
            of_held = Share(part=_people(session, _held(batch_id).where(did(Exclusion, starts_at, until))), whole=held)
            measures.append(Measure(title=title, sent=of_sent, held=of_held, difference=difference(of_sent, of_held)))
    return Effect(
        percent=stored.percent,
        days=days,
        starts_at=starts_at,
        ends_at=ends_at,
        over=ends_at is not None and ends_at <= now,
        sent=sent,
        held=held,
        measures=tuple(measures),
    )


Did = Callable[[type[Message | Exclusion], datetime, datetime], ColumnElement[bool]]


def asked(class_key: str) -> list[tuple[Text, Did]]:
    """What is looked for in both groups."""
    found: list[tuple[Text, Did]] = [(T("Replied"), replied_between)]
    if CLASSES[class_key].per_loan:
        found.insert(0, (T("Paid an instalment"), paid_between))
    return found


def in_group(table: type[Message | Exclusion], batch_id: int) -> ColumnElement[bool]:
    """Whose rows are those of the ones who were meant to get it (messages), or of the held out ones (exclusions)."""
    of_batch = table.batch_id == batch_id
    return of_batch & (Exclusion.rule == holdout.RULE) if table is Exclusion else of_batch


def _sent(batch_id: int) -> Select[int]:
    return select(func.count(Message.customer_id.distinct())).where(in_group(Message, batch_id))


def _held(batch_id: int) -> Select[int]:
    return select(func.count(Exclusion.customer_id.distinct())).where(in_group(Exclusion, batch_id))


def _people(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0


def replied_between(table: type[Message | Exclusion], starts_at: datetime, until: datetime) -> ColumnElement[bool]:
    return exists().where(
        InboundMessage.customer_id == table.customer_id,
        InboundMessage.received_at >= starts_at,
        InboundMessage.received_at < until,
    )


def paid_between(table: type[Message | Exclusion], starts_at: datetime, until: datetime) -> ColumnElement[bool]:
    """Something was paid on the loan that the row is about."""
    return exists().where(
        Instalment.loan_id == table.loan_id, Instalment.paid_at >= starts_at, Instalment.paid_at < until
    )

"""What does not add up, in words: where, the figures, the messages that do not fit, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.campaigns.views import OUTCOME_TITLES, outcome
from console.core.context import Context
from console.core.format import count, local_date
from console.core.i18n import T, Text, clauses, tr
from db.models import (
    Batch,
    BatchKind,
    Campaign,
    Customer,
    Discrepancy,
    DiscrepancyKind,
    Line,
    Message,
    MessagePart,
    Reconciliation,
)

K = DiscrepancyKind
TITLES: Mapping[DiscrepancyKind, Text] = {
    K.BATCH: T("Campaign changed after it was approved"),
    K.DECISION: T("Approval changed or missing"),
    K.COUNT: T("Messages missing or too many"),
    K.MESSAGE: T("Message changed after it was approved"),
    K.HISTORY: T("Message that left already waits again"),
    K.STATES: T("Message and its parts disagree"),
    K.LINE: T("Line and messages disagree"),
}
ADVICE: Mapping[DiscrepancyKind, Text] = {
    K.BATCH: T("Cancel the campaign, find out who can write to the database, and tell the auditor."),
    K.DECISION: T("Cancel the campaign if it still waits, compare with the audit trail, and tell the auditor."),
    K.COUNT: T("Restore the last good backup beside this database and compare the rows; tell the auditor."),
    K.MESSAGE: T("Do not send it. Cancel the campaign if it still waits, and tell the auditor."),
    K.HISTORY: T("Do not send it again. Decide it as an outcome that is not known, and tell the auditor."),
    K.STATES: T("Compare with the report of the carrier for this number and time; tell the administrator."),
    K.LINE: T("Compare with the bill of the carrier for this line and day; tell the administrator."),
}
_FIGURES: Mapping[str, Text] = {
    "approved": T("approved"),
    "there": T("there"),
    "messages": T("messages"),
    "taken": T("taken by the line"),
    "delivered": T("delivered"),
    "failed": T("failed"),
    "expired": T("expired"),
    "unknown": T("unknown"),
    "waiting": T("awaiting receipt"),
    "sending": T("being sent"),
}


@dataclass(frozen=True, kw_only=True)
class DiscrepancyRow:
    id: int
    kind: DiscrepancyKind
    where: str  # the campaign, or the line and the day
    figures: str
    messages: int  # that can be listed
    found_at: datetime
    alarm: bool  # found at the moment of sending, which paused the campaign
    campaign_id: int | None

    @property
    def title(self) -> str:
        return str(TITLES[self.kind])

    @property
    def advice(self) -> str:
        return str(ADVICE[self.kind])


@dataclass(frozen=True, kw_only=True)
class OddMessage:
    id: int
    customer: str
    phone: str  # as stored; the screen masks it
    says: str  # its state
    parts: str  # the states of its parts


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The last reconciliation."""

    at: datetime
    campaigns: int
    messages: int


def last_checked(session: Session) -> Checked | None:
    row = session.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).one_or_none()
    return None if row is None else Checked(at=row.at, campaigns=row.campaigns, messages=row.messages)


def discrepancy_ids(ctx: Context) -> list[int]:
    """Those that nobody has settled, alarms and the newest first."""
    query = select(Discrepancy.id).where(Discrepancy.settled_at.is_(None))
    with ctx.database.read() as session:
        return list(session.scalars(query.order_by(Discrepancy.alarm.desc(), Discrepancy.id.desc())))


def discrepancy_rows(ctx: Context, ids: Sequence[int]) -> list[DiscrepancyRow]:
    query = (
        select(Discrepancy, Batch.kind, Campaign.id, Campaign.name, Line.name)
        .outerjoin(Batch, Batch.id == Discrepancy.batch_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .outerjoin(Line, Line.id == Discrepancy.line_id)
        .where(Discrepancy.id.in_(ids))
    )
    with ctx.database.read() as session:
        found = {row[0].id: _row(*row) for row in session.execute(query).all()}
    return [found[id_] for id_ in ids if id_ in found]


def odd_message_ids(ctx: Context, discrepancy_id: int) -> list[int]:
    with ctx.database.read() as session:
        row = session.get(Discrepancy, discrepancy_id)
        return list(row.messages) if row is not None else []


def odd_messages(ctx: Context, ids: Sequence[int]) -> list[OddMessage]:
    """In the order of ``ids``; one that was removed says so."""
    query = (
        select(Message, Batch.state, Customer.name)
        .join(Batch, Batch.id == Message.batch_id)
        .outerjoin(Customer, Customer.id == Message.customer_id)
        .where(Message.id.in_(ids))
    )
    parts: dict[int, list[str]] = {}
    with ctx.database.read() as session:
        rows = {message.id: (message, state, name or "") for message, state, name in session.execute(query).all()}
        tried = select(MessagePart.message_id, MessagePart.state).where(MessagePart.message_id.in_(ids))
        for message_id, part_state in session.execute(tried.order_by(MessagePart.attempt, MessagePart.sequence)):
            parts.setdefault(message_id, []).append(str(_PARTS[part_state.value]))
    found = []
    for id_ in ids:
        message, state, name = rows.get(id_, (None, None, ""))
        says = tr("removed") if message is None or state is None else str(OUTCOME_TITLES[outcome(message.state, state)])
        told = clauses(parts.get(id_, [])) or tr("never tried")
        found.append(OddMessage(id=id_, customer=name, phone=message.phone if message else "", says=says, parts=told))
    return found


_PARTS: Mapping[str, Text] = {
    "sending": T("being sent"),
    "accepted": T("taken by the line"),
    "delivered": T("delivered"),
    "forwarded": T("handed on"),
    "failed": T("failed"),
    "expired": T("expired"),
    "refused": T("refused"),
    "not_sent": T("did not leave"),
    "unknown": T("unknown"),
}


def _row(
    found: Discrepancy, kind: BatchKind | None, campaign_id: int | None, name: str | None, line: str | None
) -> DiscrepancyRow:
    return DiscrepancyRow(
        id=found.id,
        kind=found.kind,
        where=_where(found.day, line, kind, name),
        figures=clauses(
            f"{_FIGURES[key]} {count(number)}"
            for key, number in found.figures.items()
            if key in _FIGURES and (number or key == "taken")
        ),
        messages=len(found.messages),
        found_at=found.found_at,
        alarm=found.alarm,
        campaign_id=campaign_id,
    )


def _where(day: date | None, line: str | None, kind: BatchKind | None, campaign: str | None) -> str:
    if day is not None:
        return tr("{line}, {day}", line=line or tr("No line"), day=local_date(day))
    if campaign:
        return campaign
    return tr("Test messages") if kind is BatchKind.TEST else tr("Replies") if kind is BatchKind.REPLY else "–"

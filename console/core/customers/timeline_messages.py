"""Of a customer's time line: messages, those that did not go, and replies."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from console.core.campaigns.rules import rule_title
from console.core.campaigns.views import outcome
from console.core.customers.timeline_entries import Entry, Kind, Page, Who
from console.core.i18n import Text, tr
from console.core.inbound.remarks import shown
from console.core.messages.classes import CLASSES
from console.core.sending.causes import explain
from db.models import Batch, BatchKind, BatchState, Campaign, Exclusion, InboundMessage, Message


def messages(session: Session, who: Who, page: Page) -> list[Entry]:
    """By the moment of sending; the texts are read of those only that stand on the page."""
    at = func.coalesce(Message.sending_at, Message.done_at, Message.created_at)
    query = (
        select(Message.id, at)
        .join(Batch, Batch.id == Message.batch_id)
        .where(Message.customer_id == who.id, Batch.state.not_in([BatchState.BUILDING, BatchState.VOID]))
    )
    moments = {row[0]: row[1] for row in session.execute(page.of(query, at, Message.id))}
    whole = (
        select(Message, Batch, Campaign.name)
        .join(Batch, Batch.id == Message.batch_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .where(Message.id.in_(moments))
    )
    found = {row[0].id: row for row in session.execute(whole)}
    return [
        Entry(
            source=page.source,
            id=message.id,
            kind=Kind.MESSAGE,
            at=moment,
            title=_about(batch, campaign),
            state="pending" if batch.state is BatchState.PENDING else outcome(message.state, batch.state).value,
            body=message.body,
            note=_reason(message),
            explained=True,
        )
        for moment, (message, batch, campaign) in ((at_, found[id_]) for id_, at_ in moments.items())
    ]


def _about(batch: Batch, campaign: str | None) -> str:
    if batch.kind is BatchKind.TEST:
        return tr("Test message")
    class_ = CLASSES.get(batch.class_key)
    return " · ".join(filter(None, (str(class_.title) if class_ else "", campaign)))


def _reason(message: Message) -> str:
    if message.reason_text:
        return str(Text.load(message.reason_text))
    return str(explain(message.reason).text) if message.reason else ""


def exclusions(session: Session, who: Who, page: Page) -> list[Entry]:
    query = (
        select(Exclusion, Batch, Campaign.name)
        .join(Batch, Batch.id == Exclusion.batch_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .where(Exclusion.customer_id == who.id, Batch.state.not_in([BatchState.BUILDING, BatchState.VOID]))
    )
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.LEFT_OUT,
            at=batch.created_at,
            title=_about(batch, campaign),
            state="left_out",
            note=str(Text.load(row.reason)) or str(rule_title(row.rule)),
            explained=True,
        )
        for row, batch, campaign in session.execute(page.of(query, Batch.created_at, Exclusion.id))
    ]


def replies(session: Session, who: Who, page: Page) -> list[Entry]:
    senders = [form for phone in who.phones for form in (phone, f"+86{phone}", f"86{phone}")]
    query = select(InboundMessage).where(or_(InboundMessage.sender.in_(senders), InboundMessage.customer_id == who.id))
    replies = page.of(query, InboundMessage.received_at, InboundMessage.id)
    return [
        Entry(
            source=page.source,
            id=row.id,
            kind=Kind.REPLY,
            at=row.received_at,
            title=tr("Reply"),
            body=row.body,
            note=shown(row.remarks),
        )
        for row in session.scalars(replies)
    ]

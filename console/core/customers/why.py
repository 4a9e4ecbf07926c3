"""Why did this customer get this message, or not? The chain of verdicts behind one entry of the time line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.audit.words import action_title, detail_words
from console.core.campaigns.rules import rule_title
from console.core.campaigns.schedule import Schedule
from console.core.campaigns.schedule_words import schedule_words
from console.core.context import Context
from console.core.customers.timeline_entries import Kind
from console.core.format import local_datetime
from console.core.i18n import T, Text, ntr, sentences, tr
from console.core.security.permissions import Permission
from console.core.sending.causes import explain
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    Decision,
    Exclusion,
    Line,
    Message,
    MessagePart,
    MessageState,
    PartState,
    User,
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One verdict, in the order in which they fell."""

    at: datetime | None  # None: it is what holds now
    state: str  # name of a badge's shape: good, suppressed, waiting, ...
    title: str
    detail: str = ""
    by: str = ""  # display name; "" for the program itself


_PARTS: Mapping[PartState, tuple[str, Text]] = {
    PartState.SENDING: ("sending", T("being sent")),
    PartState.ACCEPTED: ("accepted", T("taken by the network, no receipt yet")),
    PartState.DELIVERED: ("delivered", T("delivered, says the receipt")),
    PartState.FORWARDED: ("accepted", T("handed on by the network, delivery is not confirmed")),
    PartState.FAILED: ("failed", T("not delivered, says the receipt")),
    PartState.EXPIRED: ("failed", T("not delivered in time, says the receipt")),
    PartState.REFUSED: ("failed", T("refused when it was sent")),
    PartState.NOT_SENT: ("waiting", T("did not leave")),
    PartState.UNKNOWN: ("unknown", T("may have left: there was no clear answer")),
}
_WAITS = (MessageState.WAITING, MessageState.CLAIMED)
_MISSED = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED, MessageState.UNKNOWN)


def chain(ctx: Context, kind: Kind, entry_id: int) -> list[Step]:
    """Behind a message or one that was not written; empty for anything else, or when it is gone.

    Raises NotPermitted.
    """
    ctx.require(Permission.CUSTOMERS_VIEW)
    with ctx.database.read() as session:
        if kind is Kind.MESSAGE:
            return _sorted(_of_message(session, entry_id, ctx.clock.now()))
        return _sorted(_of_exclusion(session, entry_id)) if kind is Kind.LEFT_OUT else []


def _sorted(steps: Iterator[Step]) -> list[Step]:
    """By time; what holds now at the end. Steps of one moment stay as they were told."""
    return sorted(steps, key=lambda step: step.at or datetime.max.replace(tzinfo=UTC))


def _of_exclusion(session: Session, exclusion_id: int) -> Iterator[Step]:
    row = session.get(Exclusion, exclusion_id)
    if row is None:
        return
    batch = session.get_one(Batch, row.batch_id)
    name = _campaign(session, batch)
    yield Step(
        at=batch.created_at,
        state="info",
        title=tr("Belonged to those whom “{campaign}” is for", campaign=name),
        detail=tr("Every rule was looked at when it was submitted for approval."),
        by=_user(session, batch.created_by),
    )
    reason = str(Text.load(row.reason))
    title = str(rule_title(row.rule))
    yield Step(
        at=batch.created_at,
        state="left_out",
        title=tr("Left out: {rule}", rule=title),
        detail=sentences(reason if reason != title else "", tr("No message was written.")),
    )
    yield from _decisions(session, batch, left_out=True)


def _of_message(session: Session, message_id: int, now: datetime) -> Iterator[Step]:
    message = session.get(Message, message_id)
    if message is None:
        return
    batch = session.get_one(Batch, message.batch_id)
    yield _written(session, batch)
    if batch.kind is BatchKind.CAMPAIGN:
        yield from _decisions(session, batch, left_out=False)
    parts = session.execute(
        select(MessagePart, Line.name)
        .outerjoin(Line, Line.id == MessagePart.line_id)
        .where(MessagePart.message_id == message_id)
        .order_by(MessagePart.attempt, MessagePart.sequence)
    ).all()
    if parts and batch.kind is not BatchKind.TEST:
        yield Step(
            at=parts[0][0].sending_at,
            state="good",
            title=tr("Looked at again right before sending: nothing stood against it"),
            detail=tr("Consent, do-not-contact list, hours, limits and whether it was paid meanwhile."),
        )
    for part, line in parts:
        yield _part(part, line or "", message.parts)
    yield from _decided(session, message_id)
    yield from _stopped(session, batch, message)
    yield from _stands(message, batch, now)


def _written(session: Session, batch: Batch) -> Step:
    by = _user(session, batch.created_by)
    if batch.kind is BatchKind.TEST:
        return Step(at=batch.created_at, state="info", title=tr("Written as a test message"), by=by)
    if batch.kind is BatchKind.REPLY:
        return Step(at=batch.created_at, state="info", title=tr("Written as an answer"), by=by)
    return Step(
        at=batch.created_at,
        state="good",
        title=tr("Chosen for “{campaign}”", campaign=_campaign(session, batch)),
        detail=tr("Every rule allowed it; number and text were fixed and submitted for approval."),
        by=by,
    )


def _campaign(session: Session, batch: Batch) -> str:
    name = session.scalar(select(Campaign.name).where(Campaign.id == batch.campaign_id))
    return name or tr("a campaign that is gone")


def _user(session: Session, user_id: int | None) -> str:
    return session.scalar(select(User.display_name).where(User.id == user_id)) or ""


def _decisions(session: Session, batch: Batch, *, left_out: bool) -> Iterator[Step]:
    """Who signed the list as it was frozen, this customer in it or left out of it."""
    query = (
        select(Decision, User.display_name)
        .outerjoin(User, User.id == Decision.decided_by)
        .where(Decision.batch_id == batch.id)
        .order_by(Decision.id)
    )
    found = session.execute(query).all()
    for decision, name in found:
        yield Step(
            at=decision.decided_at,
            state="approved" if decision.approved else "returned",
            title=_verdict(decision.approved, batch, left_out=left_out),
            detail=decision.comment,
            by=name or "",
        )
    if not found and batch.state is BatchState.PENDING:
        yield Step(at=None, state="pending", title=tr("Waits for approval"))


def _verdict(approved: bool, batch: Batch, *, left_out: bool) -> str:
    if not approved:
        return tr("Returned to its maker")
    if left_out:
        return ntr("Approved, with {n} person left out", "Approved, with {n} people left out", max(1, batch.excluded))
    if batch.not_before is not None:
        return tr("Approved, not to leave before {time}", time=local_datetime(batch.not_before))
    return tr("Approved")


def _part(part: MessagePart, line: str, count: int) -> Step:
    state, words = _PARTS[part.state]
    what = tr("Part {number} of {count}", number=part.sequence, count=count) if count > 1 else tr("The message")
    if part.attempt > 1:
        what = tr("{part}, attempt {number}", part=what, number=part.attempt)
    code = part.error or (f"tp.{part.status}" if part.state in (PartState.FAILED, PartState.EXPIRED) else "")
    sent = tr("Sent over {line} at {time}.", line=line, time=local_datetime(part.sending_at, seconds=True))
    return Step(
        at=part.done_at or part.accepted_at or part.sending_at,
        state=state,
        title=tr("{part}: {outcome}", part=what, outcome=str(words)),
        detail=sentences(sent, explain(code).text if code else ""),
    )


def _decided(session: Session, message_id: int) -> Iterator[Step]:
    """What a person decided on it, or an alarm said."""
    query = (
        select(AuditEntry, User.display_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.subject == f"message:{message_id}")
        .order_by(AuditEntry.id)
    )
    for entry, name in session.execute(query):
        title, detail = action_title(entry.action), detail_words(entry.detail)
        yield Step(at=entry.at, state="warn", title=title, detail=detail, by=name or "")


_ENDS = ("campaign.cancel", "campaign.lapse", "campaign.tampered")


def _stopped(session: Session, batch: Batch, message: Message) -> Iterator[Step]:
    """The campaign was cancelled, or stands still, before this message left."""
    waits = message.state in _WAITS
    cancelled = message.state is MessageState.CANCELLED or (waits and batch.state is BatchState.CANCELLED)
    paused = waits and batch.state is BatchState.PAUSED
    if batch.campaign_id is None or not (cancelled or paused):
        return
    actions = _ENDS if cancelled else ("campaign.pause",)
    query = (
        select(AuditEntry, User.display_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.subject == f"campaign:{batch.campaign_id}", AuditEntry.action.in_(actions))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    for entry, name in session.execute(query):
        state = "cancelled" if cancelled else "paused"
        yield Step(at=entry.at, state=state, title=action_title(entry.action), by=name or "")


def _stands(message: Message, batch: Batch, now: datetime) -> Iterator[Step]:
    """What the message says of itself: put off, held back, given up, or waiting its turn."""
    cause = explain(message.reason) if message.reason else None
    reason = str(Text.load(message.reason_text)) or (str(cause.text) if cause else "")
    advice = str(cause.advice) if cause and message.state in _MISSED else ""
    if message.state is MessageState.SUPPRESSED:
        title = tr("Looked at again right before sending: held back")
        yield Step(at=message.done_at, state="suppressed", title=title, detail=reason)
    elif message.state in _MISSED:
        yield Step(
            at=message.done_at if message.state is not MessageState.UNKNOWN else None,
            state="unknown" if message.state is MessageState.UNKNOWN else "failed",
            title=_END_TITLES[message.state](),
            detail=sentences(reason, advice),
        )
    elif message.state is MessageState.CANCELLED:
        yield Step(at=message.done_at, state="cancelled", title=tr("Never left"), detail=reason)
    elif message.state in _WAITS and batch.state is BatchState.OPEN:
        yield _waits(message, batch, reason, now)
    elif message.state in _WAITS and batch.state is BatchState.CANCELLED:
        yield Step(at=batch.closed_at, state="cancelled", title=tr("Never left"), detail=reason)


_END_TITLES = {
    MessageState.UNDELIVERED: lambda: tr("Did not arrive"),
    MessageState.EXPIRED: lambda: tr("Did not arrive in time"),
    MessageState.REFUSED: lambda: tr("Was refused"),
    MessageState.UNKNOWN: lambda: tr("Nobody knows whether it left"),
}


def _waits(message: Message, batch: Batch, reason: str, now: datetime) -> Step:
    until = max(filter(None, (message.not_before, batch.not_before)), default=None)
    if until is None or until <= now:
        scheduled = schedule_words(Schedule.load(batch.schedule), batch.not_before) if batch.schedule else ""
        return Step(at=None, state="waiting", title=tr("Waits for its turn on a line"), detail=reason or scheduled)
    if message.not_before is None:
        return Step(at=None, state="waiting", title=tr("Waits for its time, {time}", time=local_datetime(until)))
    title = tr("Looked at again before sending: put off until {time}", time=local_datetime(until))
    return Step(at=None, state="waiting", title=title, detail=reason)

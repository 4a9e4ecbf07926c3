"""The day at a glance: is everything all right, and what waits for me?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.campaigns.browse import CampaignFilter, CampaignRow, campaign_ids, campaign_rows
from console.core.campaigns.series_views import stopped
from console.core.campaigns.views import Standing
from console.core.compliance.drafts import waiting_rules
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.lines.browse import LineCard, line_cards
from console.core.listing import Sort
from console.core.messages.review import reviews_waiting
from console.core.security.permissions import Permission
from console.core.sending.causes import explain
from console.core.sending.discrepancies import Checked, last_checked
from console.core.sending.status import Snapshot, midnight, snapshot
from db.models import Batch, BatchKind, Campaign, CampaignState, Customer, Line, LineState, Message, MessageState, User

HOURS = 24
MOST = 6  # campaigns of one kind on the page
_FAILED = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED)
_ARRIVED = (MessageState.ACCEPTED, MessageState.DELIVERED)


@dataclass(frozen=True, kw_only=True)
class Hour:
    """Messages that left, or failed to, within one hour of the office's day."""

    hour: int  # 0..23
    delivered: int
    failed: int
    open: int  # taken by a line, its receipt not here yet, or its outcome unknown

    @property
    def sent(self) -> int:
        return self.delivered + self.failed + self.open


@dataclass(frozen=True, kw_only=True)
class ToApprove:
    campaign_id: int
    name: str
    maker: str
    messages: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class UnknownMessage:
    """A message whose outcome a person has to decide, with what is known."""

    message_id: int
    customer: str  # name; empty for a number without a customer
    phone: str  # as stored; the screen masks it
    campaign: str  # empty for a test message
    at: datetime | None  # when it was on its way
    line: str
    code: str
    explanation: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class FirstSteps:
    line: bool  # at least one is switched on and has answered
    customers: bool
    test: bool  # one test message was accepted

    @property
    def complete(self) -> bool:
        return self.line and self.customers and self.test


@dataclass(frozen=True, kw_only=True)
class Day:
    at: datetime
    status: Snapshot
    hours: tuple[Hour, ...]  # 24
    lines: tuple[LineCard, ...]
    to_approve: tuple[ToApprove, ...]  # that I may decide on
    running: tuple[CampaignRow, ...]  # sending or paused
    returned: tuple[CampaignRow, ...]  # mine, sent back
    steps: FirstSteps
    series: tuple[tuple[str, Text], ...] = ()  # that the program stopped: name and why
    reconciled: Checked | None = None  # the last time that everything was compared
    reviews: int = 0  # templates that I may decide on
    rules: int = 0  # drafts of the rules, likewise


def day(ctx: Context) -> Day:
    """Everything the home page shows, from one snapshot of the database."""
    now = ctx.clock.now()
    with ctx.database.read() as session:
        status = snapshot(session, now)
        hours = _hours(session, now)
        steps = _first_steps(session)
        sees = ctx.allowed(Permission.CAMPAIGNS_VIEW)
        running = _campaigns(session, (Standing.SENDING, Standing.PAUSED), now) if sees else ()
        returned = _returned(ctx, session, now) if ctx.allowed(Permission.CAMPAIGNS_EDIT) else ()
        waiting = _to_approve(ctx, session) if ctx.allowed(Permission.APPROVALS_DECIDE) else ()
        series = stopped(session) if ctx.allowed(Permission.CAMPAIGNS_EDIT) else ()
        reconciled = last_checked(session)
        reviews, rules = reviews_waiting(ctx, session), waiting_rules(ctx, session)
    lines = tuple(line_cards(ctx)) if ctx.allowed(Permission.LINES_VIEW) else ()
    return Day(
        at=now,
        status=status,
        hours=hours,
        lines=lines,
        to_approve=waiting,
        running=running,
        returned=returned,
        steps=steps,
        series=series,
        reconciled=reconciled,
        reviews=reviews,
        rules=rules,
    )


def unknown_ids(ctx: Context) -> list[int]:
    """Messages whose outcome a person has to decide, oldest first."""
    with ctx.database.read() as session:
        return list(
            session.scalars(select(Message.id).where(Message.state == MessageState.UNKNOWN).order_by(Message.id))
        )


def unknown_rows(ctx: Context, ids: Sequence[int]) -> list[UnknownMessage]:
    """In the order of ``ids``; one that was decided meanwhile is shown as it was."""
    query = (
        select(Message, Customer.name, Campaign.name, Line.name)
        .join(Batch, Batch.id == Message.batch_id)
        .outerjoin(Customer, Customer.id == Message.customer_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .outerjoin(Line, Line.id == Message.line_id)
        .where(Message.id.in_(ids))
    )
    with ctx.database.read() as session:
        found = {row[0].id: _unknown(*row) for row in session.execute(query).all()}
    return [found[id_] for id_ in ids]


def first_line(ctx: Context) -> int:
    """The line a test takes: one that is ready, else one that is switched on. Raises UserError."""
    with ctx.database.read() as session:
        lines = session.execute(select(Line.id, Line.state).where(Line.enabled.is_(True)).order_by(Line.id)).all()
    if not lines:
        raise UserError(T("No line is switched on."), T("Attach a modem on the Lines page, or switch one on."))
    return next((id_ for id_, state in lines if state is LineState.READY), lines[0][0])


def _unknown(message: Message, customer: str | None, campaign: str | None, line: str | None) -> UnknownMessage:
    cause = explain(message.reason)
    return UnknownMessage(
        message_id=message.id,
        customer=customer or "",
        phone=message.phone,
        campaign=campaign or "",
        at=message.sending_at,
        line=line or "",
        code=message.reason,
        explanation=str(cause.text),
        advice=str(cause.advice),
    )


def _hours(session: Session, now: datetime) -> tuple[Hour, ...]:
    start = midnight(now)
    counts: dict[tuple[int, str], int] = {}
    lines = session.scalars(select(Line.id)).all()
    accepted = Message.line_id.in_(lines), Message.accepted_at >= start
    refused = Message.state == MessageState.REFUSED, Message.done_at >= start
    for column, where in ((Message.accepted_at, accepted), (Message.done_at, refused)):
        hour = _hour_of(column, start)
        query = select(hour, Message.state, func.count()).where(*where).group_by(hour, Message.state)
        for place, state, number in session.execute(query).all():
            counts[place, _kind(state)] = counts.get((place, _kind(state)), 0) + number
    return tuple(
        Hour(
            hour=hour,
            delivered=counts.get((hour, "delivered"), 0),
            failed=counts.get((hour, "failed"), 0),
            open=counts.get((hour, "open"), 0),
        )
        for hour in range(HOURS)
    )


def _hour_of(column: InstrumentedAttribute[datetime | None], start: datetime) -> ColumnElement[int]:
    """The hour of the office's day as a ladder of comparisons: both engines read it alike, in one pass."""
    steps = [(column < start + timedelta(hours=hour + 1), literal(hour)) for hour in range(HOURS - 1)]
    return case(*steps, else_=literal(HOURS - 1))


def _kind(state: MessageState) -> str:
    if state is MessageState.DELIVERED:
        return "delivered"
    return "failed" if state in _FAILED else "open"


def _to_approve(ctx: Context, session: Session) -> tuple[ToApprove, ...]:
    query = (
        select(Campaign.id, Campaign.name, User.display_name, Batch.messages, Batch.created_at)
        .join(Batch, Batch.id == Campaign.batch_id)
        .join(User, User.id == Campaign.created_by)
        .where(Campaign.state == CampaignState.PENDING)
        .where(Campaign.created_by != ctx.actor.user_id, Batch.created_by != ctx.actor.user_id)
        .order_by(Batch.created_at)
        .limit(MOST)
    )
    return tuple(
        ToApprove(campaign_id=id_, name=name, maker=maker, messages=messages, since=since)
        for id_, name, maker, messages, since in session.execute(query).all()
    )


def _campaigns(session: Session, wanted: tuple[Standing, ...], now: datetime) -> tuple[CampaignRow, ...]:
    rows: list[CampaignRow] = []
    for where in wanted:
        ids = campaign_ids(session, CampaignFilter(standing=where), Sort("updated", descending=True), now)
        rows += campaign_rows(session, ids[:MOST], now)
    return tuple(rows[:MOST])


def _returned(ctx: Context, session: Session, now: datetime) -> tuple[CampaignRow, ...]:
    mine = select(Campaign.id).where(Campaign.state == CampaignState.RETURNED, Campaign.created_by == ctx.actor.user_id)
    ids = list(session.scalars(mine.order_by(Campaign.updated_at.desc()).limit(MOST)))
    return tuple(campaign_rows(session, ids, now))


def _first_steps(session: Session) -> FirstSteps:
    answered = select(Line.id).where(Line.enabled.is_(True), Line.health_at.is_not(None)).limit(1)
    tested = (
        select(Message.id)
        .where(Message.batch_id.in_(select(Batch.id).where(Batch.kind == BatchKind.TEST)))
        .where(Message.state.in_(_ARRIVED))
        .limit(1)
    )
    return FirstSteps(
        line=session.scalar(answered) is not None,
        customers=session.scalar(select(Customer.id).limit(1)) is not None,
        test=session.scalar(tested) is not None,
    )

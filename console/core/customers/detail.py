"""One customer: who it is, the loans, what was agreed, and what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.format import masked_phone
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.models import (
    Batch,
    Campaign,
    Consent,
    Customer,
    InboundMessage,
    Loan,
    LoanState,
    Message,
    MessageState,
    Suppression,
)

HISTORY = 200  # messages and replies that the page shows

# message states as the badges of the screens name them
_SHOWN_STATE: Mapping[MessageState, str] = {
    MessageState.CLAIMED: "waiting",
    MessageState.UNDELIVERED: "failed",
    MessageState.REFUSED: "failed",
    MessageState.EXPIRED: "failed",
}


class NoSuchCustomer(UserError):
    def __init__(self) -> None:
        super().__init__(T("This customer is not in the database any more."), T("Refresh the list."))


class NoReason(UserError):
    def __init__(self) -> None:
        super().__init__(T("A full number is shown only for a reason."), T("Write why you need it."))


@dataclass(frozen=True, kw_only=True)
class LoanDetail:
    id: int
    number: str
    product: str
    state: LoanState
    principal: Decimal | None  # yuan
    rate: Decimal | None  # per cent a year
    method: str
    start_on: date | None
    term_months: int | None
    due_day: int | None
    account_tail: str
    amount_due: Decimal | None  # yuan, this instalment
    due_on: date | None
    penalty: Decimal | None  # yuan
    days_overdue: int  # 0: not overdue


@dataclass(frozen=True, kw_only=True)
class ConsentDetail:
    purpose: str  # console.core.compliance.Purpose
    granted: bool
    source: str
    evidence: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SuppressionDetail:
    scope: str  # a purpose, or "all"
    reason: str
    source: str
    until: datetime | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """A message that went to the customer, or one that came back."""

    id: int
    inbound: bool
    at: datetime
    body: str
    state: str  # name of a badge; "" for a reply
    reason: Text  # why it is in that state
    class_key: str
    campaign: str


@dataclass(frozen=True, kw_only=True)
class CustomerDetail:
    id: int
    number: str
    name: str
    title: str
    phone: str  # masked
    region: str
    branch: str
    manager: str
    rating: str
    segment: str
    birthday: date | None
    tags: tuple[str, ...]
    updated_at: datetime
    loans: tuple[LoanDetail, ...]
    consents: tuple[ConsentDetail, ...]  # the newest of each purpose
    suppressions: tuple[SuppressionDetail, ...]  # those in force
    history: tuple[HistoryEntry, ...]  # newest first


def customer_detail(ctx: Context, customer_id: int) -> CustomerDetail:
    """Raises NotPermitted, NoSuchCustomer."""
    ctx.require(Permission.CUSTOMERS_VIEW)
    now = ctx.clock.now()
    with ctx.database.read() as session:
        person = session.get(Customer, customer_id)
        if person is None:
            raise NoSuchCustomer()
        return CustomerDetail(
            id=person.id,
            number=person.number,
            name=person.name,
            title=person.title,
            phone=masked_phone(person.phone),
            region=person.region,
            branch=person.branch,
            manager=person.manager,
            rating=person.rating,
            segment=person.segment,
            birthday=person.birthday,
            tags=tuple(person.tags),
            updated_at=person.updated_at,
            loans=tuple(_loans(session, customer_id, now.astimezone().date())),
            consents=tuple(_consents(session, customer_id)),
            suppressions=tuple(_suppressions(session, person.phone, now)),
            history=tuple(_history(session, customer_id, person.phone)),
        )


def reveal_phone(ctx: Context, customer_id: int, reason: str) -> str:
    """The full number, once, for a reason that is kept. Raises NotPermitted, NoReason, NoSuchCustomer."""
    ctx.require(Permission.PHONES_REVEAL)
    why = reason.strip()[:200]
    if not why:
        raise NoReason()
    with ctx.database.begin() as session:
        phone = session.scalar(select(Customer.phone).where(Customer.id == customer_id))
        if phone is None:
            raise NoSuchCustomer()
        ctx.audit(session, "customer.reveal_phone", f"customer:{customer_id}", reason=why)
        return phone


def _loans(session: Session, customer_id: int, today: date) -> Iterator[LoanDetail]:
    query = select(Loan).where(Loan.customer_id == customer_id).order_by(Loan.due_on.is_(None), Loan.due_on, Loan.id)
    for loan in session.scalars(query):
        yield LoanDetail(
            id=loan.id,
            number=loan.number,
            product=loan.product,
            state=loan.state,
            principal=loan.principal,
            rate=None if loan.rate is None else Decimal(str(loan.rate)),
            method=loan.method,
            start_on=loan.start_on,
            term_months=loan.term_months,
            due_day=loan.due_day,
            account_tail=loan.account_tail,
            amount_due=loan.amount_due,
            due_on=loan.due_on,
            penalty=loan.penalty,
            days_overdue=_days_overdue(loan, today),
        )


def _days_overdue(loan: Loan, today: date) -> int:
    if loan.due_on is None or loan.state not in (LoanState.ACTIVE, LoanState.OVERDUE):
        return 0
    return max(0, (today - loan.due_on).days)


def _consents(session: Session, customer_id: int) -> Iterator[ConsentDetail]:
    query = select(Consent).where(Consent.customer_id == customer_id).order_by(Consent.at.desc(), Consent.id.desc())
    seen: set[str] = set()
    for row in session.scalars(query):
        if row.purpose not in seen:
            seen.add(row.purpose)
            yield ConsentDetail(
                purpose=row.purpose, granted=row.granted, source=row.source, evidence=row.evidence, at=row.at
            )


def _suppressions(session: Session, phone: str, now: datetime) -> Iterator[SuppressionDetail]:
    for row in session.scalars(select(Suppression).where(Suppression.phone == phone).order_by(Suppression.id)):
        if row.until is None or row.until > now:
            yield SuppressionDetail(
                scope=row.scope, reason=row.reason, source=row.source, until=row.until, created_at=row.created_at
            )


def _history(session: Session, customer_id: int, phone: str) -> list[HistoryEntry]:
    entries = [*_sent(session, customer_id), *_received(session, phone)]
    return sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)[:HISTORY]


def _sent(session: Session, customer_id: int) -> Iterator[HistoryEntry]:
    query = (
        select(Message, Batch.class_key, Campaign.name)
        .join(Batch, Batch.id == Message.batch_id)
        .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
        .where(Message.customer_id == customer_id)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(HISTORY)
    )
    for message, class_key, campaign in session.execute(query):
        yield HistoryEntry(
            id=message.id,
            inbound=False,
            at=message.done_at or message.accepted_at or message.sending_at or message.created_at,
            body=message.body,
            state=_SHOWN_STATE.get(message.state, message.state.value),
            reason=Text.load(message.reason_text),
            class_key=class_key,
            campaign=campaign or "",
        )


def _received(session: Session, phone: str) -> Iterator[HistoryEntry]:
    query = (
        select(InboundMessage)
        .where(InboundMessage.sender.in_([phone, f"+86{phone}", f"86{phone}"]))
        .order_by(InboundMessage.received_at.desc())
        .limit(HISTORY)
    )
    for reply in session.scalars(query):
        yield HistoryEntry(
            id=reply.id,
            inbound=True,
            at=reply.received_at,
            body=reply.body,
            state="",
            reason=Text(""),
            class_key="",
            campaign="",
        )

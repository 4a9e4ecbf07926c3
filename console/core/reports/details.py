"""One row a message: who, what, what became of it, and the loan it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from console.core.campaigns.rules import rule_title
from console.core.campaigns.views import OUTCOME_TITLES, Outcome, outcome, states_of
from console.core.format import masked_phone
from console.core.i18n import T, Text
from console.core.reports.daily import class_title
from console.core.reports.period import Period
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.sending.causes import explain
from db import paging
from db.models import Batch, BatchState, Campaign, Customer, Exclusion, Line, Loan, Message

COLUMNS = (
    Column(title=T("Campaign"), width=24),
    Column(title=T("Class"), width=14),
    Column(title=T("Customer number"), kind=Kind.CODE, width=16),
    Column(title=T("Name"), width=10),
    Column(title=T("Mobile number"), kind=Kind.CODE, width=14),
    Column(title=T("Message"), width=60),
    Column(title=T("Parts"), kind=Kind.COUNT, width=7),
    Column(title=T("State"), width=16),
    Column(title=T("Reason"), width=30),
    Column(title=T("What to do"), width=30),
    Column(title=T("Line"), width=14),
    Column(title=T("Submitted"), kind=Kind.MOMENT, width=20),
    Column(title=T("Accepted"), kind=Kind.MOMENT, width=20),
    Column(title=T("Finished"), kind=Kind.MOMENT, width=20),
    Column(title=T("Loan number"), kind=Kind.CODE, width=18),
    Column(title=T("Amount due"), kind=Kind.AMOUNT, width=14),
    Column(title=T("Due date"), kind=Kind.DATE, width=12),
)
_EXCLUDED_COLUMNS = (
    Column(title=T("Customer number"), kind=Kind.CODE, width=16),
    Column(title=T("Name"), width=10),
    Column(title=T("Mobile number"), kind=Kind.CODE, width=14),
    Column(title=T("Loan number"), kind=Kind.CODE, width=18),
    Column(title=T("Rule"), width=26),
    Column(title=T("Reason"), width=50),
)
_CHUNK = 1_000

Phone = Callable[[str], str]


def phones(reveal: bool) -> Phone:
    """How numbers are written: in full, or masked."""
    return str if reveal else masked_phone


def of_batch(session: Session, batch_id: int, phone: Phone, *, limit: int | None = None) -> Sheet:
    """The messages of one batch, as frozen; with ``limit`` only the first rows, yet the total of all."""
    return _details(session, select(Message.id).where(Message.batch_id == batch_id), phone, limit)


def of_period(
    session: Session, period: Period, phone: Phone, *, outcomes: Sequence[Outcome] = (), limit: int | None = None
) -> Sheet:
    """The messages that left in the period; with ``outcomes`` only those."""
    query = select(Message.id).where(Message.sending_at >= period.start, Message.sending_at < period.end)
    if outcomes:
        query = query.where(
            Message.state.in_([state for each in outcomes for state in states_of(each, BatchState.OPEN)])
        )
    return _details(session, query, phone, limit)


def _details(session: Session, query: Select[int], phone: Phone, limit: int | None) -> Sheet:
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = _rows(session, query.order_by(Message.id).limit(limit), phone)
    return Sheet(name=T("Details"), columns=COLUMNS, rows=rows, total=total)


def _rows(session: Session, query: Select[int], phone: Phone) -> Iterator[Row]:
    told = _Words()
    for chunk in paging.chunked(paging.ids(session, query), _CHUNK):
        for row in session.execute(_QUERY.where(Message.id.in_(chunk))):
            yield _row(row, phone, told)


_QUERY = (
    select(
        Campaign.name.label("campaign"),
        Batch.class_key,
        Batch.state.label("batch_state"),
        Customer.number,
        Customer.name,
        Message.phone,
        Message.body,
        Message.parts,
        Message.state,
        Message.reason,
        Message.reason_text,
        Line.name.label("line"),
        Message.sending_at,
        Message.accepted_at,
        Message.done_at,
        Loan.number.label("loan"),
        Loan.amount_due,
        Loan.due_on,
    )
    .select_from(Message)
    .join(Batch, Batch.id == Message.batch_id)
    .outerjoin(Campaign, Campaign.id == Batch.campaign_id)
    .outerjoin(Customer, Customer.id == Message.customer_id)
    .outerjoin(Loan, Loan.id == Message.loan_id)
    .outerjoin(Line, Line.id == Message.line_id)
    .order_by(Message.id)
)


class _Words:
    """Codes as words in the current language, each looked up once a report."""

    def __init__(self) -> None:
        self.title = lru_cache(maxsize=None)(class_title)
        self.state = {outcome: str(title) for outcome, title in OUTCOME_TITLES.items()}
        self.reason = lru_cache(maxsize=4_096)(_reason)


def _reason(code: str, stored: str) -> tuple[str | None, str | None]:
    """What happened, and what to do about it; nothing to say of a message that simply went."""
    cause = explain(code) if code else None
    text = str(Text.load(stored)) if stored else str(cause.text) if cause else None
    return text, str(cause.advice) if cause else None


def _row(row: SqlRow[*tuple[Any, ...]], phone: Phone, told: _Words) -> Row:
    reason, advice = told.reason(row.reason, row.reason_text)
    return (
        row.campaign,
        told.title(row.class_key),
        row.number,
        row.name,
        phone(row.phone),
        row.body,
        row.parts,
        told.state[outcome(row.state, row.batch_state)],
        reason,
        advice,
        row.line,
        row.sending_at,
        row.accepted_at,
        row.done_at,
        row.loan,
        row.amount_due,
        row.due_on,
    )


def excluded(session: Session, batch_id: int, phone: Phone) -> Sheet:
    """Who was left out of a batch, and why."""
    total = session.scalar(select(func.count()).where(Exclusion.batch_id == batch_id)) or 0
    query = (
        select(
            Exclusion.id, Customer.number, Customer.name, Customer.phone, Loan.number.label("loan"), Exclusion.rule,
            Exclusion.reason,
        )
        .join(Customer, Customer.id == Exclusion.customer_id)
        .outerjoin(Loan, Loan.id == Exclusion.loan_id)
        .where(Exclusion.batch_id == batch_id)
    )  # fmt: skip
    rows = (
        (row.number, row.name, phone(row.phone), row.loan, str(rule_title(row.rule)), str(Text.load(row.reason)))
        for page in paging.pages(session, query, Exclusion.id)
        for row in page
    )
    return Sheet(name=T("Left out"), columns=_EXCLUDED_COLUMNS, rows=rows, total=total)

"""The messages of one campaign, and those who are left out of it: ids in an order, then the rows looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, UnaryExpression, func, or_, select
from sqlalchemy.orm import Session

from console.core.campaigns.rules import rule_title
from console.core.campaigns.views import Outcome, outcome, states_of
from console.core.format import masked_phone
from console.core.i18n import Text
from console.core.listing import Sort
from console.core.sending.causes import explain
from db import paging
from db.models import Batch, Customer, Exclusion, Message

RANDOM = Sort("random")  # by keyed digest: an order that nobody can arrange
LONGEST = Sort("length", descending=True)


@dataclass(frozen=True, kw_only=True)
class MessageFilter:
    outcome: Outcome | None = None
    text: str = ""  # in the name, the text, or the number


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    id: int
    customer_id: int | None
    name: str
    phone: str  # masked
    body: str
    parts: int
    outcome: Outcome
    reason: Text  # in plain language; empty when there is nothing to say
    advice: Text
    not_before: datetime | None  # only while it waits: allowed from then on
    accepted_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RuleNumber:
    rule: str
    title: Text
    count: int


@dataclass(frozen=True, kw_only=True)
class ExclusionRow:
    id: int
    customer_id: int
    name: str
    phone: str  # masked
    rule: str
    reason: Text


def message_ids(
    session: Session, batch_id: int, wanted: MessageFilter, sort: Sort, *, limit: int | None = None
) -> list[int]:
    """Ids of the batch's messages that match, in order, the first ``limit``. An unknown sort key means as frozen."""
    query = select(Message.id).where(Message.batch_id == batch_id)
    if wanted.outcome is not None:
        batch = session.get_one(Batch, batch_id)
        query = query.where(Message.state.in_(states_of(wanted.outcome, batch.state)))
    if wanted.text.strip() or sort.key == "name":
        query = query.outerjoin(Customer, Customer.id == Message.customer_id)
    if wanted.text.strip():
        query = query.where(_found(wanted.text.strip()))
    return paging.ids(session, query.order_by(*_order(sort)).limit(limit)).tolist()


def message_rows(session: Session, ids: Sequence[int]) -> list[MessageRow]:
    """The rows of ``ids`` in that order; one that is gone meanwhile is left out."""
    query = (
        select(Message, Customer.name, Batch.state)
        .join(Batch, Batch.id == Message.batch_id)
        .outerjoin(Customer, Customer.id == Message.customer_id)
        .where(Message.id.in_(ids))
    )
    found = {
        message.id: _row(message, name or "", outcome(message.state, state))
        for message, name, state in session.execute(query)
    }
    return [found[each] for each in ids if each in found]


def rule_numbers(session: Session, batch_id: int) -> list[RuleNumber]:
    """Who is left out, counted by rule, most frequent first."""
    query = select(Exclusion.rule, func.count()).where(Exclusion.batch_id == batch_id).group_by(Exclusion.rule)
    found = [RuleNumber(rule=rule, title=rule_title(rule), count=number) for rule, number in session.execute(query)]
    return sorted(found, key=lambda each: -each.count)


def exclusion_ids(session: Session, batch_id: int, rule: str = "") -> list[int]:
    """Ids of those left out, of one rule or all."""
    query = select(Exclusion.id).where(Exclusion.batch_id == batch_id)
    if rule:
        query = query.where(Exclusion.rule == rule)
    return list(session.scalars(query.order_by(Exclusion.id)))


def exclusion_rows(session: Session, ids: Sequence[int]) -> list[ExclusionRow]:
    query = (
        select(Exclusion, Customer.name, Customer.phone)
        .join(Customer, Customer.id == Exclusion.customer_id)
        .where(Exclusion.id.in_(ids))
    )
    found = {
        row.id: ExclusionRow(
            id=row.id,
            customer_id=row.customer_id,
            name=name,
            phone=masked_phone(phone),
            rule=row.rule,
            reason=Text.load(row.reason),
        )
        for row, name, phone in session.execute(query)
    }
    return [found[each] for each in ids if each in found]


def _row(message: Message, name: str, found: Outcome) -> MessageRow:
    cause = explain(message.reason) if message.reason else None
    told = Text.load(message.reason_text) if message.reason_text else None
    return MessageRow(
        id=message.id,
        customer_id=message.customer_id,
        name=name,
        phone=masked_phone(message.phone),
        body=message.body,
        parts=message.parts,
        outcome=found,
        reason=told or (cause.text if cause else Text("")),
        advice=cause.advice if cause else Text(""),
        not_before=message.not_before if found is Outcome.WAITING else None,
        accepted_at=message.accepted_at,
        done_at=message.done_at,
    )


def _found(text: str) -> ColumnElement[bool]:
    places: list[ColumnElement[bool]] = [
        Customer.name.contains(text, autoescape=True),
        Message.body.contains(text, autoescape=True),
    ]
    digits = "".join(char for char in text if char.isdecimal())
    if len(digits) >= 4:
        places.append(Message.phone.endswith(digits[-11:]))
    return or_(*places)


def _order(sort: Sort) -> tuple[UnaryExpression[Any], ...]:
    orders: Mapping[str, SQLColumnExpression[Any]] = {
        "name": Customer.pinyin,
        "phone": Message.phone,
        "random": Message.digest,
        "length": func.length(Message.body),
        "parts": Message.parts,
        "outcome": Message.state,
        "accepted": Message.accepted_at,
        "done": Message.done_at,
    }
    column = orders.get(sort.key, Message.id)
    return (column.desc(), Message.id.desc()) if sort.descending else (column.asc(), Message.id.asc())

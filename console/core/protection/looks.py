"""Looks at full numbers: each with a reason, each in the audit trail, and not without end.

The audit trail is the only record of them. The entry is written before the looks are counted, and its writers take
turns, so that two looks at one moment cannot both be the last that is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Integer, String, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T
from console.core.listing import Sort
from console.core.security.permissions import Permission
from db.models import AuditEntry, Customer

LOOKED = "customer.reveal_"  # what the actions of looks begin with: customer.reveal_phone, _id, _account
REFUSED = "look.refused"
LONGEST_REASON = 200
_HOUR = timedelta(hours=1)
_CUSTOMER = "customer:"  # before the id, in the subject of a look
_TAIL = 4  # digits that a phone number is known by


class NoReason(UserError):
    def __init__(self) -> None:
        super().__init__(T("A look at a full number needs a reason."), T("Write in a few words why you need it."))


class TooManyLooks(UserError):
    def __init__(self, limit: int) -> None:
        super().__init__(
            T("You have looked at {n} full numbers within an hour.", n=limit),
            T("No more are shown for now, and your supervisor sees this. A list is asked for as a file instead."),
        )


@dataclass(frozen=True, kw_only=True)
class LookFilter:
    actor: str = ""
    since: date | None = None  # local days, both included
    until: date | None = None
    refused: bool = False  # only those that were refused
    text: str = ""  # words of the customer's number or name, the last digits of the phone, or of the reason


@dataclass(frozen=True, kw_only=True, slots=True)
class LookRow:
    id: int  # of the entry in the audit trail
    at: datetime
    actor: str
    action: str
    customer_id: int
    customer: str  # name and number; empty for one who is gone
    reason: str

    @property
    def refused(self) -> bool:
        return self.action == REFUSED


@dataclass(frozen=True, kw_only=True)
class Looker:
    """One person's looks in a period."""

    actor: str
    looks: int
    customers: int  # different ones
    refused: int
    last_at: datetime


def look(ctx: Context, action: str, customer_id: int, reason: str, read: Callable[[Session], str]) -> str:
    """What ``read`` finds, once, for a reason that is kept under ``action``.

    Raises NotPermitted, NoReason, TooManyLooks, and what ``read`` raises.
    """
    ctx.require(Permission.PHONES_REVEAL)
    why = reason.strip()[:LONGEST_REASON]
    if not why:
        raise NoReason()
    limit = ctx.settings.integer("security.looks_per_hour")
    subject = f"{_CUSTOMER}{customer_id}"
    try:
        with ctx.database.begin() as session:
            found = read(session)
            ctx.audit(session, action, subject, reason=why)
            session.flush()
            if _lately(ctx, session) > limit:
                raise TooManyLooks(limit)
            return found
    except TooManyLooks:
        with ctx.database.begin() as session:
            ctx.audit(session, REFUSED, subject, reason=why, limit=limit)
        raise


def _lately(ctx: Context, session: Session) -> int:
    query = select(func.count()).where(
        AuditEntry.at > ctx.clock.now() - _HOUR,
        AuditEntry.actor_id == ctx.actor.user_id,
        AuditEntry.action.startswith(LOOKED, autoescape=True),
    )
    return session.scalar(query) or 0


def look_ids(ctx: Context, wanted: LookFilter, sort: Sort) -> list[int]:
    """Newest first, unless ``sort`` is by time ascending. Raises NotPermitted."""
    ctx.require(Permission.LOOKS_VIEW)
    order = AuditEntry.id.asc() if sort.key == "at" and not sort.descending else AuditEntry.id.desc()
    with ctx.database.read() as session:
        return list(session.scalars(select(AuditEntry.id).where(*_fitting(wanted)).order_by(order)))


def look_rows(ctx: Context, ids: Sequence[int]) -> list[LookRow]:
    """In the order of ``ids``. Raises NotPermitted."""
    ctx.require(Permission.LOOKS_VIEW)
    with ctx.database.read() as session:
        entries = {row.id: row for row in session.scalars(select(AuditEntry).where(AuditEntry.id.in_(ids)))}
        wanted = {_customer_id(row) for row in entries.values()}
        people = session.execute(select(Customer.id, Customer.number, Customer.name).where(Customer.id.in_(wanted)))
        names = {id_: f"{name} {number}".strip() for id_, number, name in people}
    return [
        LookRow(
            id=row.id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            customer_id=_customer_id(row),
            customer=names.get(_customer_id(row), ""),
            reason=json.loads(row.detail).get("reason", ""),
        )
        for row in (entries[id_] for id_ in ids if id_ in entries)
    ]


def lookers(ctx: Context, wanted: LookFilter) -> list[Looker]:
    """Who looked how often, most first. Raises NotPermitted."""
    ctx.require(Permission.LOOKS_VIEW)
    refused = func.sum(_is(REFUSED))
    looks = func.count() - refused
    query = (
        select(AuditEntry.actor, looks, func.count(AuditEntry.subject.distinct()), refused, func.max(AuditEntry.at))
        .where(*_fitting(wanted))
        .group_by(AuditEntry.actor)
        .order_by(func.count().desc(), AuditEntry.actor)
    )
    with ctx.database.read() as session:
        return [
            Looker(actor=actor, looks=int(n), customers=people, refused=int(no), last_at=last)
            for actor, n, people, no, last in session.execute(query)
        ]


def refused_lately(session: Session, now: datetime) -> int:
    """Looks that were refused within a day, for the badge of who is to see them."""
    query = select(func.count()).where(AuditEntry.action == REFUSED, AuditEntry.at > now - timedelta(days=1))
    return session.scalar(query) or 0


def _is(action: str) -> ColumnElement[int]:
    return case((AuditEntry.action == action, 1), else_=0)


def _fitting(wanted: LookFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [AuditEntry.action == REFUSED if wanted.refused else _looked()]
    found += [_mentions(word) for word in wanted.text.split()]
    if wanted.actor:
        found.append(AuditEntry.actor == wanted.actor)
    if wanted.since is not None:
        found.append(AuditEntry.at >= _midnight(wanted.since))
    if wanted.until is not None:
        found.append(AuditEntry.at < _midnight(wanted.until + timedelta(days=1)))
    return found


def _looked() -> ColumnElement[bool]:
    return or_(AuditEntry.action.startswith(LOOKED, autoescape=True), AuditEntry.action == REFUSED)


def _mentions(word: str) -> ColumnElement[bool]:
    """Asked of the few customers only that anybody looked at."""
    those = select(cast(func.substr(AuditEntry.subject, len(_CUSTOMER) + 1), Integer)).where(_looked())
    fits = [Customer.number.icontains(word, autoescape=True), Customer.name.icontains(word, autoescape=True)]
    if word.isdecimal() and len(word) >= _TAIL:
        fits.append(Customer.phone.endswith(word, autoescape=True))
    people = select(literal(_CUSTOMER).concat(cast(Customer.id, String))).where(Customer.id.in_(those), or_(*fits))
    return or_(AuditEntry.subject.in_(people), AuditEntry.detail.icontains(word, autoescape=True))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time()).astimezone()


def _customer_id(entry: AuditEntry) -> int:
    return int(entry.subject.partition(":")[2] or 0)

"""Why a customer is to be gone easy on: set and ended by a person, with a note, looked at by the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.editing import locked, require_loan
from console.core.customers.normalise import text
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.models import Circumstance, CircumstanceKind, Loan, User

__all__ = [
    "KIND_TITLES", "CircumstanceKind", "CircumstanceRefused", "Shown", "end_circumstance", "in_force",
    "last_day",    "set_circumstance",
]  # fmt: skip

NOTE_LIMIT = 500

KIND_TITLES: Mapping[CircumstanceKind, Text] = {
    CircumstanceKind.PROMISED: T("Promised to pay"),
    CircumstanceKind.DISPUTED: T("Disputes the debt"),
    CircumstanceKind.COMPLAINT: T("Complaint is open"),
    CircumstanceKind.BEREAVED: T("Bereaved"),
    CircumstanceKind.VULNERABLE: T("Needs special care"),
}


class CircumstanceRefused(UserError):
    """A record that cannot stand."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    id: int
    kind: CircumstanceKind
    loan: str  # its number; "" where it concerns all loans
    until: datetime | None  # None: until somebody ends it
    note: str
    by: str  # display name
    since: datetime


def last_day(until: datetime) -> date:
    """The last local day of what holds up to, but not including, a moment."""
    return (until - timedelta(microseconds=1)).astimezone().date()


def in_force(session: Session, customer_id: int, now: datetime) -> list[Shown]:
    """The newest first."""
    query = (
        select(Circumstance, Loan.number, User.display_name)
        .outerjoin(Loan, Loan.id == Circumstance.loan_id)
        .outerjoin(User, User.id == Circumstance.created_by)
        .where(
            Circumstance.customer_id == customer_id,
            Circumstance.ended_at.is_(None),
            or_(Circumstance.until.is_(None), Circumstance.until > now),
        )
        .order_by(Circumstance.created_at.desc(), Circumstance.id.desc())
    )
    return [
        Shown(
            id=row.id,
            kind=row.kind,
            loan=number or "",
            until=row.until,
            note=row.note,
            by=name or "",
            since=row.created_at,
        )
        for row, number, name in session.execute(query)
    ]


def set_circumstance(
    ctx: Context,
    customer_id: int,
    kind: CircumstanceKind,
    *,
    note: str,
    until: datetime | None = None,
    loan_id: int | None = None,
) -> int:
    """The id. A promise to pay needs its day.

    Raises NotPermitted, NoSuchCustomer, NotTheirLoan, CircumstanceRefused.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    now, words = ctx.clock.now(), _note(note)
    if kind is CircumstanceKind.PROMISED and until is None:
        raise CircumstanceRefused(T("A promise to pay needs the day until which it holds."))
    if until is not None and until <= now:
        raise CircumstanceRefused(T("The day is over already."), T("Choose a later one."))
    with ctx.database.begin() as session:
        locked(session, customer_id)
        require_loan(session, customer_id, loan_id)
        row = Circumstance(
            customer_id=customer_id,
            loan_id=loan_id,
            kind=kind,
            until=until,
            note=words,
            created_by=ctx.actor.user_id,
            created_at=now,
        )
        session.add(row)
        session.flush()
        detail = {"kind": kind.value, "until": until, "loan": loan_id}
        ctx.audit(session, "circumstance.set", f"customer:{customer_id}", **detail)
        return row.id


def end_circumstance(ctx: Context, circumstance_id: int, note: str) -> None:
    """From now on it does not count. Raises NotPermitted, CircumstanceRefused."""
    ctx.require(Permission.CUSTOMERS_EDIT)
    words = _note(note)
    with ctx.database.begin() as session:
        row = session.scalar(select(Circumstance).where(Circumstance.id == circumstance_id).with_for_update())
        if row is None or row.ended_at is not None:
            raise CircumstanceRefused(T("This has been ended already."), T("Refresh the page."))
        row.ended_at = ctx.clock.now()
        row.note = "\n".join((row.note, words))
        ctx.audit(session, "circumstance.end", f"customer:{row.customer_id}", kind=row.kind.value)


def _note(note: str) -> str:
    words = text(note)
    if not words or len(words) > NOTE_LIMIT:
        raise CircumstanceRefused(T("A note of at most {limit} characters is needed.", limit=NOTE_LIMIT))
    return words

"""Pinned lists: who belongs to a segment at one moment, kept until a person makes the list anew.

    start    a list that is not whole                one small transaction
    fill     its customers, and the loans meant      CHUNK rows a transaction, so that nobody waits for long
    finish   the list is whole                       one small transaction; older ones that nobody needs are removed

A list that is not whole is never used. After a crash its rows stay until the segment is pinned again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Select, delete, func, insert, literal, null, or_, select, true
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.imports import require_settled
from console.core.errors import UserError
from console.core.i18n import T
from console.core.security.permissions import Permission
from console.core.segments.compile import members, pairs
from console.core.segments.conditions import Group
from console.core.segments.days import Today
from console.core.segments.loans import chooses_loans
from console.core.segments.store import conditions_of, newest_version, segment_of, today_of
from db.engine import Database
from db.keys import keys
from db.models import Campaign, CampaignState, Customer, Loan, SegmentLoan, SegmentMember, SegmentPin
from db.paging import chunked

CHUNK = 1_000
ABANDONED = timedelta(hours=1)  # a list that is not whole by then is left from a crash
_NEEDED = (CampaignState.DRAFT, CampaignState.RETURNED, CampaignState.FREEZING, CampaignState.PENDING)

Report = Callable[[int, int], None]  # done, total; may raise to stop the work


class PinGone(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("The pinned list of this segment is not there any more."), T("Choose the segment once more.")
        )


@dataclass(frozen=True, kw_only=True)
class Pin:
    id: int
    segment_id: int
    version_id: int
    number: int  # of the version
    day: date  # that relative dates were counted from
    customers: int
    at: datetime
    author: str


@dataclass(frozen=True)
class Pinned:
    pin_id: int
    customers: int


def pin_segment(ctx: Context, segment_id: int, *, progress: Report | None = None) -> Pinned:
    """Keep who belongs to the newest version now, in place of the list before.

    Raises NotPermitted, SegmentGone, UnknownField, ImportUnderway, and whatever ``progress`` raises.
    """
    ctx.require(Permission.CAMPAIGNS_EDIT)
    with ctx.database.begin() as session:
        today = today_of(session, ctx.clock.now().astimezone().date())
        segment_of(session, segment_id, lock=True)
        version = newest_version(session, segment_id)
        root = conditions_of(session, version.id)
        values = insert(SegmentPin).values(
            segment_id=segment_id,
            version_id=version.id,
            day=today.day,
            by_loan=chooses_loans(root),
            created_by=ctx.actor.user_id,
            created_at=ctx.clock.now(),
        )
        pin_id = session.scalars(values.returning(SegmentPin.id)).one()
    try:
        customers = _fill(ctx.database, pin_id, root, today, progress)
    except BaseException:
        _remove(ctx.database, pin_id)
        raise
    with ctx.database.begin() as session:
        session.get_one(SegmentPin, pin_id).whole = True
        session.get_one(SegmentPin, pin_id).customers = customers
        ctx.audit(session, "segment.pin", f"segment:{segment_id}", number=version.number, customers=customers)
    for old in _not_needed(ctx, segment_id, pin_id):
        _remove(ctx.database, old)
    return Pinned(pin_id, customers)


def unpin_segment(ctx: Context, segment_id: int) -> None:
    """Give up the pinned list: the segment is live again. Drafts that were written for the list keep it."""
    ctx.require(Permission.CAMPAIGNS_EDIT)
    with ctx.database.begin() as session:
        segment_of(session, segment_id, lock=True)
        for pin in session.scalars(_whole(segment_id)):
            pin.whole = False
        ctx.audit(session, "segment.unpin", f"segment:{segment_id}")
    for old in _not_needed(ctx, segment_id, 0, abandoned=timedelta(0)):
        _remove(ctx.database, old)


def _fill(database: Database, pin_id: int, root: Group, today: Today, progress: Report | None) -> int:
    with database.read() as session:
        require_settled(session)
        people = list(session.scalars(members(root, today)))
        loans: list[int] = []
        if chooses_loans(root):
            loans = [loan for _customer, loan in session.execute(pairs(root, today, per_loan=True)) if loan is not None]
    done, total = 0, len(people) + len(loans)
    for model, source, ids in ((SegmentMember, Customer, people), (SegmentLoan, Loan, loans)):
        for chunk in chunked(ids, CHUNK):
            with database.begin() as session:
                _keep(session, pin_id, model, source, chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    with database.read() as session:
        return session.scalar(select(func.count()).where(SegmentMember.pin_id == pin_id)) or 0


def _keep(session: Session, pin_id: int, model: Any, source: Any, ids: Collection[int]) -> None:
    """Those of ``ids`` that are still there."""
    wanted = keys(session, ids)
    there = select(literal(pin_id), source.id).join(wanted, wanted.c.value == source.id)
    session.execute(insert(model).from_select([column.key for column in model.__table__.primary_key], there))


def _whole(segment_id: int) -> Select[SegmentPin]:
    query = select(SegmentPin).where(SegmentPin.segment_id == segment_id, SegmentPin.whole.is_(True))
    return query.order_by(SegmentPin.id.desc())


def _not_needed(ctx: Context, segment_id: int, newest: int, *, abandoned: timedelta = ABANDONED) -> list[int]:
    """Lists of a segment that neither it nor a campaign that is still being prepared needs."""
    with ctx.database.read() as session:
        old = or_(SegmentPin.whole.is_(True), SegmentPin.created_at <= ctx.clock.now() - abandoned)
        pins = set(session.scalars(select(SegmentPin.id).where(SegmentPin.segment_id == segment_id, old)))
        campaigns = select(Campaign.audience).where(
            Campaign.audience["segment"].as_integer() == segment_id, Campaign.state.in_(_NEEDED)
        )
        used = {audience.get("pin") for audience in session.scalars(campaigns)}
    return sorted(pins - used - {newest})


def _remove(database: Database, pin_id: int) -> None:
    for model in (SegmentLoan, SegmentMember):
        gone = CHUNK
        while gone == CHUNK:
            with database.begin() as session:
                column = model.__table__.c[1]
                some = select(column).where(model.pin_id == pin_id).limit(CHUNK)
                removal = delete(model).where(model.pin_id == pin_id, column.in_(some.scalar_subquery()))
                gone = session.execute(removal).rowcount  # type: ignore[attr-defined]
    with database.begin() as session:
        session.execute(delete(SegmentPin).where(SegmentPin.id == pin_id))


def pinned_pairs(session: Session, pin_id: int, *, per_loan: bool) -> Select[int, int | None]:
    """(customer id, loan id) of a pinned list, as ``compile.pairs`` gives them. Raises PinGone."""
    pin = session.get(SegmentPin, pin_id)
    if pin is None:
        raise PinGone()
    kept = select(SegmentMember.customer_id).where(SegmentMember.pin_id == pin_id)
    chosen = Customer.id.in_(kept)
    if not per_loan:
        everybody = select(Customer.id, null().label("loan_id")).where(chosen)
        return cast("Select[int, int | None]", everybody.order_by(Customer.id))
    by_loan = Loan.id.in_(select(SegmentLoan.loan_id).where(SegmentLoan.pin_id == pin_id)) if pin.by_loan else true()
    loans = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id).where(chosen, by_loan)
    return cast("Select[int, int | None]", loans.order_by(Customer.id, Loan.id))

"""Who belongs to conditions now: about how many at once, and a moment later exactly."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.browse import CustomerRow, customer_rows
from console.core.customers.imports import require_settled, settled
from console.core.security.permissions import Permission
from console.core.segments.compile import loans, matching, members, numbers, once
from console.core.segments.conditions import Group, checked
from console.core.segments.days import Today
from console.core.segments.loans import chooses_loans
from console.core.segments.store import require_known, today_of
from db.models import Customer

SAMPLE = 20
_PLACES, _BESIDE = 100, 20  # where in the file, and how many beside each other there, who share its pages
_RARE = 10_000  # customers: to find some of fewer, PostgreSQL is made to find all; else it may try each with each
_WORTH = 10  # times as many customers as are asked


@dataclass(frozen=True, kw_only=True)
class Found:
    """Who belongs to conditions now."""

    root: Group
    customers: int
    loans: int | None  # that a text would be about; None where the conditions choose none
    sample: tuple[CustomerRow, ...]


@dataclass(frozen=True, kw_only=True)
class Guess:
    """About how many, from a sample of all customers, while they are counted."""

    root: Group
    customers: int  # rounded; 0: none of those who were asked
    asked: int  # customers
    sample: tuple[CustomerRow, ...]


def look(ctx: Context, root: Group) -> Found:
    """Count and some of them. Raises BadConditions, UnknownField, ImportUnderway."""
    ctx.require(Permission.CUSTOMERS_VIEW)
    root = checked(root)
    with ctx.reading() as session:
        require_settled(session)
        today = _today(ctx, session, root)
        customers, meant, some = _counted(session, root, today)
        return Found(root=root, customers=customers, loans=meant, sample=tuple(customer_rows(session, some)))


def _counted(session: Session, root: Group, today: Today) -> tuple[int, int | None, list[int]]:
    """Customers, loans, and some of the customers. SQLite looks once; a server several times, but side by side."""
    if session.get_bind().dialect.name == "sqlite":
        customers, meant, text = session.execute(numbers(root, today, SAMPLE)).one()
        return customers, meant, sorted(map(int, text.split(","))) if text else []
    found = members(root, today)
    customers = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    by_loan = chooses_loans(root)
    about = session.scalar(select(func.count()).select_from(loans(root, today).subquery())) if by_loan else None
    if customers < _RARE:
        found = select(once(found).c[0])
    some = sorted(session.scalars(found.limit(SAMPLE)))
    return customers, about, some


def guess(ctx: Context, root: Group) -> Guess | None:
    """From some hundred places of the file, each customer asked by itself: as quick for any conditions.

    None where there are so few customers that counting takes no longer, and where an import is half written.
    Raises BadConditions, UnknownField.
    """
    ctx.require(Permission.CUSTOMERS_VIEW)
    root = checked(root)
    with ctx.reading() as session:
        today = _today(ctx, session, root)
        shown = Customer.active.is_(True)
        low = session.scalar(select(func.min(Customer.id)).where(shown)) or 0
        high = session.scalar(select(func.max(Customer.id)).where(shown)) or 0
        span = high - low + 1
        if span < _WORTH * _PLACES * _BESIDE or not settled(session):
            return None
        some = _spread(low, span)
        query = select(Customer.id).where(Customer.id.in_(some), shown, matching(root, today)).order_by(Customer.id)
        found = list(session.scalars(query))
        return Guess(
            root=root,
            customers=_rounded(len(found) * span // len(some)),
            asked=len(some),
            sample=tuple(customer_rows(session, found[:SAMPLE])),
        )


def _today(ctx: Context, session: Session, root: Group) -> Today:
    require_known(session, root)
    return today_of(session, ctx.clock.now().astimezone().date())


def _spread(low: int, span: int) -> list[int]:
    """Ids at places that are far apart, but in no step that something in the data might have, too."""
    dice, step = random.Random(span), span // _PLACES  # noqa: S311 - no secret
    starts = [low + place * step + dice.randrange(step - _BESIDE) for place in range(_PLACES)]
    return [start + each for start in starts for each in range(_BESIDE)]


def _rounded(number: int) -> int:
    """To two digits: more would look like a count."""
    unit = int(10 ** max(0, len(str(number)) - 2))
    return (number + unit // 2) // unit * unit

"""All that happened with one customer, newest first, a page at a time by key from each of the tables it lies in.

Every source is asked for at most a page's worth of entries before the cursor, so that the ten-thousandth entry costs
what the first one does. Equal moments are ordered by source and then by id, newest id first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.timeline_entries import KIND_TITLES, Cursor, Entry, Kind, Page, Who
from console.core.customers.timeline_sources import SOURCES
from console.core.security.permissions import Permission
from db.models import Customer, CustomerPhone

__all__ = ["KIND_TITLES", "PAGE", "Cursor", "Entry", "Kind", "page"]

PAGE = 40


def page(
    ctx: Context, customer_id: int, before: Cursor | None = None, *, kinds: Iterable[Kind] = (), size: int = PAGE
) -> list[Entry]:
    """Up to ``size`` entries after ``before`` (the newest ones when None), of some kinds or of all.

    Fewer than ``size``: there are no more. Raises NotPermitted.
    """
    ctx.require(Permission.CUSTOMERS_VIEW)
    wanted, now = frozenset(kinds) or frozenset(Kind), ctx.clock.now()
    with ctx.database.read() as session:
        who = Who(customer_id, _phones(session, customer_id))
        found = [
            source.fetch(session, who, Page(rank, before, size, now))
            for rank, source in enumerate(SOURCES)
            if source.kind in wanted
        ]
    newest_first = heapq.merge(*found, key=lambda each: (-each.at.timestamp(), each.source, -each.id))
    return list(islice(newest_first, size))


def _phones(session: Session, customer_id: int) -> tuple[str, ...]:
    main = session.scalars(select(Customer.phone).where(Customer.id == customer_id))
    others = session.scalars(select(CustomerPhone.phone).where(CustomerPhone.customer_id == customer_id))
    return (*main, *others)

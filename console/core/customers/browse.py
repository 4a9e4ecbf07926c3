"""Finding customers: ids in an order, then the rows that are looked at."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.customers import pick, search
from console.core.customers.detail import CustomerDetail, customer_detail, reveal_phone
from console.core.customers.filters import (
    LOAN_STATE_TITLES,
    CustomerFilter,
    audience_select,
    local_today,
    matching,
    today_for,
)
from console.core.format import masked_phone
from console.core.listing import Sort
from db import paging
from db.models import Customer, Loan, LoanState

__all__ = [
    "LOAN_STATE_TITLES", "CustomerDetail", "CustomerFilter", "CustomerRow", "Facets", "Sort", "audience_select",
    "count_customers", "customer_detail", "customer_head", "customer_ids", "customer_rows", "facets", "local_today",
    "reveal_phone",
]  # fmt: skip

SORTS: Mapping[str, InstrumentedAttribute[str] | InstrumentedAttribute[datetime]] = {
    "name": Customer.pinyin,  # the order in which a Chinese reader looks a name up
    "number": Customer.number,
    "region": Customer.region,
    "branch": Customer.branch,
    "manager": Customer.manager,
    "rating": Customer.rating,
    "segment": Customer.segment,
    "updated": Customer.updated_at,
}
DEFAULT_SORT = Sort("name")
_COLUMNS: tuple[InstrumentedAttribute[Any], ...] = (
    Customer.id, Customer.number, Customer.name, Customer.title, Customer.phone, Customer.region, Customer.branch,
    Customer.manager, Customer.rating, Customer.segment, Customer.updated_at,
)  # fmt: skip
_URGENCY = (LoanState.OVERDUE, LoanState.ACTIVE, LoanState.APPLYING, LoanState.SETTLED)


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerRow:
    """One line of the list."""

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
    loans: int
    product: str  # of the loan that needs attention first
    loan_state: str  # of that loan; "" without a loan
    due_on: date | None
    amount_due: Decimal | None  # yuan
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Facets:
    """The values that the filters offer, in order."""

    regions: tuple[str, ...]
    branches: tuple[str, ...]
    ratings: tuple[str, ...]
    segments: tuple[str, ...]
    products: tuple[str, ...]


def customer_ids(
    session: Session,
    filter: CustomerFilter,  # noqa: A002 - the field's word
    sort: Sort = DEFAULT_SORT,
    *,
    today: date | None = None,
) -> array[int]:
    """Ids of all that match, in order. An unknown sort key means by name."""
    return pick.all_ids(session, filter, order_of(sort), today)


def customer_head(
    session: Session,
    filter: CustomerFilter,  # noqa: A002 - the field's word
    sort: Sort = DEFAULT_SORT,
    *,
    limit: int,
    today: date | None = None,
) -> list[int]:
    """The first ``limit`` of ``customer_ids``, at once whatever the filter."""
    return pick.first_ids(session, filter, order_of(sort), limit, today)


def count_customers(session: Session, filter: CustomerFilter, *, today: date | None = None) -> int:  # noqa: A002
    where = matching(filter, today_for(session, filter, today))
    return session.scalar(select(func.count()).select_from(Customer).where(where)) or 0


def order_of(sort: Sort) -> pick.Order:
    return pick.Order(SORTS.get(sort.key, Customer.pinyin), sort.descending)


def customer_rows(session: Session, ids: Sequence[int]) -> list[CustomerRow]:
    """The rows of ``ids`` in that order; one that is gone meanwhile is left out."""
    people = {row.id: row for row in session.execute(select(*_COLUMNS).where(Customer.id.in_(ids)))}
    loans: dict[int, list[_LoanFacts]] = {}
    columns = select(Loan.customer_id, Loan.product, Loan.state, Loan.due_on, Loan.amount_due)
    for customer_id, product, state, due_on, amount in session.execute(columns.where(Loan.customer_id.in_(ids))):
        loans.setdefault(customer_id, []).append(_LoanFacts(product, state, due_on, amount))
    return [_row(people[each], loans.get(each, [])) for each in ids if each in people]


@dataclass(frozen=True, slots=True)
class _LoanFacts:
    product: str
    state: LoanState
    due_on: date | None
    amount_due: Decimal | None

    def urgency(self) -> tuple[int, date]:
        return _URGENCY.index(self.state), self.due_on or date.max


def _row(person: Row[Any], loans: list[_LoanFacts]) -> CustomerRow:
    first = min(loans, key=_LoanFacts.urgency, default=None)
    return CustomerRow(
        **{column.key: getattr(person, column.key) for column in _COLUMNS if column is not Customer.phone},
        phone=masked_phone(person.phone),
        loans=len(loans),
        product=first.product if first else "",
        loan_state=first.state.value if first else "",
        due_on=first.due_on if first else None,
        amount_due=first.amount_due if first else None,
    )


def facets(session: Session) -> Facets:
    def values(column: InstrumentedAttribute[str]) -> tuple[str, ...]:
        return tuple(paging.distinct(session, column, search.shown()))

    return Facets(
        regions=values(Customer.region),
        branches=values(Customer.branch),
        ratings=values(Customer.rating),
        segments=values(Customer.segment),
        products=tuple(paging.distinct(session, Loan.product)),
    )

"""Conditions to one SQL statement, the same for both engines; every value is a bound parameter.

At a million customers in an encrypted file, reading their rows takes most of the time. So whatever an index can answer
becomes a set of ids, sets are joined with each other, and what only the row can tell is asked last. SQLite has no
statistics and PostgreSQL wrong ones, so the statement leaves only the good plan.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CTE, ColumnElement, Select, String, func, null, select
from sqlalchemy import cast as cast_to

from console.core.segments.conditions import Group, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope
from console.core.segments.loans import by_which, loans_meant, of_which
from console.core.segments.people import who
from console.core.segments.records import holds
from console.core.segments.rows import Row
from db.models import Customer, Loan

True_ = ColumnElement[bool]


def matching(root: Group, today: Today) -> True_:
    """The whole segment as one condition on Customer, for few of them: each is asked by itself."""
    return holds(root, Row(Scope.CUSTOMER, Customer), today)


def members(root: Group, today: Today) -> Select[int]:
    """Ids of the active customers, in no order, each once."""
    people = who(root, today, active=True)
    return people.query.distinct() if people.repeats else people.query


def loans(root: Group, today: Today) -> Select[int]:
    """Ids of the loans that a text would be about, in no order."""
    return loans_meant(root, today, active=True)


def numbers(root: Group, today: Today, some: int) -> Select[int, int, str]:
    """How many customers, how many loans a text would be about, and ``some`` of the customers, between commas.

    The loans are NULL where the conditions choose none; the customers where there are none.
    """
    by_loan, others = by_which(root)
    if len(by_loan) == 1 and isinstance(by_loan[0], Related):  # each of these customers has one of these loans
        chosen = once(of_which(by_loan[0], others, today, active=True))
        customer = chosen.c[0]
        return select(func.count(customer.distinct()), func.count(), _some(select(customer).distinct(), some))
    people = once(members(root, today))
    customers = select(func.count()).select_from(people).scalar_subquery()
    meant = select(func.count()).select_from(loans(root, today).subquery()).scalar_subquery() if by_loan else null()
    return select(customers, meant, _some(select(people.c[0]), some))


def once(query: Select[*tuple[Any, ...]]) -> CTE:
    """All of them found and kept, whatever is asked of them."""
    return query.cte().prefix_with("MATERIALIZED")


def _some(query: Select[int], most: int) -> Any:
    some = query.limit(most).subquery().c[0]
    return select(func.aggregate_strings(cast_to(some, String), ",")).scalar_subquery()


def pairs(root: Group, today: Today, *, per_loan: bool) -> Select[int, int | None]:
    """(customer id, loan id) in the order of customers; the loan is NULL unless ``per_loan``."""
    if per_loan:
        both = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
        chosen = both.where(Loan.id.in_(loans(root, today)))
        return cast("Select[int, int | None]", chosen.order_by(Customer.id, Loan.id))
    everybody = select(Customer.id, null().label("loan_id")).where(Customer.id.in_(members(root, today)))
    return cast("Select[int, int | None]", everybody.order_by(Customer.id))

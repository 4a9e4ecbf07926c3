"""The values that the database has for a field, offered while conditions are written."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from console.core.segments.fields import Field, Scope
from console.core.segments.operators import Kind
from db.models import Customer, Loan

MOST: Final = 300
_LOOKED_AT: Final = 20_000  # newest rows, where no index has the values in order
_INDEXED: Final = {Customer.region, Customer.branch, Customer.manager, Customer.rating, Customer.segment}


def distinct_values(session: Session, field: Field) -> list[str]:
    """In order, without the empty one; none for a field whose values are not chosen from a list."""
    if field.kind is Kind.TAGS:
        return _tags(session)
    if field.kind is not Kind.CHOICE or field.choices is not None or field.own:
        return []
    column = getattr(Customer if field.scope is Scope.CUSTOMER else Loan, field.key.partition(".")[2])
    if column in _INDEXED:
        query = select(column).where(Customer.active.is_(True), column != "")
    elif column is Loan.product:
        query = select(column).where(column != "")
    else:
        query = select(_newest(column).c[0])
    return [
        value for value in session.scalars(query.distinct().order_by(query.selected_columns[0]).limit(MOST)) if value
    ]


def _newest(column: Any) -> Any:
    return select(column).order_by(column.class_.id.desc()).limit(_LOOKED_AT).subquery()


def _tags(session: Session) -> list[str]:
    newest = _newest(Customer.tags)
    sqlite = session.get_bind().dialect.name == "sqlite"
    items = (func.json_each if sqlite else func.json_array_elements_text)(newest.c.tags).table_valued("value")
    return list(
        session.scalars(
            select(items.c.value).select_from(newest.join(items, true())).distinct().order_by(items.c.value).limit(MOST)
        )
    )

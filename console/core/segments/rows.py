"""The columns behind the fields, read from one row of one (aliased) table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Float,
    Numeric,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    type_coerce,
)
from sqlalchemy.orm import aliased

from console.core.segments.days import Today
from console.core.segments.fields import Outcome, Scope
from console.core.segments.functions import plain
from db.base import Money
from db.models import CustomerPhone, LoanState, MessageState


@dataclass
class Row:
    """A row that is being asked: ``table`` is a mapped class or an alias of one."""

    scope: Scope
    table: Any
    batch: Any = None  # of a message
    dated: bool = False  # a date decides, which has an index: others must not draw the engine to theirs


def state_of(message: Any) -> ColumnElement[str]:
    """Not the bare column: SQLite would rather read every message of some states than those of a customer."""
    return func.coalesce(message.state, "", type_=String)


def _outcome(row: Row) -> ColumnElement[str]:
    state = state_of(row.table)
    return case(
        (state == MessageState.DELIVERED.value, Outcome.DELIVERED.value),
        (state.in_((MessageState.UNDELIVERED.value, MessageState.EXPIRED.value)), Outcome.FAILED.value),
        (state == MessageState.UNKNOWN.value, Outcome.UNKNOWN.value),
        else_=Outcome.OPEN.value,
    )


def _second_phone(row: Row) -> ColumnElement[bool]:
    other = aliased(CustomerPhone)
    return exists().where(other.customer_id == row.table.id)


def _outstanding(row: Row) -> ColumnElement[Any]:
    table = row.table
    return type_coerce(table.principal + table.interest + table.penalty - table.paid, Money())


def _open(row: Row) -> ColumnElement[bool]:
    """As the index of those that are open says it."""
    table = row.table
    left = table.principal + table.interest + table.penalty - table.paid
    return type_coerce(left, Numeric()) > literal_column("0")


def _beside(row: Row, column: Any) -> Any:
    """Nearly all loans are in one state: SQLite, which has no statistics, would begin with that."""
    text = type_coerce(column, String())
    return plain(text) if row.dated else text


Reader = Callable[[Row], Any]


def _column(name: str) -> Reader:
    return lambda row: getattr(row.table, name)


COLUMNS: Final[Mapping[str, Reader]] = {
    "customer.id_known": lambda row: row.table.id_digest.is_not(None),
    "customer.second_phone": _second_phone,
    "customer.created": _column("created_at"),
    "customer.updated": _column("updated_at"),
    "loan.rate": lambda row: cast(type_coerce(row.table.rate, String()), Float()),  # SQLite keeps its digits as text
    "loan.term": _column("term_months"),
    "instalment.outstanding": _outstanding,
    "instalment.open": _open,
    "message.sent": _column("sending_at"),
    "message.class": lambda row: row.batch.class_key,
    "message.outcome": _outcome,
    "reply.received": _column("received_at"),
    "contact.kind": lambda row: type_coerce(row.table.kind, String()),
    "contact.connected": lambda row: func.coalesce(row.table.connected, False),
    "suppression.since": _column("created_at"),
    "circumstance.kind": lambda row: type_coerce(row.table.kind, String()),
    "circumstance.since": _column("created_at"),
    "loan.state": lambda row: _beside(row, row.table.state),
    "loan.product": lambda row: _beside(row, row.table.product),
}


def column_of(key: str, row: Row) -> Any:
    """The column, or what is computed from some, behind ``Field.key``."""
    found = COLUMNS.get(key)
    return found(row) if found is not None else getattr(row.table, key.partition(".")[2])


def late(row: Row, today: Today) -> ColumnElement[bool]:
    """The loan or instalment is overdue: its day has passed and it is not paid."""
    table = row.table
    passed = and_(table.due_on.is_not(None), table.due_on < today.day)
    if row.scope is Scope.INSTALMENT:
        return and_(passed, _open(row))
    unpaid = or_(table.amount_due.is_(None), table.amount_due > 0)
    running = _beside(row, table.state).in_((LoanState.ACTIVE.value, LoanState.OVERDUE.value))
    return and_(passed, running, unpaid)

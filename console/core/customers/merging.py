"""Staged rows into customers, loans and consents: one set-based statement each, the same on both engines.

What a file leaves empty stays as it is stored; columns that the file does not have are not touched at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert

from console.core.compliance.purpose import Purpose
from console.core.i18n import T, Text
from db.models import Consent, Customer, ImportedCustomer, Loan, LoanState, StagedRow

S: Any = StagedRow.__table__
C: Any = Customer.__table__
L: Any = Loan.__table__
SOURCE = "import"  # of a consent

_PERSON = (
    "name", "pinyin", "initials", "title", "phone", "phone_tail", "region", "branch", "manager", "rating", "segment",
    "birthday", "tags",
)  # fmt: skip
_TERMS = (
    "product", "principal", "rate", "method", "start_on", "term_months", "due_day", "state", "account_tail",
    "amount_due", "due_on", "penalty",
)  # fmt: skip
_FOLLOWS = {"pinyin": "name", "initials": "name", "phone_tail": "phone"}
_DERIVED = {"birthday": "id_number", "title": "id_number", "due_on": "overdue_days", "state": "overdue_days"}
_NULLABLE = frozenset(
    {"birthday", "principal", "rate", "start_on", "term_months", "due_day", "amount_due", "due_on", "penalty"}
)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rows of the file by what they did."""

    added: int  # brought a new customer or a new loan
    updated: int
    unchanged: int
    customers_added: int


def _given(fields: Collection[str], names: Iterable[str]) -> list[str]:
    """Those of the columns that the file fills."""
    return [name for name in names if _FOLLOWS.get(name, name) in fields or _DERIVED.get(name) in fields]


def _empty(name: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if name in _NULLABLE:
        return column.is_(None)
    return cast(column, String) == "[]" if name == "tags" else type_coerce(column, String) == ""


def _merged(name: str, new: ColumnElement[Any], old: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((_empty(name, new), old), else_=new)


def _differs(name: str, new: ColumnElement[Any], old: ColumnElement[Any]) -> ColumnElement[bool]:
    if name == "tags":
        new, old = cast(new, String), cast(old, String)
    return and_(not_(_empty(name, new)), new.is_distinct_from(old))


def _changed(names: Iterable[str], new: Any, old: FromClause) -> ColumnElement[bool]:
    return or_(false(), *(_differs(name, new[name], old.c[name]) for name in names))


def _insert(session: Session, table: Any) -> Any:
    return (sqlite.insert if session.connection().dialect.name == "sqlite" else postgresql.insert)(table)


def find_known(session: Session, import_id: int) -> None:
    """Give rows without a customer number the number of the stored customer with the same phone and name."""
    known = (
        select(func.min(C.c.number)).where(C.c.phone == S.c.phone, C.c.name == S.c.name).correlate(S).scalar_subquery()
    )
    mine = and_(S.c.import_id == import_id, not_(S.c.numbered))
    session.execute(update(S).where(mine).values(number=func.coalesce(known, S.c.number)))
    other = S.alias()
    also_numbered = select(other.c.id).where(
        other.c.import_id == import_id, other.c.numbered, other.c.number == S.c.number
    )
    session.execute(update(S).where(mine, S.c.leads, also_numbered.exists()).values(leads=False))


def refuse_foreign_loans(session: Session, import_id: int) -> dict[int, Text]:
    """Take out rows whose loan belongs to another stored customer. The reason by the spreadsheet's row."""
    query = (
        select(S.c.id, S.c.row, C.c.number)
        .join(L, L.c.number == S.c.loan_number)
        .join(C, C.c.id == L.c.customer_id)
        .where(S.c.import_id == import_id, S.c.loan_number != "", C.c.number != S.c.number)
    )
    found = session.execute(query).all()
    if not found:
        return {}
    for start in range(0, len(found), 500):
        session.execute(S.delete().where(S.c.id.in_([row.id for row in found[start : start + 500]])))
    leaderless = (
        select(func.min(S.c.id))
        .where(S.c.import_id == import_id)
        .group_by(S.c.number)
        .having(func.sum(cast(S.c.leads, Integer)) == 0)
    )
    session.execute(update(S).where(S.c.id.in_(leaderless)).values(leads=True))
    return {row.row: T("the loan belongs to customer {number}", number=row.number) for row in found}


def count(session: Session, import_id: int, fields: Collection[str]) -> Counts:
    """What the rows will do, before they do it."""
    new_person = and_(S.c.leads, C.c.id.is_(None))
    new_loan = and_(S.c.loan_number != "", L.c.id.is_(None))
    added = or_(new_person, new_loan)
    person = [name for name in _given(fields, _PERSON) if name not in _FOLLOWS]
    other_person = and_(S.c.leads, _changed(person, S.c, C))
    other_loan = and_(S.c.loan_number != "", _changed(_given(fields, _TERMS), S.c, L))
    updated = and_(not_(added), or_(other_person, other_loan))

    def number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    rows = S.outerjoin(C, C.c.number == S.c.number).outerjoin(
        L, and_(S.c.loan_number != "", L.c.number == S.c.loan_number)
    )
    query = select(func.count(), number_of(added), number_of(updated), number_of(new_person))
    total, adds, updates, people = session.execute(query.select_from(rows).where(S.c.import_id == import_id)).one()
    return Counts(added=adds, updated=updates, unchanged=total - adds - updates, customers_added=people)


def merge_customers(session: Session, import_id: int, fields: Collection[str], now: datetime) -> None:
    columns = ["number", *_PERSON]
    tail = func.substr(S.c.phone, 8)
    said = (tail if name == "phone_tail" else S.c[name] for name in columns)
    source = select(*said, true(), _at(now, C.c.created_at), _at(now, C.c.updated_at))
    source = source.where(S.c.import_id == import_id, S.c.leads).order_by(S.c.id)
    insert = _insert(session, C).from_select([*columns, "active", "created_at", "updated_at"], source)
    _upsert(session, insert, C, _given(fields, _PERSON))


def merge_loans(session: Session, import_id: int, fields: Collection[str], now: datetime) -> None:
    """States are asked of the stored loan where a row leaves them empty; a new loan is being repaid."""
    stored = select(L.c.state).where(L.c.number == S.c.loan_number).correlate(S).scalar_subquery()
    unsaid = and_(S.c.import_id == import_id, S.c.loan_number != "", S.c.state == "")
    default = literal(LoanState.ACTIVE.value, String)
    names = _given(fields, _TERMS)
    session.execute(
        update(S).where(unsaid).values(state=func.coalesce(stored, default) if "state" in names else default)
    )
    columns = [C.c.id, S.c.loan_number, *(S.c[name] for name in _TERMS), _at(now, L.c.updated_at)]
    source = select(*columns).select_from(S.join(C, C.c.number == S.c.number))
    source = source.where(S.c.import_id == import_id, S.c.loan_number != "").order_by(S.c.id)
    insert = _insert(session, L).from_select(["customer_id", "number", *_TERMS, "updated_at"], source)
    _upsert(session, insert, L, names)


def _at(now: datetime, column: Any) -> ColumnElement[datetime]:
    return literal(now, column.type)


def _upsert(session: Session, insert: Any, table: Any, names: list[str]) -> None:
    """By number; only rows that say something else than what is stored are touched."""
    new = insert.excluded
    values = {name: _merged(name, new[name], table.c[name]) for name in names} | {"updated_at": new.updated_at}
    statement: Insert = insert.on_conflict_do_update(
        index_elements=[table.c.number], set_=values, where=_changed(names, new, table)
    )
    session.execute(statement)


def remember_customers(session: Session, import_id: int) -> int:
    """Keep who stood in the file; how many."""
    source = select(literal(import_id), C.c.id).select_from(S.join(C, C.c.number == S.c.number))
    source = source.where(S.c.import_id == import_id, S.c.leads).distinct()
    insert = _insert(session, ImportedCustomer.__table__).from_select(["import_id", "customer_id"], source)
    done = session.connection().execute(insert, execution_options={"preserve_rowcount": True})
    return done.rowcount


def merge_consents(session: Session, import_id: int, evidence: str, now: datetime) -> None:
    """A row where the file says something new. A refusal that came from the customer stays a refusal."""
    columns = Consent.__table__.c
    standing = (
        select(case((columns.granted, "granted"), (columns.source == SOURCE, "refused in a file"), else_="refused"))
        .where(columns.customer_id == C.c.id, columns.purpose == Purpose.MARKETING.value)
        .order_by(columns.at.desc(), columns.id.desc())
        .limit(1)
        .correlate(C)
        .scalar_subquery()
    )
    news = or_(
        standing.is_(None),
        and_(S.c.consent, standing == "refused in a file"),
        and_(not_(S.c.consent), standing == "granted"),
    )
    values = (C.c.id, literal(Purpose.MARKETING.value), S.c.consent, literal(SOURCE), literal(evidence))
    source = select(*values, _at(now, columns.at)).select_from(S.join(C, C.c.number == S.c.number))
    source = source.where(S.c.import_id == import_id, S.c.leads, S.c.consent.is_not(None), news)
    names = ["customer_id", "purpose", "granted", "source", "evidence", "at"]
    session.execute(_insert(session, Consent.__table__).from_select(names, source))

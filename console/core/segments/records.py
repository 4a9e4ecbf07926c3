"""Conditions asked of one row, of a customer or of a record of theirs; records are looked for by their index."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, join, not_, or_, select, true
from sqlalchemy.orm import aliased

from console.core.compliance.history import MAY_HAVE_LEFT
from console.core.segments.conditions import Condition, Logic, Node, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope, field_of
from console.core.segments.functions import plain
from console.core.segments.operators import Operator
from console.core.segments.questions import asked
from console.core.segments.rows import Row, state_of
from db.models import (
    Batch,
    BatchKind,
    Circumstance,
    Consent,
    Contact,
    InboundMessage,
    Instalment,
    Loan,
    Message,
    Suppression,
)

True_ = ColumnElement[bool]


def holds(node: Node, row: Row, today: Today) -> True_:
    """True or false for every row, never unknown, so that "not" is the exact opposite."""
    if isinstance(node, Condition):
        return asked(field_of(node.field), node, row, today)
    if isinstance(node, Related):
        found = having(node, row, today)
        return found if node.present else not_(found)
    return joined(node.logic, [holds(part, row, today) for part in node.parts])


def joined(logic: Logic, parts: list[True_]) -> True_:
    if logic is Logic.ALL:
        return and_(true(), *parts)
    if logic is Logic.ANY:
        return or_(false(), *parts) if parts else true()
    return not_(or_(false(), *parts))


def having(node: Related, outer: Row, today: Today) -> True_:
    """Whether ``outer`` has such a record, ``node.present`` or not.

    The few records that a loan must have are looked for from their own side, whoever the loan belongs to.
    """
    if node.present and outer.scope is Scope.LOAN:
        inside: True_ = outer.table.id.in_(keys(node, Scope.LOAN, today)[0])
        return inside
    inner = Row(node.scope, aliased(TABLES[node.scope]))
    if node.scope is Scope.CONSENT and (purpose := _one_purpose(node)):
        return _newest_is(node, purpose, inner, outer, today)
    source, key, base = _source(inner, outer, today, narrow=True)
    own = outer.table.phone if node.scope is Scope.SUPPRESSION else outer.table.id
    return exists().select_from(source).where(key == own, base, _fulfils(node, inner, today))


def _one_purpose(node: Related) -> Condition | None:
    if node.logic is not Logic.ALL:
        return None
    said = (each for each in node.parts if isinstance(each, Condition) and each.field == "consent.purpose")
    return next((each for each in said if each.operator is Operator.ONE_OF and len(each.value) == 1), None)


def _newest_is(node: Related, purpose: Condition, inner: Row, outer: Row, today: Today) -> True_:
    """The one consent that counts is looked up, and asked: PostgreSQL would compare everybody's with each other."""
    consent = inner.table
    newest = select(_fulfils(node, inner, today)).where(
        consent.customer_id == outer.table.id, consent.purpose == purpose.value[0]
    )
    first = newest.order_by(consent.at.desc(), consent.id.desc()).limit(1)
    return func.coalesce(first.scalar_subquery(), false())


def keys(node: Related, scope: Scope, today: Today) -> tuple[Select[Any], Any, Row]:
    """What such records of customers or loans point at (not NULL, perhaps often the same), that column, the record."""
    if node.scope is Scope.INSTALMENT and scope is Scope.CUSTOMER:
        loan = aliased(Loan)  # an index has their customers; to look up a few hundredths of the loans would take longer
        of_loans = plain(loan.id).in_(keys(node, Scope.LOAN, today)[0])
        return select(loan.customer_id).where(of_loans), loan.customer_id, Row(Scope.LOAN, loan)
    inner = Row(node.scope, aliased(TABLES[node.scope]), dated=_dated(node))
    source, key, base = _source(inner, Row(scope, None), today, narrow=False)
    found = select(key).select_from(source).where(key.is_not(None), base, _fulfils(node, inner, today))
    return found, key, inner


def _fulfils(node: Related, inner: Row, today: Today) -> True_:
    return joined(node.logic, [holds(part, inner, today) for part in node.parts])


def _dated(node: Related) -> bool:
    return node.logic is Logic.ALL and any(
        isinstance(part, Condition) and part.field in ("loan.due_on", "loan.overdue") for part in node.parts
    )


TABLES: Final[dict[Scope, Any]] = {
    Scope.LOAN: Loan,
    Scope.INSTALMENT: Instalment,
    Scope.MESSAGE: Message,
    Scope.REPLY: InboundMessage,
    Scope.CONTACT: Contact,
    Scope.CONSENT: Consent,
    Scope.SUPPRESSION: Suppression,
    Scope.CIRCUMSTANCE: Circumstance,
}


def _source(inner: Row, outer: Row, today: Today, *, narrow: bool) -> tuple[Any, Any, True_]:
    """Where the records stand, the column that points at the outer row, and which of them count.

    ``narrow``: the question is asked row by row, so that an index of the customer may help.
    """
    table = inner.table
    match inner.scope:
        case Scope.INSTALMENT:
            if outer.scope is Scope.LOAN:
                return table, table.loan_id, true()
            loan = aliased(Loan)
            return join(table, loan, loan.id == table.loan_id), loan.customer_id, true()
        case Scope.MESSAGE:
            batch = aliased(Batch)
            inner.batch = batch
            base = and_(batch.kind != BatchKind.TEST, table.sending_at.is_not(None), state_of(table).in_(_LEFT))
            if outer.scope is Scope.LOAN and narrow:
                base = and_(table.customer_id == outer.table.customer_id, base)
            key = table.loan_id if outer.scope is Scope.LOAN else table.customer_id
            return join(table, batch, batch.id == table.batch_id), key, base
        case Scope.CONSENT:
            return table, table.customer_id, _newest(table)
        case Scope.SUPPRESSION:
            return table, table.phone, or_(table.until.is_(None), table.until > today.start)
        case Scope.CIRCUMSTANCE:
            open_ = and_(table.ended_at.is_(None), or_(table.until.is_(None), table.until > today.start))
            return table, table.customer_id, open_
        case _:
            return table, table.customer_id, true()


_LEFT: Final = sorted(state.value for state in MAY_HAVE_LEFT)


def _newest(consent: Any) -> True_:
    other = aliased(Consent)
    later = or_(other.at > consent.at, and_(other.at == consent.at, other.id > consent.id))
    same = and_(other.customer_id == consent.customer_id, other.purpose == consent.purpose)
    return not_(exists().where(same, later))

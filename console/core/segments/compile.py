"""Conditions to one SQL statement, the same for both engines; every value is a bound parameter.

Every part is true or false for every row, never unknown, so that "not" is the exact opposite.

Which loans is a text about that is written per loan? Those that fulfil a "has a loan that ..." group by which the
customer belongs to the segment; all loans of a customer who belongs to it by conditions that say nothing of loans.
"""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, and_, exists, false, not_, null, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased, join

from console.core.compliance.history import MAY_HAVE_LEFT
from console.core.segments.conditions import Condition, Group, Logic, Node, Related, walk
from console.core.segments.days import Today
from console.core.segments.fields import Scope, field_of
from console.core.segments.questions import asked
from console.core.segments.rows import Row, state_of
from db.models import (
    Batch,
    BatchKind,
    Circumstance,
    Consent,
    Contact,
    Customer,
    InboundMessage,
    Instalment,
    Loan,
    Message,
    Suppression,
)

True_ = ColumnElement[bool]


def matching(root: Group, today: Today) -> True_:
    """The whole segment as one condition on Customer."""
    return _node(root, Row(Scope.CUSTOMER, Customer), today)


def members(root: Group, today: Today) -> Select[int]:
    """Ids of the active customers, in no order."""
    return select(Customer.id).where(Customer.active.is_(True), matching(root, today))


def chooses_loans(root: Node) -> bool:
    """Whether some of the conditions say which loans are meant."""
    if isinstance(root, Related):
        return root.scope is Scope.LOAN and root.present
    if isinstance(root, Group):
        return root.logic is not Logic.NONE and any(chooses_loans(part) for part in root.parts)
    return False


def pairs(root: Group, today: Today, *, per_loan: bool) -> Select[int, int | None]:
    """(customer id, loan id) in the order of customers; the loan is NULL unless ``per_loan``."""
    if per_loan:
        loans = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
        chosen = loans.where(Customer.active.is_(True), _chosen(root, Row(Scope.CUSTOMER, Customer), today))
        return cast("Select[int, int | None]", chosen.order_by(Customer.id, Loan.id))
    everybody = select(Customer.id, null().label("loan_id")).where(Customer.active.is_(True), matching(root, today))
    return cast("Select[int, int | None]", everybody.order_by(Customer.id))


def _chosen(node: Node, customer: Row, today: Today) -> True_:
    """The customer belongs to ``node``, and by this loan where ``node`` chooses loans."""
    if not chooses_loans(node):
        return _node(node, customer, today)
    if isinstance(node, Related):
        return _parts(node, Row(Scope.LOAN, Loan), today)
    assert isinstance(node, Group)
    if node.logic is Logic.ANY:
        return or_(*(_chosen(part, customer, today) for part in node.parts))
    by_loan = [part for part in node.parts if chooses_loans(part)]
    needed = [part for part in node.parts if len(by_loan) > 1 or part not in by_loan]
    return and_(
        true(),
        *(_node(part, customer, today) for part in needed),
        or_(*(_chosen(part, customer, today) for part in by_loan)),
    )


def _node(node: Node, row: Row, today: Today) -> True_:
    if isinstance(node, Condition):
        return asked(field_of(node.field), node, row, today)
    if isinstance(node, Related):
        return _related(node, row, today)
    return _parts(node, row, today)


def _parts(node: Group | Related, row: Row, today: Today) -> True_:
    parts = [_node(part, row, today) for part in node.parts]
    if node.logic is Logic.ALL:
        return and_(true(), *parts)
    if node.logic is Logic.ANY:
        return or_(false(), *parts) if parts else true()
    return not_(or_(false(), *parts))


def _related(node: Related, outer: Row, today: Today) -> True_:
    """A record that is there is looked for from its own side, one that is not there from the customer's."""
    inner = Row(node.scope, aliased(_TABLES[node.scope]))
    source, key, base = _source(inner, outer, today, narrow=not node.present)
    found = and_(base, _parts(node, inner, today))
    if node.present:
        own: InstrumentedAttribute[Any] = _own_key(node.scope, outer)
        return own.in_(select(key).select_from(source).where(key.is_not(None), found))
    return not_(exists().select_from(source).where(key == _own_key(node.scope, outer), found))


_TABLES: Final[dict[Scope, Any]] = {
    Scope.LOAN: Loan,
    Scope.INSTALMENT: Instalment,
    Scope.MESSAGE: Message,
    Scope.REPLY: InboundMessage,
    Scope.CONTACT: Contact,
    Scope.CONSENT: Consent,
    Scope.SUPPRESSION: Suppression,
    Scope.CIRCUMSTANCE: Circumstance,
}


def _own_key(scope: Scope, outer: Row) -> Any:
    """What the records of ``scope`` point at."""
    return outer.table.phone if scope is Scope.SUPPRESSION else outer.table.id


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


def fields_used(root: Group) -> set[str]:
    return {node.field for _path, node in walk(root) if isinstance(node, Condition)}

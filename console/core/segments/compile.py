"""Conditions to one SQL statement, the same for both engines; every value is a bound parameter.

Every part is true or false for every row, never unknown, so that "not" is the exact opposite.

Which loans is a text about that is written per loan? Those that fulfil a "has a loan that ..." group by which the
customer belongs to the segment; all loans of a customer who belongs to it by conditions that say nothing of loans.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, and_, exists, false, not_, null, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased, join

from console.core.compliance.history import MAY_HAVE_LEFT
from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope, field_of
from console.core.segments.operators import Operator
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
    """Ids of the active customers, in no order.

    Where records decide and all else can be told by the id, no customer's row is read: at a million of them, in an
    encrypted file, that takes most of the time.
    """
    decider = _decider(root)
    if decider is None:
        return select(Customer.id).where(Customer.active.is_(True), matching(root, today))
    return _decided(root, decider, today, loans=False).distinct()


def loans(root: Group, today: Today) -> Select[int]:
    """Ids of the loans that a text would be about, in no order."""
    decider = _decider(root)
    if decider is None or decider.scope is not Scope.LOAN or sum(map(chooses_loans, root.parts)) > 1:
        return cast("Select[int]", pairs(root, today, per_loan=True).order_by(None).with_only_columns(Loan.id))
    return _decided(root, decider, today, loans=True)


def _decider(root: Group) -> Related | None:
    """The first records that must be there, where nothing else needs the customer's row."""
    if root.logic is not Logic.ALL or not all(map(_by_id, root.parts)):
        return None
    found = (part for part in root.parts if isinstance(part, Related) and part.present and part.scope in _OWNED)
    return next(found, None)


def _decided(root: Group, decider: Related, today: Today, *, loans: bool) -> Select[int]:
    """Of the records of ``decider``: whose they are, or which loans they are."""
    inner = Row(decider.scope, aliased(_TABLES[decider.scope]), dated=_dated(decider))
    source, key, base = _source(inner, Row(Scope.CUSTOMER, Customer), today, narrow=False)
    same = key + 0  # as it is, but no index leads from here: the records themselves do
    others = [_told_by_id(part, Row(Scope.CUSTOMER, _Id(same)), today) for part in root.parts if part is not decider]
    gone = select(Customer.id).where(Customer.active.is_not(True))
    found = select(inner.table.id if loans else key).select_from(source).where(key.is_not(None), base)
    return found.where(_parts(decider, inner, today), same.not_in(gone), *others)


@dataclass(frozen=True)
class _Id:
    """A customer of whom only the id is at hand."""

    id: Any


_OWNED: Final = (Scope.LOAN, Scope.INSTALMENT, Scope.MESSAGE, Scope.CONTACT)  # never of a customer who is not there
_INDEXED: Final = {f"customer.{name}" for name in ("region", "branch", "manager", "rating", "segment")}
_BORN: Final = {"customer.birthday", "customer.age"}


def _by_id(part: Node) -> bool:
    """Whether the id alone tells, by an index that has it beside the value."""
    if isinstance(part, Condition):
        return _indexed(part)
    return isinstance(part, Related) and part.scope is not Scope.SUPPRESSION


def _indexed(part: Node) -> bool:
    if not isinstance(part, Condition):
        return False
    return (part.field in _INDEXED and part.operator is Operator.ONE_OF) or (
        part.field in _BORN and part.operator is not Operator.UNKNOWN
    )


def _told_by_id(part: Node, person: Row, today: Today) -> True_:
    if not isinstance(part, Condition):
        return _node(part, person, today)
    return person.table.id.in_(_with(part, today))  # type: ignore[no-any-return]


def _with(part: Condition, today: Today) -> Select[int]:
    other = aliased(Customer)
    return select(other.id).where(
        other.active.is_(True), asked(field_of(part.field), part, Row(Scope.CUSTOMER, other), today)
    )


def _dated(node: Related) -> bool:
    return node.logic is Logic.ALL and any(
        isinstance(part, Condition) and part.field in ("loan.due_on", "loan.overdue") for part in node.parts
    )


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
        return _parts(node, Row(Scope.LOAN, Loan, dated=_dated(node)), today)
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
    if node.logic is Logic.ALL and row.scope is Scope.CUSTOMER:
        indexed = [place for place, part in enumerate(node.parts) if _indexed(part)]
        for place in indexed[1:]:  # one index leads, the others are read without a look at the rows
            parts[place] = _told_by_id(node.parts[place], row, today)
    if node.logic is Logic.ALL:
        return and_(true(), *parts)
    if node.logic is Logic.ANY:
        return or_(false(), *parts) if parts else true()
    return not_(or_(false(), *parts))


def _related(node: Related, outer: Row, today: Today) -> True_:
    """A record that is there is looked for from its own side, one that is not there from the customer's."""
    inner = Row(node.scope, aliased(_TABLES[node.scope]), dated=_dated(node) and node.present)
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

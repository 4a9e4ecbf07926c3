"""Conditions to one SQL statement, the same for both engines; every value is a bound parameter.

At a million customers in an encrypted file, reading their rows takes most of the time. So whatever an index can answer
becomes a set of ids, sets are joined with each other, and what only the row can tell is asked last. SQLite has no
statistics and PostgreSQL wrong ones, so the statement leaves only the good plan.

Which loans is a text about that is written per loan? Those that fulfil a "has a loan that ..." group by which the
customer belongs to the segment; all loans of a customer who belongs to it by conditions that say nothing of loans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from sqlalchemy import CTE, ColumnElement, Select, String, func, null, or_, select, union
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import aliased

from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope, field_of
from console.core.segments.functions import by_list_or_row, outside
from console.core.segments.operators import Operator
from console.core.segments.questions import asked
from console.core.segments.records import having, holds, keys
from console.core.segments.rows import Row
from db.models import Customer, Loan, Message

True_ = ColumnElement[bool]


def matching(root: Group, today: Today) -> True_:
    """The whole segment as one condition on Customer, for few of them: each is asked by itself."""
    return holds(root, Row(Scope.CUSTOMER, Customer), today)


def members(root: Group, today: Today) -> Select[int]:
    """Ids of the active customers, in no order, each once."""
    found = _found(root, today, active=True)
    return found.query.distinct() if found.repeats else found.query


def loans(root: Group, today: Today) -> Select[int]:
    """Ids of the loans that a text would be about, in no order."""
    return _loans(root, today, active=True)


def numbers(root: Group, today: Today, some: int) -> Select[int, int, str]:
    """How many customers, how many loans a text would be about, and ``some`` of the customers, between commas.

    The loans are NULL where the conditions choose none; the customers where there are none.
    """
    by_loan, others = _by_which(root)
    if len(by_loan) == 1 and isinstance(by_loan[0], Related):  # each of these customers has one of these loans
        chosen = once(_of_which(by_loan[0], others, today, active=True))
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
        both = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
        chosen = both.where(Loan.id.in_(loans(root, today)))
        return cast("Select[int, int | None]", chosen.order_by(Customer.id, Loan.id))
    everybody = select(Customer.id, null().label("loan_id")).where(Customer.id.in_(members(root, today)))
    return cast("Select[int, int | None]", everybody.order_by(Customer.id))


# What an index answers

_FACETS: Final = frozenset(f"customer.{name}" for name in ("region", "branch", "manager", "rating", "segment"))
_BORN: Final = frozenset({"customer.birthday", "customer.age"})
_TAGGED: Final = frozenset({Operator.ONE_OF, Operator.ALL_OF, Operator.KNOWN})
_LEADING: Final = frozenset(
    {
        "loan.due_on", "loan.overdue", "loan.product", "loan.number", "instalment.due_on", "instalment.overdue",
        "message.sent",
    }
)  # fmt: skip
_SMALL: Final = frozenset({Scope.REPLY, Scope.CONTACT, Scope.CIRCUMSTANCE, Scope.SUPPRESSION})
_OPEN: Final = frozenset(
    {Operator.NONE_OF, Operator.IS_NOT, Operator.LACKS, Operator.CONTAINS, Operator.KNOWN, Operator.UNKNOWN}
)  # leave nearly everything


def _quick(node: Node) -> bool:
    """Whether indexes alone find who fulfils it."""
    match node:
        case Condition():
            return _indexed(node)
        case Related():
            return node.present and (node.scope in _SMALL or (node.scope is not Scope.CONSENT and _led(node)))
        case Group(logic=Logic.ANY):
            return all(map(_quick, node.parts))
        case Group(logic=Logic.ALL):
            return any(map(_quick, _together(node)))
        case _:
            return False


def _indexed(node: Condition) -> bool:
    if node.field in _FACETS:
        return node.operator is Operator.ONE_OF
    if node.field == "customer.tags":
        return node.operator in _TAGGED
    return node.field in _BORN and node.operator is not Operator.UNKNOWN


def _led(node: Related) -> bool:
    by_index = [
        isinstance(part, Condition)
        and part.field in _LEADING
        and (part.operator not in _OPEN or (part.field, part.operator) in _LATE)
        for part in node.parts
    ]
    return not by_index or (all(by_index) if node.logic is Logic.ANY else any(by_index))


_LISTED: Final = 50_000  # messages that are looked at together

_LATE: Final = {("loan.overdue", Operator.KNOWN), ("instalment.overdue", Operator.KNOWN)}


def _together(node: Node) -> Iterator[Node]:
    """What must hold at the same time, without groups in groups; "none of" becomes its opposites."""
    if isinstance(node, Condition) and node.field in _FACETS and node.operator is Operator.NONE_OF:
        yield Group((replace(node, operator=Operator.ONE_OF),), Logic.NONE)
    elif not isinstance(node, Group):
        yield node
    elif node.logic is Logic.ALL or (node.logic is Logic.ANY and len(node.parts) == 1):
        for part in node.parts:
            yield from _together(part)
    elif node.logic is Logic.NONE:
        for part in node.parts:
            yield from _opposite(part)
    else:
        yield node


def _opposite(node: Node) -> Iterator[Node]:
    if isinstance(node, Related):
        yield replace(node, present=not node.present)
    elif isinstance(node, Group) and node.logic is not Logic.ALL:
        yield from _together(replace(node, logic=Logic.NONE if node.logic is Logic.ANY else Logic.ANY))
    else:
        yield Group((node,), Logic.NONE)


# Sets of customers


@dataclass(frozen=True)
class _Found:
    query: Select[int]  # one column
    repeats: bool = False  # some ids may come several times

    @property
    def key(self) -> Any:
        """As it is, but no index leads from here: the records themselves do."""
        return self.query.selected_columns[0] + 0

    def where(self, *tests: True_) -> _Found:
        return replace(self, query=self.query.where(*tests))


def _found(node: Node, today: Today, *, active: bool = False) -> _Found:
    """Who fulfils ``node``; unless ``active``, those who are not in use may be among them."""
    if isinstance(node, Condition):
        return _everybody([node], today)
    if isinstance(node, Related) and node.present:
        return _owners(node, today, active=active)
    if isinstance(node, Group) and node.logic is Logic.ANY and len(node.parts) > 1:
        return _any(node.parts, today, active=active)
    return _all(list(_together(node)), today, active=active)


def _owners(node: Related, today: Today, *, active: bool) -> _Found:
    query, key, _record = keys(node, Scope.CUSTOMER, today)
    if node.scope is Scope.SUPPRESSION or (node.scope is Scope.REPLY and active):  # of others, too
        person = aliased(Customer)
        own = person.phone if node.scope is Scope.SUPPRESSION else person.id
        return _Found(select(person.id).where(person.active.is_(True), own.in_(query)))
    return _Found(query.where(_in_use(key)) if active else query, repeats=True)


def _in_use(key: Any) -> True_:
    """By the few who are not, whom an index has."""
    gone = aliased(Customer)
    return outside(key, select(gone.id).where(gone.active.is_not(True)))


def _everybody(tests: Sequence[Condition], today: Today) -> _Found:
    """Of whom one of ``tests`` is true, in one walk."""
    person = aliased(Customer)
    row = Row(Scope.CUSTOMER, person)
    answers = [asked(field_of(each.field), each, row, today) for each in tests]
    return _Found(select(person.id).where(person.active.is_(True), or_(*answers)))


def _any(parts: Iterable[Node], today: Today, *, active: bool) -> _Found:
    rows = [part for part in parts if isinstance(part, Condition) and not _indexed(part)]
    sets = [_found(part, today, active=active).query for part in parts if part not in rows]
    if rows:
        sets.append(_everybody(rows, today).query)
    return _Found(_union(sets))


def _union(sets: Sequence[Select[int]]) -> Select[int]:
    if len(sets) == 1:
        return sets[0]
    together = union(*sets).subquery()
    return cast("Select[int]", select(together.c[0]))


def _all(parts: list[Node], today: Today, *, active: bool) -> _Found:
    """One of them leads, the others are asked of whom it finds; of everybody where none can lead."""
    if len(parts) == 1 and not _negative(parts[0]):
        return _found(parts[0], today, active=active)
    lead = _lead(parts)
    rest = [part for part in parts if part is not lead]
    if lead is None or any(map(_needs_row, rest)):
        person = aliased(Customer)
        row = Row(Scope.CUSTOMER, person)
        led = [] if lead is None else [person.id.in_(_found(lead, today).query)]
        tests = [_test(part, row, today, alone=lead is None) for part in rest]
        return _Found(select(person.id).where(person.active.is_(True), *led, *tests))
    found = _found(lead, today, active=active)
    row = Row(Scope.CUSTOMER, _Id(found.key))
    return found.where(*(_test(part, row, today, alone=False) for part in rest))


def _lead(parts: Sequence[Node]) -> Node | None:
    """Records first, for they are fewest as a rule; then what else an index finds; then any record that must be there.

    Nobody else leads: the index of all who are in use is walked along.
    """
    quick = [part for part in parts if _quick(part)]
    ranked = [part for part in quick if isinstance(part, Related)] or quick
    present = [part for part in parts if isinstance(part, Related) and part.present]
    return next(iter(ranked or present), None)


@dataclass(frozen=True)
class _Id:
    """A customer of whom only the id is at hand."""

    id: Any


def _negative(part: Node) -> bool:
    """Of what ``_together`` gives; a "none of" among them has one part."""
    return (isinstance(part, Related) and not part.present) or (isinstance(part, Group) and part.logic is Logic.NONE)


def _needs_row(part: Node) -> bool:
    if isinstance(part, Group) and part.logic is Logic.NONE:
        return not _quick(part.parts[0])
    return not isinstance(part, Related) and not _quick(part)


def _test(part: Node, person: Row, today: Today, *, alone: bool) -> True_:
    """Whether it holds for ``person``. ``alone``: nothing else has made them few."""
    own = person.table.id
    if isinstance(part, Related):
        whole = alone or (part.scope is not Scope.MESSAGE and _quick(replace(part, present=True)))
        return _has(part, person, today, whole=whole)
    if isinstance(part, Group) and part.logic is Logic.NONE:
        left_out = part.parts[0]
        if _quick(left_out) or (alone and isinstance(left_out, Group)):
            return outside(own, _found(left_out, today).query)
    elif _quick(part) or (alone and isinstance(part, Group)):
        return cast("True_", own.in_(_found(part, today).query))
    return holds(part, person, today)


def _has(part: Related, person: Row, today: Today, *, whole: bool) -> True_:
    """``whole``: look who has such a record at all, once; else whether this one has it.

    Messages of some days are looked at together while they are not too many.
    """
    if whole:
        return _among(part, person, today)
    found = having(part, person, today)
    by_row = found if part.present else ~found
    if part.scope is Scope.MESSAGE and (sent := _sent(part)):
        return by_list_or_row(_few(sent, today), _among(part, person, today), by_row)
    return by_row


def _among(part: Related, person: Row, today: Today) -> True_:
    owners = _owners(replace(part, present=True), today, active=False).query
    return cast("True_", person.table.id.in_(owners)) if part.present else outside(person.table.id, owners)


def _sent(part: Related) -> Condition | None:
    """What says when such messages were sent, if anything does."""
    if part.logic is not Logic.ALL:
        return None
    said = (each for each in part.parts if isinstance(each, Condition) and each.field == "message.sent")
    return next((each for each in said if each.operator not in _OPEN), None)


def _few(sent: Condition, today: Today) -> True_:
    message = aliased(Message)
    row = Row(Scope.MESSAGE, message)
    some = select(message.sending_at).where(
        message.sending_at.is_not(None), asked(field_of(sent.field), sent, row, today)
    )
    counted = select(func.count()).select_from(some.limit(_LISTED + 1).subquery())
    return counted.scalar_subquery() <= _LISTED


# Sets of loans


def _loans(node: Node, today: Today, *, active: bool) -> Select[int]:
    if isinstance(node, Group) and node.logic is Logic.ANY and chooses_loans(node):
        return _union([_loans(part, today, active=active) for part in node.parts])
    by_loan, others = _by_which(node)
    if len(by_loan) == 1 and isinstance(by_loan[0], Related):
        chosen = _of_which(by_loan[0], others, today, active=active)
        return chosen.with_only_columns(chosen.selected_columns[1])
    if len(by_loan) == 1 and isinstance(by_loan[0], Group):  # one of several, with the others: fewer than without
        return _union([_loans(Group((part, *others)), today, active=active) for part in by_loan[0].parts])
    loan = aliased(Loan)
    people = loan.customer_id.in_(_found(node, today, active=active).query)
    if not by_loan:
        return select(loan.id).where(people)
    meant = _union([_loans(part, today, active=False) for part in by_loan])
    return select(loan.id).where(people, loan.id.in_(meant))


def _by_which(node: Node) -> tuple[list[Node], list[Node]]:
    """What must hold at the same time: the parts that choose loans, and the others."""
    parts = list(_stated(node))
    by_loan = [part for part in parts if chooses_loans(part)]
    return by_loan, [part for part in parts if part not in by_loan]


def _stated(node: Node) -> Iterator[Node]:
    """As it was written: a "none of" says nothing of which loans, whatever it is the opposite of."""
    if isinstance(node, Group) and node.logic is Logic.ALL:
        for part in node.parts:
            yield from _stated(part)
    else:
        yield node


def _of_which(node: Related, others: Iterable[Node], today: Today, *, active: bool) -> Select[int, int]:
    """(customer, loan) for the loans that fulfil ``node``, of customers who fulfil the others, too."""
    rest = [atom for part in others for atom in _together(part)]
    query, key, record = keys(node, Scope.CUSTOMER, today)
    chosen = query.with_only_columns(key, record.table.id)
    if active:
        chosen = chosen.where(_in_use(key))
    if any(map(_needs_row, rest)):
        return chosen.where((key + 0).in_(_all([node, *rest], today, active=False).query))
    row = Row(Scope.CUSTOMER, _Id(key + 0))
    return chosen.where(*(_test(part, row, today, alone=False) for part in rest))

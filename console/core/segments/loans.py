"""Which loans is a text about that is written per loan?

Those that fulfil a "has a loan that ..." group by which the customer belongs to the segment; all loans of a customer
who belongs to it by conditions that say nothing of loans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from console.core.segments.conditions import Group, Logic, Node, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope
from console.core.segments.indexes import needs_row, together
from console.core.segments.people import IdOnly, holds_for, in_use, united, who, who_by_all
from console.core.segments.records import keys
from console.core.segments.rows import Row
from db.models import Loan


def chooses_loans(root: Node) -> bool:
    """Whether some of the conditions say which loans are meant."""
    if isinstance(root, Related):
        return root.scope is Scope.LOAN and root.present
    if isinstance(root, Group):
        return root.logic is not Logic.NONE and any(chooses_loans(part) for part in root.parts)
    return False


def loans_meant(node: Node, today: Today, *, active: bool) -> Select[int]:
    if isinstance(node, Group) and node.logic is Logic.ANY and chooses_loans(node):
        return united([loans_meant(part, today, active=active) for part in node.parts])
    by_loan, others = by_which(node)
    if len(by_loan) == 1 and isinstance(by_loan[0], Related):
        chosen = of_which(by_loan[0], others, today, active=active)
        return chosen.with_only_columns(chosen.selected_columns[1])
    if len(by_loan) == 1 and isinstance(by_loan[0], Group):  # one of several, with the others: fewer than without
        return united([loans_meant(Group((part, *others)), today, active=active) for part in by_loan[0].parts])
    loan = aliased(Loan)
    people = loan.customer_id.in_(who(node, today, active=active).query)
    if not by_loan:
        return select(loan.id).where(people)
    meant = united([loans_meant(part, today, active=False) for part in by_loan])
    return select(loan.id).where(people, loan.id.in_(meant))


def by_which(node: Node) -> tuple[list[Node], list[Node]]:
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


def of_which(node: Related, others: Iterable[Node], today: Today, *, active: bool) -> Select[int, int]:
    """(customer, loan) for the loans that fulfil ``node``, of customers who fulfil the others, too."""
    rest = [atom for part in others for atom in together(part)]
    query, key, record = keys(node, Scope.CUSTOMER, today)
    chosen = query.with_only_columns(key, record.table.id)
    if active:
        chosen = chosen.where(in_use(key))
    if any(map(needs_row, rest)):
        return chosen.where((key + 0).in_(who_by_all([node, *rest], today, active=False).query))
    row = Row(Scope.CUSTOMER, IdOnly(key + 0))
    return chosen.where(*(holds_for(part, row, today, alone=False) for part in rest))

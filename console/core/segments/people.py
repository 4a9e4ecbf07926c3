"""Sets of customers: who fulfils conditions, found by an index where one leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, func, or_, select, union
from sqlalchemy.orm import aliased

from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.days import Today
from console.core.segments.fields import Scope, field_of
from console.core.segments.functions import by_list_or_row, outside
from console.core.segments.indexes import WIDE, indexed, leading, needs_row, negative, quick, together
from console.core.segments.questions import asked
from console.core.segments.records import having, holds, keys
from console.core.segments.rows import Row
from db.models import Customer, Message

True_ = ColumnElement[bool]
_LISTED: Final = 50_000  # messages that are looked at together


@dataclass(frozen=True)
class People:
    query: Select[int]  # one column
    repeats: bool = False  # some ids may come several times

    @property
    def key(self) -> Any:
        """As it is, but no index leads from here: the records themselves do."""
        return self.query.selected_columns[0] + 0

    def where(self, *tests: True_) -> People:
        return replace(self, query=self.query.where(*tests))


def who(node: Node, today: Today, *, active: bool = False) -> People:
    """Who fulfils ``node``; unless ``active``, those who are not in use may be among them."""
    if isinstance(node, Condition):
        return _everybody([node], today)
    if isinstance(node, Related) and node.present:
        return _owners(node, today, active=active)
    if isinstance(node, Group) and node.logic is Logic.ANY and len(node.parts) > 1:
        return _any(node.parts, today, active=active)
    return who_by_all(list(together(node)), today, active=active)


def _owners(node: Related, today: Today, *, active: bool) -> People:
    query, key, _record = keys(node, Scope.CUSTOMER, today)
    if node.scope is Scope.SUPPRESSION or (node.scope is Scope.REPLY and active):  # of others, too
        person = aliased(Customer)
        own = person.phone if node.scope is Scope.SUPPRESSION else person.id
        return People(select(person.id).where(person.active.is_(True), own.in_(query)))
    return People(query.where(in_use(key)) if active else query, repeats=True)


def in_use(key: Any) -> True_:
    """By the few who are not, whom an index has."""
    gone = aliased(Customer)
    return outside(key, select(gone.id).where(gone.active.is_not(True)))


def _everybody(tests: Sequence[Condition], today: Today) -> People:
    """Of whom one of ``tests`` is true, in one walk."""
    person = aliased(Customer)
    row = Row(Scope.CUSTOMER, person)
    answers = [asked(field_of(each.field), each, row, today) for each in tests]
    return People(select(person.id).where(person.active.is_(True), or_(*answers)))


def _any(parts: Iterable[Node], today: Today, *, active: bool) -> People:
    rows = [part for part in parts if isinstance(part, Condition) and not indexed(part)]
    sets = [who(part, today, active=active).query for part in parts if part not in rows]
    if rows:
        sets.append(_everybody(rows, today).query)
    return People(united(sets))


def united(sets: Sequence[Select[int]]) -> Select[int]:
    if len(sets) == 1:
        return sets[0]
    whole = union(*sets).subquery()
    return cast("Select[int]", select(whole.c[0]))


def who_by_all(parts: list[Node], today: Today, *, active: bool) -> People:
    """One of them leads, the others are asked of whom it finds; of everybody where none can lead."""
    if len(parts) == 1 and not negative(parts[0]):
        return who(parts[0], today, active=active)
    lead = leading(parts)
    rest = [part for part in parts if part is not lead]
    if lead is None or any(map(needs_row, rest)):
        person = aliased(Customer)
        row = Row(Scope.CUSTOMER, person)
        among = [] if lead is None else [person.id.in_(who(lead, today).query)]
        tests = [holds_for(part, row, today, alone=lead is None) for part in rest]
        return People(select(person.id).where(person.active.is_(True), *among, *tests))
    led = who(lead, today, active=active)
    row = Row(Scope.CUSTOMER, IdOnly(led.key))
    return led.where(*(holds_for(part, row, today, alone=False) for part in rest))


@dataclass(frozen=True)
class IdOnly:
    """A customer of whom only the id is at hand."""

    id: Any


def holds_for(part: Node, person: Row, today: Today, *, alone: bool) -> True_:
    """Whether it holds for ``person``. ``alone``: nothing else has made them few."""
    own = person.table.id
    if isinstance(part, Related):
        whole = alone or (part.scope is not Scope.MESSAGE and quick(replace(part, present=True)))
        return _has(part, person, today, whole=whole)
    if isinstance(part, Group) and part.logic is Logic.NONE:
        left_out = part.parts[0]
        if quick(left_out) or (alone and isinstance(left_out, Group)):
            return outside(own, who(left_out, today).query)
    elif quick(part) or (alone and isinstance(part, Group)):
        return cast("True_", own.in_(who(part, today).query))
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
    return next((each for each in said if each.operator not in WIDE), None)


def _few(sent: Condition, today: Today) -> True_:
    message = aliased(Message)
    row = Row(Scope.MESSAGE, message)
    some = select(message.sending_at).where(
        message.sending_at.is_not(None), asked(field_of(sent.field), sent, row, today)
    )
    counted = select(func.count()).select_from(some.limit(_LISTED + 1).subquery())
    return counted.scalar_subquery() <= _LISTED

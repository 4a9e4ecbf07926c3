"""Ids of a filtered list in its order: the first page at once, all of them a moment later.

Neither engine's planner knows how many will match, and SQLite has no statistics at all; so the conditions are
counted first, as far as it matters, and the statement is written so that only the good plan is left.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.customers import search
from console.core.customers.byvalue import FEW_VALUES, first_by_value, together
from console.core.customers.filters import CustomerFilter, conditions, matching, today_for
from console.core.customers.search import Condition
from console.core.segments.functions import outside
from db import paging
from db.keys import keys
from db.models import Customer

FEW = 1_000  # customers whose rows may be looked up one by one for a first page
MANY = 100_000  # customers from which on the next one that fits is rarely far along the list
_AHEAD = 1_000  # places of the list in which it is looked for first: where it is far, each one asked costs its row
_ALL_FEW = 20_000  # the same as FEW where there is more time
_MOST_LISTED = 400_000  # customers of whom PostgreSQL may make a list, in memory that it is given for that
_BESIDE = 16  # customers who share a page of the file, when they came together


@dataclass(frozen=True)
class Order:
    """By the column, and by id where it is the same."""

    column: InstrumentedAttribute[str] | InstrumentedAttribute[datetime]
    descending: bool = False

    @property
    def by_name(self) -> bool:
        return self.column is Customer.pinyin

    def of(self, value: Any, id_: Any) -> tuple[ColumnElement[Any], ...]:
        return (value.desc(), id_.desc()) if self.descending else (value.asc(), id_.asc())


def all_ids(session: Session, filter: CustomerFilter, order: Order, today: date | None) -> array[int]:  # noqa: A002
    on = today_for(session, filter, today)
    where = matching(filter, on)
    read = search.readings(filter.text)
    if len(read) <= 1:
        whole = conditions(filter, on) + [search.condition(word) for words in read for word in words]
        sizes = _Sizes(session)
        if whole and all(sizes.more(each, _ALL_FEW) for each in whole):
            where = and_(search.shown(), *(_met(sizes, each) for each in whole))
    return paging.ids(session, select(Customer.id).where(where).order_by(*order.of(order.column, Customer.id)))


def first_ids(
    session: Session,
    filter: CustomerFilter,  # noqa: A002 - the field's word
    order: Order,
    limit: int,
    today: date | None,
) -> list[int]:
    others = conditions(filter, today_for(session, filter, today))
    read = search.readings(filter.text)
    sizes = _Sizes(session)
    found: set[tuple[Any, int]] = set()
    for words in read:
        rarest = max(words, key=search.rarity)
        rest = others + [search.condition(word) for word in words if word is not rarest]
        if order.by_name:
            found.update(_by_name(sizes, rarest, rest, order, limit))
        else:
            found.update(_first(sizes, [search.condition(rarest), *rest], order, limit))
    if not read:
        found.update(_first(sizes, others, order, limit))
    return [id_ for _, id_ in sorted(found, reverse=order.descending)[:limit]]


def _by_name(sizes: _Sizes, word: str, others: Sequence[Condition], order: Order, limit: int) -> set[tuple[Any, int]]:
    """Where a word is found through an index that has the order by name, no row is looked at but what fits."""
    ways = search.ways(word)
    numbers = [way.members for way in ways if not way.by_name] + list(search.loan_numbers(word))
    found: set[tuple[Any, int]] = set()
    if numbers:
        whole = search.condition(word)
        found.update(_first(sizes, [Condition(tuple(numbers), whole.test), *others], order, limit))
    if len(found) == limit and len(ways) == len(numbers):
        return found
    for way in ways:
        if way.by_name:
            where = and_(way.seek, search.shown())
            found.update(_walked(sizes, where, others, order, limit, fenced=not way.ordered))
    return found


def _first(sizes: _Sizes, whole: Sequence[Condition], order: Order, limit: int) -> set[tuple[Any, int]]:
    """(value, id) of the first customers for whom all hold."""
    within = [each for each in whole if each.column == order.column.key]
    if within:  # the index of the order has them side by side
        where = and_(search.shown(), *(order.column == each.value for each in within))
        return _walked(sizes, where, [each for each in whole if each not in within], order, limit)
    counted = [sizes.of(each, FEW) for each in whole]
    if whole and min(counted) <= FEW:
        fewest = counted.index(min(counted))
        rest = [each.test for place, each in enumerate(whole) if place != fewest]
        return _ordered(sizes, and_(search.shown(), whole[fewest].among(), *rest), order, limit, fenced=True)
    whole = sizes.kept(whole)
    for each in whole:
        if sizes.close(each):
            rest = [_met(sizes, other) for other in whole if other is not each]
            return _ordered(sizes, and_(search.shown(), each.among(), *rest), order, limit, fenced=True)
    if any(sizes.more(each, MANY) for each in whole):
        near = _near(sizes, search.shown(), whole, order, limit)
        if len(near) == limit:
            return near
    if sizes.embedded and whole and order.column.key in FEW_VALUES and all(each.in_order for each in whole):
        column = cast("InstrumentedAttribute[str]", order.column)
        found = first_by_value(sizes.session, whole, column, descending=order.descending, limit=limit)
        if found is not None:
            return found
    met = and_(search.shown(), *(_met(sizes, each) for each in whole))
    return _ordered(sizes, met, order, limit, fenced=False)


def _walked(
    sizes: _Sizes,
    where: ColumnElement[bool],
    others: Sequence[Condition],
    order: Order,
    limit: int,
    *,
    fenced: bool = False,
) -> set[tuple[Any, int]]:
    """The first of ``where`` for whom all the others hold, too."""
    if not fenced and any(sizes.more(each, MANY) for each in others):
        near = _near(sizes, where, others, order, limit)
        if len(near) == limit:
            return near
    met = (_met(sizes, each) for each in others)
    return _ordered(sizes, and_(where, *met), order, limit, fenced=fenced)


def _near(
    sizes: _Sizes, where: ColumnElement[bool], others: Sequence[Condition], order: Order, limit: int
) -> set[tuple[Any, int]]:
    """Those at the beginning of the list: most of its rows fit, so that no list of all who do is made."""
    ahead = select(Customer.id).where(where).order_by(*order.of(order.column, Customer.id)).limit(_AHEAD).subquery()
    tests = [each.test if sizes.more(each, MANY) else each.holds() for each in others]
    query = select(order.column, Customer.id).join(ahead, ahead.c.id == Customer.id).where(*tests)
    value = func.coalesce(order.column, order.column)
    found = sizes.session.execute(query.order_by(*order.of(value, Customer.id)).limit(limit))
    return {(value, id_) for value, id_ in found}


def _met(sizes: _Sizes, condition: Condition) -> ColumnElement[bool]:
    """SQLite keeps a list of any size; PostgreSQL none that outgrows its memory, but joins any two."""
    if sizes.embedded or not sizes.more(condition, MANY):
        return condition.holds()
    if sizes.more(condition, _MOST_LISTED):
        return condition.among()
    sizes.session.execute(text("SET LOCAL work_mem = '64MB'"))
    return condition.holds()


def _ordered(
    sizes: _Sizes, where: ColumnElement[bool], order: Order, limit: int, *, fenced: bool
) -> set[tuple[Any, int]]:
    """``fenced``: find all and sort them; else walk along the index of the order until there are enough."""
    value = func.coalesce(order.column, order.column) if fenced else order.column  # the same, but in no index
    query = select(order.column, Customer.id).where(where).order_by(*order.of(value, Customer.id)).limit(limit)
    return {(value, id_) for value, id_ in sizes.session.execute(query)}


class _Sizes:
    """How many a condition holds for, counted as far as somebody asks; who is found in two ways counts twice."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.embedded = session.get_bind().dialect.name == "sqlite"
        self._known: dict[int, tuple[int, int, Condition]] = {}  # by its id(): counted, up to how many, kept alive

    def more(self, condition: Condition, most: int) -> bool:
        """Whether there are more than ``most``."""
        counted, limit, _same = self._known.get(id(condition), (0, -1, condition))
        if limit < counted <= most or limit < 0:  # there were more than anybody asked for
            counted = self._count(condition, most)
            self._known[id(condition)] = (counted, most, condition)
        return counted > most

    def of(self, condition: Condition, most: int) -> int:
        """At most one more than ``most``, or than was asked before."""
        self.more(condition, most)
        return self._known[id(condition)][0]

    def close(self, condition: Condition) -> bool:
        """Whether their rows fill few pages of the file: few people, or who came together as those of one import do."""
        if condition.found is not None and len(condition.found) <= FEW:
            return True
        if not self.embedded:  # by its keys a server reads rows slower than that
            return False
        if condition.found is not None:
            return len({id_ // _BESIDE for id_ in condition.found}) <= 2 * FEW
        if not condition.in_order:
            return False
        for most in (2 * FEW, 2 * FEW * _BESIDE):  # the first says it of nearly all that are not
            id_ = condition.listed().limit(most + 1).subquery().c[0]
            found = select(func.count(), func.count((id_ // _BESIDE).distinct()))
            counted, pages = self.session.execute(found).one()
            if pages > most // 2 or counted <= most:
                return counted <= most and pages <= 2 * FEW
        return False

    def kept(self, whole: Sequence[Condition]) -> list[Condition]:
        """The same conditions: what no index has in order is found once and passed back, and what is in order as one.

        As they are where there are too many of them.
        """
        if self.embedded:
            whole = [each if each.in_order else self._kept(each) for each in whole]
            in_order = all(each.in_order for each in whole)
        else:  # a server walks along a million entries in a tenth of a second, and looks for each in one list
            in_order = not any(self.more(each, MANY) for each in whole)
        if len(whole) > 1 and in_order:
            listed = together(whole).limit(MANY + 1)
            found = self._found(paging.ids(self.session, listed), and_(*(each.test for each in whole)))
            return list(whole) if found is None else [found]
        return list(whole)

    def _kept(self, condition: Condition) -> Condition:
        listed = condition.listed()
        if not condition.in_use:
            gone = select(Customer.id).where(Customer.active.is_not(True))
            listed = listed.where(outside(listed.selected_columns[0], gone))
        ids = paging.ids(self.session, listed.limit(MANY + 1))
        self._known[id(condition)] = len(ids), MANY, condition
        return self._found(ids, condition.test) or condition

    def _found(self, ids: array[int], test: ColumnElement[bool]) -> Condition | None:
        if len(ids) > MANY:
            return None
        each = list(dict.fromkeys(ids))
        found = Condition((select(keys(self.session, each).c.value),), test, in_use=True, in_order=True, found=each)
        self._known[id(found)] = len(each), MANY, found
        return found

    def _count(self, condition: Condition, most: int) -> int:
        counted = 0
        for members in condition.members:
            some = members.limit(most + 1 - counted).subquery()
            counted += self.session.scalar(select(func.count()).select_from(some)) or 0
            if counted > most:
                break
        return counted

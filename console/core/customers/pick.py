"""Ids of a filtered list in its order: the first page at once, all of them a moment later.

Neither engine's planner knows how many will match, and SQLite has no statistics at all; so the conditions are
counted first, as far as it matters, and the statement is written so that only the good plan is left.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.customers import search
from console.core.customers.filters import CustomerFilter, conditions, matching, today_for
from console.core.customers.search import Condition
from db import paging
from db.models import Customer

FEW = 1_000  # customers whose rows may be looked up one by one for a first page
MANY = 100_000  # customers from which on the next one that fits is never far along the list
_ALL_FEW = 20_000  # the same as FEW where there is more time


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
        if whole and all(_size(session, each, _ALL_FEW) > _ALL_FEW for each in whole):
            where = and_(search.shown(), *(_met_by_all(session, each) for each in whole))
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
    found: set[tuple[Any, int]] = set()
    for words in read:
        rarest = max(words, key=search.rarity)
        rest = others + [search.condition(word) for word in words if word is not rarest]
        if order.by_name:
            found.update(_by_name(session, rarest, rest, order, limit))
        else:
            found.update(_first(session, [search.condition(rarest), *rest], order, limit))
    if not read:
        found.update(_first(session, others, order, limit))
    return [id_ for _, id_ in sorted(found, reverse=order.descending)[:limit]]


def _by_name(
    session: Session, word: str, others: Sequence[Condition], order: Order, limit: int
) -> set[tuple[Any, int]]:
    """Where a word is found through an index that has the order by name, no row is looked at but what fits."""
    ways = search.ways(word)
    numbers = [way.members for way in ways if not way.by_name] + list(search.loan_numbers(word))
    found: set[tuple[Any, int]] = set()
    if numbers:
        whole = search.condition(word)
        found.update(_first(session, [Condition(tuple(numbers), whole.test), *others], order, limit))
    if len(found) == limit and len(ways) == len(numbers):
        return found
    rest = [_met(session, each) for each in others]
    for way in ways:
        if way.by_name:
            where = and_(way.seek, search.shown(), *rest)
            found.update(_ordered(session, where, order, limit, fenced=not way.ordered))
    return found


def _first(session: Session, whole: Sequence[Condition], order: Order, limit: int) -> set[tuple[Any, int]]:
    """(value, id) of the first customers for whom all hold."""
    within = [each for each in whole if each.column == order.column.key]
    if within:  # the index of the order has them side by side
        rest = [_met(session, each) for each in whole if each not in within]
        where = and_(search.shown(), *(order.column == each.value for each in within), *rest)
        return _ordered(session, where, order, limit, fenced=False)
    sizes = [_size(session, each, FEW) for each in whole]
    if whole and min(sizes) <= FEW:
        fewest = sizes.index(min(sizes))
        rest = [each.test for place, each in enumerate(whole) if place != fewest]
        return _ordered(session, and_(search.shown(), whole[fewest].among(), *rest), order, limit, fenced=True)
    where = and_(search.shown(), *(_met(session, each) for each in whole))
    return _ordered(session, where, order, limit, fenced=False)


def _met(session: Session, condition: Condition) -> ColumnElement[bool]:
    """For the walk along the list: a look into a list of some, or at the rows themselves where most will fit."""
    return condition.test if _size(session, condition, MANY) > MANY else condition.holds()


def _met_by_all(session: Session, condition: Condition) -> ColumnElement[bool]:
    """SQLite keeps a list of any size; PostgreSQL none that outgrows its memory, but looks at rows quickly."""
    return condition.holds() if session.get_bind().dialect.name == "sqlite" else _met(session, condition)


def _ordered(
    session: Session, where: ColumnElement[bool], order: Order, limit: int, *, fenced: bool
) -> set[tuple[Any, int]]:
    """``fenced``: find all and sort them; else walk along the index of the order until there are enough."""
    value = func.coalesce(order.column, order.column) if fenced else order.column  # the same, but in no index
    query = select(order.column, Customer.id).where(where).order_by(*order.of(value, Customer.id)).limit(limit)
    return {(value, id_) for value, id_ in session.execute(query)}


def _size(session: Session, condition: Condition, most: int) -> int:
    """How many it holds for, counted up to one more than ``most``; who is found in two ways counts twice."""
    counted = 0
    for members in condition.members:
        some = members.limit(most + 1 - counted).subquery()
        counted += session.scalar(select(func.count()).select_from(some)) or 0
        if counted > most:
            break
    return counted

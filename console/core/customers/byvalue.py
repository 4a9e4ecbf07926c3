"""The first customers of a list in the order of a column that has few values, when they stand far along it.

A filter may go with the order: everybody in one region has the last of the ratings. Then a walk along the order passes
nearly all customers before it meets the first of them. But an index has the ids beside each value sorted, as the index
of the filter has its own; two sorted lists are merged in a fraction of the time. A few customers tell which values to
look at, and the counts of those prove that there are no others.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import CompoundSelect, Select, String, cast, except_, func, intersect, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.customers.search import Condition, shown
from db.models import Customer

Column = InstrumentedAttribute[str]
FEW_VALUES: Final = frozenset({"region", "branch", "manager", "rating", "segment"})
_ASKED: Final = 64  # customers who tell which values there are
_ONE_IN: Final = 97  # of them may be asked; nothing in the data comes in such a step
_MOST: Final = 12  # values that are looked at; with more, a walk soon meets them
_WORTH: Final = 150_000  # entries of the filter that are read again: for more, a walk is no slower


def first_by_value(
    session: Session, whole: Sequence[Condition], column: Column, *, descending: bool, limit: int
) -> set[tuple[str, int]] | None:
    """(value, id) of the first ``limit`` for whom all of ``whole`` hold; None where it takes a walk to tell."""
    found: set[tuple[str, int]] = set()

    def fetch(value: str) -> int:
        before = len(found)
        ordered = _with(column, value, whole).order_by(literal_column("1 DESC" if descending else "1"))
        found.update((value, id_) for id_ in session.scalars(ordered.limit(limit - before)))
        return len(found) - before

    total, some = _counted(session, whole)
    seen = Counter(session.scalars(select(column).where(Customer.id.in_(some))))
    for value in _from_the_first(session, column, descending):
        if (len(seen) <= _MOST and value not in seen) or not fetch(value):
            break
        if len(found) == limit:
            return found
    else:
        return found
    sizes = _sizes(session, whole, column, total, seen)
    if sizes is None:
        return None
    for value in sorted(sizes, reverse=descending):
        if len(found) < limit:
            fetch(value)
    return found


def _from_the_first(session: Session, column: Column, descending: bool) -> Iterator[str]:
    """The values in order: a step into the index for each."""
    query = select((func.max if descending else func.min)(column)).where(shown())
    value = session.scalar(query)
    while value is not None:
        yield value
        value = session.scalar(query.where(column < value if descending else column > value))


def _with(column: Column, value: str, whole: Sequence[Condition]) -> CompoundSelect[Any]:
    return intersect(select(Customer.id).where(shown(), column == value), *(each.listed() for each in whole))


def _sizes(
    session: Session, whole: Sequence[Condition], column: Column, total: int, seen: Counter[str]
) -> dict[str, int] | None:
    """How many there are of each value; None where finding out takes longer than a walk."""
    if len(seen) > _MOST or len(seen) * total > _WORTH:
        return None
    sizes: dict[str, int] = {}
    for value, _ in seen.most_common():
        if sum(sizes.values()) < total:
            both = _with(column, value, whole).subquery()
            sizes[value] = session.scalar(select(func.count()).select_from(both)) or 0
    return sizes if sum(sizes.values()) == total else None


def _counted(session: Session, whole: Sequence[Condition]) -> tuple[int, Sequence[int]]:
    """How many are in all the lists and in use, and some of them from everywhere."""
    if len(whole) == 1 and whole[0].found is not None:
        total, ids = len(whole[0].found), whole[0].found
    else:
        id_ = together(whole).subquery().c[0]
        some = func.aggregate_strings(cast(id_, String), ",").filter(id_ % _ONE_IN == 0)
        total, text = session.execute(select(func.count(), some).select_from(id_.table)).one()
        ids = list(map(int, text.split(","))) if text else []
    return total, random.Random(total).sample(ids, min(_ASKED, len(ids)))  # noqa: S311 - no secret


def together(whole: Sequence[Condition]) -> Select[int] | CompoundSelect[int]:
    """Ids of those in use for whom all hold, in no order, each once."""
    lists = [each.listed() for each in whole]
    all_: Any = intersect(*lists) if len(lists) > 1 else lists[0]
    if any(each.in_use for each in whole):
        both: Select[int] | CompoundSelect[int] = all_
        return both
    found = all_.subquery()
    return except_(select(found.c[0]), select(Customer.id).where(Customer.active.is_not(True)))

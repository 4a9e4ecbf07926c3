"""Long reads that stay quick at a million rows: ids first, rows by key, never OFFSET."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")
Key = InstrumentedAttribute[int] | ColumnElement[int]


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """``items`` in lists of ``size``, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def ids(session: Session, query: Select[int]) -> list[int]:
    """All keys a list shows, in its order: a flat list of integers, some 8 MB a million."""
    return list(session.scalars(query))


def pages(
    session: Session, query: Select[Any, *tuple[Any, ...]], key: Key, *, size: int = 2_000
) -> Iterator[Sequence[Row[Any, *tuple[Any, ...]]]]:
    """All rows of ``query`` in ascending order of the unique ``key``, its first column, a page at a time by key."""
    ordered = query.order_by(key).limit(size)
    page = session.execute(ordered).all()
    while page:
        yield page
        page = session.execute(ordered.where(key > page[-1][0])).all() if len(page) == size else []

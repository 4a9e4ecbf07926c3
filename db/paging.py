"""Lists that stay quick at a million rows: ids first, rows by key; and bulk writing in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Insert, Row, Select
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")
Key = InstrumentedAttribute[int] | ColumnElement[int]

CHUNK = 10_000  # rows of one executemany
IN_LIST = 500  # keys of one IN (...)


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """``items`` in lists of ``size``, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def ids(session: Session, query: Select[int]) -> list[int]:
    """All keys a list shows, in its order: a flat list of integers, some 8 MB a million."""
    return list(session.scalars(query))


def rows_by_id(
    session: Session, query: Select[Any, *tuple[Any, ...]], key: Key, wanted: Sequence[int]
) -> list[Row[Any, *tuple[Any, ...]]]:
    """The rows of ``query`` whose ``key`` is wanted, in the order of ``wanted``; those that are gone are left out.

    The first column of ``query`` is the key.
    """
    found: dict[int, Row[Any, *tuple[Any, ...]]] = {}
    for chunk in chunked(wanted, IN_LIST):
        found.update((row[0], row) for row in session.execute(query.where(key.in_(chunk))))
    return [found[wanted_id] for wanted_id in wanted if wanted_id in found]


def pages(
    session: Session, query: Select[Any, *tuple[Any, ...]], key: Key, *, size: int = 2_000
) -> Iterator[Sequence[Row[Any, *tuple[Any, ...]]]]:
    """All rows of ``query`` in ascending order of the unique ``key``, its first column, a page at a time by key."""
    ordered = query.order_by(key).limit(size)
    page = session.execute(ordered).all()
    while page:
        yield page
        page = session.execute(ordered.where(key > page[-1][0])).all() if len(page) == size else []


def insert_many(
    session: Session,
    statement: Insert,
    rows: Iterable[Mapping[str, Any]],
    *,
    size: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Core executemany in chunks, in the caller's transaction; the number of rows. Every row has the same keys."""
    done = 0
    connection = session.connection()
    for chunk in chunked(rows, size):
        connection.execute(statement, chunk)
        done += len(chunk)
        if progress is not None:
            progress(done)
    return done

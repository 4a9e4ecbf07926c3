from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import case, insert, select, update

from db import paging
from db.models import Line, LineState

if TYPE_CHECKING:
    from datetime import datetime

    from console.core.clock import FixedClock
    from db.engine import Database


def lines(count: int, at: datetime) -> list[dict[str, object]]:
    return [
        {"id": n, "name": f"线路 {n:05}", "address": f"COM{n}", "state": LineState.OFF, "created_at": at}
        for n in range(1, count + 1)
    ]


@pytest.fixture
def filled(database: Database, clock: FixedClock) -> Database:
    with database.begin() as session:
        session.execute(insert(Line), lines(1_234, clock.now()))
    return database


def test_ids_in_the_order_of_the_list(filled: Database) -> None:
    with filled.read() as session:
        found = paging.ids(session, select(Line.id).order_by(Line.name.desc()))
        assert found == array("q", range(1_234, 0, -1))
        assert paging.ids(session, select(Line.id).where(Line.id < 0)) == array("q")


def test_ids_are_read_in_pieces(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 4, 5, 6_000):
        monkeypatch.setattr(paging, "_PIECE", size)
        with filled.read() as session:
            assert paging.ids(session, select(Line.id).order_by(Line.id)) == array("q", range(1, 1_235))


def test_distinct_values_in_order(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled.begin() as session:
        session.execute(update(Line).values(fault=case((Line.id > 1_000, "b"), (Line.id > 900, "a"), else_="")))
    with filled.read() as session:
        assert paging.distinct(session, Line.fault) == ["a", "b"]
        assert paging.distinct(session, Line.fault, Line.id <= 950) == ["a"]
        assert paging.distinct(session, Line.fault, Line.id < 0) == []
        assert len(paging.distinct(session, Line.address)) == paging.MOST_VALUES


@pytest.mark.parametrize("size", [1, 617, 1_233, 1_234, 5_000])
def test_pages_cover_every_row_once(filled: Database, size: int) -> None:
    query = select(Line.id, Line.name).where(Line.id > 1_200 if size == 1 else Line.id > 0)
    with filled.read() as session:
        pages = list(paging.pages(session, query, Line.id, size=size))
    assert all(len(page) <= size for page in pages)
    assert [row.id for page in pages for row in page] == list(range(1_201 if size == 1 else 1, 1_235))


def test_chunks() -> None:
    assert list(paging.chunked(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(paging.chunked([], 2)) == []

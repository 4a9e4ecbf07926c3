"""Tables that one connection has for itself, indexes that come later, room in memory."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import bulk
from db.engine import Database
from db.errors import DatabaseError
from db.models import StagedRow

ROWS: Any = StagedRow.__table__
NAMES = ("import_id", "row", "number", "name", "pinyin", "initials", "phone")
ROW = (1, 2, "C1", "x", "x", "x", "1")


def staged(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(ROWS)) or 0


def test_a_private_table_stands_before_the_shared_one_until_the_end(database: Database) -> None:
    with database.begin() as session:
        bulk.load(session, ROWS, NAMES, [ROW])
        with bulk.private(session, ROWS):
            assert session.scalar(select(func.count()).select_from(ROWS)) == 0
            bulk.load(session, ROWS, NAMES, [ROW, ROW])
            one = session.execute(select(ROWS.c.id, ROWS.c.leads, ROWS.c.same, ROWS.c.title)).all()
            assert [tuple(row) for row in one] == [(1, True, False, ""), (2, True, False, "")]
        assert session.scalar(select(func.count()).select_from(ROWS)) == 1
    assert staged(database) == 1


def test_a_private_table_is_counted(database: Database) -> None:
    with database.aside() as session, bulk.private(session, ROWS):
        bulk.load(session, ROWS, NAMES, [ROW] * 300)
        bulk.analyze(session, ROWS, ["import_id"])
        if database.path is None:
            found = "SELECT reltuples FROM pg_class WHERE oid = 'pg_temp.staged_row'::regclass"
            assert session.scalar(text(found)) == 300


class Stopped(Exception): ...


@pytest.mark.parametrize("stopped", [False, True])
def test_aside_everything_is_forgotten(database: Database, stopped: bool) -> None:
    with pytest.raises(Stopped) if stopped else nullcontext():  # noqa: SIM117
        with database.aside() as session, bulk.private(session, ROWS):
            bulk.load(session, ROWS, NAMES, [ROW])
            assert session.scalar(select(func.count()).select_from(ROWS)) == 1
            if stopped:
                raise Stopped
    assert staged(database) == 0
    with pytest.raises((DBAPIError, DatabaseError)), database.read() as session:  # reading is reading again
        session.execute(ROWS.insert().values(dict(zip(NAMES, ROW, strict=True))))
    assert staged(database) == 0


def names(session: Session) -> set[str]:
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'probe'"
    server = "SELECT indexname FROM pg_indexes WHERE tablename = 'probe' AND indexname NOT LIKE '%pkey'"
    return set(session.scalars(text(sqlite if session.connection().dialect.name == "sqlite" else server)))


@pytest.mark.parametrize("rows", [0, 1])
def test_indexes_come_later_only_where_nothing_stands(database: Database, rows: int) -> None:
    table = Table("probe", MetaData(), Column("id", Integer, primary_key=True), Column("a", Integer))
    Index("ix_probe_a", table.c.a)
    table.create(database.engine)
    with database.begin() as session:
        session.execute(table.insert(), [{"id": n, "a": n} for n in range(rows)] or [{"id": 9, "a": 9}])
        if not rows:
            session.execute(table.delete())
    with database.begin() as session:
        assert names(session) == {"ix_probe_a"}
        with bulk.indexes_later(session, table):
            assert names(session) == ({"ix_probe_a"} if rows else set())
        assert names(session) == {"ix_probe_a"}


def test_room_is_given_back(sqlite_database: Database) -> None:
    size = text("PRAGMA cache_size")
    with sqlite_database.begin() as session:
        before = session.scalar(size)
        with bulk.roomy(session, 123_456):
            assert session.scalar(size) == -123_456
        assert session.scalar(size) == before

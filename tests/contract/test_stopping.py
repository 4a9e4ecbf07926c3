from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, literal, select

from db.models import Setting
from db.stopping import Stop, Stopped

if TYPE_CHECKING:
    from sqlalchemy import Select

    from db.engine import Database


def endless(dialect: str) -> Select[int]:
    if dialect == "postgresql":
        return select(func.pg_sleep(3600))
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 10**12))
    return select(func.count()).select_from(numbers)


def test_a_read_is_ended_from_another_thread(database: Database) -> None:
    stop = Stop()
    ended: list[BaseException] = []
    begun = threading.Event()

    def read() -> None:
        try:
            with database.read() as session, stop.watching(session):
                begun.set()
                session.execute(endless(database.dialect)).all()
        except Stopped as error:
            ended.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait()
    stop.stop()  # perhaps before the statement has begun
    thread.join()
    assert len(ended) == 1
    with database.read() as session:  # the connection is as good as before
        assert session.scalars(select(Setting.key)).all() == []


def test_what_was_stopped_does_not_begin(database: Database) -> None:
    stop = Stop()
    stop.stop()
    with database.read() as session, pytest.raises(Stopped), stop.watching(session):
        raise AssertionError


def test_errors_of_others_stay_what_they_are(database: Database) -> None:
    stop = Stop()
    with database.read() as session, stop.watching(session):
        assert session.scalar(select(literal(1))) == 1
    stop.stop()  # nobody reads any more
    with database.read() as session:
        assert session.scalar(select(literal(1))) == 1

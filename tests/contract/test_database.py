"""What both engines promise alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from db import bulk
from db.errors import IntegrityBroken
from db.models import Control, Line, Secret, Setting

if TYPE_CHECKING:
    from console.core.context import Context
    from db.engine import Database

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def setting(key: str, value: object = 1) -> Setting:
    return Setting(key=key, user_id=0, value=value, changed_at=AT)


def test_begin_commits_and_read_sees_it(database: Database) -> None:
    with database.begin() as session:
        session.add(setting("a", {"城东": [1, 2]}))
    with database.read() as session:
        found = session.scalars(select(Setting)).one()
    assert (found.value, found.changed_at) == ({"城东": [1, 2]}, AT)


def test_an_exception_rolls_back(database: Database) -> None:
    def fail_half_way() -> None:
        with database.begin() as session:
            session.add(setting("a"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Setting)) == 0


def test_a_snapshot_stays_as_it_was_while_others_write(database: Database) -> None:
    count = select(func.count()).select_from(Setting)
    with database.read() as reading:
        before = reading.scalar(count)
        with database.begin() as session:
            session.add(setting("a"))
        assert reading.scalar(count) == before == 0
    with database.read() as reading:
        assert reading.scalar(count) == 1


def test_writing_in_read_is_refused(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as session:
        session.execute(insert(Secret).values(name="x", value=b"y"))


def test_a_constraint_raises_integrity_broken_without_the_values(database: Database) -> None:
    with database.begin() as session:
        session.add(Line(name="geheim", address="COM5", created_at=AT))
    with pytest.raises(IntegrityBroken) as caught, database.begin() as session:
        session.add(Line(name="geheim", address="COM6", created_at=AT))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("rows", [[("a", b"1"), ("b", b"2")], []])
def test_rows_in_bulk(database: Database, rows: list[tuple[str, bytes]]) -> None:
    with database.begin() as session:
        bulk.load(session, Secret.__table__, ("name", "value"), rows)
    with database.read() as session:
        assert sorted(map(tuple, session.execute(select(Secret.name, Secret.value)))) == rows


def test_trouble_with_rows_in_bulk_is_named_alike(database: Database) -> None:
    with pytest.raises(IntegrityBroken), database.begin() as session:
        bulk.load(session, Secret.__table__, ("name", "value"), [("a", b"1"), ("a", b"2")])
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Secret)) == 0


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityBroken), database.begin() as session:
        session.execute(insert(Control).values(id=2, stopped=False, changed_by=999))


def test_a_savepoint_undoes_only_its_part(database: Database) -> None:
    with database.begin() as session:
        session.add(setting("kept"))
        session.flush()
        nested = session.begin_nested()
        session.add(setting("gone"))
        session.flush()
        nested.rollback()
    with database.read() as session:
        assert session.scalars(select(Setting.key)).all() == ["kept"]


def test_a_secret_is_made_once(database: Database) -> None:
    first = database.secret("message")
    assert len(first) == 32
    assert database.secret("message") == first
    assert database.secret("other") != first


def test_contexts_stand_on_the_database(ctx: Context, supervisor_ctx: Context, admin_ctx: Context) -> None:
    with ctx.database.begin() as session:
        ctx.audit(session, "test.done", "test:1", amount=3)
    assert len({ctx.actor.user_id, supervisor_ctx.actor.user_id, admin_ctx.actor.user_id}) == 3

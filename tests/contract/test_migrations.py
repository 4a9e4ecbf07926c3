"""Alembic's revisions give exactly the schema of the models, from nothing and from an older database."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, func, select, text

import db.models  # noqa: F401 - fills the metadata
from db.base import Base, comparable
from db.engine import Database
from db.errors import SchemaTooNew
from db.migrations import runner
from db.models import AuditHead, Control, Setting
from db.schema import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = bytes(range(32))

_POSTGRESQL_SCHEMA = """
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(character_maximum_length, 0)
        || ' ' || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns
        WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
"""
_SQLITE_SCHEMA = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        with Database.open(f"sqlite:///{tmp_path / 'empty.db'}", key=KEY) as database:
            yield database
        return
    server = request.getfixturevalue("postgres_server")
    url = server.empty()
    with Database.open(url) as database:
        yield database
    server.drop(url)


def schema(connection: Connection) -> list[str]:
    statement = _SQLITE_SCHEMA if connection.dialect.name == "sqlite" else _POSTGRESQL_SCHEMA
    rows = connection.execute(text(statement)).scalars().all()
    return sorted(_settled(" ".join(row.split())) for row in rows if "alembic_version" not in row)


def _settled(statement: str) -> str:
    """The columns and constraints of a table in one order: SQLite keeps the text it was made with, and adds to it."""
    if not statement.startswith("CREATE TABLE"):
        return statement
    head, _, body = statement.replace('"', "").removesuffix(")").strip().partition(" ( ")
    return f"{head} ({'; '.join(sorted(_parts(body)))})"


def _parts(body: str) -> list[str]:
    """What stands between the commas outside of any parentheses."""
    parts, depth = [""], 0
    for letter in body:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # the comparison above has them, Alembic's has not
def test_the_revisions_give_the_schema_of_the_models(
    empty: Database, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "alembic.ddl.impl")  # it compares what it is told to leave alone, and warns
    from_models = request.getfixturevalue("sqlite_database" if empty.path else "postgres_database")
    empty.create()
    with empty.engine.connect() as migrated, from_models.engine.connect() as modelled:
        assert schema(migrated) == schema(modelled)
        others = MigrationContext.configure(migrated, opts={"include_object": comparable})
        assert compare_metadata(others, Base.metadata) == []


def test_a_created_database_has_its_first_rows_and_stays_as_it_is(empty: Database) -> None:
    empty.create()
    assert empty.upgrade() is None
    with empty.read() as session:
        assert session.scalars(select(AuditHead.entries)).all() == [0]
        assert session.scalars(select(Control.stopped)).all() == [False]


def test_the_revision_known_to_the_program_is_the_newest(empty: Database) -> None:
    with empty.engine.connect() as connection:
        assert ScriptDirectory.from_config(runner.config(connection)).get_current_head() == REVISION


def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew):
        database.upgrade()
    with database.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_two_programs_starting_at_once_upgrade_once(empty: Database) -> None:
    problems: list[BaseException] = []
    barrier = threading.Barrier(4)

    def start() -> None:
        try:
            barrier.wait(10)
            with Database.open(empty.url, key=KEY if empty.path else None) as other:
                other.create()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with empty.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditHead)) == 1


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A revision 9000 after ours, as the next version of the program would bring it."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for file in [*runner.FOLDER.glob("*.*"), *runner.FOLDER.glob("versions/*.py")]:
        (folder / file.relative_to(runner.FOLDER)).write_bytes(file.read_bytes())
    (folder / "versions" / "9000_next.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9000'\ndown_revision = '{REVISION}'\nbranch_labels = None\ndepends_on = None\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('line') as batch:\n"
        "        batch.alter_column('name', existing_type=sa.String(60), type_=sa.String(80))\n"
        "    op.execute('SELECT fail') if BREAK else None\n".replace("BREAK", "__import__('os').environ.get('BREAK')")
    )
    monkeypatch.setattr(runner, "FOLDER", folder)
    monkeypatch.setattr("db.engine.REVISION", "9000")
    return "9000"


def fill(database: Database) -> None:
    with database.begin() as session:
        session.execute(
            text("INSERT INTO line (name, kind, address, options, enabled, classes, priority, state, fault, fault_text,"
                 " step, step_text, identity, health, owner, created_at) VALUES ('模块一', 'modem', 'COM5', '{}', true,"
                 " '[]', 5, 'off', '', '', '', '', '{}', '{}', '', '2026-11-23 02:00:00')")
        )  # fmt: skip
        session.execute(
            text("INSERT INTO message_part (message_id, sequence, attempt, line_id, state, sender_identity, reference,"
                 " phone, error, status, sending_at) SELECT 1, 1, 1, id, 'sending', '', '', '', '', '',"
                 " '2026-11-23 02:00:00' FROM line WHERE false")
        )  # fmt: skip


def to_revision(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        command.upgrade(runner.config(connection), revision)


def one_row_each(connection: Connection) -> None:
    """A row in every table of a database as it stands; what may be empty and points elsewhere is left out."""
    off = {"sqlite": "PRAGMA defer_foreign_keys = ON", "postgresql": "SET LOCAL session_replication_role = replica"}
    connection.exec_driver_sql(off[connection.dialect.name])
    kinds: dict[type, object] = {
        bool: True, int: 1, str: "1", datetime: datetime(2026, 11, 23, 2, tzinfo=UTC), date: date(2026, 11, 23),
        Decimal: Decimal("1.00"), bytes: b"1", object: {"1": 1}, time: time(9, 0),
    }  # fmt: skip
    for table in tables_of(connection).values():
        given = [column for column in table.columns if not (column.nullable and column.foreign_keys)]
        connection.execute(table.insert().values({column.name: kinds[column.type.python_type] for column in given}))


def tables_of(connection: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection)
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


@pytest.mark.filterwarnings("ignore:.*expression-based index")
@pytest.mark.parametrize("written_by", ["0001", "0002", "0003"])
def test_every_row_of_an_earlier_release_is_there_after_the_upgrade(empty: Database, written_by: str) -> None:
    to_revision(empty, written_by)
    with empty.engine.begin() as connection:
        one_row_each(connection)
        older = tables_of(connection)
        before = {name: connection.execute(select(table)).all() for name, table in older.items()}
    empty.upgrade()
    with empty.engine.connect() as connection:
        newer = tables_of(connection)
        for name, table in older.items():
            kept = select(*(newer[name].c[column] for column in table.columns.keys()))  # noqa: SIM118
            assert connection.execute(kept).all() == before[name], name
            assert len(before[name]) == 1, name


def version(database: Database) -> str:
    with database.read() as session:
        return str(session.scalar(text("SELECT version_num FROM alembic_version")))


def test_an_older_database_is_upgraded_with_its_rows(database: Database, next_revision: str) -> None:
    fill(database)
    database.upgrade()
    assert version(database) == next_revision
    with database.read() as session:
        assert session.scalar(text("SELECT name FROM line")) == "模块一"
        if database.dialect == "sqlite":
            assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_an_older_file_is_copied_first(sqlite_url: tuple[str, bytes], next_revision: str) -> None:
    url, key = sqlite_url
    with Database.open(url, key=key) as database:
        fill(database)
        copied = database.upgrade()
    assert copied is not None
    with Database.open(f"sqlite:///{copied}", key=key) as old:
        assert version(old) == REVISION
        with old.read() as session:
            assert session.scalar(text("SELECT name FROM line")) == "模块一"


def test_a_failing_upgrade_changes_nothing(
    database: Database, next_revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    with database.engine.connect() as connection:
        before = schema(connection)
    monkeypatch.setenv("BREAK", "1")
    with pytest.raises(Exception, match="fail"):
        database.upgrade()
    monkeypatch.delenv("BREAK")
    with database.engine.connect() as connection:
        assert schema(connection) == before
    assert version(database) == REVISION
    database.upgrade()
    assert version(database) == next_revision


def test_an_upgraded_database_is_opened_without_alembic(sqlite_url: tuple[str, bytes]) -> None:
    url, key = sqlite_url
    script = (
        "import sys; from db.engine import Database\n"
        f"Database.open({url!r}, key=bytes.fromhex({key.hex()!r})).upgrade()\n"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_keys_of_settings_are_not_generated(empty: Database) -> None:
    """user_id is part of the key and never counted up by the engine."""
    empty.create()
    with empty.engine.connect() as connection:
        assert not any("nextval('setting" in line for line in schema(connection))
    assert Setting.__table__.c.user_id.autoincrement is False

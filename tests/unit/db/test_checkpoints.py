"""What a large transaction wrote is safe at once, and stands in the file soon."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from db.errors import DatabaseError

PAGES = 3_000
FILL = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PAGES}) "
FILL += "INSERT INTO large SELECT i, randomblob(4000) FROM n"


@pytest.fixture
def database(tmp_path: Path) -> Any:
    with Database.open(f"sqlite:///{tmp_path / 'a.db'}", key=secrets.token_bytes(32)) as database:
        with database.begin() as session:
            session.execute(text("CREATE TABLE large (id INTEGER PRIMARY KEY, body BLOB)"))
        yield database


def in_the_file(database: Database) -> int:
    assert database.path is not None
    return database.path.stat().st_size // 4096


def count(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM large")).scalar_one())


def automatic(database: Database) -> int:
    with database.begin() as session:
        return int(session.execute(text("PRAGMA wal_autocheckpoint")).scalar_one())


def test_a_commit_that_is_usual_moves_it_itself(database: Database) -> None:
    with database.begin() as session:
        session.execute(text(FILL))
    assert in_the_file(database) > PAGES


def test_a_large_one_leaves_it_to_the_thread(database: Database) -> None:
    def write() -> None:
        with database.begin(large=True) as session:
            session.execute(text(FILL))

    with database._checkpoints._lock:  # no thread is started while this is held
        writing = threading.Thread(target=write)
        writing.start()
        while count(database) < PAGES:
            pass
        assert in_the_file(database) < PAGES
    writing.join()
    database._checkpoints.close()
    assert in_the_file(database) > PAGES
    assert automatic(database) == 1_000


def test_one_that_fails_leaves_nothing_and_the_next_is_usual(database: Database) -> None:
    with pytest.raises(DatabaseError), database.begin(large=True) as session:
        session.execute(text(FILL + " UNION ALL SELECT 1, NULL"))
    assert count(database) == 0
    assert automatic(database) == 1_000


def test_a_file_that_went_away_meanwhile_hurts_nobody(database: Database, tmp_path: Path) -> None:
    database.path = tmp_path / "not there.db"
    with database.begin(large=True) as session:
        session.execute(text(FILL))
    database._checkpoints.close()
    assert count(database) == PAGES
    assert not database.path.exists()

"""A backup is one consistent moment, encrypted under the same key, and proven to open."""

from __future__ import annotations

import errno
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, text

from db import backup, marks
from db.engine import Database
from db.errors import Damaged, DatabaseGone, DiskFull
from db.keyfile import Cost
from db.keyslots import KeySlots
from db.models import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Database]:
    """A database with its key slots, as the program makes it."""
    path = tmp_path / "branch.db"
    key = KeySlots(path.with_name("branch.db.keys"), Cost(passes=1, memory=64, lanes=1)).create("wang", "password")
    with Database.open(f"sqlite:///{path}", key=key) as database:
        database.create()
        yield database


def write(database: Database, key: str) -> None:
    with database.begin() as session:
        session.execute(insert(Setting).values(key=key, user_id=0, value="城东" * 200, changed_at=NOW))


def test_a_backup_opens_with_the_password_of_the_original(office: Database, tmp_path: Path) -> None:
    write(office, "a")
    target = tmp_path / "safe" / "copy.db"
    target.parent.mkdir()
    office.backup(target)
    write(office, "b")
    assert sorted(path.name for path in target.parent.iterdir()) == ["copy.db", "copy.db.keys"]
    assert "城东".encode() not in target.read_bytes()
    key = KeySlots(target.with_name("copy.db.keys")).open("wang", "password", now=NOW)
    with Database.open(f"sqlite:///{target}", key=key) as copy, copy.read() as session:
        assert session.scalars(select(Setting.key).order_by(Setting.key)).all() == ["a", marks.COPIED_AT]
        assert abs(marks.get(session, marks.COPIED_AT) - datetime.now(UTC)) < timedelta(minutes=5)
    with office.read() as session:
        assert marks.get(session, marks.COPIED_AT) is None
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"


def test_a_backup_is_private(office: Database, tmp_path: Path) -> None:
    office.backup(tmp_path / "copy.db")
    if os.name == "posix":
        assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_writers_go_on_during_a_backup_and_it_holds_whole_transactions(office: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    written = []

    def pairs() -> None:
        while not stop.is_set():
            with office.begin() as session:
                for half in "ab":
                    session.execute(
                        insert(Setting).values(key=f"{len(written)}{half}", user_id=0, value=1, changed_at=NOW)
                    )
            written.append(1)

    thread = threading.Thread(target=pairs)
    thread.start()
    try:
        for number in range(5):
            office.backup(tmp_path / f"{number}.db")
    finally:
        stop.set()
        thread.join()
    assert written
    for number in range(5):
        with (
            Database.open(f"sqlite:///{tmp_path / f'{number}.db'}", key=office.key) as copy,
            copy.read() as session,
        ):
            assert (session.scalar(select(func.count()).where(Setting.key != marks.COPIED_AT)) or 0) % 2 == 0


def test_nothing_is_overwritten(office: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        office.backup(target)
    assert target.read_text() == "mine"


def test_a_copy_that_does_not_read_is_no_backup(
    office: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = backup._vacuum_into

    def spoilt(source: Path, part: Path, key: bytes | None) -> None:
        honest(source, part, key)
        data = bytearray(part.read_bytes())
        data[-2_000] ^= 1
        part.write_bytes(data)

    monkeypatch.setattr(backup, "_vacuum_into", spoilt)
    with pytest.raises(Damaged):
        office.backup(tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_no_room_leaves_nothing_behind(office: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(DiskFull):
        office.backup(tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_a_folder_that_is_not_there(office: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseGone):
        office.backup(tmp_path / "gone" / "copy.db")


def test_a_server_is_not_backed_up_here(postgres_database: Database, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="own tools"):
        postgres_database.backup(tmp_path / "copy.db")

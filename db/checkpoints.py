"""What a large transaction left in the log of an embedded database moves into its file later, and beside the work.

SQLite does it within the commit that makes the log long. A commit is safe before that: it stands in the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlcipher3.dbapi2
from sqlalchemy import Engine

from db.errors import DatabaseError

_USUAL = 1_000  # pages of the log from which on a commit moves them: SQLite's own default


class Checkpoints:
    """Thread-safe. ``connect`` opens a connection to the file, for one checkpoint."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None

    @contextmanager
    def later(self, engine: Engine) -> Iterator[None]:
        """Commits in the block write the log alone; what they wrote there is moved after it, on a thread."""
        _move_from(engine, 0)
        try:
            yield
        finally:
            _move_from(engine, _USUAL)
            with self._lock:
                if self._running is None or not self._running.is_alive():
                    self._running = threading.Thread(target=self._move, name="checkpoint", daemon=True)
                    self._running.start()

    def close(self) -> None:
        """Returns when no checkpoint is under way."""
        with self._lock:
            if self._running is not None:
                self._running.join()

    def _move(self) -> None:
        try:
            connection = self._connect()
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                connection.close()
        except (DatabaseError, sqlcipher3.dbapi2.Error):  # the next commit that finds the log long does it
            pass


def _move_from(engine: Engine, pages: int) -> None:
    """For the one connection that writes."""
    raw = engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        driver.execute(f"PRAGMA wal_autocheckpoint={pages}")
    finally:
        raw.close()

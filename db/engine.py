"""One database, on SQLCipher or PostgreSQL: two ways in (``begin`` and ``read``), the same code behind both."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import sqlcipher3.dbapi2
from sqlalchemy import Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from db import backup
from db.checkpoints import Checkpoints
from db.errors import DatabaseGone, DatabaseMoved, WrongKey, translated
from db.models import MoveMark, MoveState, Secret
from db.schema import REVISION
from db.turns import Pauses, Turns

PATIENCE = 30.0  # seconds a writer waits for another one before it says DatabaseBusy
_POLL = 0.004  # seconds between two looks at a lock held by another process: SQLite's own waits grow to 100 ms
_PAUSE = 2 * _POLL
_LONG = 0.01  # seconds that the lock is held before others may be waiting
_WRITER_CACHE = 64 * 1024  # KiB
_READER_CACHE = 16 * 1024  # KiB
_READERS = 8
_WAL_LIMIT = 64 * 1024 * 1024  # bytes kept on disk after a checkpoint
_SNAPSHOT: Any = {"isolation_level": "REPEATABLE READ"}
KEY_BYTES = 32


class Database:
    """Thread-safe. Make one a process; sessions are short and belong to the thread that opened them.

    ``begin`` and ``read`` raise ``db.errors``; ``begin`` raises DatabaseMoved where all was moved away.
    Rows stay readable after the session ended.
    """

    def __init__(
        self, url: str, writer: Engine, reader: Engine, *, path: Path | None, key: bytes | None, turns: Turns | None
    ) -> None:
        self.url = url
        self.dialect = writer.dialect.name
        self.path = path  # None unless embedded
        self.key = key
        self.engine = writer
        self._reader = reader
        self._turns = turns  # None: the server lets many write at a time
        self._pauses = Pauses(_PAUSE, _LONG)
        self._checkpoints = Checkpoints(self._connect)
        self._watch: Any = None  # a connection apart, for a number that only compares on one and the same
        self._watching = threading.Lock()
        self.moved_to = ""  # where an embedded database went: it can only be read any more

    @classmethod
    def open(cls, url: str, *, key: bytes | None = None, plain: bool = False, patience: float = PATIENCE) -> Database:
        """``sqlite:///ABS/PATH`` with a 32-byte key, or ``postgresql+psycopg://...``.

        The embedded file is made when it is not there. ``plain`` opens it without encryption: for tests only.
        Raises WrongKey, DatabaseGone, ValueError for an unusable URL or key.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            database = cls._open_postgresql(url, patience)
        elif parsed.get_backend_name() == "sqlite" and parsed.database:
            if (key is None) != plain or (key is not None and len(key) != KEY_BYTES):
                raise ValueError("an embedded database needs a key of 32 bytes")
            database = cls._open_sqlite(url, Path(parsed.database), key, patience)
        else:
            raise ValueError("neither sqlite:///PATH nor postgresql+psycopg://HOST/NAME")
        database._look()
        return database

    @classmethod
    def _open_sqlite(cls, url: str, path: Path, key: bytes | None, patience: float) -> Database:
        def engine(setup: tuple[str, ...], size: int) -> Engine:
            made = create_engine(
                "sqlite://",
                module=sqlcipher3.dbapi2,
                creator=lambda: _connect_sqlite(path, key, patience, setup),
                poolclass=QueuePool,
                pool_size=size,
                max_overflow=0,
                pool_timeout=patience,
                hide_parameters=True,
            )
            made.dialect.supports_sane_rowcount = True
            return made

        writer = engine((f"PRAGMA cache_size=-{_WRITER_CACHE}",), 1)  # threads take turns here, not at the file
        reader = engine((f"PRAGMA cache_size=-{_READER_CACHE}", "PRAGMA query_only=ON"), _READERS)
        event.listen(writer, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(reader, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return cls(url, writer, reader, path=path, key=key, turns=Turns(patience))

    @classmethod
    def _open_postgresql(cls, url: str, patience: float) -> Database:
        options = f"-c timezone=utc -c jit=off -c lock_timeout={int(patience * 1000)}"
        engine = create_engine(
            url,
            pool_size=_READERS,
            max_overflow=_READERS,
            pool_timeout=patience,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": options, "connect_timeout": 10, "application_name": "branch-sms", **_tls(url)},
        )
        reader = engine.execution_options(**_SNAPSHOT, postgresql_readonly=True)
        return cls(url, engine, reader, path=None, key=None, turns=None)

    def _look(self) -> None:
        """Touch the file or the server once, so that a wrong key shows here and not at the first query."""
        probe = "SELECT 1"
        if self.dialect == "sqlite":
            probe = "SELECT count(*) FROM sqlite_master WHERE name = 'move_mark'"
        try:
            with self.read() as session:
                if session.scalar(text(probe)) and self.path is not None:
                    gone = select(MoveMark.place).where(MoveMark.state != MoveState.ARRIVED)
                    self.moved_to = session.scalar(gone) or ""
        except BaseException:
            self.close()
            raise

    def begin(self, *, urgent: bool = False, large: bool = False) -> AbstractContextManager[Session]:
        """One write transaction, committed at the end, rolled back on any exception. Not to be nested in a thread.

        ``urgent``: somebody waits for the commit, so no pause for other writers follows.
        ``large``: it writes tens of megabytes, and nobody is to wait until they stand in the file, too.
        """
        if self.moved_to:
            raise DatabaseMoved(self.moved_to)
        if self._turns is None:
            return _session(self.engine)
        return self._in_turn(self._turns, urgent=urgent, large=large)

    @contextmanager
    def _in_turn(self, turns: Turns, *, urgent: bool, large: bool) -> Iterator[Session]:
        later = self._checkpoints.later(self.engine) if large else nullcontext()
        with turns.turn():
            with later, _session(self.engine) as session:
                began = time.monotonic()
                yield session
            due = not urgent and self._pauses.due(began, time.monotonic())
        if due:
            time.sleep(_PAUSE)

    def read(self) -> AbstractContextManager[Session]:
        """One snapshot of the whole database; it neither waits for a writer nor holds one up. Writing in it fails."""
        return _session(self._reader)

    @contextmanager
    def aside(self) -> Iterator[Session]:
        """One snapshot as ``read`` gives it, in which temporary tables can be made; at the end they are gone."""
        with translated():
            engine = self._reader if self._turns is not None else self.engine.execution_options(**_SNAPSHOT)
            with engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                try:
                    if self._turns is not None:
                        driver.execute("PRAGMA query_only=OFF")  # temporary tables count, too
                    with Session(connection, expire_on_commit=False) as session:
                        session.connection()
                        yield session
                        session.rollback()
                finally:
                    connection.rollback()
                    if self._turns is not None:
                        driver.execute("PRAGMA query_only=ON")

    def secret(self, name: str) -> bytes:
        """32 random bytes of this database, made at the first call and the same for ever after."""
        query = select(Secret.value).where(Secret.name == name)
        with self.read() as session:
            found = session.scalar(query)
        if found is not None:
            return found
        insert = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        with self.begin() as session:
            session.execute(insert(Secret).values(name=name, value=secrets.token_bytes(32)).on_conflict_do_nothing())
            return session.scalars(query).one()

    def create(self) -> None:
        """The whole schema in an empty database; nothing to do in one that has it."""
        self.upgrade()

    def upgrade(self) -> Path | None:
        """Bring the schema to the newest revision. An older embedded file is copied first; the copy is returned.

        Raises SchemaTooNew.
        """
        if self._revision() == REVISION:
            return None
        from db.migrations import runner  # noqa: PLC0415 - Alembic costs a tenth of a second and is rarely needed

        with translated():
            return runner.upgrade(self.engine, self._backup_before)

    def _revision(self) -> str | None:
        with self.read() as session:
            if not inspect(session.connection()).has_table("alembic_version"):
                return None
            found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
            return found

    def _backup_before(self, revision: str) -> Path | None:
        if self.path is None:
            return None  # a server has backups of its own
        names = (f"{self.path.name}.before-upgrade-{revision}-{n}" for n in itertools.count(1))
        target = next(path for path in map(self.path.with_name, names) if not path.exists())
        self.backup(target)
        return target

    def backup(self, target: Path, moment: datetime | None = None) -> None:
        """Copy the embedded database as it stands now, under the same key, with its key slots, and check the copy.

        ``moment`` (now, unless told) is what the copy is marked with. Others may go on writing. Raises
        FileExistsError, DiskFull, Damaged, ValueError for a server.
        """
        if self.path is None:
            raise ValueError("a PostgreSQL server is backed up with its own tools")
        backup.copy(self.path, target, self.key, moment or datetime.now(UTC))

    def movement(self) -> object:
        """Equal to an earlier answer while nobody, in any process, has committed anything; costs next to nothing.

        Of a server: anything in any of its databases.
        """
        if self.path is None:
            with translated(), self._reader.connect() as connection:
                found: object = connection.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar()
                return found
        with self._watching:
            try:
                if self._watch is None:
                    self._watch = self._connect()
                return self._watch.execute("PRAGMA data_version").fetchone()[0]
            except sqlcipher3.dbapi2.OperationalError as error:
                raise DatabaseGone(f"cannot read {self.path.name}: {error}") from error

    def _connect(self) -> Any:
        """A connection to the embedded file that stands in no pool. Raises DatabaseGone."""
        assert self.path is not None
        if not self.path.exists():  # it would be made anew
            raise DatabaseGone(f"{self.path.name} is not there")
        return _connect_sqlite(self.path, self.key, PATIENCE, ())

    def close(self) -> None:
        self._checkpoints.close()
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self._reader.dispose()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _tls(url: str) -> dict[str, str]:
    """Nobody between us and a server elsewhere, unless the URL itself says ``sslmode``."""
    parsed = make_url(url)
    host = str(parsed.query.get("host") or parsed.host or "")
    local = not host or host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")
    return {} if local or "sslmode" in parsed.query else {"sslmode": "verify-full"}


@contextmanager
def _session(engine: Engine) -> Iterator[Session]:
    with translated(), Session(engine, expire_on_commit=False) as session, session.begin():
        session.connection()  # now, not at the first statement: a writer holds the lock from here on
        yield session


@contextmanager
def alone(path: Path, key: bytes | None, *, patience: float = 1.0) -> Iterator[Engine]:
    """An embedded database with nobody else in it, in any process: one connection, kept until the end.

    Raises DatabaseBusy when somebody has it open, WrongKey, DatabaseGone.
    """
    if not path.exists():
        raise DatabaseGone(f"{path.name} is not there")
    engine = create_engine(
        "sqlite://",
        module=sqlcipher3.dbapi2,
        creator=lambda: _connect_sqlite(path, key, patience, (), sole=True),
        poolclass=StaticPool,
        hide_parameters=True,
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with translated():
            engine.connect().close()
        yield engine
    finally:
        engine.dispose()


def _connect_sqlite(
    path: Path, key: bytes | None, patience: float, setup: tuple[str, ...], *, sole: bool = False
) -> Any:
    try:
        if not path.exists():
            path.touch(mode=0o600)  # its log files get the same mode
        connection = sqlcipher3.dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
    except (OSError, sqlcipher3.dbapi2.OperationalError) as error:
        raise DatabaseGone(f"cannot open {path.name}: {error}") from error
    try:
        connection.set_busy_handler(_patient(patience))
        if key is not None:
            connection.execute("PRAGMA cipher_log_level=NONE")  # else a wrong key is told on stderr, too
            connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        for pragma in (
            *(("PRAGMA locking_mode=EXCLUSIVE",) if sole else ()),  # before the first look at a file with a WAL
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA foreign_keys=ON",
            "PRAGMA temp_store=MEMORY",
            f"PRAGMA journal_size_limit={_WAL_LIMIT}",
            *setup,
        ):
            connection.execute(pragma)
    except sqlcipher3.dbapi2.DatabaseError as error:
        connection.close()
        if error.sqlite_errorname == "SQLITE_NOTADB":
            raise WrongKey(f"the key does not open {path.name}") from error
        raise
    return connection


def _patient(patience: float) -> Callable[[int], bool]:
    """A busy handler that looks every few milliseconds, so that a short transaction is not missed while asleep."""
    started = 0.0

    def wait(calls: int) -> bool:
        nonlocal started
        now = time.monotonic()
        if calls == 0:
            started = now
        if now - started >= patience:
            return False
        time.sleep(_POLL)
        return True

    return wait

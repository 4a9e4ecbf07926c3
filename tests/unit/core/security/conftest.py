"""A database with three users who really log in, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from console.core import paths
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.security import passwords
from console.core.security.login import Door, LoggedIn
from console.core.security.permissions import Role
from console.core.security.slots import slots_beside
from console.core.security.users import new_user
from db.engine import Database
from db.keyfile import Cost
from db.models import AuditEntry, User

PASSWORD = "梅花香自苦寒来 2026"
PEOPLE = {
    "officer": ("王敏", (Role.OFFICER,)),
    "supervisor": ("陈立", (Role.SUPERVISOR,)),
    "admin": ("周航", (Role.ADMINISTRATOR,)),
}


@dataclass
class Site:
    url: str
    clock: FixedClock
    key: bytes | None
    password: str = PASSWORD
    opened: list[Database] = field(default_factory=list)

    @property
    def door(self) -> Door:
        return Door(self.url, self.clock)

    def login(self, login: str, password: str = PASSWORD) -> LoggedIn:
        entered = self.door.authenticate(login, password)
        self.opened.append(entered.context.database)
        return entered

    def context(self, login: str, password: str = PASSWORD) -> Context:
        return self.login(login, password).context

    def look(self) -> Database:
        database = Database.open(self.url, key=self.key)
        self.opened.append(database)
        return database

    def audit(self) -> list[tuple[str, str, str]]:
        with self.look().read() as session:
            rows = session.query(AuditEntry).order_by(AuditEntry.id)
            return [(row.actor, row.action, row.detail) for row in rows]

    def user(self, login: str) -> User:
        with self.look().read() as session:
            return session.query(User).where(User.login == login).one()


@pytest.fixture(scope="session")
def encoded() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, encoded: str) -> Iterator[Site]:
    key = None
    if request.param == "sqlite":
        path = tmp_path / "branch.db"
        url = paths.sqlite_url(path)
        slots = replace(slots_beside(path), cost=Cost(passes=1, memory=1024, lanes=1))
        key = slots.create("admin", PASSWORD)
        for login in ("officer", "supervisor"):
            slots.add(login, PASSWORD, key)
    else:
        url = request.getfixturevalue("postgres_server").empty()
    with Database.open(url, key=key) as database:
        database.create()
        with database.begin() as session:
            for login, (name, roles) in PEOPLE.items():
                session.execute(insert(User).values(**new_user(login, name, roles, encoded, clock.now())))
    made = Site(url=url, clock=clock, key=key)
    yield made
    for database in made.opened:
        database.close()

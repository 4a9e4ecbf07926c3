from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from console.core.clock import FixedClock
from console.core.security import setup, users
from console.core.security.lock import unlock
from console.core.security.login import LoginRefused, authenticate
from console.core.security.passwords import WeakPassword
from console.core.security.permissions import Permission, Role
from console.core.security.setup import AlreadySetUp
from db import audit
from db.models import Template, User

if TYPE_CHECKING:
    from console.core.context import Context

PASSWORD = "nine quiet paper boats"


def _make(path: Path, clock: FixedClock) -> Context:
    return setup.create_embedded(path, login=" Admin", name="周航", password=PASSWORD, clock=clock)


def test_an_embedded_database_opens_with_its_first_password_only(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "new folder" / "branch.db"
    with _make(path, clock).database as database, database.read() as session:
        assert session.scalar(select(func.count()).select_from(Template))
        assert audit.verify(session).sound
    assert sorted(file.name for file in path.parent.iterdir() if "lock" not in file.name) == [
        "branch.db",
        "branch.db.keys",
    ]
    assert b"SQLite format" not in path.read_bytes()[:16]
    url = f"sqlite:///{path}"
    with pytest.raises(LoginRefused):
        authenticate(url, "admin", "not this one", clock=clock)
    entered = authenticate(url, "admin", PASSWORD, clock=clock)
    with entered.context.database:
        assert not entered.must_change_password
        assert entered.context.actor.roles == {Role.ADMINISTRATOR, Role.AUDITOR}
        assert not entered.context.allowed(Permission.APPROVALS_DECIDE)


def test_setting_up_twice_is_refused_and_harms_nothing(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "branch.db"
    _make(path, clock).database.close()
    before = path.read_bytes()
    with pytest.raises(AlreadySetUp):
        _make(path, clock)
    assert path.read_bytes() == before


def test_what_a_crash_left_behind_is_no_database(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "branch.db"
    for name in ("branch.db.setup", "branch.db.setup.keys", "branch.db.setup-wal"):
        (tmp_path / name).write_bytes(b"half of it")
    _make(path, clock).database.close()
    assert not [file for file in tmp_path.iterdir() if ".setup" in file.name]


def test_keys_of_a_database_that_is_elsewhere_are_kept(tmp_path: Path, clock: FixedClock) -> None:
    keys = tmp_path / "branch.db.keys"
    keys.write_bytes(b"of the database on the other drive")
    _make(tmp_path / "branch.db", clock).database.close()
    kept = [file for file in tmp_path.iterdir() if file.name.startswith("branch.db.keys.2026")]
    assert [file.read_bytes() for file in kept] == [b"of the database on the other drive"]


def test_a_weak_password_makes_nothing(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(WeakPassword):
        setup.create_embedded(tmp_path / "branch.db", login="admin", name="周航", password="password", clock=clock)
    assert list(tmp_path.iterdir()) == []


def test_a_server_gets_its_first_administrator_once(postgres_server: Any, clock: FixedClock) -> None:
    url = postgres_server.empty()
    assert setup.needs_first_user(url)
    first = setup.create_first_user(url, login="admin", name="周航", password=PASSWORD, clock=clock)
    with first.database:
        assert not setup.needs_first_user(url)
        users.create_user(first, login="officer", name="王敏", roles={Role.OFFICER}, password="eleven blue umbrellas")
        with first.database.read() as session:
            assert session.scalar(select(func.count()).select_from(User)) == 2
    with pytest.raises(AlreadySetUp):
        setup.create_first_user(url, login="second", name="周航", password=PASSWORD, clock=clock)


def test_unlocking_brings_new_rights_and_settings(site: Any) -> None:
    officer, admin = site.context("officer"), site.context("admin")
    users.set_roles(admin, officer.actor.user_id, {Role.SUPERVISOR})
    with pytest.raises(LoginRefused):
        unlock(officer, "not this one")
    again = unlock(officer, site.password)
    assert again.actor.roles == {Role.SUPERVISOR}
    assert again.database is officer.database
    assert ("officer", "login.unlock", "{}") in site.audit()
    users.deactivate(admin, officer.actor.user_id)
    with pytest.raises(LoginRefused):
        unlock(again, site.password)

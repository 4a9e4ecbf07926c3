from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from console.core.clock import FixedClock
from console.core.security import passwords
from console.core.security.login import Door, KeysTrouble, LoginLocked, LoginRefused, NoDatabase, prove
from console.core.security.permissions import Permission, Role
from console.core.security.slots import slots_beside
from db import audit
from db.models import User

Site = Any  # conftest.Site


def test_the_right_password_gives_a_context_of_that_user(site: Site) -> None:
    entered = site.login("Officer ")
    actor = entered.context.actor
    assert (actor.login, actor.name, actor.roles) == ("officer", "王敏", {Role.OFFICER})
    assert Permission.CAMPAIGNS_SUBMIT in actor.permissions
    assert not entered.must_change_password
    assert site.user("officer").last_login_at == site.clock.now()
    assert ("officer", "login", "{}") in site.audit()


def test_wrong_password_and_unknown_login_get_the_same_answer(site: Site) -> None:
    with pytest.raises(LoginRefused) as wrong:
        site.login("officer", "not this one")
    with pytest.raises(LoginRefused) as unknown:
        site.login("nobody", "not this one")
    assert (str(wrong.value), str(wrong.value.hint)) == (str(unknown.value), str(unknown.value.hint))


@pytest.mark.parametrize("login", ["officer", "nobody"])
def test_guessing_is_shut_out_for_known_and_unknown_logins_alike(site: Site, login: str) -> None:
    door = site.door
    for _ in range(3):
        with pytest.raises(LoginRefused):
            door.authenticate(login, "wrong guess")
    with pytest.raises(LoginLocked) as shut:
        door.authenticate(login, site.password)
    assert shut.value.until == site.clock.now() + timedelta(seconds=30)
    site.clock.advance(timedelta(seconds=31))
    if login == "officer":
        site.login("officer")
        assert site.user("officer").failed_logins == 0
    else:
        with pytest.raises(LoginRefused):
            door.authenticate(login, "wrong guess")
        with pytest.raises(LoginLocked):
            door.authenticate(login, "wrong guess")


def test_failures_are_in_the_chain_after_the_next_opening_and_hold_no_typed_login(site: Site) -> None:
    for login in ("officer", "my-secret-password"):
        with pytest.raises(LoginRefused):
            site.login(login, "wrong guess")
    site.clock.advance(timedelta(minutes=5))
    context = site.context("supervisor")
    entries = site.audit()
    refused = [(actor, action) for actor, action, _ in entries if action == "login.refused"]
    assert sorted(refused) == [("officer", "login.refused"), ("system", "login.refused")]
    assert not any("my-secret" in part for entry in entries for part in entry)
    with context.database.read() as session:
        assert audit.verify(session).sound
    site.context("supervisor")
    assert len([1 for _, action, _ in site.audit() if action == "login.refused"]) == 2


def test_a_user_who_was_switched_off_is_refused(site: Site) -> None:
    with site.look().begin() as session:
        session.execute(update(User).where(User.login == "officer").values(active=False))
    with pytest.raises(LoginRefused):
        site.login("officer")
    assert ("officer", "login.refused", "{}") in site.audit()


def test_an_old_hash_is_made_again_at_login(site: Site) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(passwords.prepared(site.password))
    with site.look().begin() as session:
        session.execute(update(User).where(User.login == "officer").values(password_hash=old))
    site.login("officer")
    assert not passwords.outdated(site.user("officer").password_hash)
    assert passwords.verify(site.user("officer").password_hash, site.password)


def test_the_logged_in_user_proves_the_password_again(site: Site) -> None:
    context = site.context("officer")
    prove(context, site.password)
    with pytest.raises(LoginRefused):
        prove(context, "wrong")
    assert ("officer", "login.refused", "{}") in site.audit()
    with site.look().begin() as session:
        session.execute(update(User).where(User.login == "officer").values(active=False))
    with pytest.raises(LoginRefused):
        prove(context, site.password)


def test_there_may_be_no_database_yet(tmp_path: Path, clock: FixedClock) -> None:
    door = Door(f"sqlite:///{tmp_path}/none.db", clock)
    assert not door.exists()
    with pytest.raises(NoDatabase):
        door.authenticate("officer", "whatever it is")


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_missing_key_file_is_told_as_such(site: Site) -> None:
    path = site.door.path
    assert path is not None
    slots_beside(path).path.unlink()
    with pytest.raises(KeysTrouble, match=r"branch\.db\.keys is missing"):
        site.login("officer")


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_password_change_cut_in_half_is_brought_into_step(site: Site) -> None:
    path = site.door.path
    assert path is not None
    slots_beside(path).change("officer", site.password, "another sentence of mine")
    site.login("officer", "another sentence of mine")
    assert passwords.verify(site.user("officer").password_hash, "another sentence of mine")
    assert ("officer", "user.password_in_step", "{}") in site.audit()

from __future__ import annotations

from typing import Any

import pytest

from console.core.errors import NotPermitted, UserError
from console.core.security import users
from console.core.security.login import LoginLocked, LoginRefused
from console.core.security.passwords import WeakPassword
from console.core.security.permissions import Permission, Role
from console.core.security.users import LastAdministrator, OwnAccount, UnusableUser
from db import audit

Site = Any  # conftest.Site

FIRST = "eleven blue umbrellas"
SECOND = "the tea went cold again"


def test_a_new_user_comes_in_and_has_to_change_the_password(site: Site) -> None:
    admin = site.context("admin")
    user_id = users.create_user(admin, login="Li.Na", name=" 李娜 ", roles={Role.OFFICER}, password=FIRST)
    entered = site.login("li.na", FIRST)
    assert entered.must_change_password
    assert (entered.context.actor.user_id, entered.context.actor.name) == (user_id, "李娜")
    users.change_password(entered.context, FIRST, SECOND)
    with pytest.raises(LoginRefused):
        site.login("li.na", FIRST)
    assert not site.login("li.na", SECOND).must_change_password
    with admin.database.read() as session:
        assert audit.verify(session).sound


@pytest.mark.parametrize(
    ("login", "name", "roles"),
    [
        ("officer", "李娜", {Role.OFFICER}),
        ("ÖFFICER ", "", {Role.OFFICER}),
        ("x", "李娜", {Role.OFFICER}),
        ("li na", "李娜", {Role.OFFICER}),
        ("system", "李娜", {Role.OFFICER}),
        ("li.na", "李娜", set()),
    ],
)
def test_unusable_users_are_refused(site: Site, login: str, name: str, roles: set[Role]) -> None:
    with pytest.raises(UnusableUser):
        users.create_user(site.context("admin"), login=login, name=name, roles=roles, password=FIRST)


def test_a_weak_first_password_is_refused(site: Site) -> None:
    with pytest.raises(WeakPassword):
        users.create_user(site.context("admin"), login="li.na", name="李娜", roles={Role.OFFICER}, password="password1")


def test_only_an_administrator_touches_users(site: Site) -> None:
    officer = site.context("officer")
    other = site.user("supervisor").id
    for attempt in (
        lambda: users.user_rows(officer),
        lambda: users.create_user(officer, login="li.na", name="李娜", roles={Role.OFFICER}, password=FIRST),
        lambda: users.set_roles(officer, other, {Role.OFFICER}),
        lambda: users.reset_password(officer, other, FIRST),
        lambda: users.deactivate(officer, other),
    ):
        with pytest.raises(NotPermitted):
            attempt()


def test_roles_change_for_others_but_never_for_oneself(site: Site) -> None:
    admin = site.context("admin")
    users.set_roles(admin, site.user("officer").id, {Role.SUPERVISOR, Role.REPORTER})
    assert Permission.APPROVALS_DECIDE in site.context("officer").actor.permissions
    with pytest.raises(OwnAccount):
        users.set_roles(admin, admin.actor.user_id, {Role.ADMINISTRATOR, Role.SUPERVISOR})
    assert site.user("admin").roles == ["administrator"]


def test_the_last_administrator_stays(site: Site) -> None:
    admin = site.context("admin")
    officer = site.user("officer").id
    users.set_roles(admin, officer, {Role.ADMINISTRATOR})
    second = site.context("officer")
    users.set_roles(second, admin.actor.user_id, {Role.OFFICER})
    # ``admin`` still holds the context from before, as a window left open would
    with pytest.raises(LastAdministrator):
        users.set_roles(admin, officer, {Role.OFFICER})
    with pytest.raises(LastAdministrator):
        users.deactivate(admin, officer)
    assert site.user("officer").active
    site.context("officer")


def test_who_was_switched_off_stays_out_until_given_a_new_password(site: Site) -> None:
    admin = site.context("admin")
    officer = site.user("officer").id
    users.deactivate(admin, officer)
    with pytest.raises(LoginRefused):
        site.login("officer")
    with pytest.raises(OwnAccount):
        users.deactivate(admin, admin.actor.user_id)
    users.reset_password(admin, officer, FIRST)
    assert site.login("officer", FIRST).must_change_password
    with pytest.raises(UserError):
        users.reset_password(admin, admin.actor.user_id, FIRST)


def test_who_was_shut_out_comes_in_with_a_new_password(site: Site) -> None:
    door = site.door
    for _ in range(3):
        with pytest.raises(LoginRefused):
            door.authenticate("officer", "wrong guess")
    with pytest.raises(LoginLocked):
        door.authenticate("officer", site.password)
    users.reset_password(site.context("admin"), site.user("officer").id, FIRST)
    assert site.login("officer", FIRST).must_change_password


def test_ones_own_password_needs_the_old_one_and_a_new_one(site: Site) -> None:
    officer = site.context("officer")
    with pytest.raises(LoginRefused):
        users.change_password(officer, "not it", SECOND)
    with pytest.raises(WeakPassword):
        users.change_password(officer, site.password, site.password)
    with pytest.raises(WeakPassword):
        users.change_password(officer, site.password, "officer2026")
    users.change_password(officer, site.password, SECOND)
    site.login("officer", SECOND)


def test_the_list_shows_who_is_who(site: Site) -> None:
    admin = site.context("admin")
    users.deactivate(admin, site.user("supervisor").id)
    rows = users.user_rows(admin)
    assert [(row.login, row.active, row.roles) for row in rows] == [
        ("admin", True, (Role.ADMINISTRATOR,)),
        ("officer", True, (Role.OFFICER,)),
        ("supervisor", False, (Role.SUPERVISOR,)),
    ]
    assert rows[0].last_login_at == site.clock.now()

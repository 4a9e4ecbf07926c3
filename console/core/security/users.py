"""Users: who may come in, and as what. Every change is one transaction with its audit entry.

On an embedded database each user also holds a key slot. A slot is written just before its row is committed and
removed just after, so that a crash in between leaves a user who cannot come in, never one who should not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.context import SYSTEM, Context
from console.core.errors import UserError
from console.core.i18n import T
from console.core.security import passwords
from console.core.security.login import prove
from console.core.security.permissions import Permission, Role
from console.core.security.slots import slots_of
from db.errors import IntegrityBroken
from db.models import User

LOGIN_LENGTH = (2, 32)


class LastAdministrator(UserError):
    def __init__(self) -> None:
        super().__init__(T("This is the last administrator."), T("Make somebody else an administrator first."))


class OwnAccount(UserError):
    def __init__(self) -> None:
        super().__init__(T("Nobody changes their own rights."), T("Ask another administrator."))


class UnusableUser(UserError):
    """A login or a name that cannot be taken, or no role."""


@dataclass(frozen=True, kw_only=True)
class UserRow:
    id: int
    login: str
    name: str
    roles: tuple[Role, ...]
    active: bool
    must_change_password: bool
    locked_until: datetime | None
    last_login_at: datetime | None


def user_rows(context: Context) -> list[UserRow]:
    """All users, active ones first, by login."""
    context.require(Permission.USERS_EDIT)
    with context.database.read() as session:
        users = session.scalars(select(User).order_by(User.active.desc(), User.login))
        return [_row(user) for user in users]


def create_user(context: Context, *, login: str, name: str, roles: Collection[Role], password: str) -> int:
    """The id of the new user, who must change ``password`` at the first login. Raises UnusableUser, WeakPassword."""
    context.require(Permission.USERS_EDIT)
    login, name = checked_login(login), checked_name(name)
    if not roles:
        raise UnusableUser(T("A user needs at least one role."))
    passwords.check(password, login, minimum=_minimum(context))
    encoded = passwords.hashed(password)
    try:
        with context.database.begin() as session:
            if session.scalar(select(User.id).where(User.login == login)) is not None:
                raise UnusableUser(T("The login name {login} is taken.", login=login))
            values = new_user(login, name, roles, encoded, context.clock.now()) | {"must_change_password": True}
            user_id = session.scalars(insert(User).values(**values).returning(User.id)).one()
            context.audit(session, "user.create", f"user:{user_id}", login=login, roles=sorted(roles))
            _give_slot(context, login, password)
    except IntegrityBroken as error:  # two administrators at the same moment
        raise UnusableUser(T("The login name {login} is taken.", login=login)) from error
    return user_id


def new_user(login: str, name: str, roles: Collection[Role], encoded: str, now: datetime) -> dict[str, object]:
    """Column values of a user who comes in for the first time."""
    return {
        "login": login,
        "display_name": name,
        "password_hash": encoded,
        "roles": sorted(role.value for role in roles),
        "active": True,
        "must_change_password": False,
        "failed_logins": 0,
        "created_at": now,
    }


def set_roles(context: Context, user_id: int, roles: Collection[Role]) -> None:
    """Raises OwnAccount, LastAdministrator, UnusableUser. It holds from that user's next login on."""
    context.require(Permission.USERS_EDIT)
    if user_id == context.actor.user_id:
        raise OwnAccount()
    if not roles:
        raise UnusableUser(T("A user needs at least one role."))
    with context.database.begin() as session:
        user = _locked(session, user_id)
        before = user.roles
        user.roles = sorted(role.value for role in roles)
        _require_administrator(session)
        context.audit(session, "user.roles", f"user:{user_id}", login=user.login, before=before, roles=user.roles)


def deactivate(context: Context, user_id: int) -> None:
    """The user cannot come in any more; what they did stays theirs. Raises OwnAccount, LastAdministrator."""
    context.require(Permission.USERS_EDIT)
    if user_id == context.actor.user_id:
        raise OwnAccount()
    with context.database.begin() as session:
        user = _locked(session, user_id)
        user.active = False
        login = user.login
        _require_administrator(session)
        context.audit(session, "user.deactivate", f"user:{user_id}", login=login)
    if (slots := slots_of(context.database)) is not None:
        slots.remove(login)


def reset_password(context: Context, user_id: int, password: str) -> None:
    """Give somebody else a new first password; a user who was switched off is switched on again."""
    context.require(Permission.USERS_EDIT)
    if user_id == context.actor.user_id:
        raise UserError(T("Change your own password with your old one."))
    with context.database.read() as session:
        login = session.get_one(User, user_id).login
    passwords.check(password, login, minimum=_minimum(context))
    encoded = passwords.hashed(password)
    with context.database.begin() as session:
        user = _locked(session, user_id)
        user.password_hash, user.must_change_password, user.active = encoded, True, True
        user.failed_logins, user.locked_until = 0, None
        context.audit(session, "user.reset_password", f"user:{user_id}", login=login)
        session.flush()
        _give_slot(context, login, password)


def change_password(context: Context, old: str, new: str) -> None:
    """One's own. Raises LoginRefused or LoginLocked for a wrong ``old``, WeakPassword for ``new``."""
    actor = context.actor
    prove(context, old)
    if passwords.prepared(old) == passwords.prepared(new):
        raise passwords.WeakPassword(T("The new password is the old one."))
    passwords.check(new, actor.login, minimum=_minimum(context))
    encoded = passwords.hashed(new)
    with context.database.begin() as session:
        user = _locked(session, actor.user_id)
        user.password_hash, user.must_change_password = encoded, False
        context.audit(session, "user.change_password", f"user:{actor.user_id}")
        session.flush()
        if (slots := slots_of(context.database)) is not None:
            slots.change(actor.login, passwords.prepared(old), passwords.prepared(new))


def checked_login(login: str) -> str:
    """In its stored form. Raises UnusableUser."""
    login = unicodedata.normalize("NFKC", login).strip().casefold()
    shortest, longest = LOGIN_LENGTH
    if not shortest <= len(login) <= longest or not all(c.isalnum() or c in "._-" for c in login):
        raise UnusableUser(
            T("A login name has {low} to {high} letters, digits, dots, dashes.", low=shortest, high=longest)
        )
    if login == SYSTEM.login:
        raise UnusableUser(T("The login name {login} is taken.", login=login))
    return login


def checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 50:
        raise UnusableUser(T("A name has 1 to 50 characters."))
    return name


def _minimum(context: Context) -> int:
    return context.settings.integer("security.password_length")


def _give_slot(context: Context, login: str, password: str) -> None:
    slots, key = slots_of(context.database), context.database.key
    if slots is None or key is None:
        return
    slots.add(login, passwords.prepared(password), key, replace=True)


def _locked(session: Session, user_id: int) -> User:
    """The user, with all users locked: two administrators must not take each other's role at the same moment."""
    session.execute(select(User.id).order_by(User.id).with_for_update())
    return session.get_one(User, user_id)


def _require_administrator(session: Session) -> None:
    session.flush()
    active = session.scalars(select(User.roles).where(User.active))
    if not any(Role.ADMINISTRATOR in roles for roles in active):
        raise LastAdministrator()


def _row(user: User) -> UserRow:
    return UserRow(
        id=user.id,
        login=user.login,
        name=user.display_name,
        roles=tuple(role for role in Role if role.value in user.roles),
        active=user.active,
        must_change_password=user.must_change_password,
        locked_until=user.locked_until,
        last_login_at=user.last_login_at,
    )

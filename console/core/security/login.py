"""Logging in, over both worlds.

Embedded database: the password opens a key slot, the slot's key opens the file, then the user's row says who it is.
The slot is the proof, for whoever opens it can read the file anyway; a row whose hash does not agree with it (the
program was killed between the two writes of a password change) is brought into step and the chain says so.
Server: the row alone proves the password and keeps the lock-out.

A wrong password, an unknown login and a user who was switched off get the same answer after the same work.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from console.core.clock import Clock
from console.core.context import SYSTEM, Actor, Context
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text
from console.core.security import lockout, passwords
from console.core.security.delegation import LENT, principals
from console.core.security.permissions import Role
from console.core.security.slots import Refusal, RefusedLogins, embedded_path, slots_beside
from console.core.settings import Settings
from db import audit
from db.engine import Database
from db.keyslots import KeysDamaged, KeysMissing, LockedOut, WrongPassword
from db.models import User


class LoginRefused(UserError):
    """The one answer to a wrong password, an unknown login and a user who was switched off."""

    def __init__(self) -> None:
        super().__init__(T("The login name or the password is wrong."), T("Check Caps Lock and the input method."))


class LoginLocked(UserError):
    def __init__(self, until: datetime) -> None:
        super().__init__(
            T("Too many wrong passwords. Next attempt at {time}.", time=local_datetime(until)),
            T("An administrator can reset a forgotten password."),
        )
        self.until = until


class KeysTrouble(UserError):
    """Without its key file nobody can open an embedded database."""

    def __init__(self, what: Text) -> None:
        super().__init__(what, T("Put back the copy that lies beside the newest backup, then try again."))


class NoDatabase(UserError):
    """There is no database at this place yet."""

    def __init__(self) -> None:
        super().__init__(T("There is no database here yet."), T("Start the program without a verb to set one up."))


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    context: Context
    must_change_password: bool


@dataclass(frozen=True)
class _Account:
    id: int
    login: str
    name: str
    roles: frozenset[Role]
    active: bool
    encoded: str
    must_change: bool


class Door:
    """The way into one database. Keeps count of unknown logins while the login window is open."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.path = embedded_path(url)
        self._clock = clock
        self._unknown: Counter[str] = Counter()
        self._unknown_until: dict[str, datetime] = {}

    def exists(self) -> bool:
        """False: an embedded database that has to be set up first."""
        return self.path is None or self.path.exists()

    def authenticate(self, login: str, password: str) -> LoggedIn:
        """Raises LoginRefused, LoginLocked, NoDatabase, db.errors. The caller closes ``context.database``."""
        login = login.strip().casefold()
        if not self.exists():
            raise NoDatabase()
        key = None if self.path is None else self.open_slot(self.path, login, password)
        database = Database.open(self.url, key=key)
        try:
            database.upgrade()
            return self._enter(database, login, password)
        except BaseException:
            database.close()
            raise

    def _enter(self, database: Database, login: str, password: str) -> LoggedIn:
        if self.path is not None:
            _audit_refusals(database, RefusedLogins(self.path))
            account = _account(database, login)
            if account is None or not account.active:
                _audit(database, self._clock, "login.refused", account)
                raise LoginRefused()
        else:
            account = self._prove_by_row(database, login, password)
        return _admitted(database, self._clock, account, password)

    def open_slot(self, path: Path, login: str, password: str) -> bytes:
        """The key of the embedded database at ``path``. Raises LoginRefused, LoginLocked, KeysTrouble."""
        now = self._clock.now()
        try:
            return _slot_key(path, login, password, now)
        except (LoginRefused, LoginLocked) as error:
            known = login if login in slots_beside(path).logins() else ""
            RefusedLogins(path).add(Refusal(at=now, login=known, locked=isinstance(error, LoginLocked)))
            raise

    def _prove_by_row(self, database: Database, login: str, password: str) -> _Account:
        account = _account(database, login)
        if account is None:
            self._refuse_unknown(database, login, password)
        assert account is not None
        prove_by_row(database, self._clock, account.id, password)
        if not account.active:
            _audit(database, self._clock, "login.refused", account)
            raise LoginRefused()
        return account

    def _refuse_unknown(self, database: Database, login: str, password: str) -> None:
        now = self._clock.now()
        until = self._unknown_until.get(login)
        if until is not None and now < until:
            raise LoginLocked(until)
        passwords.verify(passwords.decoy(), password)
        self._unknown[login] += 1
        _audit(database, self._clock, "login.refused", None)
        if (until := lockout.locked_until(self._unknown[login], now)) is not None:
            self._unknown_until[login] = until
        raise LoginRefused()


def authenticate(url: str, login: str, password: str, *, clock: Clock) -> LoggedIn:
    return Door(url, clock).authenticate(login, password)


def prove(context: Context, password: str) -> None:
    """The user who is logged in gives the password again. Raises LoginRefused, LoginLocked; both are audited.

    A user who was switched off meanwhile is refused.
    """
    database, actor = context.database, context.actor
    account = _account(database, actor.login)
    if account is None or not account.active:
        raise LoginRefused()
    if database.path is None:
        prove_by_row(database, context.clock, actor.user_id, password)
        return
    try:
        _slot_key(database.path, actor.login, password, context.clock.now())
    except (LoginRefused, LoginLocked) as error:
        action = "login.locked" if isinstance(error, LoginLocked) else "login.refused"
        _audit(database, context.clock, action, account)
        raise


def _slot_key(path: Path, login: str, password: str, now: datetime) -> bytes:
    """Raises LoginRefused, LoginLocked, KeysTrouble."""
    slots = slots_beside(path)
    try:
        return slots.open(login, passwords.prepared(password), now=now)
    except WrongPassword as error:
        raise LoginRefused() from error
    except LockedOut as error:
        raise LoginLocked(error.until) from error
    except KeysMissing as error:
        raise KeysTrouble(T("The key file {name} is missing.", name=slots.path.name)) from error
    except KeysDamaged as error:
        raise KeysTrouble(T("The key file {name} is damaged.", name=slots.path.name)) from error


def refreshed_actor(context: Context) -> Actor:
    """The user who is logged in, with the name and the roles of this moment. Raises LoginRefused when switched off."""
    account = _account(context.database, context.actor.login)
    if account is None or not account.active:
        raise LoginRefused()
    with context.database.read() as session:
        return _actor(session, account, context.clock.now())


def _actor(session: Session, account: _Account, now: datetime) -> Actor:
    """With what others have lent for the time being."""
    actor = Actor.of(account.id, account.login, account.name, account.roles)
    if not principals(session, account.id, now):
        return actor
    return replace(actor, permissions=actor.permissions | LENT)


def prove_by_row(database: Database, clock: Clock, user_id: int, password: str) -> None:
    """Count the attempt first and take it back on success, so that guesses side by side cannot outrun the count."""
    now = clock.now()
    with database.begin() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        shut = user.locked_until if user.locked_until is not None and now < user.locked_until else None
        if shut is None:
            user.failed_logins += 1
            user.locked_until = lockout.locked_until(user.failed_logins, now)
        encoded, account = user.password_hash, _from_row(user)
    if shut is not None:
        _audit(database, clock, "login.locked", account)
        raise LoginLocked(shut)
    if not passwords.verify(encoded, password):
        _audit(database, clock, "login.refused", account)
        raise LoginRefused()
    with database.begin() as session:
        session.execute(update(User).where(User.id == user_id).values(failed_logins=0, locked_until=None))


def _admitted(database: Database, clock: Clock, account: _Account, password: str) -> LoggedIn:
    agrees = passwords.verify(account.encoded, password)
    values: dict[str, object] = {"last_login_at": clock.now(), "failed_logins": 0, "locked_until": None}
    if not agrees or passwords.outdated(account.encoded):
        values["password_hash"] = passwords.hashed(password)
    with database.begin() as session:
        actor = _actor(session, account, clock.now())
        context = Context(database=database, clock=clock, actor=actor, settings=Settings.load(session, account.id))
        session.execute(update(User).where(User.id == account.id).values(**values))
        if not agrees:
            context.audit(session, "user.password_in_step", f"user:{account.id}")
        context.audit(session, "login", f"user:{account.id}")
    return LoggedIn(context=context, must_change_password=account.must_change)


def _account(database: Database, login: str) -> _Account | None:
    with database.read() as session:
        user = session.scalar(select(User).where(User.login == login))
        return None if user is None else _from_row(user)


def _from_row(user: User) -> _Account:
    known = {role.value for role in Role}
    return _Account(
        id=user.id,
        login=user.login,
        name=user.display_name,
        roles=frozenset(Role(role) for role in user.roles if role in known),
        active=user.active,
        encoded=user.password_hash,
        must_change=user.must_change_password,
    )


def _audit(database: Database, clock: Clock, action: str, account: _Account | None) -> None:
    with database.begin() as session:
        _append(session, clock.now(), action, account)


def _append(session: Session, at: datetime, action: str, account: _Account | None, **detail: object) -> None:
    audit.append(
        session,
        at=at,
        actor_id=None if account is None else account.id,
        actor=SYSTEM.login if account is None else account.login,
        action=action,
        subject="user:unknown" if account is None else f"user:{account.id}",
        detail=detail,
    )


def _audit_refusals(database: Database, refused: RefusedLogins) -> None:
    """Put what was tried while the database was shut into the chain, with the time at which it was tried."""
    gathered = refused.take()
    if not gathered:
        return
    with database.begin() as session:
        users = session.scalars(select(User).where(User.login.in_({refusal.login for refusal in gathered})))
        accounts = {user.login: _from_row(user) for user in users}
        for refusal in gathered:
            action = "login.locked" if refusal.locked else "login.refused"
            _append(session, refusal.at, action, accounts.get(refusal.login), recorded_late=True)
    refused.done()

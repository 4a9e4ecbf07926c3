"""The first run: a new database with its first administrator."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from console.core import paths
from console.core.clock import Clock
from console.core.context import SYSTEM, Actor, Context
from console.core.errors import UserError
from console.core.i18n import T, current_language
from console.core.messages.library import ship_templates
from console.core.messages.shipped import script_of
from console.core.security import passwords
from console.core.security.permissions import Role
from console.core.security.slots import slots_beside
from console.core.security.users import checked_login, checked_name, new_user
from console.core.settings import SETTINGS, Settings
from db.engine import Database
from db.models import User

FIRST_ROLES = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_SHORTEST = SETTINGS["security.password_length"].default


class AlreadySetUp(UserError):
    def __init__(self) -> None:
        super().__init__(T("There is a database here already."), T("Log in to it, or choose another place."))


def create_embedded(
    path: Path, *, login: str, name: str, password: str, clock: Clock, roles: frozenset[Role] = FIRST_ROLES
) -> Context:
    """An encrypted database at ``path`` whose first user is an administrator who has just logged in.

    Both files are made under other names and put in place at the end, the key first: a crash leaves nothing that
    looks like a database. Raises AlreadySetUp, WeakPassword, UnusableUser, OSError, db.errors.
    """
    login, name = _checked(login, name, password)
    if path.exists():
        raise AlreadySetUp()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".setup")
    _discard(draft)
    key = slots_beside(draft).create(login, passwords.prepared(password))
    with Database.open(paths.sqlite_url(draft), key=key) as database:
        database.create()
        with database.begin() as session:
            user_id = _first_user(_system(database, clock), session, login, name, password, roles)
    slots = slots_beside(path)
    if slots.exists():  # of a database that is not here now, perhaps on a drive that is not plugged in
        slots.path.replace(slots.path.with_name(f"{slots.path.name}.{_stamp(clock.now())}"))
    slots_beside(draft).path.replace(slots.path)
    draft.replace(path)
    _discard(draft)
    return _entered(Database.open(paths.sqlite_url(path), key=key), clock, user_id, login, name, roles)


def needs_first_user(url: str) -> bool:
    """Bring a server's database to this version and say whether nobody can log in yet. Raises db.errors."""
    with Database.open(url) as database:
        database.upgrade()
        with database.read() as session:
            return not session.scalar(select(func.count()).select_from(User))


def create_first_user(url: str, *, login: str, name: str, password: str, clock: Clock) -> Context:
    """The first administrator of a server's database. Raises AlreadySetUp, WeakPassword, UnusableUser, db.errors."""
    login, name = _checked(login, name, password)
    database = Database.open(url)
    try:
        database.upgrade()
        with database.begin() as session:
            if session.scalar(select(func.count()).select_from(User)):
                raise AlreadySetUp()
            user_id = _first_user(_system(database, clock), session, login, name, password, FIRST_ROLES)
        return _entered(database, clock, user_id, login, name, FIRST_ROLES)
    except BaseException:
        database.close()
        raise


def add_user(
    context: Context, session: Session, *, login: str, name: str, roles: Collection[Role], password: str
) -> int:
    """A user whom the program itself makes: the first administrator, and those of the demo."""
    values = new_user(login, name, roles, passwords.hashed(password), context.clock.now())
    user_id = session.scalars(insert(User).values(**values).returning(User.id)).one()
    context.audit(session, "user.create", f"user:{user_id}", login=login, roles=sorted(roles))
    return user_id


def _checked(login: str, name: str, password: str) -> tuple[str, str]:
    login, name = checked_login(login), checked_name(name)
    assert isinstance(_SHORTEST, int)
    passwords.check(password, login, minimum=_SHORTEST)
    return login, name


def _first_user(system: Context, session: Session, login: str, name: str, password: str, roles: frozenset[Role]) -> int:
    system.audit(session, "database.create", "database")
    ship_templates(session, system.clock, script_of(current_language()))
    return add_user(system, session, login=login, name=name, roles=roles, password=password)


def _system(database: Database, clock: Clock) -> Context:
    return Context(database=database, clock=clock, actor=SYSTEM, settings=Settings())


def _entered(database: Database, clock: Clock, user_id: int, login: str, name: str, roles: frozenset[Role]) -> Context:
    context = Context(database=database, clock=clock, actor=Actor.of(user_id, login, name, roles), settings=Settings())
    with database.begin() as session:
        context.audit(session, "login", f"user:{user_id}")
    return context


def _discard(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".keys", ".keys.lock"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _stamp(now: datetime) -> str:
    return now.strftime("%Y%m%d%H%M%S")

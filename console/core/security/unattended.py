"""Work that starts without a person: the database opened by a service secret, done in the name of a user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from console.core.clock import Clock
from console.core.context import Actor, Context
from console.core.errors import EnvironmentTrouble, UserError
from console.core.i18n import T
from console.core.security.permissions import Role
from console.core.security.slots import embedded_path, slots_beside
from console.core.settings import Settings
from db.engine import Database
from db.errors import WrongKey
from db.keyslots import WrongPassword
from db.models import User


@contextmanager
def entered(url: str, login: str, secret_file: Path | None, *, clock: Clock) -> Iterator[Context]:
    """A context of the user ``login``. A server's own account opens it, and no secret is needed.

    Raises UserError for a secret that opens nothing or a user who cannot work, EnvironmentTrouble, db.errors.
    """
    path = embedded_path(url)
    key = None if path is None else _key(path, secret_file)
    with Database.open(url, key=key) as database, _as_user(database, login, clock) as context:
        yield context


def _key(path: Path, secret_file: Path | None) -> bytes:
    if secret_file is None:
        raise UserError(T("Say with --secret-file which service secret opens the database."))
    try:
        return slots_beside(path).open_service(secret_file)
    except (WrongPassword, WrongKey) as error:
        raise UserError(
            T("The service secret opens nothing."), T("Have the administrator write a new one with service-secret.")
        ) from error
    except OSError as error:
        raise EnvironmentTrouble(T("The file {file} cannot be read.", file=str(secret_file))) from error


@contextmanager
def _as_user(database: Database, login: str, clock: Clock) -> Iterator[Context]:
    with database.read() as session:
        user = session.scalar(select(User).where(User.login == login.strip().casefold(), User.active.is_(True)))
        settings = Settings.load(session)
    if user is None:
        raise UserError(T("There is no user {login} who may log in.", login=login))
    actor = Actor.of(user.id, user.login, user.display_name, frozenset(map(Role, user.roles)))
    yield Context(database=database, clock=clock, actor=actor, settings=settings)

"""A service secret: a file that opens the embedded database for a dispatcher that starts without a person."""

from __future__ import annotations

from pathlib import Path

from console.core.context import Context
from console.core.errors import EnvironmentTrouble, UserError
from console.core.i18n import T
from console.core.security.permissions import Permission
from console.core.security.slots import slots_of


def make_service_secret(context: Context, file: Path) -> None:
    """Write a new secret to ``file`` (mode 0600); the one before it opens nothing any more.

    Raises NotPermitted, UserError for a server's database or a file that is there already, EnvironmentTrouble.
    """
    context.require(Permission.USERS_EDIT)
    slots, key = slots_of(context.database), context.database.key
    if slots is None or key is None:
        raise UserError(T("A database server needs no service secret; its own account opens it."))
    try:
        slots.add_service(key, file)
    except FileExistsError as error:
        raise UserError(T("There is a file {name} already.", name=file.name)) from error
    except OSError as error:
        raise EnvironmentTrouble(T("{file} cannot be written.", file=str(file))) from error
    with context.database.begin() as session:
        context.audit(session, "database.service", "database", file=file.name)

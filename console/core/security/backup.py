"""A backup on demand: an encrypted copy that the same passwords open."""

from __future__ import annotations

from pathlib import Path

from console.core.context import Context
from console.core.errors import EnvironmentTrouble, UserError
from console.core.i18n import T
from console.core.security.permissions import Permission


def make_backup(context: Context, folder: Path) -> Path:
    """Copy the database and its key file into ``folder`` while others go on writing; the copy's path.

    Raises UserError for a server's database or a folder that cannot be written, db.errors.
    """
    context.require(Permission.BACKUP_MAKE)
    database, now = context.database, context.clock.now()
    if database.path is None:
        raise UserError(
            T("A database server is backed up with its own tools."), T("Ask whoever looks after the server.")
        )
    target = folder / f"{database.path.stem}-{now.astimezone():%Y%m%d-%H%M%S}.db"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with database.begin() as session:
            context.audit(session, "database.backup", "database", file=target.name)
        database.backup(target, now)
    except FileExistsError as error:
        raise UserError(T("There is a file {name} already.", name=target.name)) from error
    except OSError as error:
        raise EnvironmentTrouble(
            T("The folder {folder} cannot be written to.", folder=str(folder)), T("Choose another folder.")
        ) from error
    return target

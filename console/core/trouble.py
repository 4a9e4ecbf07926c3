"""Environment troubles in words: what a person can do something about is told apart from a bug."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.errors import EnvironmentTrouble, UserError
from console.core.i18n import T, Text
from db.errors import (
    Damaged,
    DatabaseBusy,
    DatabaseError,
    DatabaseGone,
    DatabaseMoved,
    DiskFull,
    SchemaTooNew,
    WrongKey,
)

_TOLD: Mapping[type[DatabaseError], tuple[Text, Text]] = {
    DatabaseBusy: (
        T("The database is busy with other work."),
        T("Nothing was changed. Please try again in a moment."),
    ),
    DatabaseGone: (
        T("The database cannot be reached."),
        T("Check the network or the disk. Messages that wait are not lost and not sent twice."),
    ),
    DiskFull: (
        T("The disk is full."),
        T("Nothing was changed. Free some space and try again."),
    ),
    Damaged: (
        T("The database file is damaged."),
        T("Stop working, keep the file as it is, and have the last backup restored."),
    ),
    WrongKey: (
        T("The database does not open with this password or account."),
        T("Log in again, or ask your administrator."),
    ),
    SchemaTooNew: (
        T("The database was made by a newer version of this program."),
        T("Install the newer version on this computer."),
    ),
}


def as_user_error(error: BaseException) -> UserError | None:
    """What to tell a person about ``error``; None when it is a bug."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, DatabaseMoved):
        return EnvironmentTrouble(
            T("This database was moved to {place}; nothing is sent or changed here any more.", place=str(error)),
            T("Choose the new place in the login window. If the move was interrupted, repeat it."),
        )
    told = _TOLD.get(type(error)) if isinstance(error, DatabaseError) else None
    return EnvironmentTrouble(*told) if told else None

"""What can go wrong with a database, whichever engine stands behind it.

DatabaseError
├── DatabaseBusy       another writer, or too many connections: nothing was changed, worth trying again
├── DatabaseGone       server or file out of reach, connection lost; whether a commit got through may be open
├── DiskFull           nothing was changed
├── WrongKey           the key does not open the file, or the server refuses the log-in
├── SchemaTooNew       made by a newer version of this program
├── DatabaseMoved      everything in it went to another place: nothing is written here any more
├── Damaged            the file is no whole database any more
└── IntegrityBroken    a constraint refused the change; nothing was changed

Everything else that an engine raises (no such table, a wrong type) is a bug and passes through as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc


class DatabaseError(Exception):
    """Root of the errors that a database may raise at any time, without anybody's mistake in the code."""


class DatabaseBusy(DatabaseError): ...


class DatabaseGone(DatabaseError): ...


class DiskFull(DatabaseError): ...


class WrongKey(DatabaseError): ...


class SchemaTooNew(DatabaseError): ...


class DatabaseMoved(DatabaseError):
    """The one argument is the new place, without user and password."""


class Damaged(DatabaseError): ...


class IntegrityBroken(DatabaseError): ...


# Result codes of SQLite (https://sqlite.org/rescode.html), primary code = low byte.
_SQLITE: dict[int, type[DatabaseError]] = {
    5: DatabaseBusy,  # SQLITE_BUSY
    6: DatabaseBusy,  # SQLITE_LOCKED
    8: DatabaseGone,  # SQLITE_READONLY
    10: DatabaseGone,  # SQLITE_IOERR
    11: Damaged,  # SQLITE_CORRUPT
    13: DiskFull,  # SQLITE_FULL
    14: DatabaseGone,  # SQLITE_CANTOPEN
    19: IntegrityBroken,  # SQLITE_CONSTRAINT
    26: WrongKey,  # SQLITE_NOTADB: what SQLCipher says to a wrong key
}
_SQLITE_QUERY_ONLY = 8  # SQLITE_READONLY without extension: a write inside read(), a bug

# SQLSTATE of PostgreSQL, longest prefix first.
_POSTGRESQL: tuple[tuple[str, type[DatabaseError]], ...] = (
    ("53100", DiskFull),
    ("55P03", DatabaseBusy),  # lock not available
    ("57014", DatabaseBusy),  # query cancelled by a time limit
    ("57P", DatabaseGone),  # the server shuts down or starts
    ("3D000", DatabaseGone),  # no such database
    ("XX001", Damaged),
    ("XX002", Damaged),
    ("08", DatabaseGone),
    ("23", IntegrityBroken),
    ("28", WrongKey),
    ("40", DatabaseBusy),  # serialization failure, deadlock
    ("53", DatabaseBusy),  # too many connections, out of memory
)


def _kind(error: exc.DBAPIError) -> type[DatabaseError] | None:
    original = error.orig
    if (code := getattr(original, "sqlite_errorcode", None)) is not None:
        return None if code == _SQLITE_QUERY_ONLY else _SQLITE.get(code & 0xFF)
    if (state := getattr(original, "sqlstate", None)) is not None:
        return next((kind for prefix, kind in _POSTGRESQL if state.startswith(prefix)), None)
    if isinstance(error, exc.OperationalError):  # libpq gives no state when there is no server to give one
        return WrongKey if "authentication failed" in str(original) else DatabaseGone
    return DatabaseGone if error.connection_invalidated else None


@contextmanager
def translated() -> Iterator[None]:
    """Raise this module's errors for those of SQLAlchemy and the drivers. The message names no values of rows."""
    try:
        yield
    except exc.DBAPIError as error:
        kind = _kind(error)
        if kind is None:
            raise
        raise kind(_first_line(error.orig)) from error
    except exc.TimeoutError as error:
        raise DatabaseBusy("no connection became free in time") from error


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]  # PostgreSQL puts the refused values in the second line

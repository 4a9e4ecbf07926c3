"""Where a database is, in words and as a URL that may be used."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from console.core.errors import UserError
from console.core.i18n import T, sentences, tr
from console.core.paths import sqlite_url

DRIVER = "postgresql+psycopg"


class UnusablePlace(UserError):
    def __init__(self) -> None:
        super().__init__(T("Such an address is written postgresql://user:password@server/database."))


def place_title(url: str) -> str:
    """Without user and password, for the screen."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return tr("on this computer, {file}", file=Path(parsed.database or "").name)
    return tr("{database} on {server}", database=parsed.database or "", server=parsed.host or tr("this computer"))


def checked_server_url(text: str) -> str:
    """The URL in the form the program keeps; empty stays empty. Raises UnusablePlace."""
    text = text.strip()
    if not text:
        return ""
    try:
        parsed = make_url(text)
        usable = parsed.get_backend_name() == "postgresql" and bool(parsed.database)
    except (ArgumentError, ValueError) as error:
        raise UnusablePlace() from error
    if not usable:
        raise UnusablePlace()
    return parsed.set(drivername=DRIVER).render_as_string(hide_password=False)


def checked_url(text: str) -> str:
    """Of either kind: a server's address, ``sqlite:///PATH``, or the path of an embedded database alone."""
    if text.startswith("sqlite:///"):
        return text
    if "://" not in text:
        return sqlite_url(Path(text))
    return checked_server_url(text)


def carries_password(url: str) -> bool:
    """Whether a server's URL spells a password out, in its place or among its parameters."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "postgresql" and (bool(parsed.password) or "password" in parsed.query)


def with_password(url: str, password: str) -> str:
    return make_url(url).set(password=password).render_as_string(hide_password=False)


def warn_of_password() -> None:
    """On standard error: everybody on a computer may read the command lines of everybody."""
    if sys.stderr is not None:
        words = tr("A password on the command line is seen by everybody on this computer.")
        hint = tr("Put it into PGPASSWORD or the password file of PostgreSQL instead.")
        sys.stderr.write(f"{sentences(words, hint)}\n")

"""``branch-sms move --to URL``: this workstation's database goes to a PostgreSQL server, checked, once."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from sqlalchemy import make_url

from console.core import workstation
from console.core.clock import SystemClock
from console.core.errors import UserError
from console.core.format import count
from console.core.i18n import T, ntr, tr
from console.core.move.moving import Moved, move_database, take_back
from console.core.security.place import carries_password, checked_server_url, warn_of_password, with_password
from console.core.security.slots import embedded_path
from console.verbs.common import password_of, report_progress, say, this_workstation
from db.engine import Database
from db.errors import WrongKey


def run(parsed: argparse.Namespace) -> int:
    here = this_workstation(parsed)
    path = embedded_path(here.url)
    if path is None:
        raise UserError(T("This database is on a server already."))
    login = parsed.login or here.last_login
    if not login:
        raise UserError(T("Say with --login who does this."))
    target = _target(parsed)
    if parsed.take_back:
        take_back(path, target, login, password_of(parsed, login), SystemClock())
        say(tr("The move was taken back: {file} works here again.", file=path.name))
        return 0
    moved = move_database(path, target, login, password_of(parsed, login), SystemClock(), report_progress)
    _tell(moved)
    if not parsed.database:
        workstation.save(here.changed(database_url=target))
        say(tr("This workstation works on the server from now on."))
    say(tr("{file} stays where it is; it can only be read any more. Keep it until the first backup.", file=path.name))
    return 0


def _target(parsed: argparse.Namespace) -> str:
    """The URL with a password where one was given; libpq looks into PGPASSWORD and the password file by itself."""
    url = checked_server_url(parsed.to)
    if carries_password(url):
        warn_of_password()
        return url
    if parsed.to_password_file:
        return with_password(url, _first_line(Path(parsed.to_password_file)))
    try:
        Database.open(url).close()
    except WrongKey:
        if sys.stdin is None or not sys.stdin.isatty():
            raise
        return with_password(url, getpass.getpass(tr("Password of {login}: ", login=make_url(url).username or "")))
    return url


def _first_line(path: Path) -> str:
    try:
        return path.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise UserError(T("The file {file} cannot be read.", file=str(path))) from error


def _tell(moved: Moved) -> None:
    for table in moved.tables:
        if table.rows:
            say(f"{table.table:<20} {count(table.rows):>12}  {table.digest[:16]}")
    if moved.tables:
        say(
            ntr(
                "{n} row is now in {place}; counts and digests of all tables are the same at both ends.",
                "{n} rows are now in {place}; counts and digests of all tables are the same at both ends.",
                moved.rows,
                place=moved.place,
            )
        )
        say(tr("Digest over all tables: {digest}", digest=moved.digest))
    else:
        say(tr("The rows had arrived in {place} before the interruption; the move is complete now.", place=moved.place))

"""What the verbs share: speaking to a terminal, and logging in from one."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.core import workstation
from console.core.clock import SystemClock
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, tr, use_language
from console.core.security.login import authenticate
from console.core.security.place import checked_url
from console.core.workstation import Workstation


def say(text: str) -> None:
    if sys.stdout is not None:  # on Windows the window's program has none
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def report_progress(done: int, total: int, text: str = "") -> None:
    """One line that counts up, on a terminal only."""
    if sys.stderr is not None and sys.stderr.isatty():
        share = f"{done * 100 // total} %" if total else f"{done:,}"
        sys.stderr.write(f"\r{share} {text}\x1b[K" + ("\r\x1b[K" if total and done >= total else ""))
        sys.stderr.flush()


def this_workstation(parsed: argparse.Namespace) -> Workstation:
    """This workstation's own file, and the database that the command line names in its place."""
    here = workstation.load()
    return here.changed(database_url=checked_url(parsed.database)) if parsed.database else here


@contextmanager
def logged_in(parsed: argparse.Namespace) -> Iterator[Context]:
    """``--login`` and ``--password-file``, or the password asked for; raises what ``authenticate`` raises."""
    here = this_workstation(parsed)
    login = parsed.login or here.last_login
    if not login:
        raise UserError(T("Say with --login who does this."))
    entered = authenticate(here.url, login, password_of(parsed, login), clock=SystemClock())
    with entered.context.database:
        if entered.must_change_password:
            raise UserError(T("Log in at the window once and choose your own password."))
        use_language(entered.context.settings.language)
        yield entered.context


def password_of(parsed: argparse.Namespace, login: str) -> str:
    """From ``--password-file``, the terminal, or a pipe."""
    if parsed.password_file:
        try:
            return Path(parsed.password_file).read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            raise UserError(T("The file {file} cannot be read.", file=parsed.password_file)) from error
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass(tr("Password of {login}: ", login=login))
    return "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")

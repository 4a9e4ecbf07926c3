"""``branch-sms doctor``: what a branch officer can read out on the phone. Changes nothing.

Needs no password; with ``--login`` it looks at the lines of the database as well.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path

import sqlcipher3.dbapi2

from console.core import paths, workstation
from console.core.clock import SystemClock
from console.core.i18n import tr
from console.core.processes import display_missing
from console.core.security.login import Door
from console.core.security.place import place_title
from console.core.security.setup import needs_first_user
from console.core.security.slots import slots_beside
from console.core.trouble import as_user_error
from console.verbs.common import logged_in, say, this_workstation
from console.verbs.doctor_modems import Finding, modem_at, modems
from db.errors import DatabaseError
from db.keyslots import KeySlotError

LEAST_FREE = 500 * 1024 * 1024  # bytes


def run(parsed: argparse.Namespace) -> int:
    wrong = 0
    for good, what, stands in _findings(parsed):
        say(f"{'  ' if good else '! '}{what}: {stands}")
        wrong += not good
    say(tr("Everything is in order.") if not wrong else tr("Lines with a ! need attention: {n}.", n=wrong))
    return 1 if wrong else 0


def _findings(parsed: argparse.Namespace) -> Iterator[Finding]:
    ctx = None
    with ExitStack() as stack:
        if parsed.login or parsed.password_file:
            ctx = stack.enter_context(logged_in(parsed))
        if not parsed.address:
            yield from (*_program(), *_database(this_workstation(parsed).url), *_folders())
            yield from modems(ctx, balance=parsed.balance)
        else:
            yield from modem_at(ctx, parsed.address, balance=parsed.balance)


def _program() -> Iterator[Finding]:
    yield True, tr("Program"), metadata.version("branch-sms-console")
    yield True, tr("System"), f"{platform.platform()}, Python {platform.python_version()}"
    cipher = sqlcipher3.dbapi2.connect(":memory:").execute("PRAGMA cipher_version").fetchone()
    yield cipher is not None, tr("Encryption"), f"SQLCipher {cipher[0]}" if cipher else tr("missing")
    yield True, tr("Display"), tr("none: only the verbs without a window work") if display_missing() else tr("present")


def _database(url: str) -> Iterator[Finding]:
    door = Door(url, SystemClock())
    yield True, tr("Database"), place_title(url)
    if door.path is None:
        yield _server(url)
    elif not door.exists():
        yield True, tr("State"), tr("not set up yet; the window does it at its first start")
    else:
        yield True, tr("Size"), f"{door.path.stat().st_size / 1e6:,.1f} MB"
        yield _keys(door.path)
        free = shutil.disk_usage(door.path.parent).free
        yield free > LEAST_FREE, tr("Free disk space"), f"{free / 1e9:,.1f} GB"


def _server(url: str) -> Finding:
    try:
        empty = needs_first_user(url)
    except DatabaseError as error:
        told = as_user_error(error)
        return False, tr("State"), str(told.message if told else error)
    return True, tr("State"), tr("no users yet") if empty else tr("reachable")


def _keys(path: Path) -> Finding:
    try:
        return True, tr("Key file"), tr("{n} users can open the database", n=len(slots_beside(path).logins()))
    except KeySlotError as error:
        return False, tr("Key file"), str(error)


def _folders() -> Iterator[Finding]:
    for what, folder in ((tr("Data folder"), paths.data_folder()), (tr("Log folder"), paths.log_folder())):
        yield os.access(folder, os.W_OK), what, str(folder)
    crashes = len(list(paths.crash_folder().glob("crash-*.txt")))
    yield True, tr("Crash reports"), str(crashes)
    yield True, tr("Last login here"), workstation.load().last_login or "–"

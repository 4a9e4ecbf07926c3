"""The dispatcher's wiring: arguments, key, logging, signals. No Qt comes near it."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gsm
from console.core import logs, workstation
from console.core.clock import SystemClock
from console.core.errors import UserError
from console.core.i18n import system_language, use_language
from console.core.security.place import carries_password, warn_of_password
from console.core.sending.dispatcher import Dispatcher
from console.core.sending.process import COMPANION_VARIABLE, STDIN_OPTION, Locator, companion_lives
from db.engine import Database
from db.errors import DatabaseError, WrongKey
from db.keyslots import KeySlots

log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_TROUBLE = 1  # the database cannot be used now
EXIT_USAGE = 2
_SWITCH_SECONDS = 0.0005  # a line that has its answer must not wait for other threads' work
_COMPANION_SECONDS = 1.0  # between two looks
_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK", "SIGHUP")  # those that this system has


def run_dispatcher(argv: Sequence[str] | None = None) -> int:
    """Send until told to stop; the exit code of ``branch-sms dispatch``."""
    options = _options(argv)
    logs.set_up("dispatcher", folder=options.log_folder, console=options.verbose)
    language = workstation.load().language
    use_language(system_language() if language == "system" else language)
    try:
        database = _open(options)
    except (DatabaseError, OSError, ValueError) as error:
        log.error("the database cannot be opened: %s", error)
        sys.stderr.write(f"branch-sms dispatch: {_reason(error)}\n")
        return EXIT_TROUBLE
    with database:
        return _serve(database)


main = run_dispatcher  # what ``branch-sms dispatch`` hands over to


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="branch-sms dispatch", description="Send approved messages until stopped.")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        STDIN_OPTION, action="store_true", dest="stdin", help="read the database's URL and key as one line of JSON"
    )
    source.add_argument(
        "--secret-file", type=Path, metavar="FILE", help="open the embedded database with a service secret"
    )
    parser.add_argument("--database", default="", metavar="URL", help="instead of this workstation's database")
    parser.add_argument("--log-folder", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--verbose", action="store_true", help="log to standard error as well")
    return parser.parse_args(argv)


def _open(options: argparse.Namespace) -> Database:
    if options.stdin:
        locator = Locator.load(sys.stdin.buffer)
        return Database.open(locator.url, key=locator.key)
    url = options.database or workstation.load().url
    if not url.startswith("sqlite"):
        if options.database and carries_password(options.database):
            warn_of_password()
        return Database.open(url)  # libpq finds a password in PGPASSWORD or the password file by itself
    if options.secret_file is None:
        raise ValueError("an embedded database needs --secret-file or a window that starts the dispatcher")
    path = Path(url.removeprefix("sqlite:///"))
    slots = KeySlots(path.with_name(path.name + ".keys"))
    return Database.open(url, key=slots.open_service(options.secret_file))


def _reason(error: Exception) -> str:
    return "the key does not open the database" if isinstance(error, WrongKey) else str(error)


def _serve(database: Database) -> int:
    current: list[Dispatcher] = []
    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(True)
        for dispatcher in current:
            dispatcher.stop()

    sys.setswitchinterval(_SWITCH_SECONDS)
    _on_signals(stop)
    if companion := os.environ.get(COMPANION_VARIABLE):
        threading.Thread(target=_end_with, args=(companion, stop), name="companion", daemon=True).start()
    while True:
        try:
            dispatcher = Dispatcher(database, SystemClock(), pid=os.getpid(), open_transport=gsm.open_transport)
            current[:] = [dispatcher]
            if stopped:
                return EXIT_OK
            dispatcher.run()
        except (DatabaseError, UserError) as error:  # the latter: the rules in force were changed by hand
            log.error("sending ended: %s", error)
            return EXIT_TROUBLE
        except Exception:  # nobody sees this process's standard error
            log.exception("sending ended by a bug")
            return EXIT_TROUBLE
        if not dispatcher.buried:
            return EXIT_OK


def _end_with(companion: str, stop: Callable[[], None]) -> None:
    """The demo leaves nothing behind, even when its window was killed."""
    while companion_lives(companion):
        time.sleep(_COMPANION_SECONDS)
    log.info("the process that this one belongs to has ended")
    stop()


def _on_signals(stop: Callable[[], None]) -> None:
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda *_: stop())

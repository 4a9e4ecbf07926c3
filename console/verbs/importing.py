"""``branch-sms import FILE`` or ``--watch FOLDER``.

Exit code 0 when every row could be used, 1 when some could not or a file failed, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.core.clock import SystemClock
from console.core.context import Context
from console.core.customers import importing
from console.core.customers.columns import FIELDS
from console.core.customers.importing import BadRow, Book, Checked, Choices
from console.core.customers.totals import ROWS, yuan
from console.core.customers.watching import FolderWatch, Handled, Outcome
from console.core.errors import UserError
from console.core.format import count, money
from console.core.i18n import T, tr, use_language
from console.core.security.permissions import Permission
from console.core.security.unattended import entered
from console.core.trouble import as_user_error
from console.verbs.common import logged_in, report_progress, say, this_workstation
from db.errors import DatabaseError

_SHOWN = 10  # rows with their reasons on the terminal
_MARKS = {Outcome.IMPORTED: "+", Outcome.PARTLY: "!", Outcome.KNOWN: "=", Outcome.FAILED: "x"}


def run(parsed: argparse.Namespace) -> int:
    if bool(parsed.file) == bool(parsed.watch):
        raise UserError(T("Name a file to import, or with --watch a folder."))
    with _context(parsed) as context:
        context.require(Permission.CUSTOMERS_IMPORT)
        return _watch(context, parsed) if parsed.watch else _one(context, parsed)


@contextmanager
def _context(parsed: argparse.Namespace) -> Iterator[Context]:
    """A person's password, or the service secret that the dispatcher starts with."""
    if not parsed.secret_file:
        with logged_in(parsed) as context:
            yield context
        return
    here = this_workstation(parsed)
    if not parsed.login:
        raise UserError(T("Say with --login who does this."))
    with entered(here.url, parsed.login, Path(parsed.secret_file), clock=SystemClock()) as context:
        use_language(context.settings.language)
        yield context


# A folder


def _watch(context: Context, parsed: argparse.Namespace) -> int:
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    folder = Path(parsed.watch)
    watch = FolderWatch(context, folder, force=parsed.force, confirmed=parsed.accept_totals)
    failed, looks = False, 0
    while not stop.is_set():
        looks += 1
        try:
            for handled in watch.look():
                say(_line(handled))
                failed |= handled.outcome in (Outcome.PARTLY, Outcome.FAILED)
        except (DatabaseError, UserError) as error:
            if parsed.once:
                raise
            trouble = as_user_error(error)  # it may pass: look again
            say(str(trouble.message) if trouble else type(error).__name__)
        if parsed.once and looks > 1:
            break
        stop.wait(parsed.interval)
    return 1 if failed else 0


def _line(handled: Handled) -> str:
    return f"{_MARKS[handled.outcome]} {handled.file_name}: {handled.words}"


# One file


def _one(context: Context, parsed: argparse.Namespace) -> int:
    checked, source = _checked(context, Path(parsed.file))
    bad = [*checked.invalid]
    if not parsed.check and checked.valid:
        choices = Choices(source=source, confirmed=parsed.accept_totals)
        bad += _brought_in(context, checked, choices)
    _tell(checked.sheet, bad, parsed.errors)
    return 1 if bad or not checked.valid else 0


def _checked(context: Context, path: Path) -> tuple[Checked, str]:
    sheet = Book(path).sheet()
    found = importing.proposal(context, sheet)
    today = context.clock.now().astimezone().date()
    checked = importing.check(sheet, found.mapping, today=today, progress=report_progress, extra=found.extra)
    say(
        tr(
            "{read} rows: {valid} can be used, {invalid} cannot, {duplicates} say nothing new.",
            read=count(checked.rows_read),
            valid=count(len(checked.valid)),
            invalid=count(len(checked.invalid)),
            duplicates=count(len(checked.duplicates)),
        )
    )
    for line in importing.control(checked):
        if line.differs and line.stated is not None:
            name = tr("Rows") if line.key == ROWS else str(FIELDS[line.key].title)
            found_, stated = (
                count(value) if line.key == ROWS else money(yuan(value)) for value in (line.found, line.stated)
            )
            told = tr(
                "{name}: {found} in the file, but its sender states {stated}.", name=name, found=found_, stated=stated
            )
            say(told)
    return checked, found.source


def _brought_in(context: Context, checked: Checked, choices: Choices) -> tuple[BadRow, ...]:
    result = importing.commit(context, checked, report_progress, report_progress, choices=choices)
    say(
        tr(
            "Import {n}: {added} added, {updated} updated, {unchanged} unchanged.",
            n=result.import_id,
            added=count(result.added),
            updated=count(result.updated),
            unchanged=count(result.unchanged),
        )
    )
    return result.refused


def _tell(sheet: importing.Sheet, bad: list[BadRow], errors: str | None) -> None:
    """Into a workbook when one is asked for, else the first few on the terminal."""
    if not bad:
        return
    if errors:
        importing.write_error_workbook(sheet, bad, Path(errors))
        say(tr("Rows that cannot be used: {file}", file=errors))
        return
    for row in bad[:_SHOWN]:
        say(tr("Row {n}: {reasons}", n=row.row, reasons="; ".join(str(problem) for problem in row.problems)))
    if len(bad) > _SHOWN:
        say(tr("… and {n} more; --errors FILE writes them all.", n=count(len(bad) - _SHOWN)))

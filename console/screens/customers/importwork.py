"""What the import page asks of core, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core.context import Context
from console.core.customers import importing
from console.core.customers.difference import Difference, Gone, difference_of, gone_rows
from console.core.customers.importing import BadRow, Book, Checked, Choices, ImportResult, Policy, Prepared, Sheet
from console.core.customers.importlog import ImportRecord, import_ids, import_records, save_errors_again
from console.core.customers.mapping import Fields, Mapping
from console.core.customers.undoing import undo
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.shell.tasks import Progress

IMPORTED = Change.of(Topic.CUSTOMERS, Topic.AUDIT)


@dataclass(frozen=True)
class Opened:
    """A file as it was understood."""

    book: Book
    sheet: Sheet
    mapping: Mapping
    extra: Fields


@dataclass(frozen=True)
class Outlook:
    """A checked file beside what is stored, and beside the file before."""

    prepared: Prepared
    difference: Difference
    gone: list[Gone]


def open_file(path: Path) -> Callable[[Context, Progress], Opened]:
    def work(ctx: Context, progress: Progress) -> Opened:
        ctx.require(Permission.CUSTOMERS_IMPORT)
        importing.complete_abandoned(ctx)
        importing.discard_abandoned(ctx)
        book = Book(path)
        progress.update(0, 0)
        return _understood(ctx, book, book.sheet())

    return work


def choose_sheet(book: Book, name: str, header_row: int | None) -> Callable[[Context, Progress], Opened]:
    return lambda ctx, progress: _understood(ctx, book, book.sheet(name, header_row))


def _understood(ctx: Context, book: Book, sheet: Sheet) -> Opened:
    found = importing.proposal(ctx, sheet)
    return Opened(book, sheet, found.mapping, found.extra)


def check(opened: Opened, mapping: Mapping, repeated: Policy) -> Callable[[Context, Progress], Checked]:
    def work(ctx: Context, progress: Progress) -> Checked:
        today = ctx.clock.now().astimezone().date()
        return importing.check(
            opened.sheet, mapping, today=today, progress=progress, extra=opened.extra, repeated=repeated
        )

    return work


def prepare(checked: Checked, source: str | None) -> Callable[[Context, Progress], Outlook]:
    def work(ctx: Context, progress: Progress) -> Outlook:
        if source is None:
            saved = importing.proposal(ctx, checked.sheet).source
        prepared = importing.prepare(ctx, checked, progress)
        return _beside(ctx, prepared, saved if source is None else source)

    return work


def compare(prepared: Prepared, source: str) -> Callable[[Context], Outlook]:
    """The same file against another sender's."""
    return lambda ctx: _beside(ctx, prepared, source)


def _beside(ctx: Context, prepared: Prepared, source: str) -> Outlook:
    difference = difference_of(ctx, prepared, source)
    with ctx.database.read() as session:
        return Outlook(prepared, difference, gone_rows(session, difference))


def forget(prepared: Prepared) -> Callable[[Context], None]:
    return lambda ctx: importing.throw_away(ctx, prepared.import_id)


def commit(prepared: Prepared, choices: Choices) -> Callable[[Context, Progress], ImportResult]:
    def work(ctx: Context, progress: Progress) -> ImportResult:
        def told(done: int, total: int) -> None:
            progress.decided()
            progress.update(done, total)

        return importing.commit(ctx, prepared, progress.update, told, choices=choices)

    return work


def save_errors(sheet: Sheet, bad: Sequence[BadRow], path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: importing.write_error_workbook(sheet, bad, path)


# The log


def log_ids(ctx: Context, _sort: Sort) -> list[int]:
    with ctx.database.read() as session:
        return import_ids(session)


def log_rows(ctx: Context, ids: Sequence[int]) -> list[ImportRecord]:
    with ctx.database.read() as session:
        return import_records(session, ids)


def take_back(import_id: int) -> Callable[[Context, Progress], None]:
    def work(ctx: Context, progress: Progress) -> None:
        undo(ctx, import_id, progress.update)

    return work


def errors_again(import_id: int, path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: save_errors_again(ctx, import_id, path)

"""Verbs of the do-not-contact list; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core.context import Context
from console.core.customers import suppressions
from console.core.customers.suppressions import Entry, SuppressionFilter, SuppressionRow, Taken
from console.core.customers.suppressions_export import export_suppressions
from console.core.customers.workbook import Sheet, read
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.shell.tasks import Progress

CHANGED = Change.of(Topic.CUSTOMERS, Topic.AUDIT)
EXPORTED = Change.of(Topic.AUDIT)


@dataclass(frozen=True)
class Numbers:
    """A file as it was understood."""

    name: str
    column: str  # heading of the column of numbers; "" where none was found
    cells: tuple[tuple[int, object], ...]  # row of the file, cell


def ids_of(wanted: SuppressionFilter) -> Callable[[Context, Sort], list[int]]:
    def load(ctx: Context, sort: Sort) -> list[int]:
        with ctx.database.read() as session:
            return suppressions.listed_ids(ctx, session, wanted, sort)

    return load


def rows(ctx: Context, ids: Sequence[int]) -> list[SuppressionRow]:
    with ctx.database.read() as session:
        return suppressions.listed_rows(ctx, session, ids)


def add(phone: str, entry: Entry) -> Callable[[Context], int]:
    return lambda ctx: suppressions.add(ctx, phone, entry)


def end(suppression_id: int, reason: str) -> Callable[[Context], None]:
    return lambda ctx: suppressions.end(ctx, suppression_id, reason)


def understand(path: Path) -> Callable[[Context, Progress], Numbers]:
    """Raises UserError for a file that cannot be read."""

    def work(ctx: Context, progress: Progress) -> Numbers:
        ctx.require(Permission.SUPPRESSIONS_EDIT)
        progress.update(0, 0)
        return _understood(path.name, read(path))

    return work


def _understood(name: str, sheet: Sheet) -> Numbers:
    place = suppressions.phone_column(sheet.headers, sheet.rows)
    if place is None:
        return Numbers(name, "", ())
    cells = ((number, row[place]) for number, row in enumerate(sheet.rows, sheet.first_row) if place < len(row))
    return Numbers(name, sheet.headers[place], tuple(cells))


def take(numbers: Numbers, entry: Entry) -> Callable[[Context, Progress], Taken]:
    return lambda ctx, progress: suppressions.take_file(ctx, numbers.cells, entry, numbers.name, progress)


def export(wanted: SuppressionFilter, sort: Sort, path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: export_suppressions(ctx, wanted, sort, path, progress)

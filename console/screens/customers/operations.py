"""What the customer page asks of core, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core.context import Context
from console.core.customers import importing
from console.core.customers.browse import (
    CustomerDetail,
    CustomerFilter,
    CustomerRow,
    Facets,
    Sort,
    customer_detail,
    customer_ids,
    customer_rows,
    facets,
    reveal_phone,
)
from console.core.customers.export import export_customers
from console.core.customers.importing import BadRow, Book, Checked, ImportResult, Sheet
from console.core.customers.imports import import_file_name
from console.core.customers.mapping import Mapping
from console.core.events import Change, Topic
from console.core.protection.requests import ask_for_customers
from console.core.security.permissions import Permission
from console.shell.tasks import Progress

IMPORTED = Change.of(Topic.CUSTOMERS, Topic.AUDIT)
LOOKED = Change.of(Topic.AUDIT)


@dataclass(frozen=True)
class Opened:
    """A file as it was understood."""

    book: Book
    sheet: Sheet
    mapping: Mapping


@dataclass(frozen=True)
class Surroundings:
    """What stands around the list."""

    facets: Facets
    import_name: str  # of the import that the list is narrowed to; "" for none


def ids_of(wanted: CustomerFilter) -> Callable[[Context, Sort], list[int]]:
    def load(ctx: Context, sort: Sort) -> list[int]:
        ctx.require(Permission.CUSTOMERS_VIEW)
        with ctx.database.read() as session:
            return customer_ids(session, wanted, sort, today=ctx.clock.now().astimezone().date())

    return load


def rows(ctx: Context, ids: Sequence[int]) -> list[CustomerRow]:
    with ctx.database.read() as session:
        return customer_rows(session, ids)


def surroundings(wanted: CustomerFilter) -> Callable[[Context], Surroundings]:
    def work(ctx: Context) -> Surroundings:
        with ctx.database.read() as session:
            name = import_file_name(session, wanted.import_id) if wanted.import_id is not None else ""
            return Surroundings(facets(session), name)

    return work


def detail(customer_id: int) -> Callable[[Context], CustomerDetail]:
    return lambda ctx: customer_detail(ctx, customer_id)


def reveal(customer_id: int, reason: str) -> Callable[[Context], str]:
    return lambda ctx: reveal_phone(ctx, customer_id, reason)


def ask_for_full(wanted: CustomerFilter, only: Sequence[int]) -> Callable[[str], Callable[[Context], int]]:
    return lambda reason: lambda ctx: ask_for_customers(ctx, wanted, reason, only=only)


def export(wanted: CustomerFilter, sort: Sort, only: Sequence[int], path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: export_customers(ctx, wanted, sort, path, progress, only=only)


# Importing


def open_file(path: Path) -> Callable[[Context, Progress], Opened]:
    def work(ctx: Context, progress: Progress) -> Opened:
        ctx.require(Permission.CUSTOMERS_IMPORT)
        importing.discard_abandoned(ctx)
        book = Book(path)
        progress.update(0, 0)
        return _understood(ctx, book, book.sheet())

    return work


def choose_sheet(book: Book, name: str, header_row: int | None) -> Callable[[Context, Progress], Opened]:
    return lambda ctx, progress: _understood(ctx, book, book.sheet(name, header_row))


def _understood(ctx: Context, book: Book, sheet: Sheet) -> Opened:
    return Opened(book, sheet, importing.propose_mapping(ctx, sheet))


def check(sheet: Sheet, mapping: Mapping) -> Callable[[Context, Progress], Checked]:
    def work(ctx: Context, progress: Progress) -> Checked:
        return importing.check(sheet, mapping, today=ctx.clock.now().astimezone().date(), progress=progress)

    return work


def commit(checked: Checked) -> Callable[[Context, Progress], ImportResult]:
    return lambda ctx, progress: importing.commit(ctx, checked, progress)


def save_errors(sheet: Sheet, bad: Sequence[BadRow], path: Path) -> Callable[[Context, Progress], int]:
    return lambda ctx, progress: importing.write_error_workbook(sheet, bad, path)

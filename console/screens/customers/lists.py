"""The list of customers and what is done with many of them, off the GUI thread."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from datetime import date

from console.core.context import Context
from console.core.customers import bulk
from console.core.customers.browse import CustomerFilter, CustomerRow, Sort, customer_head, customer_ids, customer_rows
from console.core.customers.bulk import BulkField, Edit, Outcome, Undoable
from console.core.customers.secrets import customer_by_id_number
from console.core.events import Change, Topic
from console.core.security.permissions import Permission
from console.shell.tasks import Cancelled, Progress

CHANGED = Change.of(Topic.CUSTOMERS, Topic.AUDIT)


def head_of(wanted: CustomerFilter) -> Callable[[Context, Sort, int], list[int]]:
    def load(ctx: Context, sort: Sort, limit: int) -> list[int]:
        ctx.require(Permission.CUSTOMERS_VIEW)
        with ctx.reading() as session:
            found = customer_by_id_number(session, ctx.database, wanted.text)
            return found[:limit] or customer_head(session, wanted, sort, limit=limit, today=_today(ctx))

    return load


def ids_of(wanted: CustomerFilter) -> Callable[[Context, Sort], array[int]]:
    def load(ctx: Context, sort: Sort) -> array[int]:
        ctx.require(Permission.CUSTOMERS_VIEW)
        with ctx.reading() as session:
            found = customer_by_id_number(session, ctx.database, wanted.text)
            return array("q", found) if found else customer_ids(session, wanted, sort, today=_today(ctx))

    return load


def rows(ctx: Context, ids: Sequence[int]) -> list[CustomerRow]:
    with ctx.database.read() as session:
        return customer_rows(session, ids)


def _today(ctx: Context) -> date:
    return ctx.clock.now().astimezone().date()


# Many at once


def count(ids: Sequence[int], edit: Edit) -> Callable[[Context], Outcome]:
    return lambda ctx: bulk.count(ctx, ids, edit)


def values_of(field: BulkField) -> Callable[[Context], list[str]]:
    return lambda ctx: bulk.values_of(ctx, field)


def apply(ids: Sequence[int], edit: Edit) -> Callable[[Context, Progress], Outcome]:
    """What was written until the person cancelled is told, too: it can be undone."""

    def work(ctx: Context, progress: Progress) -> Outcome:
        try:
            return bulk.apply(ctx, ids, edit, progress)
        except Cancelled:
            last = bulk.undoable(ctx)
            return Outcome(wanted=len(ids), changed=last.changed if last else 0, cancelled=True)

    return work


def undoable(ctx: Context) -> Undoable | None:
    bulk.forget(ctx)
    return bulk.undoable(ctx)


def undo(edit_id: int) -> Callable[[Context, Progress], Outcome]:
    return lambda ctx, progress: bulk.undo(ctx, edit_id, progress)

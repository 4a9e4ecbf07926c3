"""Imports into the customer file: the whole in one transaction, or a little at a time.

``write_all`` is for a file of every day while no line sends: all of it shows at once, and a crash leaves nothing.
``apply`` is for very large files, and while lines send: no other writer waits for more than one span.

    decide    batch APPLYING                      one small transaction: from here on it will be whole
    spans     rows, before-images, cursor         short while lines send; who finds it abandoned goes on at the cursor
    finish    batch DONE                          one small transaction

While a batch is APPLYING nobody selects an audience or exports (``imports.require_settled``), so that nobody sees half.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from sqlalchemy import bindparam, func, literal, select, update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import staging
from console.core.customers.imports import anything_opens, lines_send
from console.core.customers.merging import Merger, Span
from console.core.customers.pace import Pace
from console.core.customers.plans import P, PlanMerger
from console.core.customers.previous import standing
from console.core.customers.values import C, L, S, Script, alone
from db import bulk
from db.models import ChangeKind, ImportBatch, ImportedCustomer, ImportState

Told = Callable[[int, int], None]  # done, of how many; must not raise
FIRST = 100  # rows of the first span while lines send
FIRST_ALONE = 2_500
MOST = 20_000


# Seconds that ``write_all`` may hold up every other writer of an embedded database, and those of customers on a server;
# well within what a writer waits, and within what a dispatcher may be silent before it is taken for gone.
HOLD = {"sqlite": 15.0, "postgresql": 60.0}
# rows between two looks at the time; a server reads the whole private table for each
STEP = {"sqlite": 5_000, "postgresql": 50_000}


class TakenOver(Exception):
    """Another process goes on with this import."""


class TooSlow(Exception):
    """The whole would hold up others for too long."""


def apply(ctx: Context, import_id: int, worker: str, told: Told | None = None) -> None:
    """Write a decided import to its end. Safe to repeat from any point. Raises TakenOver."""
    with ctx.database.read() as session:
        batch = session.get_one(ImportBatch, import_id)
        staged = [_left(session, table, import_id) for table in (S, P)]
    span_by_span(ctx, import_id, worker, ImportState.APPLYING, _steps(ctx, batch, staged), sum(staged), told)
    finish(ctx, import_id, worker, ImportState.APPLYING, ImportState.DONE)
    staging.unstage(ctx, import_id)


def write_all(
    ctx: Context, session: Session, batch: ImportBatch, told: Told | None = None, touched: Collection[Any] = (C, L)
) -> None:
    """Write a decided import in the caller's transaction, from its private tables. Raises TooSlow.

    ``touched``: of the tables of customers and loans those that it may change, as it was compared in this transaction.
    """
    staged = [_left(session, table, batch.id) for table in (S, P)]
    tell, done, total = told or (lambda done, total: None), 0, sum(staged)
    started, hold = time.monotonic(), HOLD[ctx.database.dialect]
    first = bulk.indexes_later(session, C, L) if not anything_opens(session) else nullcontext()
    with first:
        for step in _steps(ctx, batch, staged, touched):
            while rows := step.run(session, STEP[ctx.database.dialect]):
                done += rows
                if (time.monotonic() - started) * total / min(done, total) > hold:
                    raise TooSlow
                tell(min(done, total - 1), total)
    tell(total, total)


def _steps(ctx: Context, batch: ImportBatch, staged: Sequence[int], touched: Collection[Any] = (C, L)) -> list[Step]:
    """``staged``: rows, and instalments."""
    steps: list[Step] = [_Rows(ctx, batch, touched)] if staged[0] else []
    steps += [_Instalments(ctx, batch)] if staged[1] else []
    return steps + ([_Retirement(ctx, batch)] if batch.retire_gone and batch.previous_id is not None else [])


def _left(session: Session, table: Any, import_id: int) -> int:
    """About how many rows are staged: they stand nearly without gaps."""
    mine = select(table.c.id).where(table.c.import_id == import_id).limit(1)
    first, last = (session.scalar(mine.order_by(each)) for each in (table.c.id, table.c.id.desc()))
    return 0 if first is None or last is None else last - first + 1


class Step(Protocol):
    def run(self, session: Session, rows: int) -> int:
        """How many rows it wrote, at most ``rows``; 0: nothing is left."""


def span_by_span(
    ctx: Context,
    import_id: int,
    worker: str,
    state: ImportState,
    steps: Sequence[Step],
    total: int,
    told: Told | None,
) -> None:
    """One step after the other, each until it finds nothing more. Raises TakenOver."""
    tell, done = told or (lambda done, total: None), 0
    for step in steps:
        pace = Pace(FIRST, FIRST_ALONE, MOST)
        while rows := _span(ctx, import_id, worker, state, step, pace):
            done += rows
            tell(min(done, total), total)
    tell(total, total)


def _span(ctx: Context, import_id: int, worker: str, state: ImportState, step: Step, pace: Pace) -> int:
    with ctx.database.begin() as session:
        started = time.monotonic()
        _hold(ctx, session, import_id, worker, state)
        sending = lines_send(session, ctx.clock.now())
        rows = step.run(session, pace.next(sending=sending))
    if rows:
        took = time.monotonic() - started
        pace.took(took, rows, sending=sending)
        if sending:
            time.sleep(pace.rest(took))
    return rows


def _hold(ctx: Context, session: Session, import_id: int, worker: str, state: ImportState) -> None:
    """Hold the batch for this transaction, with a sign of life. Raises TakenOver."""
    held = session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == import_id, ImportBatch.state == state, ImportBatch.owner == worker)
        .values(touched_at=ctx.clock.now())
    )
    if held.rowcount != 1:  # type: ignore[attr-defined]
        raise TakenOver


def finish(ctx: Context, import_id: int, worker: str, state: ImportState, into: ImportState) -> None:
    with ctx.database.begin() as session:
        _hold(ctx, session, import_id, worker, state)
        ended(ctx, session, import_id, into)


def ended(ctx: Context, session: Session, import_id: int, into: ImportState) -> None:
    whole = update(ImportBatch).where(ImportBatch.id == import_id)
    session.execute(whole.values(state=into, owner="", touched_at=ctx.clock.now()))


def _fields(batch: ImportBatch) -> Collection[str]:
    return frozenset(filter(None, batch.mapping.values()))


class _Spans:
    """One staging table, in the order of its ids; the place that was reached stands in the batch."""

    def __init__(self, batch: ImportBatch, table: Any, merger: Merger | PlanMerger, cursor: Any) -> None:
        self._import_id, self._table, self._merger, self._cursor = batch.id, table, merger, cursor

    def run(self, session: Session, rows: int) -> int:
        table = self._table
        low = session.scalars(select(self._cursor).where(ImportBatch.id == self._import_id)).one()
        mine = select(table.c.id).where(table.c.import_id == self._import_id, table.c.id > low)
        some = mine.order_by(table.c.id).limit(rows).subquery()
        count, high = session.execute(select(func.count(), func.max(some.c.id))).one()
        if count:
            self._merger.run(session, Span(import_id=self._import_id, low=low, high=high))
            reached = update(ImportBatch).where(ImportBatch.id == self._import_id).values({self._cursor: high})
            session.execute(reached)
        return int(count)


class _Rows(_Spans):
    def __init__(self, ctx: Context, batch: ImportBatch, touched: Collection[Any]) -> None:
        assert batch.decided_at is not None
        evidence = f"{batch.file_name[:200]} #{batch.file_digest[:12]}"
        merger = Merger(ctx.database.engine.dialect, _fields(batch), evidence, batch.decided_at, touched)
        super().__init__(batch, S, merger, ImportBatch.cursor)


class _Instalments(_Spans):
    def __init__(self, ctx: Context, batch: ImportBatch) -> None:
        merger = PlanMerger(ctx.database.engine.dialect, _fields(batch))
        super().__init__(batch, P, merger, ImportBatch.cursor_instalment)


class _Retirement:
    """Customers of the import before who do not stand in this one become inactive, where that was chosen."""

    def __init__(self, ctx: Context, batch: ImportBatch) -> None:
        self._batch = batch
        now = ImportedCustomer.__table__.alias()
        self._here = select(literal(1)).where(now.c.import_id == batch.id, now.c.customer_id == C.c.id).exists()
        self._before: list[int] | None = None  # the file before, and what was corrected in it
        one = select().select_from(C).where(C.c.id == bindparam("given_id", type_=C.c.id.type))
        script = Script(ctx.database.engine.dialect)
        self._remember = script.remember(ChangeKind.CUSTOMER, C, one, ["active", "updated_at"])

    def run(self, session: Session, rows: int) -> int:
        alone(session, C)
        if self._before is None:
            self._before = [batch.id for batch in standing(session, self._batch.source, self._batch.id)]
        before = ImportedCustomer.__table__
        stood = select(before.c.customer_id).where(before.c.import_id.in_(self._before))
        gone = select(C.c.id).where(C.c.active, C.c.id.in_(stood), ~self._here)
        ids = list(session.scalars(gone.limit(min(rows, 500))))
        for id_ in ids:
            self._remember.run(session, {"given_import": self._batch.id, "given_id": id_})
        retired = update(C).where(C.c.id.in_(ids)).values(active=False, updated_at=self._batch.decided_at)
        session.execute(retired)
        return len(ids)

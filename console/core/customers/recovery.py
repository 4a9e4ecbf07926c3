"""Imports and undoings that were decided and left unfinished: whoever finds one writes it to its end."""

from __future__ import annotations

import logging
from contextlib import suppress

from sqlalchemy import literal, or_, select, update

from console.core.context import Context
from console.core.customers.applying import TakenOver, apply
from console.core.customers.imports import SILENT, is_dead, silent, this_worker
from console.core.customers.undoing import unwrite
from db.models import ImportBatch, ImportState

log = logging.getLogger(__name__)


def complete_abandoned(ctx: Context) -> int:
    """How many were completed."""
    completed = 0
    for state, work in ((ImportState.APPLYING, apply), (ImportState.UNDOING, unwrite)):
        while taken := _claim(ctx, state):
            import_id, worker = taken
            log.info("import %d was left %s: going on with it", import_id, state.value)
            with suppress(TakenOver):
                work(ctx, import_id, worker)
                completed += 1
    return completed


def _claim(ctx: Context, state: ImportState) -> tuple[int, str] | None:
    """Take over an import in this state that nobody works on any more: its id, and our name on it."""
    now, worker = ctx.clock.now(), this_worker()
    query = select(ImportBatch.id, ImportBatch.owner, silent(now, SILENT)).where(ImportBatch.state == state)
    with ctx.database.read() as session:
        found = session.execute(query.order_by(ImportBatch.id)).all()
    for id_, owner, old in found:
        if not old and not is_dead(owner):
            continue
        with ctx.database.begin() as session:
            taken = session.execute(
                update(ImportBatch)
                .where(ImportBatch.id == id_, ImportBatch.state == state, ImportBatch.owner == owner)
                .where(or_(silent(now, SILENT), literal(is_dead(owner))))
                .values(owner=worker, touched_at=now)
            )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            return id_, worker
    return None


def release(ctx: Context, import_id: int, worker: str) -> None:
    """Say that nobody works on it any more, so that the next one who looks goes on at once."""
    with ctx.database.begin() as session:
        session.execute(
            update(ImportBatch).where(ImportBatch.id == import_id, ImportBatch.owner == worker).values(owner="")
        )

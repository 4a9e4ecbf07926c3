"""The log of imports: when, who, which file, what it did, and what can still be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from console.core.context import Context
from console.core.customers.errors_workbook import replacing
from console.core.errors import UserError
from console.core.i18n import T
from console.core.security.permissions import Permission
from db.models import ImportBatch, ImportErrors, ImportState, User

__all__ = ["ImportRecord", "ImportState", "import_ids", "import_records", "save_errors_again"]


@dataclass(frozen=True, kw_only=True)
class ImportRecord:
    id: int
    at: datetime
    by: str
    file_name: str
    source: str
    state: ImportState
    read: int
    added: int
    updated: int
    unchanged: int
    invalid: int
    duplicates: int
    errors: int  # rows in the error workbook that was kept
    difference: dict[str, Any]  # Difference.dump()
    control: dict[str, Any]
    undone_by: str
    undone_at: datetime | None


def import_ids(session: Session) -> list[int]:
    """Newest first; what is only being looked at is none."""
    query = select(ImportBatch.id).where(ImportBatch.state != ImportState.RUNNING).order_by(ImportBatch.id.desc())
    return list(session.scalars(query))


def import_records(session: Session, ids: Sequence[int]) -> list[ImportRecord]:
    """In the order of ``ids``."""
    undoer = aliased(User)
    query = (
        select(ImportBatch, User.display_name, undoer.display_name, ImportErrors.rows)
        .join(User, User.id == ImportBatch.created_by)
        .outerjoin(undoer, undoer.id == ImportBatch.undone_by)
        .outerjoin(ImportErrors, ImportErrors.import_id == ImportBatch.id)
        .where(ImportBatch.id.in_(ids))
    )
    found = {batch.id: _record(batch, by, undone_by, errors) for batch, by, undone_by, errors in session.execute(query)}
    return [found[id_] for id_ in ids if id_ in found]


def _record(batch: ImportBatch, by: str, undone_by: str | None, errors: int | None) -> ImportRecord:
    return ImportRecord(
        id=batch.id,
        at=batch.created_at,
        by=by,
        file_name=batch.file_name,
        source=batch.source,
        state=batch.state,
        read=batch.rows_read,
        added=batch.rows_added,
        updated=batch.rows_updated,
        unchanged=batch.rows_unchanged,
        invalid=batch.rows_invalid,
        duplicates=batch.rows_duplicate,
        errors=errors or 0,
        difference=batch.difference,
        control=batch.control,
        undone_by=undone_by or "",
        undone_at=batch.undone_at,
    )


def save_errors_again(ctx: Context, import_id: int, path: Path) -> int:
    """The rows that an import could not take, once more; how many.

    Raises NotPermitted, UserError, EnvironmentTrouble.
    """
    ctx.require(Permission.CUSTOMERS_IMPORT)
    with ctx.database.read() as session:
        kept = session.get(ImportErrors, import_id)
    if kept is None:
        raise UserError(T("No rows of this import were refused."))
    with replacing(path) as fresh:
        fresh.write_bytes(kept.workbook)
    with ctx.database.begin() as session:
        ctx.audit(session, "customer.import_errors", f"import:{import_id}", file=path.name, rows=kept.rows)
    return kept.rows

"""A file into the database: read, map, check, and commit in one go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import merging, staging
from console.core.customers.checking import BadRow, Checked, Problem, check
from console.core.customers.columns import FIELDS
from console.core.customers.errors_workbook import write_error_workbook
from console.core.customers.mapping import Mapping, header_digest, propose
from console.core.customers.workbook import Book, Sheet, read
from console.core.errors import UserError
from console.core.i18n import T
from console.core.security.permissions import Permission
from db.errors import DatabaseError
from db.models import ImportBatch, ImportMapping, ImportState

__all__ = [
    "BadRow", "Book", "Checked", "ImportResult", "Mapping", "Problem", "Sheet", "check", "commit", "discard_abandoned",
    "propose_mapping", "read", "write_error_workbook",
]  # fmt: skip

Progress = Callable[[int, int], None]  # done, of how many; may raise to cancel
ABANDONED = timedelta(hours=1)  # an import that still runs after this time has died
_STEPS = 6


class NothingToImport(UserError):
    def __init__(self) -> None:
        super().__init__(T("No row of the file can be imported."), T("Correct the rows or the columns first."))


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """rows_read = added + updated + unchanged + invalid + duplicates."""

    import_id: int
    rows_read: int
    added: int
    updated: int
    unchanged: int
    invalid: int
    duplicates: int
    customers: int  # who stood in the file
    customers_added: int
    refused: tuple[BadRow, ...]  # found wrong only beside what is stored; counted in invalid


def propose_mapping(ctx: Context, sheet: Sheet) -> Mapping:
    """What was settled for these headers before, else the likeliest."""
    with ctx.database.read() as session:
        saved = session.get(ImportMapping, header_digest(sheet.headers))
    if saved is not None:
        fields = tuple(saved.mapping.get("fields", ()))
        if len(fields) == len(sheet.headers) and all(key == "" or key in FIELDS for key in fields):
            return fields
    return propose(sheet.headers, sheet.samples())


def commit(ctx: Context, checked: Checked, progress: Progress | None = None) -> ImportResult:
    """Bring in every valid row, all of them or none. Raises NotPermitted, NothingToImport, and what ``progress`` does.

    Rows are staged in short transactions; one last transaction makes them visible. A crash before it leaves only
    staged rows, which nobody sees and the next import throws away.
    """
    ctx.require(Permission.CUSTOMERS_IMPORT)
    if not checked.valid:
        raise NothingToImport()
    report = progress or (lambda done, total: None)
    steps = max(1, len(checked.valid) // 4)  # the share of one statement in the progress
    total = len(checked.valid) + _STEPS * steps
    discard_abandoned(ctx)
    import_id = _open(ctx, checked)
    done = False
    try:
        staging.stage(ctx.database, import_id, checked, lambda staged: report(staged, total))
        result = _make_visible(ctx, import_id, checked, lambda step: report(len(checked.valid) + step * steps, total))
        done = True
    finally:
        if not done:
            with suppress(DatabaseError):  # the first error is the one to tell; what is left is thrown away later
                _throw_away(ctx, import_id)
    with suppress(DatabaseError), ctx.database.begin() as session:
        staging.unstage(session, import_id)
    report(total, total)
    return result


def discard_abandoned(ctx: Context) -> None:
    """Remove what imports that died have left."""
    query = select(ImportBatch.id).where(
        ImportBatch.state == ImportState.RUNNING, ImportBatch.created_at < ctx.clock.now() - ABANDONED
    )
    with ctx.database.read() as session:
        dead = session.scalars(query).all()
    for import_id in dead:
        _throw_away(ctx, import_id)


def _open(ctx: Context, checked: Checked) -> int:
    sheet = checked.sheet
    batch = ImportBatch(
        file_name=sheet.file_name[:255],
        file_digest=sheet.digest,
        sheet=sheet.name[:100],
        mapping=_by_header(sheet, checked.mapping),
        state=ImportState.RUNNING,
        rows_read=checked.rows_read,
        created_by=ctx.actor.user_id,
        created_at=ctx.clock.now(),
    )
    with ctx.database.begin() as session:
        session.add(batch)
        session.flush()
        return batch.id


def _by_header(sheet: Sheet, mapping: Mapping) -> dict[str, str]:
    named: dict[str, str] = {}
    for column, (header, key) in enumerate(zip(sheet.headers, mapping, strict=True), 1):
        named[header if header not in named else f"{header} ({column})"] = key
    return named


def _make_visible(ctx: Context, import_id: int, checked: Checked, step: Callable[[int], None]) -> ImportResult:
    now, fields = ctx.clock.now(), checked.fields
    with ctx.database.begin() as session:
        if not all(checked.columns.get("number", [""])):
            merging.find_known(session, import_id)
        reasons = merging.refuse_foreign_loans(session, import_id) if "loan_number" in fields else {}
        step(1)
        counts = merging.count(session, import_id, fields)
        step(2)
        merging.merge_customers(session, import_id, fields, now)
        step(3)
        if "loan_number" in fields:
            merging.merge_loans(session, import_id, fields, now)
        step(4)
        customers = merging.remember_customers(session, import_id)
        if "consent" in fields:
            merging.merge_consents(session, import_id, _evidence(checked), now)
        step(5)
        refused = tuple(
            BadRow(row - checked.sheet.first_row, row, (Problem("loan_number", why),))
            for row, why in sorted(reasons.items())
        )
        result = ImportResult(
            import_id=import_id,
            rows_read=checked.rows_read,
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            invalid=len(checked.invalid) + len(refused),
            duplicates=len(checked.duplicates),
            customers=customers,
            customers_added=counts.customers_added,
            refused=refused,
        )
        _close(ctx, session, checked, result)
    return result


def _evidence(checked: Checked) -> str:
    return f"{checked.sheet.file_name[:200]} #{checked.sheet.digest[:12]}"


def _close(ctx: Context, session: Session, checked: Checked, result: ImportResult) -> None:
    opened = update(ImportBatch).where(ImportBatch.id == result.import_id, ImportBatch.state == ImportState.RUNNING)
    session.execute(
        opened.values(
            state=ImportState.DONE,
            rows_added=result.added,
            rows_updated=result.updated,
            rows_unchanged=result.unchanged,
            rows_invalid=result.invalid,
        )
    )
    session.merge(
        ImportMapping(
            header_digest=header_digest(checked.sheet.headers),
            mapping={"fields": list(checked.mapping)},
            updated_at=ctx.clock.now(),
        )
    )
    ctx.audit(
        session,
        "customer.import",
        f"import:{result.import_id}",
        file=checked.sheet.file_name,
        digest=checked.sheet.digest,
        rows=result.rows_read,
        added=result.added,
        updated=result.updated,
        unchanged=result.unchanged,
        invalid=result.invalid,
        duplicates=result.duplicates,
    )


def _throw_away(ctx: Context, import_id: int) -> None:
    with ctx.database.begin() as session:
        staging.unstage(session, import_id)
        session.execute(
            delete(ImportBatch).where(ImportBatch.id == import_id, ImportBatch.state == ImportState.RUNNING)
        )

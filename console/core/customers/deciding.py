"""The decision on an import: which rows leave alone what is stored, what comes of all, and that it is on record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.choices import Choices, control
from console.core.customers.difference import Difference
from console.core.customers.effects import Effect
from console.core.customers.errors_workbook import error_workbook
from console.core.customers.imports import ImportUnderway, history, settled
from console.core.customers.mapping import header_digest
from console.core.customers.preparing import Prepared, mark_kept
from console.core.customers.previous import COMPLETES
from console.core.customers.problems import BadRow, Policy
from console.core.customers.staging import Desk
from console.core.customers.totals import Line
from console.core.errors import UserError
from console.core.i18n import T
from db.models import ImportBatch, ImportErrors, ImportMapping, ImportState

ERROR_ROWS = 20_000  # more are not kept with the log of imports


class Outdated(UserError):
    """What was shown is not what would happen any more."""

    def __init__(self) -> None:
        super().__init__(
            T("Another import has changed the customer file since this file was looked at."),
            T("Look at what will happen now, and import it then."),
        )


class TotalsDiffer(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("The file does not hold what its sender states."),
            T("Ask the sender, or confirm that it is to be imported all the same."),
        )


class Undecided(UserError):
    def __init__(self, rows: int) -> None:
        super().__init__(
            T("{count} rows would change what is stored, and nobody has decided on them yet.", count=rows),
            T("Choose for each whether the file or what is stored counts."),
        )


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """rows_read = added + updated + unchanged + invalid + duplicates."""

    import_id: int
    rows_read: int
    added: int
    updated: int
    unchanged: int  # kept ones included
    invalid: int
    duplicates: int
    customers: int  # who stood in the file
    customers_added: int
    refused: tuple[BadRow, ...]  # found wrong only beside what is stored; counted in invalid


def mark_choices(desk: Desk, prepared: Prepared, choices: Choices) -> ImportResult:
    """Mark the rows that leave alone what is stored; what comes of all. Raises Undecided."""
    kept = _kept(prepared, choices)
    mark_kept(desk, prepared, kept)
    return _result(prepared, kept)


def decide(
    ctx: Context,
    session: Session,
    prepared: Prepared,
    choices: Choices,
    difference: Difference,
    result: ImportResult,
) -> None:
    """From the commit on it will be whole. Raises TotalsDiffer, ImportUnderway, Outdated."""
    checked, lines = prepared.checked, control(prepared.checked, choices.stated)
    if any(line.differs for line in lines) and not choices.confirmed:
        raise TotalsDiffer()
    if not settled(session):
        raise ImportUnderway()
    if history(session) != prepared.history:
        raise Outdated()
    now, errors = ctx.clock.now(), _errors(prepared, result)
    decided = session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == prepared.import_id, ImportBatch.state == ImportState.RUNNING)
        .where(ImportBatch.owner == prepared.worker)
        .values(
            state=ImportState.APPLYING,
            source=difference.source,
            previous_id=difference.previous_id,
            control=_control(lines, confirmed=choices.confirmed) | ({COMPLETES: True} if difference.completes else {}),
            difference=difference.dump(),
            retire_gone=choices.retire_gone,
            rows_added=result.added,
            rows_updated=result.updated,
            rows_unchanged=result.unchanged,
            rows_invalid=result.invalid,
            rows_duplicate=result.duplicates,
            decided_at=now,
            touched_at=now,
        )
    )
    if decided.rowcount != 1:  # type: ignore[attr-defined]
        raise Outdated()
    session.merge(
        ImportMapping(
            header_digest=header_digest(checked.sheet.headers),
            mapping={"fields": list(checked.mapping), "source": difference.source},
            updated_at=now,
        )
    )
    if errors is not None:
        session.merge(errors)
    _audit(ctx, session, prepared, choices, difference, lines, result)


def _kept(prepared: Prepared, choices: Choices) -> Collection[int]:
    """Positions of rows that leave alone what is stored."""
    if choices.known is Policy.UPDATE:
        return ()
    touching = [at for at, one in prepared.known.items() if one.changes]
    if choices.known is Policy.KEEP:
        return touching
    undecided = [at for at in touching if at not in choices.kept and at not in choices.taken]
    if undecided:
        raise Undecided(len(undecided))
    return [at for at in touching if at in choices.kept]


def _result(prepared: Prepared, kept: Collection[int]) -> ImportResult:
    checked, refused = prepared.checked, tuple(sorted(prepared.refused.values(), key=lambda each: each.row))
    stored = [one.effect for one in prepared.known.values()]
    changed = sum(effect is Effect.CHANGED for effect in stored)
    left_alone = sum(prepared.known[at].effect is Effect.CHANGED for at in kept)
    unchanged = sum(effect is Effect.SAME for effect in stored)
    return ImportResult(
        import_id=prepared.import_id,
        rows_read=checked.rows_read,
        added=len(checked.valid) - len(refused) - changed - unchanged,
        updated=changed - left_alone,
        unchanged=unchanged + left_alone,
        invalid=len(checked.invalid) + len(refused),
        duplicates=len(checked.duplicates),
        customers=prepared.customers,
        customers_added=prepared.customers_added,
        refused=refused,
    )


def _control(lines: tuple[Line, ...], *, confirmed: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {line.key: {"found": line.found, "stated": line.stated} for line in lines}
    return shown | ({"confirmed": True} if confirmed and any(line.differs for line in lines) else {})


def _errors(prepared: Prepared, result: ImportResult) -> ImportErrors | None:
    checked = prepared.checked
    bad = sorted((*checked.invalid, *result.refused), key=lambda each: each.row)[:ERROR_ROWS]
    if not bad:
        return None
    file = BytesIO()
    error_workbook(checked.sheet, bad, file)
    return ImportErrors(import_id=prepared.import_id, rows=len(bad), workbook=file.getvalue())


def _audit(
    ctx: Context,
    session: Session,
    prepared: Prepared,
    choices: Choices,
    difference: Difference,
    lines: tuple[Line, ...],
    result: ImportResult,
) -> None:
    differing = {line.key: f"{line.found} / {line.stated}" for line in lines if line.differs}
    more: dict[str, object] = {"totals_confirmed": differing} if differing else {}
    if choices.known is not Policy.UPDATE:
        more["policy"] = choices.known.value
    if choices.retire_gone:
        more["retire_gone"] = difference.gone
    ctx.audit(
        session,
        "customer.import",
        f"import:{prepared.import_id}",
        file=prepared.checked.sheet.file_name,
        digest=prepared.checked.sheet.digest,
        source=difference.source,
        rows=result.rows_read,
        added=result.added,
        updated=result.updated,
        unchanged=result.unchanged,
        invalid=result.invalid,
        duplicates=result.duplicates,
        **more,
    )

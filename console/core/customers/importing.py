"""A file into the database: read, map, check, look at what it will do, decide, and write.

One transaction does all of it where no line sends and the file is not very large (``_at_once``). Whoever approves or
resumes meanwhile on an embedded database waits for its end, some seconds, before the first message may leave; so no
line that sends waits, and whether one does is asked in the transaction itself. Else it goes by stages (``_by_stages``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import fields as own
from console.core.customers import staging
from console.core.customers.applying import TakenOver, Told, TooSlow, apply, ended, write_all
from console.core.customers.checking import BadRow, Checked, Policy, Problem, check
from console.core.customers.columns import FIELDS, own_fields
from console.core.customers.difference import Difference, difference_in, difference_of
from console.core.customers.effects import Effect
from console.core.customers.errors_workbook import error_workbook, write_error_workbook
from console.core.customers.imports import ImportUnderway, history, lines_send, settled, this_worker
from console.core.customers.mapping import Fields, header_digest, propose
from console.core.customers.mapping import Mapping as Columns
from console.core.customers.preparing import (
    NothingToImport,
    Prepared,
    Progress,
    discard_abandoned,
    fits,
    mark_kept,
    mark_same,
    opened,
    prepare,
    prepare_for_all,
    prepare_on,
    throw_away,
)
from console.core.customers.recovery import complete_abandoned, release
from console.core.customers.sources import source_of
from console.core.customers.totals import Line, compared, stated_in_name
from console.core.customers.workbook import Book, Sheet, read
from console.core.errors import UserError
from console.core.i18n import T
from console.core.quiet import collector_paused
from console.core.security.permissions import Permission
from db import bulk
from db.errors import DatabaseError
from db.models import ImportBatch, ImportErrors, ImportMapping, ImportState

__all__ = [
    "BadRow",
    "Book",
    "Checked",
    "Choices",
    "Columns",
    "ImportResult",
    "NothingToImport",
    "Policy",
    "Prepared",
    "Problem",
    "Progress",
    "Proposal",
    "Sheet",
    "check",
    "commit",
    "complete_abandoned",
    "control",
    "difference_of",
    "discard_abandoned",
    "prepare",
    "proposal",
    "propose_mapping",
    "read",
    "throw_away",
    "write_error_workbook",
]  # fmt: skip

ROOM = 256 * 1024  # KiB of the file that may stay in memory while an import is written
ERROR_ROWS = 20_000  # more are not kept with the log of imports
LISTED = 200  # numbers of customers and loans that are gone, kept with the difference


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
class Choices:
    """What a person settles beside the columns."""

    source: str | None = None  # who sends such files; None: as its name and headers suggest
    known: Policy = Policy.UPDATE  # where the customer or loan is stored already
    kept: frozenset[int] = frozenset()  # positions of rows whose stored values stay, with ASK
    taken: frozenset[int] = frozenset()  # positions whose values from the file count, with ASK
    stated: Mapping[str, int] = field(default_factory=dict)  # totals typed in: rows, and fen by field
    confirmed: bool = False  # although totals differ
    retire_gone: bool = False  # customers who are gone since the batch before become inactive


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


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is known of such a sheet before anybody has looked at it."""

    mapping: Columns
    source: str
    extra: Fields  # the administrator's fields


def proposal(ctx: Context, sheet: Sheet) -> Proposal:
    """What was settled for these headers before, else the likeliest."""
    with ctx.database.read() as session:
        saved = session.get(ImportMapping, header_digest(sheet.headers))
        extra = own_fields(own.fields(session))
    source = source_of(sheet.file_name)
    if saved is not None:
        source = str(saved.mapping.get("source") or source)
        fields = tuple(saved.mapping.get("fields", ()))
        if len(fields) == len(sheet.headers) and all(key == "" or key in FIELDS or key in extra for key in fields):
            return Proposal(mapping=fields, source=source, extra=extra)
    return Proposal(mapping=propose(sheet.headers, sheet.samples(), extra), source=source, extra=extra)


def propose_mapping(ctx: Context, sheet: Sheet) -> Columns:
    return proposal(ctx, sheet).mapping


def control(checked: Checked, typed: Mapping[str, int] | None = None) -> tuple[Line, ...]:
    """The totals of a file beside what its sender states: typed in, below the table, or in the file's name."""
    in_name = stated_in_name(checked.sheet.file_name)
    return compared(checked.rows_read, checked.sums, checked.stated, in_name, typed or {})


def commit(
    ctx: Context,
    given: Checked | Prepared,
    progress: Progress | None = None,
    told: Told | None = None,
    *,
    choices: Choices | None = None,
) -> ImportResult:
    """Bring in every valid row, all of them or none.

    ``progress`` may raise to cancel, until the import is decided; from then on ``told`` reports, and must not raise.
    A crash before the decision leaves nothing; one after it leaves nothing either, or what whoever looks next writes to
    its end.
    Raises NotPermitted, NothingToImport, Outdated, TotalsDiffer, Undecided, ImportUnderway, and what ``progress`` does.
    """
    ctx.require(Permission.CUSTOMERS_IMPORT)
    complete_abandoned(ctx)
    choices = choices or Choices()
    checked = given.checked if isinstance(given, Prepared) else given
    with collector_paused():
        if fits(checked) and not (isinstance(given, Prepared) and given.import_id):
            done = _at_once(ctx, given, checked, choices, progress, told)
            if done is not None:
                return done
        return _by_stages(ctx, given, choices, progress, told)  # a collection among a million cells holds up a span


def _at_once(
    ctx: Context,
    given: Checked | Prepared,
    checked: Checked,
    choices: Choices,
    progress: Progress | None,
    told: Told | None,
) -> ImportResult | None:
    """Everything in one transaction, from the comparison to the end; None where that would hold up others."""
    made = staging.make(ctx.database, checked)
    try:
        with ctx.database.begin(large=True) as session, bulk.roomy(session, min(ROOM, len(checked.valid) * 3 + 65_536)):
            if lines_send(session, ctx.clock.now()):
                return None
            worker = this_worker()
            import_id = opened(ctx, session, checked, worker)
            with staging.private(session) as desk:
                prepared = prepare_on(ctx, desk, import_id, worker, checked, made, progress)
                if isinstance(given, Prepared) and prepared.history != given.history:
                    raise Outdated()
                difference = difference_in(session, prepared, choices.source)
                kept = _kept(prepared, choices)
                mark_kept(desk, prepared, kept)
                mark_same(desk, prepared)
                result = _result(prepared, kept)
                _decided(ctx, session, prepared, choices, difference, result)
                write_all(ctx, session, session.get_one(ImportBatch, import_id), told, prepared.touched())
                ended(ctx, session, import_id, ImportState.DONE)
            return result
    except TooSlow:
        return None


def _by_stages(
    ctx: Context,
    given: Checked | Prepared,
    choices: Choices,
    progress: Progress | None,
    told: Told | None,
) -> ImportResult:
    """Staged for all to see, decided in one small transaction, written span by span."""
    ours = not (isinstance(given, Prepared) and given.import_id)
    prepared = _staged(ctx, given, progress)
    decided = False
    try:
        difference = difference_of(ctx, prepared, choices.source)
        result = _decide(ctx, prepared, choices, difference)
        decided = True
    finally:
        if not decided and ours:
            with suppress(DatabaseError):
                throw_away(ctx, prepared.import_id)
    written = False
    try:
        apply(ctx, prepared.import_id, prepared.worker, told)
        written = True
    except TakenOver:  # this process was silent for long, and another one went on
        written = True
    finally:
        if not written:
            with suppress(DatabaseError):
                release(ctx, prepared.import_id, prepared.worker)
    return result


def _staged(ctx: Context, given: Checked | Prepared, progress: Progress | None) -> Prepared:
    """The file with its rows staged for all to see."""
    if not isinstance(given, Prepared):
        return prepare_for_all(ctx, given, progress)
    if given.import_id:
        return given
    prepared = prepare_for_all(ctx, given.checked, progress)
    if prepared.history != given.history:
        throw_away(ctx, prepared.import_id)
        raise Outdated()
    return prepared


def _decide(ctx: Context, prepared: Prepared, choices: Choices, difference: Difference) -> ImportResult:
    kept = _kept(prepared, choices)
    mark_kept(ctx.database, prepared, kept)
    result = _result(prepared, kept)
    with ctx.database.begin() as session:
        _decided(ctx, session, prepared, choices, difference, result)
    return result


def _decided(
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
            control=_control(lines, confirmed=choices.confirmed),
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

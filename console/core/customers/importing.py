"""A file into the database: read, map, check, look at what it will do, decide, and write.

One transaction does all of it where no line sends and the file is not very large (``_at_once``). Whoever approves or
resumes meanwhile on an embedded database waits for its end, some seconds, before the first message may leave; so no
line that sends waits, and whether one does is asked in the transaction itself. Else it goes by stages (``_by_stages``).
"""

from __future__ import annotations

from contextlib import suppress

from console.core.context import Context
from console.core.customers import staging
from console.core.customers.applying import TakenOver, Told, TooSlow, apply, ended, write_all
from console.core.customers.checking import Checked, check
from console.core.customers.choices import Choices, control, proposal
from console.core.customers.deciding import ImportResult, Outdated, TotalsDiffer, Undecided, decide, mark_choices
from console.core.customers.difference import difference_in, difference_of
from console.core.customers.errors_workbook import write_error_workbook
from console.core.customers.imports import lines_send, this_worker
from console.core.customers.preparing import (
    NothingToImport,
    Prepared,
    Progress,
    discard_abandoned,
    fits,
    mark_same,
    opened,
    prepare,
    prepare_for_all,
    prepare_on,
    throw_away,
)
from console.core.customers.problems import BadRow, Policy
from console.core.customers.recovery import complete_abandoned, release
from console.core.customers.workbook import Book, Sheet, read
from console.core.quiet import collector_paused
from console.core.security.permissions import Permission
from db import bulk
from db.errors import DatabaseError
from db.models import ImportBatch, ImportState

__all__ = [
    "BadRow",
    "Book",
    "Checked",
    "Choices",
    "ImportResult",
    "NothingToImport",
    "Outdated",
    "Policy",
    "Prepared",
    "Sheet",
    "TotalsDiffer",
    "Undecided",
    "check",
    "commit",
    "complete_abandoned",
    "control",
    "discard_abandoned",
    "prepare",
    "proposal",
    "read",
    "throw_away",
    "write_error_workbook",
]  # fmt: skip

ROOM = 256 * 1024  # KiB of the file that may stay in memory while an import is written


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
    In one transaction it is decided with its last row only.
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
            done = _at_once(ctx, given, checked, choices, progress or told or _nobody)
            if done is not None:
                return done
        return _by_stages(ctx, given, choices, progress, told)  # a collection among a million cells holds up a span


def _at_once(
    ctx: Context,
    given: Checked | Prepared,
    checked: Checked,
    choices: Choices,
    progress: Progress,
) -> ImportResult | None:
    """Everything in one transaction, from the comparison to the end; None where that would hold up others."""
    looked = whole = 0

    def look(done: int, total: int) -> None:
        nonlocal looked
        looked = total
        progress(done, total + len(checked.valid))

    def write(done: int, total: int) -> None:
        nonlocal whole
        whole = looked + total
        progress(looked + done, whole)

    made = staging.make(ctx.database, checked)
    try:
        with ctx.database.begin(large=True) as session, bulk.roomy(session, min(ROOM, len(checked.valid) * 3 + 65_536)):
            if lines_send(session, ctx.clock.now()):
                return None
            worker = this_worker()
            import_id = opened(ctx, session, checked, worker)
            with staging.private(session) as desk:
                prepared = prepare_on(ctx, desk, import_id, worker, checked, made, look)
                if isinstance(given, Prepared) and prepared.history != given.history:
                    raise Outdated()
                difference = difference_in(session, prepared, choices.source)
                result = mark_choices(desk, prepared, choices)
                mark_same(desk, prepared)
                decide(ctx, session, prepared, choices, difference, result)
                write_all(ctx, session, session.get_one(ImportBatch, import_id), write, prepared.touched())
                ended(ctx, session, import_id, ImportState.DONE)
            progress(whole, whole)  # building the indexes took its time: the last moment to cancel
            return result
    except TooSlow:
        return None


def _nobody(_done: int, _total: int) -> None:
    """Whom nobody told to report to."""


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
        result = mark_choices(ctx.database, prepared, choices)
        with ctx.database.begin() as session:
            decide(ctx, session, prepared, choices, difference, result)
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

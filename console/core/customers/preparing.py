"""A checked file beside what is stored: what each row will do, before anything is decided.

a file like every morning's    staged in private, compared, forgotten: nobody waits, nothing is left
a very large one               staged for all to see, in short transactions, and written from there
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, literal, not_, or_, select, update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import plans, staging
from console.core.customers.checking import BadRow, Checked, Problem
from console.core.customers.effects import Effect, Known, bad_row
from console.core.customers.imports import ABANDONED, history, is_dead, silent, this_worker
from console.core.customers.staging import Desk, Made
from console.core.customers.values import FOLLOWS, PERSON, TERMS, C, L, Merge, S, given
from console.core.errors import UserError
from console.core.i18n import T
from console.core.quiet import collector_paused
from console.core.security.permissions import Permission
from db.errors import DatabaseError
from db.models import ImportBatch, ImportState, LoanState
from db.paging import chunked

Progress = Callable[[int, int], None]  # done, of how many; may raise to cancel
AT_ONCE = 200_000  # rows of a file that is staged in memory: some 200 MB beside those of the file
_CHUNK = 5_000


class NothingToImport(UserError):
    def __init__(self) -> None:
        super().__init__(T("No row of the file can be imported."), T("Correct the rows or the columns first."))


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A file beside what is stored. ``known`` has the rows of which something is; all the others are new."""

    import_id: int  # 0: nothing of it is staged any more
    worker: str
    history: tuple[int, int]  # of the imports before it
    checked: Checked
    names: tuple[str, ...]  # columns that may change
    known: dict[int, Known]  # by position in ``checked.valid``
    refused: dict[int, BadRow] = field(default_factory=dict)  # by position: wrong only beside what is stored
    staged_ids: dict[int, int] = field(default_factory=dict)  # by position, of the rows in ``known``
    customers: int = 0
    customers_added: int = 0

    def touched(self) -> frozenset[Any]:
        """Of the tables of customers and loans those where it may change or bring anything."""
        new = len(self.known) + len(self.refused) < len(self.checked.valid)
        if new or self.checked.instalments or any(one.effect is Effect.NEW for one in self.known.values()):
            return frozenset((C, L))
        changes = functools.reduce(operator.or_, (one.changes for one in self.known.values()), 0)
        names = {name for bit, name in enumerate(self.names) if changes >> bit & 1}
        return frozenset(table for table, columns in ((C, PERSON), (L, TERMS)) if not names.isdisjoint(columns))

    def effect(self, position: int) -> Effect | None:
        """None for a row that is refused."""
        if position in self.refused:
            return None
        known = self.known.get(position)
        return known.effect if known else Effect.NEW

    def changed_names(self, position: int) -> list[str]:
        known = self.known.get(position)
        return [name for bit, name in enumerate(self.names) if known and known.changes >> bit & 1]

    def positions(self, effect: Effect) -> list[int]:
        return [at for at in range(len(self.checked.valid)) if self.effect(at) is effect]


def prepare(ctx: Context, checked: Checked, progress: Progress | None = None) -> Prepared:
    """Look at what a file will do. Raises NotPermitted, NothingToImport, and what ``progress`` does."""
    ctx.require(Permission.CUSTOMERS_IMPORT)
    if not fits(checked):
        return prepare_for_all(ctx, checked, progress)
    made = staging.make(ctx.database, checked)
    with ctx.database.aside() as session, staging.private(session) as desk:
        return prepare_on(ctx, desk, 0, "", checked, made, progress)


def fits(checked: Checked) -> bool:
    """Whether it may be staged in memory. Raises NothingToImport."""
    if not checked.valid:
        raise NothingToImport()
    return len(checked.valid) <= AT_ONCE


def prepare_for_all(ctx: Context, checked: Checked, progress: Progress | None = None) -> Prepared:
    """The same, and what is staged stays: to be written from there, or thrown away."""
    discard_abandoned(ctx)
    worker, made = this_worker(), staging.make(ctx.database, checked)
    with ctx.database.begin() as session:
        import_id = opened(ctx, session, checked, worker)
    done = False
    try:
        prepared = prepare_on(ctx, ctx.database, import_id, worker, checked, made, progress)
        done = True
    finally:
        if not done:
            with suppress(DatabaseError):  # the first error is the one to tell; what is left is thrown away later
                throw_away(ctx, import_id)
    return prepared


def prepare_on(
    ctx: Context, desk: Desk, import_id: int, worker: str, checked: Checked, made: Made, progress: Progress | None
) -> Prepared:
    report, total = progress or (lambda done, total: None), len(checked.valid) * 4 // 3 + 1
    staging.stage(ctx, desk, import_id, made, lambda staged: report(min(staged, total - 1), total))
    prepared = _looked_at(desk, import_id, worker, checked)
    report(total, total)
    return prepared


def throw_away(ctx: Context, import_id: int) -> None:
    """Forget a file that was staged; nothing where it was not, or has been decided on."""
    if not import_id:
        return
    with ctx.database.begin() as session:
        gone = session.execute(
            delete(ImportBatch).where(ImportBatch.id == import_id, ImportBatch.state == ImportState.RUNNING)
        )
    if gone.rowcount:  # type: ignore[attr-defined]
        staging.unstage(ctx, import_id)


def discard_abandoned(ctx: Context) -> None:
    """Remove what imports that died before they were decided have left."""
    query = select(ImportBatch.id, ImportBatch.owner, silent(ctx.clock.now(), ABANDONED)).where(
        ImportBatch.state == ImportState.RUNNING
    )
    needed = select(ImportBatch.id).where(ImportBatch.state.in_((ImportState.RUNNING, ImportState.APPLYING)))
    left = [select(each.c.import_id).where(each.c.import_id.not_in(needed)).limit(1) for each in (S, plans.P)]
    with ctx.database.read() as session:
        running = session.execute(query).all()
        ownerless = {found for each in left if (found := session.scalar(each)) is not None}
    for import_id, owner, old in running:
        if old or is_dead(owner):
            throw_away(ctx, import_id)
    for import_id in ownerless:
        staging.unstage(ctx, import_id)


def opened(ctx: Context, session: Session, checked: Checked, worker: str) -> int:
    """A new line in the log of imports."""
    sheet, now = checked.sheet, ctx.clock.now()
    named: dict[str, str] = {}
    for column, (header, key) in enumerate(zip(sheet.headers, checked.mapping, strict=True), 1):
        named[header if header not in named else f"{header} ({column})"] = key
    batch = ImportBatch(
        file_name=sheet.file_name[:255],
        file_digest=sheet.digest,
        sheet=sheet.name[:100],
        mapping=named,
        state=ImportState.RUNNING,
        rows_read=checked.rows_read,
        owner=worker,
        touched_at=now,
        created_by=ctx.actor.user_id,
        created_at=now,
    )
    session.add(batch)
    session.flush()
    return batch.id


def _looked_at(desk: Desk, import_id: int, worker: str, checked: Checked) -> Prepared:
    fields = checked.fields
    if not checked.plan_only and not all(checked.columns.get("number", [""])):
        _find_known(desk, import_id)
    names = tuple(name for name in (*given(fields, PERSON), *given(fields, TERMS)) if name not in FOLLOWS)
    names += tuple(plans.NAMED[name] for name in plans.given(fields))
    place = {checked.sheet.first_row + index: position for position, index in enumerate(checked.valid)}
    known: dict[int, Known] = {}
    ids: dict[int, int] = {}
    with desk.read() as session:
        past = history(session)
        foreign: dict[int, int] = {}
        if not checked.plan_only:
            rows = session.connection().execute(_rows(session, import_id, fields)).all()
            with collector_paused():
                for id_, row, leads, says_loan, customer_id, loan_id, loan_of, changes, paid in rows:
                    position = place[row]
                    ids[position] = id_
                    if loan_of is not None and loan_of != customer_id:
                        foreign[position] = loan_of
                    new = (leads and customer_id is None) or (says_loan and loan_id is None)
                    effect = Effect.NEW if new else Effect.CHANGED if changes else Effect.SAME
                    known[position] = Known(customer_id, loan_id, effect, changes, bool(paid))
        refused = _foreign(session, checked, foreign)
        if "sequence" in checked.columns:
            refused.update(plans.look(session, import_id, checked, place, known, len(names)))
    if refused:
        _take_out(desk, import_id, checked, refused)
        known = {at: one for at, one in known.items() if at not in refused}
    led = select(func.count()).where(S.c.import_id == import_id, S.c.leads)
    with desk.read() as session:
        people = session.scalars(led).one()
    stored = 0 if checked.plan_only else len({one.customer_id for one in known.values()} - {None})
    return Prepared(
        import_id=import_id,
        worker=worker,
        history=past,
        checked=checked,
        names=names,
        known=known,
        refused=refused,
        staged_ids=ids,
        customers=people,
        customers_added=people - stored,
    )


def _rows(session: Session, import_id: int, fields: Collection[str]) -> Any:
    """The staged rows of which something is stored."""
    merge = Merge(sqlite_=session.connection().dialect.name == "sqlite")
    person = [name for name in given(fields, PERSON) if name not in FOLLOWS]
    terms = [name for name in given(fields, TERMS) if name not in FOLLOWS]
    changes: ColumnElement[int] = literal(0)
    stored = [and_(S.c.leads, C.c.id.is_not(None), merge.differs(name, S.c, C.c)) for name in person]
    stored += [and_(L.c.id.is_not(None), merge.differs(name, S.c, L.c)) for name in terms]
    for bit, differs in enumerate(stored):
        changes = changes + case((differs, 1 << bit), else_=0)
    rows = S.outerjoin(C, C.c.number == S.c.number)
    rows = rows.outerjoin(L, and_(S.c.loan_number != "", L.c.number == S.c.loan_number))
    columns = (S.c.id, S.c.row, S.c.leads, S.c.loan_number != "", C.c.id, L.c.id, L.c.customer_id)
    query = select(*columns, changes, _paid(fields)).select_from(rows)
    return query.where(S.c.import_id == import_id, or_(C.c.id.is_not(None), L.c.id.is_not(None))).order_by(S.c.id)


def _paid(fields: Collection[str]) -> ColumnElement[bool]:
    says: list[ColumnElement[bool]] = []
    if "state" in fields:
        says.append(S.c.state == LoanState.SETTLED.value)
    if "amount_due" in fields:
        says.append(S.c.amount_due == 0)
    owed = and_(L.c.state.in_((LoanState.ACTIVE, LoanState.OVERDUE)), or_(L.c.amount_due > 0, L.c.amount_due.is_(None)))
    return and_(owed, or_(*says)) if says else literal(0) == 1


def _foreign(session: Session, checked: Checked, foreign: dict[int, int]) -> dict[int, BadRow]:
    """Rows whose loan belongs to another stored customer."""
    owners: dict[int, str] = {}
    for ids in chunked(sorted(set(foreign.values())), 500):
        owners.update(
            (id_, number) for id_, number in session.execute(select(C.c.id, C.c.number).where(C.c.id.in_(ids)))
        )
    return {
        at: bad_row(checked, at, Problem("loan_number", T("the loan belongs to customer {number}", number=owners[of])))
        for at, of in foreign.items()
    }


def _find_known(desk: Desk, import_id: int) -> None:
    """Give rows without a customer number the number of the stored customer with the same phone and name."""
    known = (
        select(func.min(C.c.number)).where(C.c.phone == S.c.phone, C.c.name == S.c.name).correlate(S).scalar_subquery()
    )
    with desk.read() as session:
        ids = session.scalars(
            select(S.c.id).where(S.c.import_id == import_id, not_(S.c.numbered)).order_by(S.c.id)
        ).all()
    for chunk in chunked(ids, _CHUNK // 5):
        mine = and_(S.c.import_id == import_id, not_(S.c.numbered), S.c.id >= chunk[0], S.c.id <= chunk[-1])
        with desk.begin() as session:
            session.execute(update(S).where(mine).values(number=func.coalesce(known, S.c.number)))
    with desk.read() as session:
        rows = session.execute(
            select(S.c.id, S.c.number, S.c.numbered, S.c.leads).where(S.c.import_id == import_id, S.c.leads)
        ).all()
    numbered = {row.number for row in rows if row.numbered}
    _set(desk, S, [row.id for row in rows if not row.numbered and row.number in numbered], leads=False)


def _take_out(desk: Desk, import_id: int, checked: Checked, refused: Iterable[int]) -> None:
    """Remove refused rows; another row of their customer leads in their place."""
    numbers = sorted(checked.sheet.first_row + checked.valid[at] for at in refused)
    for table in (S, plans.P):
        for chunk in chunked(numbers, 500):
            with desk.begin() as session:
                session.execute(table.delete().where(table.c.import_id == import_id, table.c.row.in_(chunk)))
    led = select(S.c.number).where(S.c.import_id == import_id, S.c.leads)
    leaderless = select(func.min(S.c.id)).where(S.c.import_id == import_id, S.c.number.not_in(led)).group_by(S.c.number)
    with desk.read() as session:
        ids = list(session.scalars(leaderless))
    _set(desk, S, ids, leads=True)


def mark_same(desk: Desk, prepared: Prepared) -> None:
    """Rows that say nothing new need not be compared again: only where nobody can have written since they were."""
    known = prepared.known
    if prepared.touched():
        same = [id_ for at, id_ in prepared.staged_ids.items() if at in known and known[at].effect is Effect.SAME]
        _set(desk, S, same, same=True)


def mark_kept(desk: Desk, prepared: Prepared, positions: Iterable[int]) -> None:
    """What is stored of these rows stays as it is."""
    _set(desk, S, [prepared.staged_ids[at] for at in positions if at in prepared.staged_ids], keeps=True)
    rows = [prepared.checked.sheet.first_row + prepared.checked.valid[at] for at in positions]
    if prepared.checked.instalments:
        plans.mark_kept(desk, prepared.import_id, rows)


def _set(desk: Desk, table: Any, ids: Sequence[int], **values: object) -> None:
    for chunk in chunked(sorted(ids), 500):
        with desk.begin() as session:
            session.execute(update(table).where(table.c.id.in_(chunk)).values(**values))

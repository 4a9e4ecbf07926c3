"""A whole import taken back, while nothing has come of it: what it wrote over returns, what it added goes.

decide    batch UNDOING                       one small transaction
spans     before-images back, added rows out  as short as those of the import; whoever finds it goes on
finish    batch UNDONE                        one small transaction
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Date, LargeBinary, Table, bindparam, delete, exists, select, update
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.applying import Step, Told, finish, span_by_span
from console.core.customers.imports import this_worker
from console.core.customers.values import C, L
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.base import Base, EnumValue, Money, UtcDateTime
from db.models import (
    Batch,
    BatchState,
    Campaign,
    CampaignState,
    ChangeKind,
    Consent,
    CustomerPhone,
    ImportBatch,
    ImportChange,
    ImportedCustomer,
    ImportedLoan,
    ImportState,
    Instalment,
    Message,
)
from db.paging import chunked

TABLES: Mapping[ChangeKind, Any] = {
    ChangeKind.CUSTOMER: C,
    ChangeKind.LOAN: L,
    ChangeKind.INSTALMENT: Instalment.__table__,
    ChangeKind.CONSENT: Consent.__table__,
    ChangeKind.PHONE: CustomerPhone.__table__,
}
_J: Any = ImportChange.__table__
_NOTED = ("contact", "circumstance")  # staff wrote these, although they would go with their customer
_OWN = {  # rows that go with a customer or a loan, and how an import marks those that it added itself
    (ChangeKind.CONSENT, "customer_id"),
    (ChangeKind.PHONE, "customer_id"),
    (ChangeKind.INSTALMENT, "loan_id"),
}


class UndoRefused(UserError):
    """Something has come of the import already."""


def undo(ctx: Context, import_id: int, told: Told | None = None) -> None:
    """Take an import back. Raises NotPermitted, UndoRefused with the reason."""
    ctx.require(Permission.CUSTOMERS_IMPORT)
    with ctx.database.read() as session:
        _require_untouched(session, import_id, ImportState.DONE)
    worker = this_worker()
    with ctx.database.begin() as session:
        _decide(ctx, session, import_id, worker)
    try:  # what was prepared until the decision shows now, and nothing can be prepared after it
        with ctx.database.read() as session:
            _require_untouched(session, import_id, ImportState.UNDOING)
            if session.scalar(select(Campaign.id).where(Campaign.state == CampaignState.FREEZING).limit(1)) is not None:
                raise UndoRefused(T("A campaign is being prepared at this moment."), T("Try again when it is."))
    except UndoRefused:
        _take_back(ctx, import_id, worker)
        raise
    unwrite(ctx, import_id, worker, told)


def why_not(session: Session, import_id: int) -> Text | None:
    """Why an import cannot be undone (any more), or None."""
    try:
        _require_untouched(session, import_id, ImportState.DONE)
    except UndoRefused as refused:
        return refused.message
    return None


def _decide(ctx: Context, session: Session, import_id: int, worker: str) -> None:
    now = ctx.clock.now()
    decided = session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == import_id, ImportBatch.state == ImportState.DONE)
        .values(state=ImportState.UNDOING, owner=worker, touched_at=now, undone_by=ctx.actor.user_id, undone_at=now)
    )
    if decided.rowcount != 1:  # type: ignore[attr-defined]
        raise UndoRefused(T("This import was undone already."), T("Refresh the list."))
    name = session.scalars(select(ImportBatch.file_name).where(ImportBatch.id == import_id)).one()
    ctx.audit(session, "customer.import_undo", f"import:{import_id}", file=name)


def _take_back(ctx: Context, import_id: int, worker: str) -> None:
    with ctx.database.begin() as session:
        session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == import_id, ImportBatch.owner == worker)
            .values(state=ImportState.DONE, owner="", undone_by=None, undone_at=None)
        )
        ctx.audit(session, "customer.import_undo_refused", f"import:{import_id}")


# Whether nothing has come of it


def _require_untouched(session: Session, import_id: int, state: ImportState) -> None:
    batch = session.get(ImportBatch, import_id)
    if batch is None or batch.decided_at is None or batch.state is not state:
        what = batch.state if batch else None
        if what in (ImportState.UNDOING, ImportState.UNDONE):
            raise UndoRefused(T("This import was undone already."), T("Refresh the list."))
        raise UndoRefused(T("This import is not whole, so it cannot be undone."), T("Wait for its end."))
    hint = T("What came of it stays; correct single customers by hand, or import a corrected file.")
    for found, why in _traces(session, batch):
        if found:
            raise UndoRefused(why, hint)


def _traces(session: Session, batch: ImportBatch) -> Iterator[tuple[bool, Text]]:
    kept = _any(session, select(_J.c.row_id).where(_J.c.import_id == batch.id))
    yield batch.rows_updated > 0 and not kept, T("What this import wrote over is not kept any more.")
    sent = T("Messages were prepared or sent to customers of this import, or with what it says.")
    yield _campaign_of_it(session, batch), T("A campaign was made for the customers of this file.")
    yield _messages(session, batch), sent
    yield _referred_to(session, batch.id), T("Something else refers to customers that this import added.")
    changed = T("Customers or loans of this import were changed since, by hand or by another import.")
    yield _changed_since(session, batch), changed
    yield _grown(session, batch.id), changed


def _any(session: Session, query: Any) -> bool:
    return session.execute(query.limit(1)).first() is not None


def _campaign_of_it(session: Session, batch: ImportBatch) -> bool:
    live = (CampaignState.FREEZING, CampaignState.PENDING, CampaignState.APPROVED, CampaignState.FINISHED)
    query = select(Campaign.audience).where(Campaign.updated_at >= batch.decided_at, Campaign.state.in_(live))
    return any(
        audience.get("kind") == "import" and audience.get("filter", {}).get("import_id") == batch.id
        for audience in session.scalars(query)
    )


def _messages(session: Session, batch: ImportBatch) -> bool:
    """To people, or about loans, that it added or changed."""
    since = (Message.created_at >= batch.decided_at, Batch.state != BatchState.VOID)
    alive = select(Message.id).join(Batch, Batch.id == Message.batch_id).where(*since)
    for column, kind in ((Message.customer_id, ChangeKind.CUSTOMER), (Message.loan_id, ChangeKind.LOAN)):
        changed = alive.join(ImportChange, ImportChange.row_id == column)
        if _any(session, changed.where(ImportChange.import_id == batch.id, ImportChange.kind == kind)):
            return True
    return False


def _journal(of: Any) -> tuple[Table, Any]:
    """Which customers or loans stood in which file, and the column that names them."""
    links: Any = ImportedCustomer.__table__ if of is C else ImportedLoan.__table__
    return links, links.c.customer_id if of is C else links.c.loan_id


def _added(import_id: int, of: Any) -> Any:
    """Ids of the customers or loans that the import added."""
    links, id_ = _journal(of)
    return select(id_).where(links.c.import_id == import_id, links.c.added)


def _references(to: Any) -> Iterator[tuple[Table, Any]]:
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is to:
                yield table, key


def _referred_to(session: Session, import_id: int) -> bool:
    for to in (C, L):
        for table, key in _references(to):
            if (key.ondelete is None or table.name in _NOTED) and _any(
                session, select(key.parent).where(key.parent.in_(_added(import_id, to)))
            ):
                return True
    return False


def _changed_since(session: Session, batch: ImportBatch) -> bool:
    later = _J.alias()
    over = select(_J.c.row_id).join(later, (later.c.kind == _J.c.kind) & (later.c.row_id == _J.c.row_id))
    if _any(session, over.where(_J.c.import_id == batch.id, later.c.import_id > batch.id)):
        return True
    for table, kind in ((C, ChangeKind.CUSTOMER), (L, ChangeKind.LOAN)):
        edited = table.c.updated_at != batch.decided_at
        mine = select(_J.c.row_id).where(_J.c.import_id == batch.id, _J.c.kind == kind)
        added = _added(batch.id, table)
        overwritten = select(_J.c.row_id).where(_J.c.import_id > batch.id, _J.c.kind == kind, _J.c.row_id.in_(added))
        for query in (
            select(table.c.id).where(edited, table.c.id.in_(mine)),
            select(table.c.id).where(edited, table.c.id.in_(added)),
            overwritten,
        ):
            if _any(session, query):
                return True
    return False


def _grown(session: Session, import_id: int) -> bool:
    """Whether something stands under what it added that it did not add itself."""
    foreign = select(L.c.id).where(L.c.customer_id.in_(_added(import_id, C)), L.c.id.not_in(_added(import_id, L)))
    if _any(session, foreign):
        return True
    for kind, name in _OWN:
        table = TABLES[kind]
        ours = exists().where(_J.c.import_id == import_id, _J.c.kind == kind, _J.c.row_id == table.c.id)
        parents = _added(import_id, C if name == "customer_id" else L)
        if _any(session, select(table.c.id).where(table.c[name].in_(parents), ~ours)):
            return True
    return False


# Taking it back


def unwrite(ctx: Context, import_id: int, worker: str, told: Told | None = None) -> None:
    """Undo a decided undoing to its end. Safe to repeat from any point. Raises TakenOver."""
    with ctx.database.read() as session:
        batch = session.get_one(ImportBatch, import_id)
        total = max(1, batch.rows_added + batch.rows_updated)
    steps: list[Step] = [_Restore(import_id), _Remove(import_id)]
    steps += [_RemoveAdded(import_id, L), _RemoveAdded(import_id, C)]
    span_by_span(ctx, import_id, worker, ImportState.UNDOING, steps, total, told)
    finish(ctx, import_id, worker, ImportState.UNDOING, ImportState.UNDONE)


class _Restore:
    """Before-images back into their rows."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._mine = (_J.c.import_id == import_id, _J.c.before.is_not(None))

    def run(self, session: Session, rows: int) -> int:
        found = session.execute(select(_J.c.kind, _J.c.row_id, _J.c.before).where(*self._mine).limit(rows)).all()
        for kind in {row.kind for row in found}:
            table = TABLES[kind]
            images = [(row.row_id, revived(table, row.before)) for row in found if row.kind is kind]
            for names in {tuple(sorted(image)) for _, image in images}:
                put = update(table).where(table.c.id == bindparam("the_id"))
                put = put.values({name: bindparam(f"old_{name}") for name in names})
                session.connection().execute(
                    put,
                    [
                        {"the_id": id_, **{f"old_{name}": image[name] for name in names}}
                        for id_, image in images
                        if tuple(sorted(image)) == names
                    ],
                )
        _forget(session, self._import_id, found)
        return len(found)


class _Remove:
    """Consents, further numbers and instalments that it added."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._mine = (_J.c.import_id == import_id, _J.c.before.is_(None))

    def run(self, session: Session, rows: int) -> int:
        found = session.execute(select(_J.c.kind, _J.c.row_id).where(*self._mine).limit(min(rows, 500))).all()
        for kind in {row.kind for row in found}:
            ids = [row.row_id for row in found if row.kind is kind]
            session.execute(delete(TABLES[kind]).where(TABLES[kind].c.id.in_(ids)))
        _forget(session, self._import_id, found)
        return len(found)


class _RemoveAdded:
    """Customers or loans that it added; what stands under them goes with them."""

    def __init__(self, import_id: int, table: Any) -> None:
        self._added, self._table = _added(import_id, table), table

    def run(self, session: Session, rows: int) -> int:
        ids = list(session.scalars(self._added.limit(min(rows, 500))))
        if ids:
            links, id_ = _journal(self._table)
            session.execute(delete(self._table).where(self._table.c.id.in_(ids)))
            session.execute(delete(links).where(id_.in_(ids)))
        return len(ids)


def _forget(session: Session, import_id: int, found: Sequence[Any]) -> None:
    """The journal says what is still to be done."""
    for kind in {row.kind for row in found}:
        for ids in chunked([row.row_id for row in found if row.kind is kind], 500):
            mine = (_J.c.import_id == import_id, _J.c.kind == kind, _J.c.row_id.in_(ids))
            session.execute(delete(_J).where(*mine))


def revived(table: Any, image: Mapping[str, Any]) -> dict[str, Any]:
    """A before-image as typed values."""
    return {name: _revived(table.c[name].type, value) for name, value in image.items()}


def _revived(kind: Any, value: Any) -> Any:
    if value is None or isinstance(kind, JSON):
        return value
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, UtcDateTime):
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    if isinstance(kind, Money):  # whole fen on SQLite, yuan as text on PostgreSQL
        return Decimal(value).scaleb(-2) if isinstance(value, int) else Decimal(value)
    if isinstance(kind, LargeBinary):
        return bytes.fromhex(value)
    if isinstance(kind, EnumValue):
        return kind.kind(value)
    return bool(value) if kind.python_type is bool else value

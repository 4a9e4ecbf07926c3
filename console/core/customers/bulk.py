"""One thing changed for many customers: counted first, written in short transactions, and undone as a whole."""

from __future__ import annotations

import time
import unicodedata
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, not_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.core.context import Context
from console.core.customers.pace import Pace
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from console.core.segments.functions import has_item
from db import paging
from db.models import BulkBefore, BulkEdit, BulkState, Customer

Progress = Callable[[int, int], None]
UNDO_FOR = timedelta(hours=1)
DEAD_AFTER = timedelta(minutes=1)  # a change that has not written for so long was ended by a crash
TAG_LENGTH = 20  # characters
TAGS = 20  # of one customer
HOLD = 0.03  # seconds that one transaction aims at, so that no line that is sending waits
_LEAST, _FIRST, _MOST = 20, 40, 2_000  # customers in one transaction
_READ = 1_000  # customers read at once for a count
_LOOKED_UP = 20_000  # customers; of more of them, all are found who differ, which takes a second or two


class BulkField(StrEnum):
    BRANCH = "branch"
    MANAGER = "manager"
    RATING = "rating"
    SEGMENT = "segment"
    TAG_ADD = "tag_add"
    TAG_REMOVE = "tag_remove"
    ACTIVE = "active"


FIELD_TITLES: Mapping[BulkField, Text] = {
    BulkField.BRANCH: T("Branch"),
    BulkField.MANAGER: T("Customer manager"),
    BulkField.RATING: T("Rating"),
    BulkField.SEGMENT: T("Segment"),
    BulkField.TAG_ADD: T("Add a tag"),
    BulkField.TAG_REMOVE: T("Remove a tag"),
    BulkField.ACTIVE: T("In use"),
}
_COLUMNS: Mapping[BulkField, InstrumentedAttribute[Any]] = {
    BulkField.BRANCH: Customer.branch,
    BulkField.MANAGER: Customer.manager,
    BulkField.RATING: Customer.rating,
    BulkField.SEGMENT: Customer.segment,
    BulkField.TAG_ADD: Customer.tags,
    BulkField.TAG_REMOVE: Customer.tags,
    BulkField.ACTIVE: Customer.active,
}
_LENGTHS: Mapping[BulkField, int] = {
    BulkField.BRANCH: 60,
    BulkField.MANAGER: 60,
    BulkField.RATING: 10,
    BulkField.SEGMENT: 40,
    BulkField.TAG_ADD: TAG_LENGTH,
    BulkField.TAG_REMOVE: TAG_LENGTH,
}
YES, NO = "yes", "no"  # values of ACTIVE


class BadValue(UserError):
    """The value cannot be one of this field."""


class NothingToUndo(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("There is nothing to undo."), T("A change of many customers can be undone for an hour, until the next.")
        )


@dataclass(frozen=True)
class Edit:
    """What is to be written; an empty value empties the field."""

    field: BulkField
    value: str

    def after(self, before: Any) -> Any:
        """What becomes of a value."""
        if self.field is BulkField.TAG_ADD:
            tags = list(before or ())
            return tags if self.value in tags or len(tags) >= TAGS else [*tags, self.value]
        if self.field is BulkField.TAG_REMOVE:
            return [tag for tag in before or () if tag != self.value]
        return self.value == YES if self.field is BulkField.ACTIVE else self.value


@dataclass(frozen=True, kw_only=True)
class Outcome:
    wanted: int
    changed: int
    kept: int = 0  # of an undo: customers who were changed again since, and stay as they are
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Undoable:
    edit_id: int
    edit: Edit
    changed: int


def edit_of(field: BulkField, typed: str) -> Edit:
    """``typed`` put in order. Raises BadValue."""
    value = " ".join(unicodedata.normalize("NFKC", typed).split())
    if field is BulkField.ACTIVE:
        if value not in (YES, NO):
            raise BadValue(T("Choose whether they are in use."))
        return Edit(field, value)
    if len(value) > _LENGTHS[field]:
        raise BadValue(T("At most {n} characters.", n=_LENGTHS[field]))
    if field in (BulkField.TAG_ADD, BulkField.TAG_REMOVE):
        if not value:
            raise BadValue(T("Enter a tag."))
        if "," in value or "，" in value:
            raise BadValue(T("One tag at a time, without a comma."))
    return Edit(field, value)


def count(ctx: Context, ids: Sequence[int], edit: Edit) -> Outcome:
    """How many of ``ids`` would change. Raises NotPermitted; ends early when nobody waits for it."""
    ctx.require(Permission.CUSTOMERS_EDIT)
    with ctx.reading() as session:
        if len(ids) > _LOOKED_UP:
            return Outcome(wanted=len(ids), changed=_marked(paging.ids(session, _others(edit)), ids))
        changed = 0
        for chunk in paging.chunked(_ascending(ids), _READ):
            changed += len(_differing(session, chunk, edit))
    return Outcome(wanted=len(ids), changed=changed)


def _others(edit: Edit) -> Select[int]:
    """Everybody in use whom ``edit`` would change."""
    column: Any = _COLUMNS[edit.field]
    match edit.field:
        case BulkField.TAG_ADD:
            differs = and_(not_(has_item(column, edit.value)), func.json_array_length(column) < TAGS)
        case BulkField.TAG_REMOVE:
            differs = has_item(column, edit.value)
        case BulkField.ACTIVE:
            differs = column.is_(edit.value == NO)
        case _:
            differs = column != edit.value
    return select(Customer.id).where(Customer.active.is_(True), differs)


def _marked(some: array[int], ids: Sequence[int]) -> int:
    """How many of ``ids`` are among ``some``, with a byte for each number there could be between."""
    if not some:
        return 0
    low = min(some)
    marks = bytearray(max(some) - low + 1)
    for each in some:
        marks[each - low] = 1
    return sum(marks[each - low] for each in ids if 0 <= each - low < len(marks))


def apply(ctx: Context, ids: Sequence[int], edit: Edit, progress: Progress) -> Outcome:
    """Write it. What an exception of ``progress`` (the person cancels) leaves written can be undone like the whole.

    Raises NotPermitted.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    forget(ctx, everything=True)
    with ctx.database.begin() as session:
        stored = BulkEdit(
            field=edit.field.value, value=edit.value, wanted=len(ids), created_by=ctx.actor.user_id,
            created_at=ctx.clock.now(), touched_at=ctx.clock.now(),
        )  # fmt: skip
        session.add(stored)
        session.flush()
        edit_id = stored.id
        ctx.audit(session, "customer.bulk_edit", "customers", field=edit.field, value=edit.value, customers=len(ids))
    changed, state = 0, BulkState.CANCELLED
    mine = update(BulkEdit).where(BulkEdit.id == edit_id)
    try:
        ordered = _ascending(ids)
        for start, end in _steps(len(ordered)):
            progress(start, len(ordered))
            with ctx.database.begin() as session:
                written = _write(ctx, session, ordered[start:end].tolist(), edit, edit_id)
                session.execute(mine.values(changed=changed + written, touched_at=ctx.clock.now()))
            changed += written
        state = BulkState.DONE
    finally:
        with ctx.database.begin() as session:
            session.execute(mine.values(state=state))
    progress(len(ids), len(ids))
    return Outcome(wanted=len(ids), changed=changed)


def undoable(ctx: Context) -> Undoable | None:
    """The last change of many, while it can be undone."""
    since = ctx.clock.now() - UNDO_FOR
    query = select(BulkEdit).where(BulkEdit.created_at > since).order_by(BulkEdit.id.desc()).limit(1)
    with ctx.database.read() as session:
        last = session.scalar(query)
        if last is None or not last.changed or last.state is BulkState.UNDONE:
            return None
        if last.state is BulkState.RUNNING and last.touched_at > ctx.clock.now() - DEAD_AFTER:
            return None
        return Undoable(edit_id=last.id, edit=Edit(BulkField(last.field), last.value), changed=last.changed)


def undo(ctx: Context, edit_id: int, progress: Progress) -> Outcome:
    """Put back what it changed, but for customers who were changed again since. Cancelled, it can be gone on with.

    Raises NotPermitted, NothingToUndo.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    found = undoable(ctx)
    if found is None or found.edit_id != edit_id:
        raise NothingToUndo
    edit = found.edit
    with ctx.database.begin() as session:
        what, value = edit.field, edit.value
        ctx.audit(session, "customer.bulk_undo", "customers", field=what, value=value, customers=found.changed)
        ids = paging.ids(
            session,
            select(BulkBefore.customer_id).where(BulkBefore.edit_id == edit_id).order_by(BulkBefore.customer_id),
        )
    restored = 0
    for start, end in _steps(len(ids)):
        progress(start, len(ids))
        with ctx.database.begin() as session:
            restored += _restore(ctx, session, ids[start:end].tolist(), edit, edit_id)
    with ctx.database.begin() as session:
        session.execute(update(BulkEdit).where(BulkEdit.id == edit_id).values(state=BulkState.UNDONE))
    progress(len(ids), len(ids))
    return Outcome(wanted=len(ids), changed=restored, kept=len(ids) - restored)


def forget(ctx: Context, *, everything: bool = False) -> None:
    """Drop what is kept for an undo that nobody can ask for any more; ``everything``: another change begins."""
    until = ctx.clock.now() - UNDO_FOR
    query = select(BulkBefore.edit_id).join(BulkEdit, BulkEdit.id == BulkBefore.edit_id).distinct()
    if not everything:
        query = query.where(BulkEdit.created_at <= until)
    with ctx.database.read() as session:
        edits = session.scalars(query).all()
    for edit_id in edits:
        rows = select(BulkBefore.customer_id).where(BulkBefore.edit_id == edit_id)
        pace, some = Pace(_FIRST, _FIRST, _MOST), [edit_id]
        while some:
            begun, most = time.monotonic(), pace.next(sending=True)
            with ctx.database.begin() as session:
                some = list(session.scalars(rows.limit(most)))
                session.execute(
                    delete(BulkBefore).where(BulkBefore.edit_id == edit_id, BulkBefore.customer_id.in_(some))
                )
            pace.took(time.monotonic() - begun, most, sending=True)


def _ascending(ids: Sequence[int]) -> array[int]:
    """Neighbours share pages of the file."""
    return array("q", sorted(ids))


def _steps(total: int) -> Iterator[tuple[int, int]]:
    """(start, end) of transactions that are as long as they may be: each is timed, and the next made to measure."""
    start, size = 0, _FIRST
    while start < total:
        end = min(start + size, total)
        begun = time.monotonic()
        yield start, end
        took = time.monotonic() - begun
        size = max(_LEAST, min(_MOST, int(size * min(1.5, HOLD / max(took, 0.001)))))
        start = end


def _differing(session: Session, ids: Sequence[int], edit: Edit) -> dict[int, tuple[Any, Any]]:
    """(before, after) of those that it changes."""
    column = _COLUMNS[edit.field]
    rows = session.execute(select(Customer.id, column).where(Customer.id.in_(ids)))
    pairs = {id_: (before, edit.after(before)) for id_, before in rows}
    return {id_: (before, after) for id_, (before, after) in pairs.items() if before != after}


def _write(ctx: Context, session: Session, ids: Sequence[int], edit: Edit, edit_id: int) -> int:
    changes = _differing(session, ids, edit)
    if changes:
        kept = [{"edit_id": edit_id, "customer_id": id_, "value": before} for id_, (before, _) in changes.items()]
        session.execute(insert(BulkBefore), kept)
        _set(ctx, session, edit, {id_: after for id_, (_, after) in changes.items()})
    return len(changes)


def _restore(ctx: Context, session: Session, ids: Sequence[int], edit: Edit, edit_id: int) -> int:
    mine = BulkBefore.edit_id == edit_id, BulkBefore.customer_id.in_(ids)
    kept = session.execute(select(BulkBefore.customer_id, BulkBefore.value).where(*mine))
    before: dict[int, Any] = {row[0]: row[1] for row in kept}
    rows = session.execute(select(Customer.id, _COLUMNS[edit.field]).where(Customer.id.in_(ids)))
    back = {id_: before[id_] for id_, now in rows if now == edit.after(before[id_])}
    _set(ctx, session, edit, back)
    session.execute(delete(BulkBefore).where(*mine))
    return len(back)


def _set(ctx: Context, session: Session, edit: Edit, values: Mapping[int, Any]) -> None:
    """One statement for each different value."""
    column, now = _COLUMNS[edit.field], ctx.clock.now()
    groups: dict[Any, tuple[Any, list[int]]] = {}
    for id_, value in values.items():
        groups.setdefault(repr(value), (value, []))[1].append(id_)
    for value, ids in groups.values():
        session.execute(
            update(Customer)
            .where(Customer.id.in_(ids))
            .values({column.key: value, "updated_at": now})
            .execution_options(synchronize_session=False)
        )


def values_of(ctx: Context, field: BulkField) -> list[str]:
    """What the field holds among customers, to choose from; none for tags, which have no index."""
    if field in (BulkField.TAG_ADD, BulkField.TAG_REMOVE, BulkField.ACTIVE):
        return []
    with ctx.reading() as session:
        return paging.distinct(session, _COLUMNS[field], Customer.active.is_(True))

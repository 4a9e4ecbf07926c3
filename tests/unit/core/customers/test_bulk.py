"""One thing changed for many customers, and put back."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import bulk
from console.core.customers.bulk import BulkField, Edit, Outcome
from console.core.errors import NotPermitted
from db.models import AuditEntry, BulkBefore, BulkEdit, BulkState, Customer
from db.stopping import Stop, Stopped

AT = datetime(2026, 11, 1, tzinfo=UTC)
MANY = 450


class Stopping(Exception):
    """What the person's cancelling looks like from here."""


@pytest.fixture
def ids(ctx: Context) -> list[int]:
    rows = [
        {
            "number": f"C{n:05}", "name": f"客户{n}", "pinyin": "kehu", "initials": "kh", "phone": f"138{n:08}",
            "phone_tail": f"{n % 10_000:04}", "branch": "城东支行" if n % 3 else "城西支行",
            "tags": ["旧"] if n % 2 else [], "created_at": AT, "updated_at": AT,
        }
        for n in range(1, MANY + 1)
    ]  # fmt: skip
    with ctx.database.begin() as session:
        session.execute(insert(Customer), rows)
        return list(session.scalars(select(Customer.id).order_by(Customer.number.desc())))


def nothing(done: int, total: int) -> None:
    assert 0 <= done <= total


def stored(ctx: Context, column: str) -> dict[int, object]:
    with ctx.database.read() as session:
        return dict(session.execute(select(Customer.id, getattr(Customer, column))).all())


@pytest.mark.parametrize(
    ("field", "typed", "column", "changed"),
    [
        (BulkField.BRANCH, " 城东支行 ", "branch", MANY // 3),
        (BulkField.BRANCH, "", "branch", MANY),
        (BulkField.MANAGER, "周经理", "manager", MANY),
        (BulkField.RATING, "Ａ", "rating", MANY),
        (BulkField.SEGMENT, "高净值", "segment", MANY),
        (BulkField.TAG_ADD, "新", "tags", MANY),
        (BulkField.TAG_ADD, "旧", "tags", MANY // 2),
        (BulkField.TAG_REMOVE, "旧", "tags", MANY // 2),
        (BulkField.ACTIVE, bulk.NO, "active", MANY),
        (BulkField.ACTIVE, bulk.YES, "active", 0),
    ],
)
def test_change_and_undo(ctx: Context, ids: list[int], field: BulkField, typed: str, column: str, changed: int) -> None:
    edit = bulk.edit_of(field, typed)
    before = stored(ctx, column)
    assert bulk.count(ctx, ids, edit) == Outcome(wanted=MANY, changed=changed)
    assert bulk.apply(ctx, ids, edit, nothing) == Outcome(wanted=MANY, changed=changed)
    after = stored(ctx, column)
    assert after == {id_: edit.after(value) for id_, value in before.items()}
    assert bulk.count(ctx, ids, edit).changed == 0
    last = bulk.undoable(ctx)
    if not changed:
        assert last is None
        return
    assert last is not None
    assert (last.edit, last.changed) == (edit, changed)
    assert bulk.undo(ctx, last.edit_id, nothing) == Outcome(wanted=changed, changed=changed)
    assert stored(ctx, column) == before
    assert bulk.undoable(ctx) is None
    with ctx.database.read() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == [
            "customer.bulk_edit",
            "customer.bulk_undo",
        ]


def test_very_many_are_counted_at_once(ctx: Context, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one by one, and with the same result."""
    full = [f"标签{n}" for n in range(bulk.TAGS)]
    with ctx.database.begin() as session:
        session.execute(update(Customer).where(Customer.id.in_(ids[:9])).values(tags=full))
    bulk.apply(ctx, ids[:100], Edit(BulkField.RATING, "B"), nothing)
    values = {
        BulkField.ACTIVE: (bulk.YES, bulk.NO),
        BulkField.TAG_ADD: ("旧", "新"),
        BulkField.TAG_REMOVE: ("旧", "新"),
    }
    edits = [Edit(field, value) for field in BulkField for value in values.get(field, ("B", "城东支行", ""))]
    for picked in (ids, ids[50:200], ids[:1]):
        one_by_one = [bulk.count(ctx, picked, edit) for edit in edits]
        with monkeypatch.context() as patched:
            patched.setattr(bulk, "_LOOKED_UP", 0)
            assert [bulk.count(ctx, picked, edit) for edit in edits] == one_by_one


def test_only_those_that_were_picked(ctx: Context, ids: list[int]) -> None:
    bulk.apply(ctx, ids[:7], Edit(BulkField.RATING, "B"), nothing)
    assert [id_ for id_, rating in stored(ctx, "rating").items() if rating == "B"] == sorted(ids[:7])
    with ctx.database.read() as session:
        assert session.scalar(select(func.count()).where(Customer.updated_at > AT)) == 7


def test_an_undo_leaves_what_was_changed_since(ctx: Context, ids: list[int]) -> None:
    bulk.apply(ctx, ids[:5], Edit(BulkField.SEGMENT, "高净值"), nothing)
    with ctx.database.begin() as session:
        session.execute(update(Customer).where(Customer.id == ids[0]).values(segment="老年"))
        session.execute(delete(Customer).where(Customer.id == ids[1]))
    last = bulk.undoable(ctx)
    assert last is not None
    assert bulk.undo(ctx, last.edit_id, nothing) == Outcome(wanted=4, changed=3, kept=1)
    assert stored(ctx, "segment")[ids[0]] == "老年"


def test_cancelled_halfway_it_can_be_undone(ctx: Context, ids: list[int]) -> None:
    def cancel(done: int, total: int) -> None:
        if done:
            raise Stopping

    with pytest.raises(Stopping):
        bulk.apply(ctx, ids, Edit(BulkField.RATING, "B"), cancel)
    written = [id_ for id_, rating in stored(ctx, "rating").items() if rating == "B"]
    assert 0 < len(written) < MANY
    last = bulk.undoable(ctx)
    assert last is not None
    assert last.changed == len(written)
    with pytest.raises(Stopping):
        bulk.undo(ctx, last.edit_id, lambda done, total: (_ for _ in ()).throw(Stopping))
    bulk.undo(ctx, last.edit_id, nothing)
    assert set(stored(ctx, "rating").values()) == {""}


def test_a_crash_leaves_what_can_be_undone(ctx: Context, ids: list[int], clock: FixedClock) -> None:
    bulk.apply(ctx, ids, Edit(BulkField.RATING, "B"), nothing)
    with ctx.database.begin() as session:
        session.execute(update(BulkEdit).values(state=BulkState.RUNNING))
    assert bulk.undoable(ctx) is None  # another window may be at it
    clock.advance(bulk.DEAD_AFTER)
    last = bulk.undoable(ctx)
    assert last is not None
    bulk.undo(ctx, last.edit_id, nothing)
    assert set(stored(ctx, "rating").values()) == {""}


def test_values_of_before_are_kept_for_an_hour_or_until_the_next(
    ctx: Context, ids: list[int], clock: FixedClock
) -> None:
    def kept() -> int:
        with ctx.database.read() as session:
            return session.scalar(select(func.count()).select_from(BulkBefore)) or 0

    bulk.apply(ctx, ids, Edit(BulkField.RATING, "B"), nothing)
    assert kept() == MANY
    bulk.forget(ctx)
    assert kept() == MANY
    bulk.apply(ctx, ids[:3], Edit(BulkField.RATING, "C"), nothing)
    assert kept() == 3
    clock.advance(bulk.UNDO_FOR + timedelta(seconds=1))
    assert bulk.undoable(ctx) is None
    bulk.forget(ctx)
    assert kept() == 0
    with pytest.raises(bulk.NothingToUndo):
        bulk.undo(ctx, 2, nothing)


def test_who_may_not(supervisor_ctx: Context) -> None:
    edit = Edit(BulkField.RATING, "B")
    with pytest.raises(NotPermitted):
        bulk.count(supervisor_ctx, [1], edit)
    with pytest.raises(NotPermitted):
        bulk.apply(supervisor_ctx, [1], edit, nothing)
    with pytest.raises(NotPermitted):
        bulk.undo(supervisor_ctx, 1, nothing)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        (BulkField.RATING, "A" * 11),
        (BulkField.BRANCH, "支" * 61),
        (BulkField.TAG_ADD, " "),
        (BulkField.TAG_ADD, "一，二"),
        (BulkField.TAG_REMOVE, "a,b"),
        (BulkField.ACTIVE, "perhaps"),
    ],
)
def test_values_that_cannot_be(field: BulkField, typed: str) -> None:
    with pytest.raises(bulk.BadValue):
        bulk.edit_of(field, typed)


def test_a_customer_has_so_many_tags_at_most() -> None:
    full = [str(n) for n in range(bulk.TAGS)]
    assert Edit(BulkField.TAG_ADD, "more").after(full) == full


def test_a_count_that_nobody_waits_for_ends(ctx: Context, ids: list[int]) -> None:
    stop = Stop()
    stop.stop()
    with pytest.raises(Stopped):
        bulk.count(replace(ctx, stop=stop), ids, Edit(BulkField.RATING, "B"))


def test_transactions_are_made_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    sizes = []
    for start, end in bulk._steps(20_000):
        sizes.append(end - start)
        now[0] += (end - start) * 0.001  # a millisecond a customer
    assert sum(sizes) == 20_000
    assert max(sizes[3:]) * 0.001 <= bulk.HOLD * 1.01

"""While an import is half written, the pages say so, nobody is counted, and they look again when it is whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from console.core.context import Context
from console.core.customers.imports import ImportUnderway
from console.core.segments import counting, pinning, store
from console.core.segments.conditions import Condition, Group
from console.core.segments.operators import Operator
from console.screens.customers.screen import CustomersPage
from console.screens.segments.screen import SegmentsPage
from console.shell import underway as strip
from console.shell.services import Services
from db.models import Customer, ImportBatch, ImportState, StagedRow

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
WEST = Group((Condition("customer.region", Operator.ONE_OF, ("城西",)),))


def add_customer(ctx: Context, number: str) -> None:
    with ctx.database.begin() as session:
        session.add(
            Customer(
                number=number, name="张三", pinyin="zhangsan", initials="zs", phone="13800138000", phone_tail="8000",
                region="城西", created_at=AT, updated_at=AT,
            )
        )  # fmt: skip


@pytest.fixture
def half(ctx: Context) -> int:
    """An import of 4 rows, of which 1 is written."""
    add_customer(ctx, "C1")
    with ctx.database.begin() as session:
        batch = ImportBatch(
            file_name="a.xlsx", file_digest="0" * 64, sheet="1", mapping={}, state=ImportState.APPLYING, owner="",
            touched_at=ctx.clock.now(), decided_at=ctx.clock.now(), created_by=ctx.actor.user_id,
            created_at=ctx.clock.now(),
        )  # fmt: skip
        session.add(batch)
        session.flush()
        rows = [
            StagedRow(import_id=batch.id, row=n, number=f"C{n}", name="x", pinyin="x", initials="x", phone="1")
            for n in range(1, 5)
        ]
        session.add_all(rows)
        session.flush()
        batch.cursor = rows[0].id
        return batch.id


def set_state(ctx: Context, import_id: int, state: ImportState) -> None:
    with ctx.database.begin() as session:
        session.execute(update(ImportBatch).where(ImportBatch.id == import_id).values(state=state))


@pytest.mark.parametrize("page", [CustomersPage, SegmentsPage])
def test_the_page_says_how_far_it_is_and_looks_again_at_the_end(
    ctx: Context, services: Services, qtbot: QtBot, settle: Callable[[], None], half: int,
    monkeypatch: pytest.MonkeyPatch, page: type[CustomersPage] | type[SegmentsPage],
) -> None:  # fmt: skip
    monkeypatch.setattr(strip, "EVERY", 20)
    if page is SegmentsPage:
        store.save_segment(ctx, name="城西", root=WEST)
    made = page(services)
    qtbot.addWidget(made)
    made.show()
    made.arrive()
    settle()
    qtbot.waitUntil(made.underway.isVisible)
    assert "1 of 4 rows" in made.underway.words
    set_state(ctx, half, ImportState.UNDOING)
    qtbot.waitUntil(lambda: "undone" in made.underway.words)
    add_customer(ctx, "C2")
    store.save_segment(ctx, name="别的", root=WEST)
    with qtbot.waitSignal(made.underway.ended):
        set_state(ctx, half, ImportState.DONE)
    assert not made.underway.isVisible()
    qtbot.waitUntil(lambda: len(made.table) == 2)


def test_nobody_is_counted_or_pinned_meanwhile(ctx: Context, half: int) -> None:
    saved = store.save_segment(ctx, name="城西", root=WEST)
    with pytest.raises(ImportUnderway):
        counting.look(ctx, WEST)
    with pytest.raises(ImportUnderway):
        pinning.pin_segment(ctx, saved.segment_id)
    assert counting.guess(ctx, WEST) is None
    set_state(ctx, half, ImportState.DONE)
    assert counting.look(ctx, WEST).customers == 1
    assert pinning.pin_segment(ctx, saved.segment_id).customers == 1

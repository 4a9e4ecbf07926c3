"""The time line: why not, older entries, new ones, kinds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import insert, select

from console.core.context import Context
from console.core.customers.editing import add_phone
from console.core.i18n import T
from console.screens.customers.detail import CustomerPane
from console.screens.customers.timelinecard import EntryView
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Contact,
    ContactKind,
    Customer,
    Exclusion,
)

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
Settle = Callable[[], None]
Texts = Callable[[QWidget], list[str]]


def _left_out(ctx: Context, zhang: int) -> None:
    with ctx.database.begin() as session:
        campaign = Campaign(
            name="营销", class_key="remind", audience={}, state=CampaignState.APPROVED, created_by=ctx.actor.user_id,
            created_at=AT, updated_at=AT,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        batch = Batch(
            kind=BatchKind.CAMPAIGN, campaign_id=campaign.id, class_key="remind", state=BatchState.OPEN,
            created_by=ctx.actor.user_id, created_at=AT,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        reason = T("There is no consent for marketing.").dump()
        session.add(Exclusion(batch_id=batch.id, customer_id=zhang, rule="consent.missing", reason=reason))


def test_why_not(pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle, texts: Texts) -> None:
    _left_out(ctx, zhang)
    pane.reload()
    settle()
    assert "There is no consent for marketing." in texts(pane.history)
    (view,) = pane.history.findChildren(EntryView)
    qtbot.mouseClick(view.why, Qt.MouseButton.LeftButton)
    settle()
    shown = texts(pane.history)
    assert {"Belonged to those whom “营销” is for", "Left out: No consent"} <= set(shown)
    pane.reload()
    settle()
    assert "Left out: No consent" in texts(pane.history)  # a refresh does not fold it
    (view,) = [each for each in pane.history.findChildren(EntryView) if each.isVisibleTo(pane)]
    qtbot.mouseClick(view.why, Qt.MouseButton.LeftButton)
    assert "Left out: No consent" not in texts(pane.history)


def _remarks(ctx: Context, zhang: int, number: int) -> None:
    with ctx.database.begin() as session:
        rows = [
            {
                "customer_id": zhang, "kind": ContactKind.NOTE, "at": AT - timedelta(hours=n), "body": f"记录 {n}",
                "created_by": ctx.actor.user_id, "created_at": AT,
            }
            for n in range(number)
        ]  # fmt: skip
        session.execute(insert(Contact), rows)


def test_older_entries_come_when_scrolled_to_and_rest_when_out_of_sight(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle, texts: Texts
) -> None:
    _remarks(ctx, zhang, 400)
    pane.reload()
    settle()
    bar = pane._pane.verticalScrollBar()

    def further() -> bool:
        bar.setValue(bar.maximum())
        return len(pane.history.entries) == 400 and not pane.history.more.isVisibleTo(pane)

    qtbot.waitUntil(further, timeout=30_000)
    settle()
    assert [entry.body for entry in pane.history.entries] == [f"记录 {n}" for n in range(400)]
    assert "记录 399" in texts(pane.history)
    qtbot.waitUntil(lambda: not pane.history._blocks[0].awake)
    assert "记录 0" not in texts(pane.history)  # far above: a gap of the same height
    pane.reload()
    settle()
    assert len(pane.history.entries) == 400
    bar.setValue(0)
    qtbot.waitUntil(lambda: "记录 0" in texts(pane.history))
    assert not pane.history._blocks[-1].awake


def test_what_is_new_comes_on_top_and_what_was_read_stays(
    pane: CustomerPane, zhang: int, ctx: Context, settle: Settle
) -> None:
    _remarks(ctx, zhang, 60)
    pane.reload()
    settle()
    pane.history._more()
    settle()
    assert len(pane.history.entries) == 60
    with ctx.database.begin() as session:
        row = session.scalars(select(Contact).order_by(Contact.at).limit(1)).one()
        row.at = AT + timedelta(hours=1)  # the oldest one moved to the top
    add_phone(ctx, zhang, "13911112222")
    pane.reload()
    settle()
    bodies = [entry.body or entry.title for entry in pane.history.entries]
    assert bodies == ["Further number added", "记录 59", *(f"记录 {n}" for n in range(59))]


def test_narrowed_to_a_kind(pane: CustomerPane, zhang: int, ctx: Context, settle: Settle, texts: Texts) -> None:
    _left_out(ctx, zhang)
    _remarks(ctx, zhang, 3)
    pane.reload()
    settle()
    assert len(pane.history.entries) == 4
    pane.history.filter.set_value("left_out")
    pane.history.filter.chosen.emit("left_out")
    settle()
    assert [entry.kind.value for entry in pane.history.entries] == ["left_out"]
    pane.history.filter.chosen.emit("reply")
    settle()
    assert pane.history.entries == []
    assert "Nothing has happened with this customer yet." in texts(pane.history)


def test_another_customer_brings_another_time_line(
    pane: CustomerPane, zhang: int, ctx: Context, settle: Settle, texts: Texts
) -> None:
    _remarks(ctx, zhang, 3)
    pane.reload()
    settle()
    with ctx.database.begin() as session:
        row = Customer(
            number="C002", name="李四", pinyin="lisi", initials="ls", phone="13912345678", phone_tail="5678",
            created_at=AT, updated_at=AT,
        )  # fmt: skip
        session.add(row)
        session.flush()
    pane.show_customer(row.id)
    settle()
    assert pane.history.entries == []
    assert "No loan is on file." in texts(pane.loans)

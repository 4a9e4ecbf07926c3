"""The held-out group on the campaign page: asked for where it may be, checked as it is stored, measured afterwards."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.campaigns import series as verbs
from console.core.campaigns.lifecycle import approve
from console.core.campaigns.recurrence import Every, OffDay, Recurrence
from console.core.campaigns.series_runs import prepare_due
from console.core.clock import FixedClock
from console.core.context import Context
from console.screens.campaigns.editor import CampaignEditor
from console.screens.campaigns.screen import CampaignsPage
from console.screens.campaigns.series import SeriesDetailPane
from console.shell.services import Services
from db.models import Campaign, HoldOut, MessageState, SeriesRun

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
FRAUD = "${name}您好,${date}前请勿向陌生人转账。官方咨询仅${tel}。"


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(40)
    made.line(pace=10)
    made.template(name="还款提醒")
    made.template(FRAUD, "fraud", "防骗提示")
    return made


@pytest.fixture
def page(campaigns_page: Callable[[], CampaignsPage], world: Any) -> CampaignsPage:
    return campaigns_page()


def opened(page: CampaignsPage, settle: Callable[[], None]) -> CampaignEditor:
    page.new()
    settle()
    (editor,) = page.findChildren(CampaignEditor)
    return editor


def choose(editor: CampaignEditor, name: str) -> None:
    box = editor.template.template
    box.setCurrentIndex(next(i for i in range(box.count()) if name in box.itemText(i)))


def test_it_is_asked_for_only_where_somebody_may_be_left_out(page: CampaignsPage, settle: Callable[[], None]) -> None:
    editor = opened(page, settle)
    assert editor.hold_out.isHidden()
    choose(editor, "还款提醒")
    assert not editor.hold_out.isHidden()
    editor.hold_out.box.setChecked(True)
    assert editor.draft().hold_out == 10
    choose(editor, "防骗提示")
    assert editor.hold_out.isHidden()
    assert editor.draft().hold_out == 0


def test_what_the_check_shows_is_what_is_stored_and_the_draft_keeps_it(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    editor = opened(page, settle)
    choose(editor, "还款提醒")
    editor.hold_out.set_value(50)
    editor.name.setText("提醒")
    qtbot.waitUntil(editor._is_checked)
    assert editor.campaign_id is not None  # the lot is that of the stored campaign
    found = editor.check.result
    assert found is not None
    (rule,) = found.excluded
    assert str(rule.title) == "Held out to measure the effect"
    editor.submit()
    qtbot.waitUntil(lambda: not page.findChildren(CampaignEditor))
    settle()
    with ctx.database.read() as session:
        assert session.scalars(select(HoldOut.people)).one() == rule.count
        assert session.scalars(select(Campaign.hold_out)).one() == 50
    page.edit(page.table.records.ids[0])
    settle()
    (again,) = page.findChildren(CampaignEditor)
    assert again.hold_out.value() == 50


def test_the_campaign_tells_what_it_did(
    qtbot: QtBot, ctx: Context, world: Any, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    frozen = world.submitted(hold_out=30)
    page.open_campaign(frozen.campaign_id)
    settle()
    card = page.detail.effect
    qtbot.waitUntil(lambda: "Nothing has been sent yet" in card.state.text())
    world.set_messages(frozen.batch_id, MessageState.ACCEPTED, 5, sending_at=ctx.clock.now())
    card.days.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "Watched until" in card.state.text())
    settle()
    shown = [each.text() for each in card.findChildren(QLabel) if each.isVisibleTo(card)]
    assert "Paid an instalment" in shown
    assert any(text.startswith("0.0%") for text in shown)


def test_a_campaign_without_a_group_has_no_such_card(
    world: Any, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    frozen = world.submitted()
    page.open_campaign(frozen.campaign_id)
    settle()
    assert page.detail.effect.isHidden()


def test_a_series_tells_what_its_runs_did_together(
    qtbot: QtBot,
    ctx: Context,
    supervisor_ctx: Context,
    services: Services,
    world: Any,
    clock: FixedClock,
    settle: Callable[[], None],
) -> None:
    every_day = Recurrence(every=Every.DAY, first=date(2026, 11, 23), at=time(9), lead=0, off_day=OffDay.RUN)
    series_id = verbs.create(ctx, world.saved(hold_out=30), every_day)
    pane = SeriesDetailPane(services)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_series(series_id)
    settle()
    assert pane.effect.isHidden()  # nothing was approved yet

    def begin(day: int) -> None:
        clock.advance(datetime(2026, 11, day, 1, tzinfo=UTC) - clock.now())
        prepare_due(ctx)
        with ctx.database.read() as session:
            newest = select(Campaign).join(SeriesRun, SeriesRun.campaign_id == Campaign.id).order_by(Campaign.id.desc())
            run = session.scalars(newest.limit(1)).one()
        approve(supervisor_ctx, run.id, world.batch(run.batch_id).digest)
        pane.reload()
        settle()
        world.set_messages(run.batch_id, MessageState.REFUSED, 1, sending_at=clock.now())
        clock.advance(timedelta(hours=1))
        pane.reload()
        settle()

    begin(24)
    assert pane.effect.state.text() == "1 run is counted. The last days are still being watched."
    begin(25)
    assert pane.effect.state.text().startswith("2 runs are counted. Each run is compared by itself")
    shown = [each.text() for each in pane.effect.findChildren(QLabel) if each.isVisibleTo(pane.effect)]
    assert {"Paid an instalment", "Replied", "written to", "held out"} <= set(shown)
    pane.effect.days.setCurrentIndex(2)
    settle()
    assert pane.effect.watched == 30
    pane.show_series(verbs.create(ctx, world.saved(name="没有对照"), every_day))
    settle()
    assert pane.effect.isHidden()

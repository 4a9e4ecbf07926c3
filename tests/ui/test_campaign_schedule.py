"""When and how a campaign is sent, on the page where it is made, and on the page that shows it running."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QDate, QTime
from pytestqt.qtbot import QtBot

from console.core.campaigns.lifecycle import approve, submit
from console.core.campaigns.schedule import Pace, Schedule, Unit, Urgency
from console.core.clock import FixedClock
from console.core.context import Context
from console.screens.campaigns.editor import CampaignEditor
from console.screens.campaigns.screen import CampaignsPage
from console.screens.campaigns.when import Mode
from console.screens.campaigns.whenfields import Days
from db.models import Batch, Campaign, Dispatcher

PATIENCE = 60_000  # milliseconds: a condition, not a measure
_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
MARKET = "${name}您好,我行贷款年化利率${apr}起(单利),以审批为准,活动至${end}。咨询${tel}。拒收请回复R"


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(12)
    made.line("一号线", pace=10)
    made.line("二号线", pace=10)
    made.template(name="还款提醒")
    made.template(MARKET, "market", "新品")
    return made


@pytest.fixture
def page(campaigns_page: Callable[[], CampaignsPage], world: Any) -> CampaignsPage:
    return campaigns_page()


def choose(editor: CampaignEditor, name: str) -> None:
    box = editor.template.template
    box.setCurrentIndex(next(i for i in range(box.count()) if name in box.itemText(i)))


@pytest.fixture
def editor(qtbot: QtBot, page: CampaignsPage, settle: Callable[[], None]) -> CampaignEditor:
    page.new()
    settle()
    (made,) = page.findChildren(CampaignEditor)
    made.name.setText("11月还款提醒")
    choose(made, "还款提醒")
    qtbot.waitUntil(made._is_checked, timeout=PATIENCE)
    settle()
    return made


def fill(editor: CampaignEditor) -> None:
    """Every answer that there is."""
    section = editor.schedule
    section.mode.setCurrentIndex(section.mode.findData(Mode.WINDOW))
    section.days.first.setDate(QDate(2026, 11, 24))
    section.days.last.setDate(QDate(2026, 11, 27))
    section.hours.only.setChecked(True)
    section.hours.first.setTime(QTime(9, 30))
    section.hours.last.setTime(QTime(17, 0))
    section.weekdays.choice.setCurrentIndex(section.weekdays.choice.findData(Days.CHOSEN))
    for day, box in section.weekdays.boxes.items():
        box.setChecked(day in (2, 4))
    section.spread.setChecked(True)
    section.pace.on.setChecked(True)
    section.pace.most.setValue(120)
    section.pace.unit.setCurrentIndex(section.pace.unit.findData(Unit.DAY))
    section.urgency.setCurrentIndex(section.urgency.findData(Urgency.WHENEVER))
    section.lines.any.setChecked(False)


def test_nothing_is_asked_that_does_not_belong_to_the_chosen_start(editor: CampaignEditor) -> None:
    section = editor.schedule

    def shown() -> set[str]:
        fields = {"days": section.days, "hours": section.hours, "weekdays": section.weekdays, "spread": section.spread}
        return {key for key, widget in fields.items() if widget.isVisibleTo(section)}

    assert shown() == set()
    section.mode.setCurrentIndex(section.mode.findData(Mode.AT))
    assert shown() == set()
    section.mode.setCurrentIndex(section.mode.findData(Mode.WINDOW))
    assert shown() == {"days", "hours", "weekdays", "spread"}
    assert not section.weekdays.boxes[1].isVisibleTo(section)
    section.weekdays.choice.setCurrentIndex(section.weekdays.choice.findData(Days.CHOSEN))
    assert section.weekdays.boxes[1].isVisibleTo(section)


def test_every_answer_is_stored_and_comes_back(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, editor: CampaignEditor, settle: Callable[[], None]
) -> None:
    fill(editor)
    draft = editor.draft()
    assert draft.schedule == Schedule(
        first_day=date(2026, 11, 24),
        last_day=date(2026, 11, 27),
        opens=time(9, 30),
        closes=time(17),
        weekdays=frozenset({2, 4}),
        spread=True,
        pace=Pace(most=120, unit=Unit.DAY),
        urgency=Urgency.WHENEVER,
        lines=(1, 2),
    )
    editor.save_now()
    settle()
    with ctx.database.read() as session:
        assert Schedule.load(session.get_one(Campaign, editor.campaign_id).schedule) == draft.schedule
    again = CampaignEditor(editor._services, editor.campaign_id, template_id=None, import_id=None)
    qtbot.addWidget(again)
    again.begin()
    settle()
    assert again.draft() == draft
    again.save_now()
    settle()


def test_one_chosen_line_is_the_line_of_the_campaign(editor: CampaignEditor) -> None:
    section = editor.schedule
    section.lines.any.setChecked(False)
    first, second = section.lines.boxes
    section.lines.boxes[first].setChecked(False)
    assert (editor.draft().line_id, editor.draft().schedule.lines) == (second, ())
    section.lines.boxes[second].setChecked(False)
    assert "a line" in editor.submission.summary.text()
    section.lines.any.setChecked(True)
    assert editor.draft().line_id is None


def test_the_end_never_comes_before_the_beginning(editor: CampaignEditor) -> None:
    section = editor.schedule
    section.mode.setCurrentIndex(section.mode.findData(Mode.WINDOW))
    section.hours.only.setChecked(True)
    section.days.first.setDate(QDate(2026, 12, 24))
    section.hours.first.setTime(QTime(21, 15))
    schedule = editor.draft().schedule
    assert (schedule.first_day, schedule.last_day) == (date(2026, 12, 24), date(2026, 12, 24))
    assert (schedule.opens, schedule.closes) == (time(21, 15), time(21, 16))


def test_an_offer_can_not_be_urgent(editor: CampaignEditor) -> None:
    urgency = editor.schedule.urgency
    urgency.setCurrentIndex(urgency.findData(Urgency.URGENT))
    assert editor.draft().schedule.urgency is Urgency.URGENT
    choose(editor, "新品")
    assert urgency.findData(Urgency.URGENT) == -1
    assert editor.draft().schedule.urgency is Urgency.NORMAL


def test_the_forecast_follows_the_answers(qtbot: QtBot, editor: CampaignEditor) -> None:
    words = editor.schedule._forecast.words
    qtbot.waitUntil(lambda: "done" in words.text(), timeout=PATIENCE)  # 12 messages of two parts, twenty parts a minute
    assert words.text() == "Approved now, it would take about 1 minute and be done 10:01."
    pace = editor.schedule.pace
    pace.on.setChecked(True)
    pace.most.setValue(6)
    qtbot.waitUntil(lambda: "be done 12:00" in words.text(), timeout=PATIENCE)
    pace.unit.setCurrentIndex(pace.unit.findData(Unit.DAY))
    pace.most.setValue(1)
    qtbot.waitUntil(lambda: "will not have left when it ends" in words.text(), timeout=PATIENCE)
    assert "a faster pace" in words.text()


def test_days_on_which_nothing_may_leave_are_refused(
    qtbot: QtBot, editor: CampaignEditor, settle: Callable[[], None]
) -> None:
    section = editor.schedule
    section.mode.setCurrentIndex(section.mode.findData(Mode.WINDOW))
    section.hours.only.setChecked(True)
    section.hours.first.setTime(QTime(5, 0))
    section.hours.last.setTime(QTime(7, 0))  # reminders leave from eight on
    qtbot.waitUntil(lambda: "no moment" in section._forecast.words.text(), timeout=PATIENCE)
    qtbot.waitUntil(editor._is_checked, timeout=PATIENCE)
    settle()
    assert editor.check.result is not None
    assert editor.check.result.blocked
    assert not editor.submission.button.isEnabled()


@pytest.fixture
def running(ctx: Context, supervisor_ctx: Context, world: Any) -> Callable[..., int]:
    def make(**schedule: Any) -> int:
        frozen = submit(ctx, world.saved(schedule=Schedule(**schedule)))
        approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
        return frozen.campaign_id

    return make


def test_the_page_says_why_nothing_leaves_and_when_it_goes_on(
    qtbot: QtBot,
    ctx: Context,
    clock: FixedClock,
    page: CampaignsPage,
    running: Callable[..., int],
    settle: Callable[[], None],
) -> None:
    campaign = running(
        first_day=date(2026, 11, 23), last_day=date(2026, 11, 24), opens=time(10), closes=time(11),
        pace=Pace(most=12, unit=Unit.HOUR),
    )  # fmt: skip
    page.detail.show_campaign(campaign)
    settle()
    waits = page.detail.progress.holdup
    assert "No sending program is running." in waits.text()
    with ctx.database.begin() as session:
        session.add(Dispatcher(run="r", host="h", pid=1, started_at=clock.now(), heartbeat_at=clock.now()))
    page.detail.reload()
    settle()
    assert not waits.isVisibleTo(page.detail)
    clock.advance(timedelta(hours=1))
    page.detail.reload()
    settle()
    assert waits.text() == "It waits for its window. Next at 2026-11-24 10:00."
    facts = page.detail.facts
    told = " ".join(each.text() for each in facts.findChildren(type(waits)))
    assert "2026-11-23 to 2026-11-24; 10:00–11:00" in told
    assert "at most 12 messages an hour" in told


def test_a_window_of_the_past_is_said(page: CampaignsPage, editor: CampaignEditor, qtbot: QtBot) -> None:
    section = editor.schedule
    section.mode.setCurrentIndex(section.mode.findData(Mode.WINDOW))
    section.days.set_days(date(2026, 11, 1), date(2026, 11, 2))
    qtbot.waitUntil(lambda: "would expire before it can start" in editor.check.hint.text(), timeout=PATIENCE)


def test_a_batch_keeps_what_was_signed(ctx: Context, running: Callable[..., int]) -> None:
    campaign = running(urgency=Urgency.URGENT, pace=Pace(most=7, unit=Unit.MINUTE))
    with ctx.database.read() as session:
        batch = session.get_one(Batch, session.get_one(Campaign, campaign).batch_id)
        assert batch.priority == 1
        assert batch.schedule == {"pace": {"most": 7, "unit": "minute"}, "urgency": "urgent"}
        assert isinstance(batch.expires_at, datetime)

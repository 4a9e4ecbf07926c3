"""Campaigns that repeat, on the campaigns page: made from a draft, watched, changed, paused, ended."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select, update

from console.core.campaigns import series as verbs
from console.core.campaigns.audience import Audience
from console.core.campaigns.recurrence import Every, OffDay, Recurrence
from console.core.campaigns.series_runs import prepare_due
from console.core.clock import FixedClock
from console.core.context import Context
from console.screens.campaigns import series as series_module
from console.screens.campaigns.editor import CampaignEditor
from console.screens.campaigns.repeat import NINE, RepeatDialog
from console.screens.campaigns.screen import CampaignsPage
from console.screens.campaigns.series import SeriesPane
from console.screens.home.screen import HomePage
from console.shell.notices import Notice
from console.shell.repeating import Repeater
from console.shell.services import Services
from db.models import Campaign, CampaignState, RunState, Series, SeriesRun, SeriesState, Template, TemplateState

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(12)
    made.line(pace=10)
    made.template(name="还款提醒")
    return made


@pytest.fixture
def page(campaigns_page: Callable[[], CampaignsPage], world: Any) -> CampaignsPage:
    return campaigns_page()


def daily(**changes: Any) -> Recurrence:
    values: dict[str, Any] = {"every": Every.WORKDAY, "first": date(2026, 11, 23), "at": NINE, "lead": 1}
    return Recurrence(**(values | changes))


def buttons(widget: QWidget) -> dict[str, QPushButton]:
    return {each.text(): each for each in widget.findChildren(QPushButton) if each.isVisibleTo(widget)}


def press(widget: QWidget, text: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: text in buttons(widget))
    qtbot.mouseClick(buttons(widget)[text], Qt.MouseButton.LeftButton)


def dialog_of(page: QWidget, qtbot: QtBot, settle: Callable[[], None]) -> RepeatDialog:
    qtbot.waitUntil(lambda: bool(page.findChildren(RepeatDialog)))
    (dialog,) = page.findChildren(RepeatDialog)
    settle()
    return dialog


def pane_of(page: CampaignsPage, qtbot: QtBot, settle: Callable[[], None]) -> SeriesPane:
    qtbot.waitUntil(lambda: bool(page.findChildren(SeriesPane)))
    settle()
    (pane,) = page.findChildren(SeriesPane)
    return pane


def said(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisibleTo(widget))


def all_of(ctx: Context, table: Any) -> list[Any]:
    with ctx.database.read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_a_draft_is_made_to_repeat(qtbot: QtBot, ctx: Context, page: CampaignsPage, settle: Callable[[], None]) -> None:
    page.new()
    settle()
    (editor,) = page.findChildren(CampaignEditor)
    assert not editor.submission.repeat.isEnabled()
    editor.name.setText("每周提醒")
    box = editor.template.template
    box.setCurrentIndex(next(i for i in range(box.count()) if "还款提醒" in box.itemText(i)))
    qtbot.waitUntil(editor._is_checked)
    settle()
    press(editor, "Repeat…", qtbot)
    dialog = dialog_of(editor, qtbot, settle)
    dialog.every.setCurrentIndex(dialog.every.findData(Every.WEEK))
    for place, day in enumerate(dialog.weekdays):
        day.setChecked(place == 3)
    settle()
    assert dialog.next.text().startswith("Next runs: 2026-11-26, 2026-12-03")
    press(dialog, "Repeat", qtbot)
    pane = pane_of(page, qtbot, settle)
    qtbot.waitUntil(lambda: pane.detail._shown is not None)
    assert not page.findChildren(CampaignEditor)
    assert "Every week on Thursday at 09:00; not on days off" in said(pane.detail)
    (pattern,) = all_of(ctx, Campaign)
    assert pattern.state is CampaignState.PATTERN
    page.close_series()
    settle()
    assert len(page.table) == 0


def test_the_dialog_shows_what_is_wrong_and_what_follows(
    qtbot: QtBot, page: CampaignsPage, services: Services, settle: Callable[[], None]
) -> None:
    dialog = RepeatDialog(page, services, "t", "go", lambda _wanted: lambda _ctx: 1, lambda _made: None)
    dialog.show()
    settle()
    assert "The supervisors get the first one at once." in dialog.next.text()
    dialog.every.setCurrentIndex(dialog.every.findData(Every.WEEK))
    dialog.weekdays[0].setChecked(False)
    settle()
    assert not dialog.action.isEnabled()
    assert "No day of the week" in dialog.next.text()
    dialog.every.setCurrentIndex(dialog.every.findData(Every.MONTH_DAY))
    dialog.day.setValue(31)
    settle()
    assert "2026-12-31, 2027-03-31" in dialog.next.text()  # the others are days off
    dialog.form.set_values({"off_day": OffDay.BEFORE})
    settle()
    assert dialog.next.text().startswith("Next runs: 2026-11-30, 2026-12-31, 2027-01-29, 2027-02-26")
    dialog.ends.setChecked(True)
    settle()
    assert dialog.next.text().startswith("Next runs: 2026-11-30")  # the last day that is offered lies ahead
    dialog.until.setDate(dialog.until.date().addDays(-90))
    settle()
    assert dialog.next.text() == (
        "No run would ever fall into this time. Choose other days, or what happens on a day off."
    )
    dialog.close()


def test_what_can_not_repeat_is_refused_in_the_dialog(
    qtbot: QtBot, page: CampaignsPage, world: Any, settle: Callable[[], None]
) -> None:
    campaign_id = world.saved(audience=Audience.of_import(1))
    page.open_campaign(campaign_id)
    settle()
    press(page.detail, "Repeat…", qtbot)
    dialog = dialog_of(page, qtbot, settle)
    press(dialog, "Repeat", qtbot)
    qtbot.waitUntil(lambda: "imported file" in dialog.trouble.text())
    dialog.reject()


@pytest.fixture
def begun(ctx: Context, world: Any) -> int:
    return verbs.create(ctx, world.saved(name="每日提醒"), daily())


def test_runs_stand_in_the_list_and_open(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, begun: int, clock: FixedClock, settle: Callable[[], None]
) -> None:
    prepare_due(ctx)
    press(page, "Repeating", qtbot)
    pane = pane_of(page, qtbot, settle)
    row = pane.table.current_row()
    assert row is not None
    assert row.last is not None
    assert (row.name, str(row.last.title)) == ("每日提醒", "Waiting for approval")
    qtbot.waitUntil(lambda: "Look at it" in buttons(pane.detail))
    press(pane.detail, "Look at it", qtbot)
    qtbot.waitUntil(lambda: not page.findChildren(SeriesPane))
    settle()
    current = page.table.current_row()
    assert current is not None
    assert current.name == "每日提醒 2026-11-24"


def test_pause_resume_change_and_end(
    qtbot: QtBot,
    ctx: Context,
    page: CampaignsPage,
    begun: int,
    settle: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.open_series(begun)
    pane = pane_of(page, qtbot, settle)
    press(pane.detail, "Pause", qtbot)
    press(pane.detail, "Resume", qtbot)
    press(pane.detail, "Change the times", qtbot)
    dialog = dialog_of(pane, qtbot, settle)
    assert dialog.recurrence() == daily()
    dialog.form.set_values({"lead": 2})
    settle()
    press(dialog, "Save", qtbot)
    qtbot.waitUntil(lambda: "2 working days earlier" in said(pane.detail))
    monkeypatch.setattr(series_module, "confirm", lambda *_arguments, **_named: True)
    press(pane.detail, "End the series", qtbot)
    qtbot.waitUntil(lambda: all_of(ctx, Series)[0].state is SeriesState.ENDED)
    qtbot.waitUntil(lambda: not buttons(pane.detail).keys() & {"Pause", "Resume", "End the series"})
    settle()


def test_all_runs_are_exported(
    qtbot: QtBot,
    page: CampaignsPage,
    begun: int,
    ctx: Context,
    notices: list[Notice],
    settle: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    asked: list[str] = []
    folder = tmp_path / "reports"
    folder.mkdir()

    def choose(_parent: object, _title: str, suggested: Path) -> Path:
        asked.append(suggested.name)
        return folder / suggested.name

    monkeypatch.setattr(series_module, "ask_workbook", choose)
    prepare_due(ctx)
    page.open_series(begun)
    pane = pane_of(page, qtbot, settle)
    press(pane.detail, "Export", qtbot)
    qtbot.waitUntil(lambda: any("Exported to" in each.text for each in notices))
    assert [each.name for each in folder.iterdir()] == asked
    book = load_workbook(folder / asked[0], read_only=True)
    assert book.sheetnames == ["Summary", "Runs"]
    book.close()


def test_the_pattern_is_edited_and_stays_a_pattern(
    qtbot: QtBot, ctx: Context, page: CampaignsPage, begun: int, settle: Callable[[], None]
) -> None:
    page.open_series(begun)
    pane = pane_of(page, qtbot, settle)
    press(pane.detail, "Change the campaign", qtbot)
    qtbot.waitUntil(lambda: bool(page.findChildren(CampaignEditor)))
    settle()
    (editor,) = page.findChildren(CampaignEditor)
    assert editor.submission.isHidden()
    assert "counts from the next run" in editor.comment.text()
    editor.name.setText("新名字")
    page.step_back()
    settle()
    assert page.findChildren(SeriesPane) == [pane]
    qtbot.waitUntil(lambda: "新名字" in said(pane.detail))
    (pattern,) = all_of(ctx, Campaign)
    assert (pattern.name, pattern.state) == ("新名字", CampaignState.PATTERN)


def test_a_series_that_the_program_stopped_is_told(
    qtbot: QtBot, ctx: Context, services: Services, page: CampaignsPage, begun: int, settle: Callable[[], None]
) -> None:
    with ctx.database.begin() as session:
        session.execute(update(Template).values(state=TemplateState.RETIRED))
    prepare_due(ctx)
    page.refresh(None)
    settle()
    assert page.repeating.text() == "Repeating: 1 stopped"
    page.open_series(begun)
    pane = pane_of(page, qtbot, settle)
    qtbot.waitUntil(lambda: "retired" in pane.detail.trouble.text())


def test_the_window_makes_what_is_due(
    qtbot: QtBot, ctx: Context, services: Services, begun: int, settle: Callable[[], None]
) -> None:
    repeater = Repeater(services, first=0)
    repeater.start()
    qtbot.waitUntil(lambda: [run.state for run in all_of(ctx, SeriesRun)] == [RunState.MADE], timeout=20_000)
    settle()
    repeater.stop()


def test_only_who_may_submit_changes_a_series(
    qtbot: QtBot,
    services_of: Callable[[Context], Services],
    supervisor_ctx: Context,
    ctx: Context,
    begun: int,
    clock: FixedClock,
) -> None:
    clock.advance(timedelta(minutes=1))
    services = services_of(supervisor_ctx)
    page = CampaignsPage(services)
    qtbot.addWidget(page)
    page.show()
    page.open_series(begun)
    (pane,) = page.findChildren(SeriesPane)
    qtbot.waitUntil(lambda: "Pause" in buttons(pane.detail))
    assert not buttons(pane.detail).keys() & {"Change the times", "Change the campaign", "End the series"}
    press(pane.detail, "Pause", qtbot)
    qtbot.waitUntil(lambda: all_of(ctx, Series)[0].state is SeriesState.PAUSED)
    qtbot.waitUntil(lambda: services.tasks.idle)


def test_home_leads_to_a_series_that_was_stopped(
    qtbot: QtBot, ctx: Context, services: Services, begun: int, settle: Callable[[], None]
) -> None:
    with ctx.database.begin() as session:
        session.execute(update(Template).values(state=TemplateState.RETIRED))
    prepare_due(ctx)
    home = HomePage(services)
    qtbot.addWidget(home)
    home.show()
    home.arrive()
    settle()
    qtbot.waitUntil(lambda: "每日提醒 does not repeat any more" in names(home))
    with qtbot.waitSignal(services.navigated) as told:
        home.waiting.series_opened.emit()
    assert told.args == ["campaigns", {"series": True}]


def names(widget: QWidget) -> str:
    return "\n".join(each.accessibleName() or "" for each in widget.findChildren(QWidget)) + said(widget)


def test_where_nothing_repeats_yet_a_campaign_can_be_begun(
    qtbot: QtBot, page: CampaignsPage, settle: Callable[[], None]
) -> None:
    page.open_series()
    pane = pane_of(page, qtbot, settle)
    press(pane, "New campaign", qtbot)
    settle()
    assert len(page.findChildren(CampaignEditor)) == 1
    assert page.step_back()
    assert page._stack.currentWidget() is pane


def test_a_day_off_is_asked_about_only_where_a_run_may_meet_one(
    qtbot: QtBot, page: CampaignsPage, services: Services, settle: Callable[[], None]
) -> None:
    dialog = RepeatDialog(page, services, "t", "go", lambda _wanted: lambda _ctx: 1, lambda _made: None)
    dialog.show()
    settle()
    assert not dialog.off_day.isVisibleTo(dialog)
    dialog.every.setCurrentIndex(dialog.every.findData(Every.DAY))
    assert dialog.off_day.isVisibleTo(dialog)


def test_tab_goes_from_the_list_to_the_verbs(
    qtbot: QtBot, page: CampaignsPage, begun: int, settle: Callable[[], None]
) -> None:
    page.open_series(begun)
    pane = pane_of(page, qtbot, settle)
    qtbot.waitUntil(lambda: "End the series" in buttons(pane.detail))
    pane.table.setFocus()
    went = []
    for _ in range(5):
        qtbot.keyClick(page.window().focusWidget(), Qt.Key.Key_Tab)
        focused = page.window().focusWidget()
        went.append(focused.text() if isinstance(focused, QPushButton) else type(focused).__name__)
    assert went == ["Pause", "Change the times", "Change the campaign", "Export", "End the series"]


def test_tab_goes_through_what_the_check_found_before_the_test_message(
    qtbot: QtBot, page: CampaignsPage, world: Any, settle: Callable[[], None]
) -> None:
    world.set_loans([1, 2], amount_due=0)
    page.edit(world.saved(name="提醒"))
    settle()
    (editor,) = page.findChildren(CampaignEditor)
    qtbot.waitUntil(editor._is_checked)
    settle()
    editor.check.button.setFocus()
    qtbot.keyClick(editor.check.button, Qt.Key.Key_Tab)
    focused = page.window().focusWidget()
    assert focused is not None
    assert focused.accessibleName() == "Already paid: 2"

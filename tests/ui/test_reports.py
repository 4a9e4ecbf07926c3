"""The reports page on a real database: choose, look, export, cancel, open the folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QFileDialog
from python_calamine import CalamineWorkbook
from sqlalchemy import insert

from console.core.protection.requests import request_rows
from console.core.reports.period import Period
from console.core.reports.requests import CARDS, Report
from console.screens.reports.screen import ReportsPage
from console.shell.asking import AskFullNumbersDialog
from console.shell.notices import Level, Notice
from console.shell.page import Page
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Customer,
    Line,
    Message,
    MessagePart,
    MessageState,
    PartState,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from console.core.context import Context
    from console.shell.services import Services
from console.shell.theme import ThemeManager

LEFT_AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ROWS = 600


@pytest.fixture
def campaign(ctx: Context) -> int:
    """A campaign of 600 messages that left this morning: two in three arrived."""
    with ctx.database.begin() as session:
        line = Line(name="模块一", address="COM1", created_at=LEFT_AT)
        made = Campaign(
            name="房贷11月还款提醒", class_key="reminder", audience={}, variables={}, state=CampaignState.APPROVED,
            created_by=ctx.actor.user_id, created_at=LEFT_AT, updated_at=LEFT_AT,
        )  # fmt: skip
        session.add_all([line, made])
        session.flush()
        batch = Batch(
            kind=BatchKind.CAMPAIGN, campaign_id=made.id, class_key="reminder", state=BatchState.OPEN, messages=ROWS,
            parts=ROWS, created_by=ctx.actor.user_id, created_at=LEFT_AT, opened_at=LEFT_AT,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        made.batch_id = batch.id
        people = [
            {"id": n, "number": f"C{n}", "name": f"客户{n}", "pinyin": "k", "initials": "k", "phone": f"1380000{n:04}",
             "phone_tail": f"{n:04}", "created_at": LEFT_AT, "updated_at": LEFT_AT}
            for n in range(1, ROWS + 1)
        ]  # fmt: skip
        states = [MessageState.DELIVERED, MessageState.DELIVERED, MessageState.UNDELIVERED]
        messages = [
            {"id": n, "batch_id": batch.id, "customer_id": n, "phone": f"1380000{n:04}", "recipient": f"1380000{n:04}",
             "body": "【示例银行】您好", "parts": 1, "digest": "0" * 64, "state": states[n % 3], "reason": "",
             "line_id": line.id, "created_at": LEFT_AT, "sending_at": LEFT_AT, "accepted_at": LEFT_AT,
             "done_at": LEFT_AT}
            for n in range(1, ROWS + 1)
        ]  # fmt: skip
        parts = [
            {"message_id": n, "sequence": 1, "attempt": 1, "line_id": line.id, "state": PartState.DELIVERED,
             "phone": "", "sending_at": LEFT_AT, "accepted_at": LEFT_AT}
            for n in range(1, ROWS + 1)
        ]  # fmt: skip
        for table, rows in ((Customer, people), (Message, messages), (MessagePart, parts)):
            session.execute(insert(table), rows)
        return made.id


@pytest.fixture
def page(qtbot: QtBot, services: Services, campaign: int, settle: Callable[[], None]) -> ReportsPage:
    made = ReportsPage(services)
    qtbot.addWidget(made)
    made.resize(1200, 760)
    made.show()
    made.arrive()
    settle()
    return made


def tabs(page: ReportsPage) -> list[str]:
    return [page.preview.tabs.tabText(place) for place in range(page.preview.tabs.count())]


def cell(page: ReportsPage, row: int, column: int) -> str:
    return str(page.preview.model.index(row, column).data())


def choose(page: ReportsPage, report: Report) -> None:
    next(card for card in page.cards.cards if card.report is report).click()


def test_it_is_a_page_with_a_card_for_every_report(page: ReportsPage) -> None:
    assert isinstance(page, Page)
    assert [card.report for card in page.cards.cards] == list(CARDS)
    assert page.cards.report() is Report.DAILY
    assert page.bar.primary is not None
    assert page.bar.primary.isEnabled()


def test_the_daily_report_is_shown_at_once_with_its_chart(page: ReportsPage) -> None:
    assert tabs(page) == ["By day", "By line", "By line and day", "By class", "By campaign"]
    assert page.preview.model.rowCount() == 8  # seven days and the total
    assert [cell(page, 6, n) for n in range(4)] == ["2026-11-23", "600", "400", "200"]
    assert page.preview.chart.isVisible()
    assert page.preview.chart.bars is not None
    assert page.preview.chart.bars.words(6) == "11-23  Delivered 400 · Failed 200"


def test_tabs_change_the_sheet_and_are_kept_over_a_new_period(page: ReportsPage, settle: Callable[[], None]) -> None:
    page.preview.tabs.setCurrentIndex(4)
    assert cell(page, 0, 0) == "房贷11月还款提醒"
    page.period.set_period(Period(date(2026, 11, 23), date(2026, 11, 23)))
    settle()
    assert page.preview.tabs.currentIndex() == 4
    assert not page.preview.chart.isVisible()  # one day is no course


def test_a_campaign_report_asks_for_the_campaign_instead_of_the_period(
    page: ReportsPage, settle: Callable[[], None]
) -> None:
    assert not page.campaign.isVisible()
    choose(page, Report.CAMPAIGN)
    settle()
    assert page.campaign.isVisible()
    assert not page.period.isEnabled()
    assert page.campaign.currentText() == "房贷11月还款提醒"
    assert not page._about.isVisible()  # the name of the campaign has its room
    assert tabs(page)[0] == "Summary"
    page.preview.tabs.setCurrentIndex(tabs(page).index("Details"))
    assert page.preview.model.rowCount() == 200
    assert cell(page, 0, 4) == "138****0001"
    assert page.preview.note.text() == "The first 200 of 600 rows; the workbook has them all."


def test_a_campaign_is_found_by_any_part_of_its_name(page: ReportsPage, settle: Callable[[], None]) -> None:
    choose(page, Report.CAMPAIGN)
    settle()
    before = page.campaign.currentText()
    typed, found = page.campaign.lineEdit(), page.campaign.completer()
    assert typed is not None
    assert found is not None
    for words, number in ((before[2:5], 1), ("nothing like it", 0)):
        found.setCompletionPrefix(words)
        assert found.completionCount() == number
    typed.setText("nothing like it")
    typed.editingFinished.emit()
    assert page.campaign.currentText() == before  # what was chosen stays
    settle()


def test_another_page_can_lead_to_a_campaign(
    qtbot: QtBot, services: Services, campaign: int, settle: Callable[[], None]
) -> None:
    page = ReportsPage(services)
    qtbot.addWidget(page)
    page.arrive(campaign_id=campaign)
    settle()
    assert page.request() is not None
    assert page.request().campaign_id == campaign  # type: ignore[union-attr]


def test_without_campaigns_there_is_nothing_to_export(
    qtbot: QtBot, services: Services, settle: Callable[[], None]
) -> None:
    page = ReportsPage(services)
    qtbot.addWidget(page)
    page.show()
    page.arrive(report="campaign")
    settle()
    assert page.request() is None
    assert page.bar.primary is not None
    assert not page.bar.primary.isEnabled()
    assert page.preview.empty.isVisible()


def test_a_period_without_messages_says_so(page: ReportsPage, settle: Callable[[], None]) -> None:
    choose(page, Report.DETAILS)
    page.period.set_period(Period(date(2026, 1, 1), date(2026, 1, 31)))
    settle()
    assert page.preview.empty.isVisible()


def test_the_workbook_is_written_and_its_folder_opened(
    page: ReportsPage,
    settle: Callable[[], None],
    notices: list[Notice],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[Path] = []
    page.open_path = opened.append
    target = tmp_path / "out"
    suggested: list[str] = []

    def answer(_parent: object, _title: str, path: str, _kinds: str) -> tuple[str, str]:
        suggested.append(path)
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    assert page.bar.primary is not None
    page.bar.primary.click()
    settle()
    settle()
    written = tmp_path / "out.xlsx"
    assert suggested[0].endswith("Daily report 2026-11-17_2026-11-23.xlsx")
    assert CalamineWorkbook.from_path(written).sheet_names[0] == "By day"
    assert [notice.level for notice in notices] == [Level.GOOD]
    assert notices[0].action == "Open folder"
    assert notices[0].act is not None
    notices[0].act()
    page.state.file.click()
    page.state.folder.click()
    assert opened == [tmp_path, written, tmp_path]
    assert page.bar.primary.isEnabled()


def test_progress_is_shown_and_cancel_leaves_no_file(
    page: ReportsPage, qtbot: QtBot, settle: Callable[[], None], tmp_path: Path, notices: list[Notice]
) -> None:
    choose(page, Report.DETAILS)
    settle()
    page.export_to(tmp_path / "out.xlsx")
    assert page.state.isVisible()
    assert page.state.running
    assert page.bar.primary is not None
    assert not page.bar.primary.isEnabled()
    page.state.cancel.click()
    settle()
    assert not page.state.isVisible()
    assert page.bar.primary.isEnabled()
    assert not list(tmp_path.glob("*.xlsx"))
    assert not list(tmp_path.glob(".*.part"))
    assert notices == []


def test_trouble_is_told_as_a_notice(
    page: ReportsPage, settle: Callable[[], None], notices: list[Notice], tmp_path: Path
) -> None:
    page.export_to(tmp_path / "gone" / "out.xlsx")
    settle()
    assert [(notice.level, notice.hint) for notice in notices] == [(Level.BAD, "Choose another folder.")]
    assert page.bar.primary is not None
    assert page.bar.primary.isEnabled()


def test_numbers_in_full_are_asked_for(
    page: ReportsPage, services: Services, settle: Callable[[], None], notices: list[Notice]
) -> None:
    assert not page.reveal.isVisible()  # the daily report has no numbers
    choose(page, Report.DETAILS)
    settle()
    page.reveal.click()
    page.export()
    dialog = page.findChild(AskFullNumbersDialog)
    assert dialog is not None
    dialog.form.set_values({"reason": "letters to everybody"})
    dialog.action.click()
    settle()
    assert [(notice.level, notice.text) for notice in notices] == [(Level.GOOD, "Request 1 waits for a supervisor.")]
    (row,) = request_rows(services.ctx, [1])
    assert (row.state, row.reason) == ("pending", "letters to everybody")


def test_periods_never_become_impossible(page: ReportsPage) -> None:
    chooser = page.period
    assert (chooser.usual.currentText(), str(chooser.value())) == ("Last 7 days", "2026-11-17 – 2026-11-23")
    chooser.last.setDate(QDate(2026, 11, 10))
    assert str(chooser.value()) == "2026-11-10"
    assert chooser.usual.currentText() == "Other days"
    chooser.first.setDate(QDate(2026, 11, 20))
    assert str(chooser.value()) == "2026-11-20"
    chooser.last.setDate(QDate(2030, 1, 1))
    assert (chooser.value().last - chooser.value().first).days == 365
    chooser.set_period(Period(date(2026, 10, 1), date(2026, 10, 31)))
    assert chooser.usual.currentText() == "Last month"


def test_cards_work_by_keyboard(page: ReportsPage, qtbot: QtBot, settle: Callable[[], None]) -> None:
    first, second = page.cards.cards[0], page.cards.cards[2]
    first.setFocus()
    second.setFocus()
    qtbot.keyClick(second, Qt.Key.Key_Space)
    settle()
    assert page.cards.report() is Report.DETAILS
    assert page.preview.tabs.isVisible() is False  # one sheet needs no tabs


def test_tab_goes_through_the_preview_from_top_to_bottom(page: ReportsPage, qtbot: QtBot) -> None:
    bars = page.preview.chart.bars
    assert bars is not None
    bars.setFocus()
    went = []
    for _ in range(2):
        qtbot.keyClick(page.window().focusWidget(), Qt.Key.Key_Tab)
        went.append(page.window().focusWidget())
    assert went == [page.preview.tabs, page.preview.table]


def test_rows_can_be_copied_into_a_spreadsheet(page: ReportsPage, qtbot: QtBot) -> None:
    page.preview.table.selectRow(6)
    qtbot.keyClick(page.preview.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split("\t")[:4] == ["2026-11-23", "600", "400", "200"]


def test_the_model_behaves(page: ReportsPage, settle: Callable[[], None]) -> None:
    tester = QAbstractItemModelTester(page.preview.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for report in Report:
        choose(page, report)
        settle()
    assert tester.model() is page.preview.model


def test_everything_has_an_accessible_name(page: ReportsPage) -> None:
    for widget in (page.period.usual, page.period.first, page.period.last, page.campaign, page.preview.table):
        assert widget.accessibleName()
    assert all(card.accessibleName() and card.accessibleDescription() for card in page.cards.cards)


def test_with_little_room_a_report_is_named_only(
    qtbot: QtBot, services: Services, campaign: int, settle: Callable[[], None], theme_manager: ThemeManager
) -> None:
    theme_manager.apply("light", font_px=19, language="en")
    page = ReportsPage(services)
    qtbot.addWidget(page)
    page.resize(1061, 590)
    page.show()
    qtbot.waitExposed(page)
    page.arrive()
    settle()
    first = page.cards.cards[0]
    qtbot.waitUntil(lambda: page.preview.width() > 700)
    assert not first.about.isVisible()
    assert first.toolTip().startswith("What left, what arrived")
    rows = page.preview.table.viewport().height() // page.preview.table.verticalHeader().defaultSectionSize()
    assert rows >= 3
    assert page.preview.chart.isVisible()
    page.resize(1700, 590)
    qtbot.waitUntil(first.about.isVisible)
    assert not first.toolTip()

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from console.core.context import Context
from console.screens.audit.screen import OTHER, AuditPage, DaysDialog
from console.shell.notices import Level, Notice
from console.shell.services import Services
from console.shell.theme import ThemeManager
from db.models import AuditEntry


@pytest.fixture
def ctx(context_of: Callable[[str], Context]) -> Context:
    """The auditor, and a trail."""
    officer, auditor = context_of("officer"), context_of("supervisor")
    with officer.database.begin() as session:
        for number in range(1, 6):
            officer.audit(session, "campaign.submit", f"campaign:{number}", messages=100 * number)
        auditor.audit(session, "campaign.approve", "campaign:1", digest="ab" * 32)
        auditor.audit(session, "settings.change", "setting:bank.branch", value="城西支行")
    return auditor


@pytest.fixture
def page(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> AuditPage:
    made = AuditPage(services)
    made.resize(1200, 700)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.arrive()
    settle()
    return made


def _shown(page: AuditPage) -> list[int]:
    return page.table.records.ids.tolist()


def test_newest_first_in_words(page: AuditPage) -> None:
    QAbstractItemModelTester(page.table.records, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert _shown(page) == [7, 6, 5, 4, 3, 2, 1]
    texts = [page.table.records.index(0, column).data() for column in range(5)]
    assert texts == ["2026-11-23 10:00:00", "supervisor", "Setting changed", "Branch name", "value: 城西支行"]


def test_search_and_filters_narrow_it(page: AuditPage, settle: Callable[[], None]) -> None:
    assert page.bar.search is not None
    page.bar.search.setText("approved")
    page.bar.search.searched.emit("approved")
    settle()
    assert _shown(page) == [6]
    page.bar.search.searched.emit("")
    page.actor.set_value("officer")
    page.actor.chosen.emit("officer")
    settle()
    assert _shown(page) == [5, 4, 3, 2, 1]
    page.area.set_value("settings")
    page.area.chosen.emit("settings")
    settle()
    assert _shown(page) == []


def test_the_current_entry_is_shown_in_full(page: AuditPage, settle: Callable[[], None]) -> None:
    assert page.table.select_id(6)
    settle()
    words = " ".join(label.text() for label in page.detail.findChildren(QLabel))
    assert "Campaign approved" in words
    assert "Campaign 1" in words
    assert "abababababab" in words


def test_verifying_is_a_task_and_its_result_stays(
    qtbot: QtBot, page: AuditPage, settle: Callable[[], None], notices: list[Notice]
) -> None:
    assert page.state.words.text() == "The trail has not been verified yet."
    assert page.bar.primary is not None
    qtbot.mouseClick(page.bar.primary, Qt.MouseButton.LeftButton)
    assert not page.bar.primary.isEnabled()
    settle()
    settle()
    assert page.bar.primary.isEnabled()
    assert page.state.words.text() == "The trail is whole: 7 entries, none changed, removed or added."
    assert page.state.when.text() == "Verified 2026-11-23 10:00 by supervisor"
    assert [notice.level for notice in notices] == [Level.GOOD]
    assert _shown(page)[0] == 8


def test_a_touched_trail_is_told_plainly(
    page: AuditPage, services: Services, settle: Callable[[], None], notices: list[Notice]
) -> None:
    with services.ctx.database.begin() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 4).values(actor="nobody"))
    page.verify()
    settle()
    settle()
    assert page.state.words.text() == "Entry 4 was changed."
    assert notices[0].level is Level.WARN


def test_copying_gives_tab_separated_text(page: AuditPage, settle: Callable[[], None]) -> None:
    page.table.selectAll()
    page.table.copy()
    settle()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == ["Time", "Who", "What", "About", "Details"]
    assert len(lines) == 8


def test_everything_about_one_thing_and_other_days(page: AuditPage, settle: Callable[[], None]) -> None:
    assert page.table.select_id(6)
    settle()
    page.detail.all.click()
    settle()
    assert _shown(page) == [6, 1]
    assert page.about.isVisible()
    page.about.set_value("")
    page.period.set_value(OTHER)
    page.period.chosen.emit(OTHER)
    dialog = page.findChild(DaysDialog)
    assert dialog is not None
    dialog.form.set_values({"first": date(2026, 11, 1), "last": date(2026, 11, 22)})
    dialog.action.click()
    settle()
    assert _shown(page) == []


def test_other_days_are_named_or_nothing_changes(page: AuditPage, settle: Callable[[], None]) -> None:
    page.period.set_value(7)
    page.period.chosen.emit(7)
    settle()
    page.period.set_value(OTHER)
    page.period.chosen.emit(OTHER)
    page.findChildren(DaysDialog)[-1].reject()
    settle()
    assert page.period.value() == 7
    page.period.set_value(OTHER)
    page.period.chosen.emit(OTHER)
    dialog = page.findChildren(DaysDialog)[-1]
    dialog.form.set_values({"first": date(2026, 11, 1), "last": date(2026, 11, 20)})
    dialog.action.click()
    settle()
    assert page.period.currentText() == "2026-11-01 – 2026-11-20"
    assert _shown(page) == []


def test_what_is_listed_goes_into_a_workbook(
    page: AuditPage, settle: Callable[[], None], notices: list[Notice], tmp_path: Path
) -> None:
    page.actor.set_value("officer")
    page.actor.chosen.emit("officer")
    settle()
    page.export_to(tmp_path / "trail.xlsx")
    settle()
    settle()
    assert notices[-1].text == "trail.xlsx is written: 5 entries."
    assert (tmp_path / "trail.xlsx").exists()


def test_in_large_letters_nothing_is_cut(
    qtbot: QtBot, services: Services, ctx: Context, settle: Callable[[], None], theme_manager: ThemeManager
) -> None:
    """Also not a digest or the name of a file, in which no line ends by itself."""
    with ctx.database.begin() as session:
        ctx.audit(
            session, "report.export", "report:daily", file="a" * 90 + ".xlsx", sha256="0123abcd" * 8, report="daily"
        )
    theme_manager.apply("light", font_px=19, language="en")
    page = AuditPage(services)
    page.resize(1061, 640)  # of a window of 1280 pixels
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    page.arrive()
    settle()
    assert page.table.horizontalScrollBar().maximum() == 0
    seen = [page.table.records.columns[place].key for place in page.table.columns.visible()]
    assert seen == ["at", "actor", "action"]
    assert page.table.horizontalHeader().length() == page.table.viewport().width()  # the last takes what is left
    assert page.table.select_id(8)
    settle()
    pane = page.detail.parentWidget()
    assert pane is not None
    assert page.detail.minimumSizeHint().width() <= pane.width()
    words = [label.text() for label in page.detail.findChildren(QLabel)]
    assert " ".join(["0123abcd"] * 8) in words
    assert "Daily report" in words
    for box in (page.actor, page.area, page.period):
        assert box.minimumSizeHint().width() <= box.width()
    assert page.area.minimumSizeHint().width() < page.area.sizeHint().width()  # gives way before words are lost

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

import resources
from console.core.context import Context
from console.core.i18n import current_language, tr
from console.core.security.permissions import Permission
from console.core.settings import Settings
from console.shell.actions import ACTIONS
from console.shell.crash import CrashDialog, report_of
from console.shell.notices import Level
from console.shell.page import Page, PageBar
from console.shell.palette import Palette
from console.shell.services import Services
from console.shell.theme import ThemeManager
from console.shell.widgets import open_at
from console.shell.window import MainWindow
from db.models import Control, Dispatcher, Line, LineState

CTRL = Qt.KeyboardModifier.ControlModifier


class _Note(Page):
    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.arrivals: list[dict[str, object]] = []
        self.pressed = 0
        self.bar.add_search("Search", lambda _text: None)
        self.bar.set_primary("New", self._press)

    def _press(self) -> None:
        self.pressed += 1

    def arrive(self, **arguments: object) -> None:
        self.arrivals.append(arguments)


class HomeNote(_Note):
    key, icon = "home", "house"

    @classmethod
    def title(cls) -> str:
        return tr("Home")


class CustomersNote(_Note):
    key, icon, permission = "customers", "users", Permission.CUSTOMERS_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Customers")


class AuditNote(_Note):
    key, icon, permission = "audit", "scroll-text", Permission.AUDIT_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Audit")


PAGES = (HomeNote, CustomersNote, AuditNote)


@pytest.fixture
def open_window(
    qtbot: QtBot, services: Services, theme_manager: ThemeManager
) -> Iterator[Callable[[Services], MainWindow]]:
    def make(given: Services) -> MainWindow:
        given.ctx = given.ctx.with_settings(Settings({"ui.language": "en", "ui.theme": "light"}))
        window = MainWindow(given, PAGES, theme_manager)
        qtbot.addWidget(window)
        given.navigate("home")
        window.show()
        qtbot.waitUntil(lambda: window.poller.last is not None)
        return window

    return make


@pytest.fixture
def window(open_window: Callable[[Services], MainWindow], services: Services) -> MainWindow:
    return open_window(services)


def note(window: MainWindow) -> _Note:
    assert isinstance(window.page, _Note)
    return window.page


def test_what_a_role_may_not_see_is_not_there(window: MainWindow) -> None:
    assert window.page_keys == ["home", "customers"]
    assert set(window.rail.buttons) == {"home", "customers"}
    window.services.navigate("audit")
    assert note(window).key == "home"


def test_keys_reach_pages_search_and_the_primary_action(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_2, CTRL)
    assert note(window).key == "customers"
    qtbot.keyClick(window, Qt.Key.Key_N, CTRL)
    assert note(window).pressed == 1
    window.activateWindow()
    qtbot.waitActive(window)
    qtbot.keyClick(window, Qt.Key.Key_F, CTRL)
    assert note(window).bar.search is QApplication.focusWidget()


def test_pages_are_made_when_first_shown_and_kept(window: MainWindow) -> None:
    assert window.stack.count() == 1
    window.services.navigate("customers", customer_id=7)
    window.services.navigate("home")
    window.services.navigate("customers")
    assert window.stack.count() == 2
    assert note(window).arrivals == [{"customer_id": 7}, {}]


def test_the_language_changes_at_run_time_and_the_page_stays(window: MainWindow, qtbot: QtBot) -> None:
    window.services.navigate("customers")
    before = note(window)
    with qtbot.waitSignal(window.appearance.rebuild):
        window.appearance.choose("ui.language", "zh_CN")
    assert current_language() == "zh_CN"
    assert note(window).key == "customers"
    assert note(window) is not before
    window.services.tasks.run("Count", lambda _ctx, progress: progress.update(1, 1), owner=None)
    window.services.notices.info("Still here.")
    qtbot.waitUntil(lambda: window.services.tasks.idle)  # nothing that is gone is told


def test_the_theme_changes_without_making_pages_anew(window: MainWindow, qtbot: QtBot) -> None:
    before = note(window)
    window.appearance.choose("ui.theme", "dark")
    qtbot.waitUntil(lambda: window.palette().window().color().lightness() < 60)
    assert note(window) is before


def test_the_global_stop_is_always_told(
    open_window: Callable[[Services], MainWindow],
    services_of: Callable[[Context], Services],
    supervisor_ctx: Context,
    qtbot: QtBot,
) -> None:
    window = open_window(services_of(supervisor_ctx))
    assert window.status.stop.isVisible()
    with supervisor_ctx.database.begin() as session:
        session.get_one(Control, 1).stopped = True
    qtbot.waitUntil(window.stopped_strip.isVisible)
    assert "stopped" in window.stopped_strip.words
    assert window.status.resume.isVisible()
    qtbot.mouseClick(window.status.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.stopped_strip.isVisible())
    with supervisor_ctx.database.read() as session:
        assert not session.get_one(Control, 1).stopped


def test_everybody_may_stop_but_not_resume(window: MainWindow, ctx: Context, qtbot: QtBot) -> None:
    assert window.status.stop.isVisible()
    assert window.actions_.get("resume_all") is None
    with ctx.database.begin() as session:
        session.get_one(Control, 1).stopped = True
    qtbot.waitUntil(window.stopped_strip.isVisible)
    assert not window.status.resume.isVisible()
    assert not window.stopped_strip.button.isVisible()


def test_a_clock_that_cannot_be_right_is_told_until_somebody_says_it_is(
    open_window: Callable[[Services], MainWindow],
    services_of: Callable[[Context], Services],
    supervisor_ctx: Context,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = open_window(services_of(supervisor_ctx))
    assert not window.clock_strip.isVisible()
    later = supervisor_ctx.clock.now() + timedelta(days=3)
    with supervisor_ctx.database.begin() as session:
        session.add(Dispatcher(run="r", host="h", pid=1, started_at=later, heartbeat_at=later))
    qtbot.waitUntil(window.clock_strip.isVisible)
    assert f"{later.astimezone():%Y-%m-%d %H:%M}" in window.clock_strip.words
    monkeypatch.setattr("console.shell.window.confirm", lambda *_asked, **_how: True)
    qtbot.mouseClick(window.clock_strip.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.clock_strip.isVisible())


def test_lines_show_in_the_status_bar_and_on_the_badge(window: MainWindow, ctx: Context, qtbot: QtBot) -> None:
    assert window.status.lines.text() == "No line yet"
    with ctx.database.begin() as session:
        session.add(
            Line(name="A", address="COM5", created_at=ctx.clock.now(), state=LineState.FAULT, fault="port.gone")
        )
    qtbot.waitUntil(lambda: window.status.lines.text() == "Sending is not running")


def test_notices_say_what_to_do_and_close(window: MainWindow, qtbot: QtBot) -> None:
    window.services.notices.warn("COM5 does not answer.", "Unplug it.")
    (card,) = window.board.cards
    assert card.notice.level is Level.WARN
    assert card.accessibleName() == "COM5 does not answer.. Unplug it."
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.board.cards == []


def test_the_palette_finds_pages_and_actions(window: MainWindow, qtbot: QtBot) -> None:
    window.open_palette()
    palette = window.findChild(Palette)
    assert palette is not None
    qtbot.keyClicks(palette.field, "cust")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert note(window).key == "customers"


def test_a_dropped_sheet_opens_the_import(window: MainWindow, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "notes.txt")), QUrl.fromLocalFile(str(tmp_path / "list.XLSX"))])
    window.dropEvent(
        QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    )
    assert note(window).arrivals == [{"file": tmp_path / "list.XLSX"}]


def test_a_bug_opens_one_dialog_with_a_report(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BRANCH_SMS_HOME", str(tmp_path))
    for _ in range(2):
        window.show_crash(ValueError("13800138000"))
    (dialog,) = window.findChildren(CrashDialog)
    reports = list(tmp_path.rglob("crash-*.txt"))
    assert reports
    assert "138****8000" in reports[0].read_text("utf-8")
    assert "13800138000" not in reports[0].read_text("utf-8")
    dialog.accept()


def test_a_report_has_no_foreign_words(ctx: Context) -> None:
    class OddError(Exception):
        pass

    assert "李强" not in report_of(OddError("李强 13800138000"), ctx.clock.now())


def test_every_action_has_words_an_icon_and_its_own_keys() -> None:
    keys = [QKeySequence(a.shortcut).toString() for a in ACTIONS if a.shortcut]
    keys += [f"Ctrl+{number}" for number in range(1, 10)]
    assert len(keys) == len(set(keys))
    assert len({a.key for a in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.text.source, action.key
        assert action.tip.source, action.key
        assert resources.path("icons", f"{action.icon}.svg").is_file(), action.icon


def test_shortcuts_of_the_window_are_unique(window: MainWindow) -> None:
    keys = [a.shortcut().toString() for a in window.findChildren(QAction) if not a.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_everything_has_an_accessible_name(window: MainWindow) -> None:
    window.services.notices.info("Something happened.")
    for kind in (QPushButton, QToolButton, QLineEdit):
        for widget in window.findChildren(kind):
            if widget.isVisible() and not widget.objectName().startswith("qt_"):
                assert _named(widget), f"{type(widget).__name__} in {type(widget.parent()).__name__}"


def _named(widget: QWidget) -> bool:
    text = widget.text() if isinstance(widget, QPushButton | QToolButton) else ""
    inside_field = isinstance(widget.parent(), QLineEdit)  # the field's own glass and cross
    return bool(widget.accessibleName() or text or inside_field)


def test_no_window_opens_larger_than_the_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    room = window.screen().availableGeometry()
    open_at(window, 300, 200)
    assert (window.width(), window.height()) == (300, 200)
    open_at(window, 5000, 5000)
    assert window.width() == room.width()
    assert window.height() < room.height()  # its frame has to fit, too


def test_actions_of_a_narrow_bar_show_their_pictures_only(qtbot: QtBot) -> None:
    around = QWidget()  # a window of its own would not be made narrower than its words
    qtbot.addWidget(around)
    bar = PageBar("Templates")
    bar.setParent(around)
    bar.add_search("Name or text", lambda _text: None)
    buttons = [bar.add_action(text, None, "download") for text in ("Export everything", "Import everything")]
    bar.set_primary("New template")
    around.show()
    bar.resize(1200, bar.height())
    assert [button.text() for button in buttons] == ["Export everything", "Import everything"]
    both = bar.minimumSizeHint().width()
    bar.resize(both - 10, bar.height())
    assert [button.text() for button in buttons] == ["Export everything", ""]  # the last one first
    assert buttons[1].toolTip() == buttons[1].accessibleName() == "Import everything"
    assert bar.primary is not None
    assert bar.primary.text() == "New template"
    bar.resize(both, bar.height())
    assert buttons[1].text() == "Import everything"

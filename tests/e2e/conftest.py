"""The real program, as ``branch-sms demo`` starts it, and somebody who sits before it.

``person`` finds things by the words on the screen, clicks and types; nothing of the program is called directly.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTableView,
    QWidget,
)
from pytestqt import exceptions
from pytestqt.qtbot import QtBot

from console import demo
from console.app import Console
from console.core import paths
from console.core.clock import SystemClock
from console.core.i18n import use_language
from console.core.workstation import Workstation
from console.shell.window import MainWindow
from gsm.emulator.client import EmulatorProcess

W = TypeVar("W", bound=QWidget)
PATIENCE = 30_000  # milliseconds
SETTLING = 2_000


class Person:
    """Clicks and types in whatever window is in front."""

    def __init__(self, console: Console, stage: demo.DemoStage, qtbot: QtBot) -> None:
        self.console, self._stage, self._qtbot = console, stage, qtbot

    @property
    def modem(self) -> EmulatorProcess:
        """The emulated modem itself, which counts what it accepted whatever the program believes."""
        assert self._stage.world is not None
        return self._stage.world.modem.process

    @property
    def database_url(self) -> str:
        return paths.sqlite_url(self._stage.database)

    @property
    def front(self) -> QWidget:
        modal = QApplication.activeModalWidget()
        if modal is not None:
            return modal
        window = self.window or self.console.login
        assert window is not None
        return window

    @property
    def window(self) -> MainWindow | None:
        return None if self.console.desk is None else self.console.desk.window

    def wait(self, condition: Callable[[], object], why: str) -> None:
        def checked() -> None:
            assert condition(), f"{why}; on the screen: {self.seen()}"

        self._qtbot.waitUntil(checked, timeout=PATIENCE)

    def _visible(self, kind: type[W], fits: Callable[[W], bool]) -> W | None:
        return next((w for w in self.front.findChildren(kind) if w.isVisible() and fits(w)), None)

    def settle(self, condition: Callable[[], bool]) -> None:
        """Give what is on its way a moment to arrive; it may also not come to pass."""
        with contextlib.suppress(exceptions.TimeoutError):
            self._qtbot.waitUntil(condition, timeout=SETTLING)

    def find(self, kind: type[W], name: str) -> W:
        """The visible widget of that kind with this text or accessible name; waits for it."""
        found: list[W] = []

        def look() -> bool:
            widget = self._visible(kind, lambda w: name in (_words(w), w.accessibleName()))
            found[:] = [widget] if widget is not None else []
            return bool(found)

        self.wait(look, f"no {kind.__name__} {name!r}")
        return found[0]

    def click(self, name: str) -> None:
        button = self.find(QAbstractButton, name)
        self.wait(button.isEnabled, f"{name!r} stays disabled")
        _bring_into_view(button)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def write(self, name: str, text: str) -> None:
        field = self._field(name)
        self.wait(field.isEnabled, f"{name!r} stays disabled")
        _bring_into_view(field)
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        field.insert(text) if isinstance(field, QLineEdit) else field.insertPlainText(text)

    def _field(self, name: str) -> QLineEdit | QPlainTextEdit:
        found: list[QLineEdit | QPlainTextEdit] = []

        def look() -> bool:
            for kind in (QLineEdit, QPlainTextEdit):
                widget = self._visible(kind, lambda w: name in (w.accessibleName(), w.placeholderText()))
                if widget is not None:
                    found[:] = [widget]
                    return True
            return False

        self.wait(look, f"no field {name!r}")
        return found[0]

    def offered(self, box_name: str) -> list[str]:
        box = self.find(QComboBox, box_name)
        return [box.itemText(n) for n in range(box.count())]

    def choose(self, box_name: str, beginning: str) -> None:
        box = self.find(QComboBox, box_name)
        _bring_into_view(box)
        offered = self.offered(box_name)
        place = next((n for n, words in enumerate(offered) if words.startswith(beginning)), None)
        assert place is not None, f"{beginning!r} is not offered: {offered}"
        box.setFocus()
        box.setCurrentIndex(place)
        box.activated.emit(place)

    def reads(self, text: str) -> bool:
        return self._visible(QWidget, lambda w: text in _words(w)) is not None

    def wait_to_read(self, text: str) -> None:
        self.wait(lambda: self.reads(text), f"{text!r} is not there")

    def seen(self) -> list[str]:
        """All words on the screen, and the first rows of its tables."""
        words = [words for w in self.front.findChildren(QWidget) if w.isVisible() and (words := _words(w))]
        tables = [view for view in self.front.findChildren(QTableView) if view.isVisible()]
        return [*words, *(" | ".join(cells) for view in tables for cells in _cells(view)[:5])]

    def go(self, page: str) -> None:
        self.click(page)

    def table(self, name: str) -> QTableView:
        return self.find(QTableView, name)

    def rows(self, name: str) -> int:
        return self.table(name).model().rowCount()

    def cells(self, name: str) -> list[list[str]]:
        return _cells(self.table(name))

    def pick(self, table: str, words: str) -> None:
        """Click the row in which ``words`` stands."""

        def place() -> tuple[int, int] | None:
            rows = enumerate(self.cells(table))
            return next(((r, c) for r, cells in rows for c, cell in enumerate(cells) if words in cell), None)

        self.wait(place, f"{words!r} is not in {table}")
        view, found = self.table(table), place()
        assert found is not None
        index = view.model().index(*found)
        view.scrollTo(index)
        QTest.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, view.visualRect(index).center()
        )

    def drop(self, path: Path) -> None:
        """Drag a file from the desktop onto the window."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        hand = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.front, QDragEnterEvent(QPoint(400, 300), *hand))
        QApplication.sendEvent(self.front, QDropEvent(QPointF(400, 300), *hand))

    def in_dialog(self, act: Callable[[QWidget], None]) -> None:
        """``act`` is called with the next modal dialog once it stands; call this before what opens it."""

        def look() -> None:
            dialog = QApplication.activeModalWidget()
            if dialog is None or not dialog.isVisible():
                QTimer.singleShot(20, look)
            else:
                act(dialog)

        QTimer.singleShot(0, look)

    def save_as(self, path: Path) -> None:
        """Answer the next file dialog."""

        def answer(dialog: QWidget) -> None:
            assert isinstance(dialog, QFileDialog), dialog
            name = dialog.findChild(QLineEdit, "fileNameEdit")
            name.setText(str(path))
            QTest.keyClick(name, Qt.Key.Key_Return)

        self.in_dialog(answer)

    def answer(self, button: str) -> None:
        """Press a button of the next dialog."""
        self.in_dialog(lambda _dialog: self.click(button))

    def log_in(self, role: str) -> None:
        self.click(f"Log in as {role}")
        self.wait(lambda: self.window is not None and self.window.isVisible(), "no window")

    def log_out(self) -> None:
        assert self.window is not None
        self.window.log_out_wanted.emit(False)
        self.wait(lambda: self.console.login is not None and self.console.login.isVisible(), "no login")


def _cells(view: QTableView) -> list[list[str]]:
    model = view.model()
    columns = range(model.columnCount())
    return [[str(model.index(r, c).data() or "") for c in columns] for r in range(model.rowCount())]


def _words(widget: QWidget) -> str:
    if isinstance(widget, QLabel | QAbstractButton):
        return widget.text().replace("&", "")
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()
    return ""


def _bring_into_view(widget: QWidget) -> None:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()
    assert widget.visibleRegion().contains(QPoint(widget.width() // 2, widget.height() // 2)), "hidden behind something"


@pytest.fixture
def person(qapp: QApplication, qtbot: QtBot) -> Iterator[Person]:
    """Somebody before the login window of a fresh demo, in English."""
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    with demo.stage() as stage:
        here = Workstation(database_url=paths.sqlite_url(stage.database), language="en", theme="light")
        console = Console(qapp, here, clock=SystemClock(), stage=stage)
        console.start()
        try:
            yield Person(console, stage, qtbot)
        finally:
            console.quit()
            use_language("en")


@pytest.fixture(autouse=True)
def real_screen() -> None:
    """Said in the report: whether a real screen (xcb under Xvfb) or Qt's offscreen one was looked at."""
    print(f"platform: {os.environ.get('QT_QPA_PLATFORM', 'xcb')}")

"""Locking the window: nothing can be read or done until the password is given, and nothing that was typed is lost.

Every window of the program is covered, dialogs too; they stay as they are underneath. The question for the password
is modal, so that it also stands above a modal dialog that was open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QWindow
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QLabel, QWidget
from shiboken6 import isValid

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import sentences, tr
from console.core.security.lock import unlock
from console.shell import theme
from console.shell.background import Background
from console.shell.forms import Form
from console.shell.icons import icon
from console.shell.widgets import column, heading, label, link_button, primary_button, row

_LOOK_EVERY = 5_000  # milliseconds between two looks at the clock
_SIGNS_OF_LIFE = {
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.TouchBegin,
    QEvent.Type.TouchUpdate,
    QEvent.Type.InputMethod,
}
_COMES_UP = {QEvent.Type.Show, QEvent.Type.ZOrderChange}


class IdleWatch(QObject):
    """Tells when nobody has used keyboard or mouse for a while, by the clock: a computer that slept counts as idle."""

    idle = Signal()

    def __init__(self, now: Callable[[], datetime], minutes: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now, self._minutes = now, minutes
        self._last = now()
        self.watched: list[QWindow] = []
        self._timer = QTimer(self, interval=_LOOK_EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        application().focusWindowChanged.connect(self._watch)
        self._watch(application().focusWindow())

    def _watch(self, window: QWindow | None) -> None:
        """Windows get few events beside keys and mouse; a filter over the application would see every paint."""
        self.watched = [known for known in self.watched if isValid(known)]
        if window is not None and window not in self.watched:
            self.watched.append(window)
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS_OF_LIFE:
            self.look()  # what happens first after a long sleep must not count as a sign of life
            self._last = self._now()
        return False

    def look(self) -> None:
        if self._now() - self._last >= timedelta(minutes=self._minutes()):
            self._last = self._now()
            self.idle.emit()

    def stop(self) -> None:
        self._timer.stop()
        application().focusWindowChanged.disconnect(self._watch)
        for window in self.watched:
            if isValid(window):
                window.removeEventFilter(self)
        self.watched.clear()


class _Cover(QFrame):
    """An opaque sheet over the whole of one window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAutoFillBackground(True)
        self.setAccessibleName(tr("Locked"))
        mark = QLabel()
        mark.setPixmap(icon("lock", "quiet").pixmap(40, 40))
        self.setLayout(column(None, row(None, mark, None), row(None, label(tr("Locked"), "quiet"), None), None))
        window.installEventFilter(self)
        self.setGeometry(window.rect())
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window:
            self.setGeometry(self._window.rect())
        return False


class _Question(QDialog):
    """The password, asked above everything; it goes away only when it is right or somebody else logs in."""

    unlocked = Signal(object)  # Context
    switch_user = Signal()

    def __init__(self, parent: QWidget, context: Context, background: Background) -> None:
        super().__init__(parent, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Dialog)
        self.setModal(True)
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        self.setObjectName("window")
        self.setAccessibleName(tr("Locked"))
        self._context, self._background = context, background
        self.form = Form()
        self.password = self.form.add_password("password", tr("Password"))
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.action = primary_button(tr("Unlock"), self.submit)
        self.action.setDefault(True)
        self.form.submitted.connect(self.submit)
        background.busy_changed.connect(self._show_busy)
        who = tr("{name} ({login}) is logged in.", name=context.actor.name, login=context.actor.login)
        self.setMinimumWidth(theme.current().px(380))
        self.setLayout(
            column(
                heading(tr("Locked")),
                label(who, "quiet", wrap=True),
                4,
                self.form,
                self.trouble,
                4,
                row(link_button(tr("Log in as somebody else"), self.switch_user.emit), None, self.action),
                margins=24,
            )
        )

    def submit(self) -> None:
        self.trouble.hide()
        context, password = self._context, self.password.text()
        self._background.run(lambda: unlock(context, password), self.unlocked.emit, self._tell)

    def _show_busy(self, busy: bool) -> None:
        if isValid(self.action):
            self.action.setEnabled(not busy)

    def _tell(self, error: UserError) -> None:
        self.trouble.setText(sentences(error.message, error.hint))
        self.trouble.show()
        self.password.setFocus()
        self.password.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()


class Lock(QObject):
    """Locks and unlocks all windows of the program."""

    unlocked = Signal(object)  # Context, with the rights and settings that hold now
    switch_user = Signal()

    def __init__(self, window: QWidget, context: Callable[[], Context]) -> None:
        super().__init__(window)
        self._window, self._context = window, context
        self._background = Background(self)
        self._covers: dict[QWidget, _Cover] = {}
        self._focus: QWidget | None = None
        self.question: _Question | None = None

    @property
    def locked(self) -> bool:
        return self.question is not None

    def lock(self) -> None:
        if self.locked:
            return
        self._focus = QApplication.focusWidget()
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        for window in QApplication.topLevelWidgets():
            self._cover(window)
        application().installEventFilter(self)
        self._ask()

    def _ask(self) -> None:
        modal = QApplication.activeModalWidget()
        self.question = _Question(modal or self._window, self._context(), self._background)
        self.question.unlocked.connect(self._unlock)
        self.question.switch_user.connect(self._switch)
        self.question.open()
        middle = self._window.frameGeometry().center() - self.question.rect().center()
        self.question.move(middle)
        self.question.password.setFocus()

    def _cover(self, window: QWidget) -> None:
        if window.isVisible() and window is not self.question and window not in self._covers:
            self._covers[window] = _Cover(window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What shows up while locked (the end of a task, a notice) is covered as well."""
        if event.type() not in _COMES_UP or not isinstance(watched, QWidget) or isinstance(watched, _Cover):
            return False
        window = watched.window()
        if self.question is not None and window is self.question:
            return False
        if watched.isWindow():
            self._cover(watched)
            if watched.isModal() and event.type() == QEvent.Type.Show:
                QTimer.singleShot(0, self, self._ask_again)
        elif window in self._covers:
            self._covers[window].raise_()
        return False

    def _ask_again(self) -> None:
        """A modal dialog came up and would keep the keyboard from the question."""
        if self.question is not None:
            self._drop_question()
            self._ask()

    def _drop_question(self) -> None:
        question, self.question = self.question, None
        if question is not None:
            question.hide()
            question.deleteLater()

    def _unlock(self, context: Context) -> None:
        self.release()
        self.unlocked.emit(context)

    def _switch(self) -> None:
        self.switch_user.emit()

    def release(self) -> None:
        """Take the covers away without asking: after the password, or when the window is closed for good."""
        application().removeEventFilter(self)
        self._drop_question()
        for cover in self._covers.values():
            if isValid(cover):
                cover.hide()
                cover.deleteLater()
        self._covers.clear()
        if self._focus is not None and isValid(self._focus):
            self._focus.setFocus()
        self._focus = None

    def close(self) -> None:
        self.release()
        self._background.close()


def application() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found

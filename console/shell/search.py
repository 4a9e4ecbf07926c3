"""The search field: it asks when the typing pauses, not at each key."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from console.shell import theme
from console.shell.icons import icon

SEARCH_DELAY = 180  # milliseconds of quiet before a search starts


class SearchField(QLineEdit):
    """Searches a moment after the last key; Down goes to what was found; Esc empties it, and only then steps back."""

    searched = Signal(str)
    down = Signal()  # on to what was found

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(theme.current().px(110))
        self.setMaximumWidth(theme.current().px(320))
        glass = QAction(icon("search"), placeholder, self)
        self.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
        self._timer = QTimer(self, interval=SEARCH_DELAY, singleShot=True)
        self._timer.timeout.connect(self._search)
        self.textChanged.connect(lambda _text: self._timer.start())
        self.returnPressed.connect(self._search)

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(240), super().sizeHint().height())

    def _search(self) -> None:
        self._timer.stop()
        self.searched.emit(self.text().strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self._search()
            return
        if event.key() == Qt.Key.Key_Down:
            self.down.emit()
            return
        super().keyPressEvent(event)

"""The text of a template: typed, with variables picked by ``$``, by a chip, or by dragging one in."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QCompleter, QPlainTextEdit

from console.core.i18n import tr
from console.core.messages.findings import Finding
from console.core.messages.variables import VARIABLES
from console.screens.templates.highlight import BodyHighlighter
from console.shell import theme

_ACCEPT = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)


class BodyEdit(QPlainTextEdit):
    written = Signal()  # the text changed by a person or by the program

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Text of the template"))
        self.setPlaceholderText(tr("Write the text here. Type $ to put in a variable."))
        self.setTabChangesFocus(True)
        self.setMinimumHeight(theme.current().px(110))
        self.highlighter = BodyHighlighter(self.document())
        self._choices: list[str] = []
        self._model = QStringListModel(self)
        self.completer = QCompleter(self._model, self)
        self.completer.setWidget(self)
        self.completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.completer.setMaxVisibleItems(10)
        popup = self.completer.popup()
        if popup is None:
            raise RuntimeError("a completer without a list")
        popup.setObjectName("popup")
        self.offered = popup
        self.completer.activated.connect(self._complete)
        self.textChanged.connect(self._text_changed)
        self._last = ""

    def set_choices(self, variables: Sequence[str]) -> None:
        """Which variables ``$`` offers, in order."""
        self._choices = [f"{VARIABLES[key].title}  ${{{key}}}" for key in variables]
        self._model.setStringList(self._choices)

    def text(self) -> str:
        return self.toPlainText()

    def set_text(self, text: str) -> None:
        """As one step that can be undone; nothing happens when it is the same."""
        if text == self.toPlainText():
            return
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        cursor.endEditBlock()

    def load_text(self, text: str) -> None:
        """Another template's text: what was undone before belongs to the former one."""
        self.setPlainText(text)

    def insert_variable(self, key: str) -> None:
        """At the cursor, over what is selected; a ``$`` or ``${`` just typed is taken in."""
        cursor = self.textCursor()
        if not cursor.hasSelection():
            cursor.setPosition(cursor.position() - len(self._begun()), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(f"${{{key}}}")
        self.setTextCursor(cursor)
        self.setFocus()

    def set_findings(self, findings: Sequence[Finding]) -> None:
        self.highlighter.set_findings(findings)

    def select_place(self, where: tuple[int, int]) -> None:
        """Select the characters of a finding and go there."""
        text = self.toPlainText()
        start, end = (len(text[:place].encode("utf-16-le")) // 2 for place in where)
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(min(end, self.document().characterCount() - 1), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        popup = self.offered
        if popup.isVisible():
            if event.key() in _ACCEPT:
                self._complete(popup.currentIndex().data() or self.completer.currentCompletion())
                return
            if event.key() == Qt.Key.Key_Escape:
                popup.hide()
                return
        super().keyPressEvent(event)
        if event.text() == "$" or popup.isVisible():
            self._offer()

    def _begun(self) -> str:
        """A variable that is being typed right before the cursor: ``$``, ``${`` or ``${na``; else nothing."""
        cursor = self.textCursor()
        line = cursor.block().text()[: cursor.positionInBlock()]
        start = line.rfind("$")
        begun = line[start:] if start >= 0 else ""
        inside = begun[1:].removeprefix("{")
        return begun if begun and all(char.isalnum() or char == "_" for char in inside) and len(begun) < 24 else ""

    def _offer(self) -> None:
        begun = self._begun()
        if not begun or self.isReadOnly():
            self.offered.hide()
            return
        self.completer.setCompletionPrefix(begun[1:].removeprefix("{"))
        if not self.completer.completionCount():
            self.offered.hide()
            return
        popup = self.offered
        popup.setCurrentIndex(self.completer.completionModel().index(0, 0))
        place = self.cursorRect()
        place.setWidth(theme.current().px(260))
        place.translate(QPoint(0, 6))
        self.completer.complete(place)

    def _complete(self, choice: str) -> None:
        self.offered.hide()
        if choice in self._choices:
            self.insert_variable(choice.rpartition("${")[2].rstrip("}"))

    def _text_changed(self) -> None:
        text = self.toPlainText()  # a highlighter reports changes of looks too
        if text != self._last:
            self._last = text
            self.written.emit()

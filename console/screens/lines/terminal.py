"""The support terminal of one line: commands typed, answers with their times, a transcript to send to support."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QShowEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import isValid

from console.core.errors import UserError
from console.core.i18n import sentences, tr
from console.core.lines.browse import LineCard
from console.core.lines.terminal import Entry, Kind, Terminal, moment
from console.screens.lines import operations
from console.shell import theme
from console.shell.files import ask_text_file
from console.shell.services import Services
from console.shell.widgets import column, heading, label, primary_button, quiet_button, row

LOOK_EVERY = 300  # milliseconds between two looks at what came by itself
SIGNS = {Kind.SENT: "›", Kind.HEARD: " ", Kind.NOTE: "—"}


class TerminalDialog(QDialog):
    def __init__(self, parent: QWidget, services: Services, card: LineCard) -> None:
        super().__init__(parent)
        title = tr("Support terminal of {name}", name=card.name)
        self.setWindowTitle(title)
        self.resize(theme.current().px(640), theme.current().px(480))
        self._services, self._card = services, card
        self._terminal: Terminal | None = None
        self._shut = False
        self._held: list[Terminal] = []
        held = self._held  # when the page goes, so does the dialog, without being closed
        self.destroyed.connect(lambda: operations.close_terminals(services, held))
        self.said = QPlainTextEdit()
        self.said.setReadOnly(True)
        self.said.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.said.setAccessibleName(tr("Transcript"))
        self.command = QLineEdit()
        self.command.setPlaceholderText("AT+CSQ")
        self.command.setAccessibleName(tr("Command"))
        self.command.returnPressed.connect(self.ask)
        self.send = primary_button(tr("Ask the modem"), self.ask)
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.keep = quiet_button(tr("Save transcript…"), self._choose_file, "save")
        self.leave = quiet_button(tr("Close"), self.reject)
        for button in (self.send, self.keep, self.leave):
            button.setAutoDefault(False)
        words = tr("For support. What could send, call, lock or delete is refused; numbers and messages are hidden.")
        ask = row(self.command, self.send)
        ask.setStretch(0, 1)
        buttons = row(self.keep, None, self.leave)
        inside = column(
            heading(title), label(words, "quiet", wrap=True), self.said, self.trouble, ask, 8, buttons, margins=20
        )
        self.setLayout(inside)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY)
        self._timer.timeout.connect(self._look)
        self._busy(True)
        self.said.setPlaceholderText(tr("Opening the port…"))
        operations.open_terminal(services, card.id, self._opened, self._refused)

    def open(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        super().open()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.command.setFocus()

    def _busy(self, busy: bool) -> None:
        self.send.setEnabled(not busy and self._terminal is not None)
        self.command.setReadOnly(busy)
        self.keep.setEnabled(self._terminal is not None)

    def _opened(self, terminal: Terminal) -> None:
        if self._shut or not isValid(self):
            operations.close_terminal(self._services, terminal)
            return
        self._terminal = terminal
        self._held.append(terminal)
        self._services.last_words.append(terminal.leave)
        self.said.setPlaceholderText(tr("Type a command, such as AT+CSQ for the signal."))
        self._timer.start()
        self._busy(False)
        self.command.setFocus()

    def _refused(self, error: UserError) -> None:
        if self._shut or not isValid(self):
            return
        self.said.setPlaceholderText("")
        self.trouble.setText(sentences(error.message, error.hint))
        self.trouble.show()

    def ask(self) -> None:
        words, terminal = self.command.text().strip(), self._terminal
        if terminal is None or not words or not self.send.isEnabled():
            return
        self.trouble.hide()
        self._busy(True)
        operations.ask_modem(self._services, self, terminal, words, self._answered)

    def _answered(self) -> None:
        self._look()
        self._busy(False)
        self.command.selectAll()
        self.command.setFocus()

    def _look(self) -> None:
        if self._terminal is not None:
            for entry in self._terminal.news():
                self.said.appendPlainText(_line(entry))

    def _choose_file(self) -> None:
        suggested = f"{self._card.name}.txt"
        path = ask_text_file(self, tr("Save transcript"), suggested)
        if path is not None and self._terminal is not None:
            operations.save_transcript(self._services, self, self._terminal, path, self._refused)

    def done(self, result: int) -> None:
        """However it is closed, the modem is given back."""
        self._shut = True
        self._timer.stop()
        if self._terminal is not None:
            self._held.clear()
            operations.close_terminal(self._services, self._terminal)
            with suppress(ValueError):  # the window has ended meanwhile
                self._services.last_words.remove(self._terminal.leave)
            self._terminal = None
        super().done(result)


def _line(entry: Entry) -> str:
    return f"{moment(entry)} {SIGNS[entry.kind]} {entry.text}"

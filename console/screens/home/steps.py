"""The first minutes: three steps with a live check mark each."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from console.core.home import FirstSteps
from console.core.i18n import tr
from console.shell import theme
from console.shell.widgets import Card, StateShape, column, label, quiet_button, row


class Step(QWidget):
    wanted = Signal()

    def __init__(self, title: str, text: str, action: str, icon_name: str, may: bool) -> None:
        super().__init__()
        self._title = title
        self.shape = StateShape("waiting", theme.current().px(16))
        self.button = quiet_button(action, self.wanted.emit, icon_name)
        self.done_words = label(tr("Done"), "quiet")
        words = column(label(title), label(text, "small", wrap=True), spacing=2)
        head = row(spacing=10)
        head.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        under = row(theme.current().px(16) + 10, self.button, self.done_words, None, spacing=0)
        self.setLayout(column(head, under, None, spacing=8))
        self._may = may
        self.set_done(False)

    @property
    def open(self) -> bool:
        """Still to do, and by this person."""
        return self._may and not self._done

    def set_done(self, done: bool) -> None:
        self._done = done
        self.shape.set_state("good" if done else "waiting")
        self.button.setVisible(self._may and not done)
        self.done_words.setVisible(done)
        state = tr("done") if done else tr("still to do")
        self.setAccessibleName(f"{self._title}: {state}")


class StepsCard(Card):
    line_wanted = Signal()
    import_wanted = Signal()
    test_wanted = Signal()

    def __init__(self, *, may_line: bool, may_import: bool, may_test: bool) -> None:
        super().__init__(tr("The first three steps"), spacing=12)
        self.line = Step(
            tr("1. Attach a line"),
            tr("A GSM modem with a SIM card, plugged into this computer."),
            tr("Attach a line"),
            "radio-tower",
            may_line,
        )
        self.customers = Step(
            tr("2. Import customers"),
            tr("From an Excel or CSV file; you may also drop it on this window."),
            tr("Import a file"),
            "upload",
            may_import,
        )
        self.test = Step(
            tr("3. Send a test to my own phone"),
            tr("To see that a message really arrives."),
            tr("Send a test"),
            "smartphone",
            may_test,
        )
        self.line.wanted.connect(self.line_wanted)
        self.customers.wanted.connect(self.import_wanted)
        self.test.wanted.connect(self.test_wanted)
        steps = row(self.line, self.customers, self.test, spacing=24)
        for place in range(3):
            steps.setStretch(place, 1)
        self.add(steps)

    def show_steps(self, steps: FirstSteps) -> None:
        self.line.set_done(steps.line)
        self.customers.set_done(steps.customers)
        self.test.set_done(steps.test)
        self.setVisible(any(step.open for step in (self.line, self.customers, self.test)))

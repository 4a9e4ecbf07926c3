"""The word lists: what stands on them, as a file out and in, and a text to try them on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QWidget

from console.core.compliance.describe import RuleView
from console.core.compliance.sources import source_words
from console.core.i18n import sentences, tr
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Finding
from console.screens.rules import operations
from console.screens.rules.parts import WIDEST, RulesCard
from console.shell import theme
from console.shell.services import Services
from console.shell.widgets import Card, StateShape, clear, column, label, quiet_button, row

TYPING_PAUSE = 200  # milliseconds without a key before the text is looked at
FIRST = "remind"


class WordsPane(QWidget):
    """Its rules are shown like those of every other section."""

    add_wanted = Signal()
    import_wanted = Signal()
    export_wanted = Signal()

    def __init__(
        self, services: Services, title: str, change: Callable[[str], object], remove: Callable[[str], object]
    ) -> None:
        super().__init__()
        self.card = RulesCard(title, change, remove)
        self.add_list = quiet_button(tr("New list…"), self.add_wanted.emit, "plus")
        self.import_ = quiet_button(tr("Import…"), self.import_wanted.emit, "upload")
        self.import_.setToolTip(tr("Lists from an Excel file, into the draft"))
        self.export = quiet_button(tr("Export"), self.export_wanted.emit, "download")
        self.export.setToolTip(tr("Every word as an Excel file"))
        buttons = QWidget()
        buttons.setLayout(row(self.add_list, self.import_, self.export, None))
        buttons.setMaximumWidth(theme.current().px(WIDEST))
        self.trial = TrialCard(services)
        self.setLayout(column(buttons, self.trial, self.card, spacing=12))

    def show_rules(
        self, rules: Sequence[RuleView], changed: Collection[str], *, editing: bool, pack_id: int | None
    ) -> None:
        self.card.show_rules(rules, changed, editing=editing)
        self.add_list.setVisible(editing)
        self.import_.setVisible(editing)
        self.trial.use(pack_id)


class TrialCard(Card):
    """What the lists shown below say of a text."""

    def __init__(self, services: Services) -> None:
        super().__init__(tr("Try a text"))
        self.setMaximumWidth(theme.current().px(WIDEST))
        self._services = services
        self._pack_id: int | None = None
        self.class_ = QComboBox()
        self.class_.setAccessibleName(tr("Kind of message"))
        for key, class_ in CLASSES.items():
            self.class_.addItem(str(class_.title), key)
        self.class_.setCurrentIndex(self.class_.findData(FIRST))
        self.text = QPlainTextEdit()
        self.text.setPlaceholderText(tr("Type or paste a text: these lists look through it."))
        self.text.setAccessibleName(tr("Text to try"))
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * 3 + 18)
        self.shown: tuple[Finding, ...] | None = None
        self._lines = column(spacing=6)
        self.head.addWidget(self.class_)
        self.add(self.text, self._lines)
        self._timer = QTimer(self, interval=TYPING_PAUSE, singleShot=True)
        self._timer.timeout.connect(self._look)
        self.text.textChanged.connect(self._timer.start)
        self.class_.currentIndexChanged.connect(lambda _index: self._timer.start())

    def use(self, pack_id: int | None) -> None:
        """The lists of a draft, or with None those in force."""
        self._pack_id = pack_id
        self._timer.start()

    def _look(self) -> None:
        text = self.text.toPlainText()
        if not text.strip():
            self.shown = None
            clear(self._lines)
            return
        work = operations.try_text(self._pack_id, text, str(self.class_.currentData()))
        self._services.tasks.query(work, self._show, owner=self, key="trial")

    def _show(self, findings: list[Finding]) -> None:
        self.shown = tuple(findings)
        clear(self._lines)
        for finding in findings:
            words = label(sentences(finding.why, finding.mend), wrap=True, selectable=True)
            source = label(tr("Source: {place}", place=source_words(finding.source)), "small", wrap=True)
            texts = column(words, source, spacing=1)
            shape = StateShape(finding.level.value)
            line = row(shape, texts)
            line.setAlignment(shape, Qt.AlignmentFlag.AlignTop)
            line.setStretch(1, 1)
            self._lines.addLayout(line)
        if not findings:
            self._lines.addLayout(row(StateShape("good"), label(tr("No list says anything of it."), "quiet"), None))

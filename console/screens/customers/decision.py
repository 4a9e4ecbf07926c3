"""The foot of the import page, always in sight: what will happen, the button, how far it is. And what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from console.core.customers.importing import ImportResult
from console.core.format import duration
from console.core.i18n import clauses, ntr, sentences, tr
from console.screens.customers.sections import figure
from console.shell.gauges import ProgressLine
from console.shell.tasks import Task
from console.shell.widgets import Card, clear, column, label, primary_button, quiet_button, row, separator


class DecisionBar(QWidget):
    """Beside the button stands what it does, or why it cannot be pressed; while something runs, how far that is."""

    import_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.summary = label("", wrap=True)
        self.words = label("", "quiet", wrap=True)
        self.why_not = label("", "error", wrap=True)
        self.progress = ProgressLine()
        self.cancel = quiet_button(tr("Cancel"), self.cancel_wanted.emit)
        self.start = primary_button(tr("Import"), self.import_wanted.emit, "upload")
        told = column(self.summary, self.words, self.why_not, self.progress, spacing=4)
        line = row(told, self.cancel, self.start, spacing=12, margins=(16, 10, 16, 10))
        line.setStretch(0, 1)
        self.setLayout(column(separator(), line, spacing=0))
        self.offer(0, "")

    def offer(self, rows: int, summary: str, why_not: str = "") -> None:
        """The import of so many rows; 0 while there is nothing to import."""
        self.summary.setText(summary or tr("Nothing can be imported yet."))
        self.words.setText(tr("All of it or nothing, also after a power cut. It can be undone while nothing was sent."))
        self.why_not.setText(why_not)
        self.words.setVisible(rows > 0 and not why_not)
        self.why_not.setVisible(rows > 0 and bool(why_not))
        self.progress.hide()
        self.cancel.hide()
        self.start.setText(ntr("Import {n} row", "Import {n} rows", rows) if rows else tr("Import"))
        self.start.setEnabled(rows > 0 and not why_not)

    def running(self, task: Task, *, importing: bool = False) -> None:
        """How far ``task`` is. An import can be cancelled here until it is decided."""
        decided = importing and not task.cancellable
        self.summary.setText(task.title)
        self.words.setText(
            sentences(tr("It is decided and will be written to its end."), _far(task)) if decided else _far(task)
        )
        self.words.setVisible(bool(self.words.text()))
        self.why_not.hide()
        self.progress.set_progress(task.done, task.total)
        self.progress.show()
        self.cancel.setVisible(importing and not decided)
        self.cancel.setEnabled(not task.cancelling)
        self.start.setEnabled(False)  # it keeps its place: a second click presses nothing else

    def say_once(self, words: str) -> None:
        """In place of the promise, until the next offer."""
        self.words.setText(words)


def _far(task: Task) -> str:
    if task.cancelling:
        return tr("Stopping…")
    parts = [f"{task.done / task.total:.0%}"] if task.total else []
    if task.seconds_left is not None:
        parts.append(tr("about {left} left", left=duration(task.seconds_left)))
    return " · ".join(parts)


class ResultCard(Card):
    """What came of the import, and what comes next."""

    show_wanted = Signal(int)  # import id
    campaign_wanted = Signal(int)
    errors_wanted = Signal()
    again_wanted = Signal()

    def __init__(self, *, campaigns: bool) -> None:
        super().__init__(tr("The import is complete"), spacing=10)
        self.import_id = 0
        self._inside = column(spacing=10)
        self.campaign = primary_button(
            tr("New campaign for these customers"), lambda: self.campaign_wanted.emit(self.import_id), "send"
        )
        self.campaign.setVisible(campaigns)
        self.show_these = quiet_button(
            tr("Show these customers"), lambda: self.show_wanted.emit(self.import_id), "users"
        )
        self.errors = quiet_button(tr("Save error workbook…"), self.errors_wanted.emit, "file-x")
        again = quiet_button(tr("Import another file"), self.again_wanted.emit, "upload")
        self.add(self._inside, row(self.campaign, self.show_these, self.errors, again, None))

    def show_result(self, result: ImportResult) -> None:
        self.import_id = result.import_id
        clear(self._inside)
        figures = row(spacing=28)
        for number, words in (
            (result.added, tr("added")),
            (result.updated, tr("updated")),
            (result.unchanged, tr("unchanged")),
            (result.invalid, tr("invalid")),
            (result.duplicates, tr("repeated")),
        ):
            figures.addLayout(figure(number, words))
        figures.addStretch(1)
        people = ntr("{n} customer stood in the file", "{n} customers stood in the file", result.customers)
        new = ntr("{n} of them is new.", "{n} of them are new.", result.customers_added)
        self._inside.addLayout(figures)
        self._inside.addWidget(label(clauses((people, new)), "quiet", wrap=True))
        self.errors.setVisible(result.invalid > 0)
        self.show()

"""Running work, unfolded from the status bar: what, how far, how long still, cancel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from console.core.format import count, duration
from console.core.i18n import tr
from console.shell import theme
from console.shell.gauges import ProgressLine
from console.shell.services import Services
from console.shell.tasks import Task, TaskState
from console.shell.widgets import ElidedLabel, clear, column, flat_button, heading, icon_button, label, row


class TaskRow(QWidget):
    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task
        self.title = ElidedLabel(task.title)
        self.text = ElidedLabel("", "small")
        self.bar = ProgressLine()
        self.cancel = flat_button(tr("Cancel"), task.cancel)
        head = row(self.title, self.cancel, spacing=4)
        head.setStretch(0, 1)
        self.setLayout(column(head, self.bar, self.text, spacing=4))
        task.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        task = self.task
        self.cancel.setVisible(task.cancellable)
        self.cancel.setEnabled(not task.cancelling and task.state in (TaskState.WAITING, TaskState.RUNNING))
        self.bar.set_progress(task.done, task.total)
        self.text.setText(said(task))


def said(task: Task) -> str:
    """How far a task is, in one line."""
    if task.cancelling:
        return tr("Stopping…")
    if task.state is TaskState.WAITING:
        return tr("Waiting for its turn")
    parts = [task.text] if task.text else []
    if task.total:
        parts.append(tr("{done} of {total}", done=count(task.done), total=count(task.total)))
    if task.seconds_left is not None:
        parts.append(tr("about {left} left", left=duration(task.seconds_left)))
    return " · ".join(parts)


class TaskList(QFrame):
    """Sits over the page, above the status bar; the focus comes in with Ctrl+J and leaves with Esc."""

    def __init__(self, services: Services, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("popup")
        self.setAccessibleName(tr("Running work"))
        self._services = services
        self._over = over
        self._rows = QVBoxLayout()
        self._rows.setSpacing(12)
        self._none = label(tr("Nothing is running."), "quiet")
        close = icon_button("x", tr("Close"), self.hide)
        body = column(row(heading(tr("Running work")), None, close), self._none, self._rows, spacing=8)
        body.setContentsMargins(16, 10, 12, 14)
        self.setLayout(body)
        self.setFixedWidth(theme.current().px(380))
        over.installEventFilter(self)
        services.tasks.started.connect(self._refill)
        services.tasks.finished.connect(self._refill)
        self.hide()

    def toggle(self) -> None:
        if self.isVisible():
            self.hide()
            return
        self._fill()
        self.show()
        self._place()
        self.raise_()
        self.setFocus()

    def _refill(self, _task: Task) -> None:
        self._fill()

    def _fill(self) -> None:
        clear(self._rows)
        running = self._services.tasks.running
        for task in running:
            self._rows.addWidget(TaskRow(task))
        self._none.setVisible(not running)
        self._place()

    def _place(self) -> None:
        self.adjustSize()
        self.move(self._over.width() - self.width() - 16, self._over.height() - self.height() - 12)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            return
        super().keyPressEvent(event)

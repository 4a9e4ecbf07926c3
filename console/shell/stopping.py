"""The one place from which sending is stopped: everything, one kind of message, one line, or one campaign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from console.core.campaigns.lifecycle import pause
from console.core.context import Context
from console.core.events import Change
from console.core.i18n import tr
from console.core.lines.editing import stop_line
from console.core.messages.classes import CLASSES
from console.core.security.permissions import Permission
from console.core.sending.control import REASON_LENGTH, STOPPED, resume_all, resume_class, stop_all, stop_class
from console.core.sending.stops import Stoppable, Stopped, stoppable, stops, told
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import StateShape, clear, column, label, quiet_button, row


class What(StrEnum):
    EVERYTHING = "everything"
    CLASS = "class"
    LINE = "line"
    CAMPAIGN = "campaign"


@dataclass(frozen=True)
class Found:
    stops: tuple[Stopped, ...]
    stoppable: Stoppable


class StopDialog(FormDialog):
    """A reason and one button; above them what is stopped already, to be lifted by whoever may."""

    changed = Signal(object)  # Change

    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent, tr("Stop sending"), tr("Stop all sending"), danger=True)
        self._services = services
        self._stops = QVBoxLayout()
        self._stops.setSpacing(4)
        self.body.insertLayout(1, self._stops)
        choices = [(What.EVERYTHING, tr("Everything")), (What.CLASS, tr("One kind of message"))]
        self.what = self.form.add_choice("what", tr("To be stopped"), choices, What.EVERYTHING)
        self.which = self.form.add_choice("which", tr("Which"), [])
        self._choices: dict[What, Sequence[tuple[object, str]]] = {
            What.CLASS: [(key, str(found.title)) for key, found in CLASSES.items()]
        }
        self.reason: QPlainTextEdit = self.form.add_multiline("reason", tr("Reason"), lines=2)
        self.effect = label("", "quiet", wrap=True)
        self.body.insertWidget(self.body.indexOf(self.form) + 1, self.effect)
        self.what.currentIndexChanged.connect(self._offer)
        self.form.changed.connect(self._fit)
        self.on_action(self._stop)
        self._offer()
        self._look()

    def _look(self) -> None:
        self._services.tasks.query(_found, self._show, owner=self, key="stops")

    def _show(self, found: Found) -> None:
        clear(self._stops)
        for each in found.stops:
            self._stops.addWidget(self._stopped(each))
        self._add(What.LINE, tr("One line"), found.stoppable.lines)
        if self._services.allowed(Permission.CAMPAIGNS_RUN):
            self._add(What.CAMPAIGN, tr("One campaign"), found.stoppable.campaigns)
        QTimer.singleShot(0, self, self.adjustSize)

    def _add(self, what: What, words: str, choices: Sequence[tuple[object, str]]) -> None:
        if choices and what not in self._choices:
            self._choices[what] = choices
            self.what.addItem(words, what)

    def _stopped(self, stop: Stopped) -> QWidget:
        words = label(told(stop), wrap=True)
        line = row(StateShape("stopped"), words)
        line.setStretch(1, 1)
        if self._services.allowed(Permission.SENDING_RESUME):
            lift = quiet_button(tr("Lift the stop"), lambda: self._lift(stop), "play")
            lift.setAccessibleName(tr("Lift the stop: {what}", what=stop.title or tr("everything")))
            line.addWidget(lift)
        made = QWidget()
        made.setLayout(column(line, spacing=0))
        return made

    def _lift(self, stop: Stopped) -> None:
        def work(ctx: Context) -> Change:
            return resume_class(ctx, stop.class_key) if stop.class_key else resume_all(ctx)

        self._services.tasks.query(work, self._lifted, owner=self, failed=self.tell)

    def _lifted(self, change: Change) -> None:
        self.changed.emit(change)
        self._look()

    def _offer(self) -> None:
        what = What(self.what.currentData())
        self.which.clear()
        for stored, name in self._choices.get(what, ()):
            self.which.addItem(name, stored)
        self.form.set_field_visible("which", what is not What.EVERYTHING)
        words, effect = _EFFECTS[what]()
        self.action.setText(words)
        self.effect.setText(effect)
        self._fit()
        QTimer.singleShot(0, self, self.adjustSize)  # the words may take a line more

    def _fit(self) -> None:
        in_need = self.what.currentData() == What.EVERYTHING  # it must not wait for words
        read = tr("Everybody reads it until the stop is lifted")
        self.reason.setPlaceholderText(read if in_need else tr("Needed: everybody reads it until the stop is lifted"))
        self.action.setEnabled(in_need or bool(self.form.text("reason").strip()))

    def _stop(self) -> None:
        work = self._work(What(self.what.currentData()), self.form.text("reason").strip()[:REASON_LENGTH])
        self.work(self._services, work, self.changed.emit)

    def _work(self, what: What, reason: str) -> Callable[[Context], Change]:
        which = self.which.currentData()

        def work(ctx: Context) -> Change:
            if what is What.EVERYTHING:
                return stop_all(ctx, reason)
            if what is What.CLASS:
                return stop_class(ctx, which, reason)
            if what is What.LINE:
                stop_line(ctx, which, reason)
            else:
                pause(ctx, which, reason)
            return STOPPED

        return work


_EFFECTS: dict[What, Callable[[], tuple[str, str]]] = {
    What.EVERYTHING: lambda: (
        tr("Stop all sending"),
        tr(
            "From the next message on nothing leaves, on every line and for every campaign. "
            "What waits stays in the queue. Messages that have already left cannot be called back."
        ),
    ),
    What.CLASS: lambda: (
        tr("Stop this kind"),
        tr(
            "From the next message on nothing of this kind leaves, whatever campaign it belongs to. "
            "It stays in the queue; all others go on."
        ),
    ),
    What.LINE: lambda: (
        tr("Stop this line"),
        tr("The line is switched off; what waits leaves over the others. It is switched on again on the Lines page."),
    ),
    What.CAMPAIGN: lambda: (
        tr("Stop this campaign"),
        tr("The campaign is paused; it is resumed or cancelled on the Campaigns page."),
    ),
}


def _found(ctx: Context) -> Found:
    with ctx.database.read() as session:
        return Found(stops(session), stoppable(session))

"""A slim notice on pages of customers: an import or its undoing is half written, so what the page shows is, too."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent

from console.core.context import Context
from console.core.customers.imports import Underway, underway
from console.core.format import count
from console.core.i18n import tr
from console.shell.services import Services
from console.shell.strips import Strip

EVERY = 1000  # milliseconds between an answer and the next question, while something is being written


class UnderwayStrip(Strip):
    ended = Signal()  # what was being written is whole now

    def __init__(self, services: Services) -> None:
        super().__init__("demostrip", "upload", "warn")
        self._services = services
        self._timer = QTimer(self, interval=EVERY, singleShot=True)
        self._timer.timeout.connect(self.look)

    def look(self) -> None:
        self._timer.stop()
        self._services.tasks.query(_underway, self._show, owner=self, failed=lambda _error: None, key="underway")

    def _show(self, found: Underway | None) -> None:
        if found is None:
            if not self.isHidden():
                self.hide()
                self.ended.emit()
            return
        self.say(_words(found))
        self.show()
        self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._timer.isActive():  # the page was away meanwhile
            self._timer.start()


def _underway(ctx: Context) -> Underway | None:
    with ctx.database.read() as session:
        return underway(session)


def _words(found: Underway) -> str:
    if found.undoing:
        return tr(
            "An import is being undone. Until it is, the list shows a part of it; campaigns, segments and exports wait."
        )
    return tr(
        "An import is being taken over ({done} of {total} rows). Until it is whole, the list shows a part of it; "
        "campaigns, segments and exports wait.",
        done=count(found.done),
        total=count(found.total),
    )

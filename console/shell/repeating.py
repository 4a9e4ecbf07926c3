"""Makes the runs of series from the window, so that they are put before the checkers while no dispatcher runs."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from console.core.campaigns.series_runs import Prepared, anything_due, prepare_due
from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.i18n import tr
from console.shell.services import Services
from console.shell.tasks import Progress

EVERY = 20_000  # milliseconds between two looks
FIRST = 3_000  # after the start, which has more urgent things to do


class Repeater(QObject):
    def __init__(self, services: Services, first: int = FIRST) -> None:
        super().__init__(services)
        self._services = services
        self._first = first
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        self._timer.start(self._first)

    def stop(self) -> None:
        self._timer.stop()

    def _look(self) -> None:
        self._services.tasks.query(anything_due, self._looked, owner=self, failed=self._later, key="due", aside=True)

    def _looked(self, due: bool) -> None:
        if due:
            title = tr("Preparing campaigns that repeat")
            self._services.tasks.run(title, _prepare, self._prepared, owner=self, failed=self._later)
        else:
            self._timer.start(EVERY)

    def _prepared(self, made: list[Prepared]) -> None:
        if made:
            self._services.announce(Change.of(Topic.CAMPAIGNS, Topic.OUTBOX))
        self._timer.start(EVERY)

    def _later(self, _error: UserError) -> None:
        """The poller tells when the database cannot be reached."""
        self._timer.start(EVERY)


def _prepare(ctx: Context, report: Progress) -> list[Prepared]:
    return prepare_due(ctx, progress=report)

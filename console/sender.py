"""The window's care for the dispatcher: one is started when none runs for this database, and again when it dies."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from PySide6.QtCore import QObject, QTimer

from console.core import paths
from console.core.context import Context
from console.core.security.permissions import Permission
from console.core.sending.process import ensure_dispatcher, request_stop
from console.shell.poller import Poller
from console.shell.services import Services

log = logging.getLogger(__name__)
LOOK_EVERY = 5_000  # milliseconds
PATIENCE = timedelta(seconds=45)  # between two starts: a dispatcher needs a moment to show itself


class Sender(QObject):
    def __init__(self, services: Services, poller: Poller) -> None:
        super().__init__(services)
        self._services = services
        self._poller = poller
        self._started: datetime | None = None
        self._timer = QTimer(self, interval=LOOK_EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        poller.beat.connect(self.look)

    def look(self) -> None:
        now, pulse = self._services.ctx.clock.now(), self._poller.last
        if pulse is None or pulse.status.dispatcher_alive:
            return
        if self._started is not None and now - self._started < PATIENCE:
            return
        self._started = now
        log.info("no dispatcher runs for this database: starting one")
        self._services.tasks.query(_start, owner=self, key="start")

    def close(self, *, stop_sending: bool) -> None:
        self._timer.stop()
        if stop_sending and self._services.allowed(Permission.LINES_VIEW):
            request_stop(self._services.ctx)


def _start(context: Context) -> bool:
    return ensure_dispatcher(context, log=paths.log_folder() / "dispatcher-output.log")

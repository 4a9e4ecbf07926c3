"""Looks at the database about every second and tells the pages only when something changed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.pulse import Pulse, pulse
from console.core.settings import Settings
from console.shell.repeating import Repeater
from console.shell.services import Services

EVERY = 1000  # milliseconds between an answer and the next question
AFTER_TROUBLE = 5000


class Poller(QObject):
    beat = Signal(object)  # Pulse: each answer that differs from the one before
    trouble = Signal(object)  # UserError when the database cannot be asked, None when it can be again

    def __init__(self, services: Services, every: int = EVERY) -> None:
        super().__init__(services)
        self._services = services
        self._every = every
        self.last: Pulse | None = None
        self._in_trouble = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.ask)
        self._repeater = Repeater(services)

    def start(self) -> None:
        self.ask()
        self._repeater.start()

    def stop(self) -> None:
        self._timer.stop()
        self._repeater.stop()

    def ask(self) -> None:
        self._timer.stop()
        look = partial(pulse, before=self.last)
        self._services.tasks.query(look, self._answer, owner=self, failed=self._failed, key="pulse")

    def _answer(self, now: Pulse) -> None:
        before, self.last = self.last, now
        if self._in_trouble:
            self._in_trouble = False
            self.trouble.emit(None)
        if now != before:
            self.beat.emit(now)
        topics = now.topics_since(before)
        if Topic.SETTINGS in topics:
            self._services.tasks.query(_settings, self._renew, owner=self, key="settings")
        if topics:
            self._services.announce(Change(topics))
        self._timer.start(self._every)

    def _renew(self, stored: Settings) -> None:
        """Somebody changed a setting, perhaps in another window."""
        now = self._services.ctx
        if dict(stored.items()) != dict(now.settings.items()):
            self._services.use_context(now.with_settings(stored))

    def _failed(self, error: UserError) -> None:
        if not self._in_trouble:
            self._in_trouble = True
            self.trouble.emit(error)
        self._timer.start(AFTER_TROUBLE)


def _settings(ctx: Context) -> Settings:
    with ctx.database.read() as session:
        return Settings.load(session, ctx.actor.user_id)

"""Drafts save themselves: the latest answers go to the database one after another, even when the page is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from console.core.campaigns.draft import Draft, SavedDraft
from console.core.errors import UserError
from console.screens.campaigns import operations
from console.screens.campaigns.operations import CHANGED
from console.shell.services import Services


class DraftKeeper(QObject):
    saved = Signal(object)  # SavedDraft
    failed = Signal(object)  # UserError

    def __init__(self, services: Services, campaign_id: int | None) -> None:
        super().__init__()
        self._services = services
        self.campaign_id = campaign_id
        self.seen: datetime | None = None
        self._stored: Draft | None = None
        self._next: Draft | None = None
        self._saving = False
        self._waiting: list[Callable[[], None]] = []

    def begin(self, saved: SavedDraft) -> None:
        self.campaign_id, self.seen, self._stored = saved.campaign_id, saved.updated_at, saved.draft

    def keep(self, draft: Draft) -> None:
        """Store ``draft`` unless it is stored already; while one is being stored only the latest waits."""
        if self._saving:
            self._next = draft
        elif draft != self._stored:
            self._saving = True
            work = operations.save(draft, self.campaign_id, self.seen)
            self._services.tasks.query(work, self._done, owner=self, failed=self._not_saved)

    def when_idle(self, act: Callable[[], None]) -> None:
        """Now, or as soon as everything is stored. Dropped when something cannot be stored."""
        if self._saving:
            self._waiting.append(act)
        else:
            act()

    def _done(self, saved: SavedDraft) -> None:
        fresh = self.campaign_id is None
        self.begin(saved)
        self._saving = False
        following, self._next = self._next, None
        if following is not None:
            self.keep(following)
        self.saved.emit(saved)
        if fresh:
            self._services.announce(CHANGED)
        if not self._saving:
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                act()

    def _not_saved(self, error: UserError) -> None:
        self._saving, self._next, self._waiting = False, None, []
        self._services.notices.error(error)
        self.failed.emit(error)

"""What every page is given: who works here, how to run work, how to tell, and how to go elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from console.core.context import Context
from console.core.events import Change
from console.core.i18n import Text
from console.core.security.permissions import Permission
from console.shell.notices import Notices
from console.shell.tasks import Tasks


class DemoFault(Protocol):
    """One way in which the emulated modem can be made to fail."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> Text: ...


class Demo(Protocol):
    """What only the demo has: the emulated modem's faults. Called off the GUI thread."""

    def faults(self) -> list[DemoFault]: ...
    def fail(self, key: str) -> None:
        """Make the emulated modem fail in this way; an empty key puts it right again."""


class Services(QObject):
    changed = Signal(object)  # Change
    navigated = Signal(str, object)  # page key, arguments
    context_changed = Signal()

    def __init__(self, ctx: Context, *, demo: Demo | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.demo = demo
        self.start_sending: Callable[[], None] | None = None  # set by the application where it may start a dispatcher
        self.last_words: list[Callable[[], None]] = []  # to be said when the window ends, with the database still open
        self.notices = Notices(self)
        self.tasks = Tasks(lambda: self.ctx, self.notices, self)

    def announce(self, change: Change) -> None:
        """Tell every page what a use-case changed."""
        self.changed.emit(change)

    def navigate(self, page: str, **arguments: object) -> None:
        """Open a page and hand it ``arguments`` (``Page.arrive``)."""
        self.navigated.emit(page, arguments)

    def allowed(self, permission: Permission | None) -> bool:
        return permission is None or permission in self.ctx.actor.permissions

    def use_context(self, ctx: Context) -> None:
        """Work under new settings (or another actor) from now on."""
        self.ctx = ctx
        self.context_changed.emit()

    def close(self) -> None:
        self.tasks.close()
        while self.last_words:
            self.last_words.pop()()

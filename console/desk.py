"""What one person works at after the login: the main window, its lock, and the care for the dispatcher."""

from __future__ import annotations

from importlib import import_module

from PySide6.QtCore import QObject, Signal

from console.core.context import Context
from console.sender import Sender
from console.shell.lock import IdleWatch, Lock
from console.shell.page import Page
from console.shell.services import Demo, Services
from console.shell.theme import ThemeManager
from console.shell.window import MainWindow

SCREENS = (
    "home", "customers", "segments", "suppressions", "templates", "campaigns", "approvals",
    "lines", "rules", "reports", "protection", "audit", "settings",
)  # fmt: skip


def page_kinds() -> list[type[Page]]:
    """The pages in the order of the rail. The first call loads them, which takes a moment."""
    return [_page_of(import_module(f"console.screens.{name}.screen")) for name in SCREENS]


def _page_of(module: object) -> type[Page]:
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Page))
    return next(kind for kind in kinds if kind.__module__ == getattr(module, "__name__", ""))


class Desk(QObject):
    """Owns the database while somebody is logged in, and closes it in the end."""

    settings_changed = Signal()
    left = Signal(bool)  # True: the program is to end; False: somebody else wants to log in

    def __init__(self, context: Context, themes: ThemeManager, demo: Demo | None, parent: QObject) -> None:
        super().__init__(parent)
        self.services = Services(context, demo=demo)
        self.services.context_changed.connect(self.settings_changed)
        self.window = MainWindow(self.services, page_kinds(), themes)
        self.lock = Lock(self.window, lambda: self.services.ctx)
        self._idle = IdleWatch(context.clock.now, self._idle_minutes, self)
        self._sender = Sender(self.services, self.window.poller)
        self._gone = False
        self.window.closing.connect(self._closing)
        self.window.log_out_wanted.connect(lambda stop: self.leave(end=False, stop_sending=stop))
        self.window.lock_wanted.connect(self.lock.lock)
        self.lock.unlocked.connect(self.services.use_context)
        self.lock.switch_user.connect(lambda: self.leave(end=False))
        self._idle.idle.connect(self.lock.lock)

    def show(self) -> None:
        self.services.navigate(self.window.page_keys[0])
        self.window.show()
        self.window.activateWindow()

    def _idle_minutes(self) -> int:
        return self.services.ctx.settings.integer("session.idle_minutes")

    def _closing(self, stop_sending: bool) -> None:
        self.leave(end=True, stop_sending=stop_sending)

    def leave(self, *, end: bool, stop_sending: bool = False) -> None:
        """Finish what runs, close the database, and say so. Harmless when repeated."""
        if self._gone:
            return
        self._gone = True
        self._idle.stop()
        self.lock.close()
        self.window.poller.stop()
        self.window.hide()
        self._sender.close(stop_sending=stop_sending)
        self.services.close()
        self.services.ctx.database.close()
        self.window.deleteLater()
        self.left.emit(end)

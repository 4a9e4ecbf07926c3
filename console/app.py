"""The program with its windows: login, main window, lock, and what holds them together."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QObject, QTranslator
from PySide6.QtWidgets import QApplication

from console.core import paths, workstation
from console.core.clock import Clock, SystemClock
from console.core.context import Context
from console.core.i18n import current_language, system_language, use_language
from console.core.logs import set_up
from console.core.workstation import Workstation
from console.hooks import Hooks
from console.sender import Sender
from console.shell.crash import CrashDialog, report_of, write_report
from console.shell.icons import icon
from console.shell.lock import IdleWatch, Lock
from console.shell.login import DemoUser, LoginWindow
from console.shell.page import Page
from console.shell.services import Demo, Services
from console.shell.theme import ThemeManager
from console.shell.window import MainWindow

log = logging.getLogger(__name__)
SCREENS = ("home", "customers", "templates", "campaigns", "approvals", "lines", "reports", "audit", "settings")


def page_kinds() -> list[type[Page]]:
    """The pages in the order of the rail. The first call loads them, which takes a moment."""
    return [_page_of(import_module(f"console.screens.{name}.screen")) for name in SCREENS if _is_there(name)]


def _is_there(name: str) -> bool:
    return find_spec(f"console.screens.{name}") is not None and find_spec(f"console.screens.{name}.screen") is not None


def _page_of(module: object) -> type[Page]:
    kinds = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Page))
    return next(kind for kind in kinds if kind.__module__ == getattr(module, "__name__", ""))


class Console(QObject):
    """One run of the program: somebody logs in, works, leaves; perhaps somebody else comes."""

    def __init__(
        self,
        app: QApplication,
        here: Workstation,
        *,
        clock: Clock,
        demo: Demo | None = None,
        demo_users: Sequence[DemoUser] = (),
    ) -> None:
        super().__init__(app)
        self._app, self._here, self._clock = app, here, clock
        self._demo, self._demo_users = demo, demo_users
        self.themes = ThemeManager(app)
        self._translator = QTranslator(self)
        self.login: LoginWindow | None = None
        self.window: MainWindow | None = None
        self.services: Services | None = None
        self.lock: Lock | None = None
        self.dispatching: Sender | None = None
        self._idle: IdleWatch | None = None
        self._crash: CrashDialog | None = None
        self.hooks = Hooks(self._show_crash, self.quit)
        app.setQuitOnLastWindowClosed(False)
        app.setWindowIcon(icon("message-square-text", "accent"))

    # Login

    def start(self) -> None:
        self._speak(system_language() if self._here.language == "system" else self._here.language)
        self.themes.apply(self._here.theme, self._here.density, self._here.font_size, current_language())
        self._show_login()
        threading.Thread(target=page_kinds, name="preload", daemon=True).start()

    def _speak(self, language: str) -> None:
        """Our own texts, and Qt's (standard buttons, context menus)."""
        use_language(language)
        self._app.removeTranslator(self._translator)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if language != "en" and self._translator.load(f"qtbase_{language}", folder):
            self._app.installTranslator(self._translator)

    def _show_login(self, login: str = "") -> None:
        old, self.login = self.login, LoginWindow(self._here, self._clock, demo_users=self._demo_users, login=login)
        self.login.entered.connect(self._enter)
        self.login.left.connect(self.quit)
        self.login.language_chosen.connect(self._choose_language)
        self.login.database_chosen.connect(self._choose_database)
        self.login.show()
        if old is not None:
            _drop(old)

    def _choose_language(self, language: str) -> None:
        self._remember(language=language)
        self._speak(language)
        self.themes.apply(self._here.theme, self._here.density, self._here.font_size, language)
        self._show_login(self.login.login_form.login.text() if self.login is not None else "")

    def _choose_database(self, url: str) -> None:
        self._remember(database_url=url)
        self._show_login()

    def _remember(self, **values: object) -> None:
        """In the demo for this run only: it leaves nothing behind."""
        self._here = self._here.changed(**values)
        if self._demo is None:
            workstation.save(self._here)

    # Working

    def _enter(self, context: Context) -> None:
        self.services = Services(context, demo=self._demo)
        self.window = MainWindow(self.services, page_kinds(), self.themes)
        self.window.closing.connect(self._closing)
        self.window.log_out_wanted.connect(self._log_out)
        self.window.lock_wanted.connect(self._lock_window)
        self.services.context_changed.connect(self._settings_changed)
        self._settings_changed()
        self._remember(last_login=context.actor.login)
        services = self.services
        self.lock = Lock(self.window, lambda: services.ctx)
        self.lock.unlocked.connect(services.use_context)
        self.lock.switch_user.connect(self._log_out)
        self._idle = IdleWatch(self._clock.now, self._idle_minutes, self)
        self._idle.idle.connect(self._lock_window)
        self.dispatching = Sender(self.services, self.window.poller)
        services.navigate(self.window.page_keys[0])
        self.window.show()
        self.window.activateWindow()
        if self.login is not None:
            _drop(self.login)
            self.login = None

    def _idle_minutes(self) -> int:
        return 10 if self.services is None else self.services.ctx.settings.integer("session.idle_minutes")

    def _lock_window(self) -> None:
        if self.lock is not None:
            self.lock.lock()

    def _settings_changed(self) -> None:
        if self.services is None:
            return
        settings = self.services.ctx.settings
        self._remember(
            language=settings.text("ui.language"),
            theme=settings.text("ui.theme"),
            density=settings.text("ui.density"),
            font_size=settings.integer("ui.font_size"),
        )
        if settings.language != current_language():
            self._speak(settings.language)
            # the shell makes the pages anew

    # Leaving

    def _log_out(self) -> None:
        self._leave(stop_sending=False)
        self._show_login()

    def _closing(self, stop_sending: bool) -> None:
        self._leave(stop_sending=stop_sending)
        self.quit()

    def _leave(self, *, stop_sending: bool) -> None:
        services, window, lock, idle, sender = self.services, self.window, self.lock, self._idle, self.dispatching
        self.services = self.window = self.lock = self._idle = self.dispatching = None
        if idle is not None:
            idle.stop()
        if lock is not None:
            lock.close()
        if window is not None:
            window.poller.stop()
            window.hide()
        if sender is not None:
            sender.close(stop_sending=stop_sending)
        if services is not None:
            services.close()
            services.ctx.database.close()
        if window is not None:
            window.deleteLater()

    def quit(self) -> None:
        if self.window is not None:
            self._leave(stop_sending=False)
        if self.login is not None:
            _drop(self.login)
            self.login = None
        self._app.quit()

    # Bugs

    def _show_crash(self, error: BaseException) -> None:
        if self.window is not None:
            self.window.show_crash(error)
            return
        if self._crash is not None:
            return
        now = self._clock.now()
        report = report_of(error, now)
        try:
            path: Path | None = write_report(report, paths.crash_folder(), now)
        except OSError:
            path = None
        self._crash = CrashDialog(self.login, report, path)
        self._crash.finished.connect(self._crash_closed)
        self._crash.open()

    def _crash_closed(self) -> None:
        self._crash = None


def _drop(login: LoginWindow) -> None:
    login.blockSignals(True)
    login.close()
    login.deleteLater()


def make_application() -> QApplication:
    app = QApplication(sys.argv[:1])
    app.setApplicationName(paths.APPLICATION)
    app.setApplicationDisplayName("Branch SMS Console")
    app.setDesktopFileName(paths.APPLICATION)
    return app


def run(
    here: Workstation,
    *,
    demo: Demo | None = None,
    demo_users: Sequence[DemoUser] = (),
    started: Callable[[Console], None] | None = None,
) -> int:
    """Until the last window is closed. ``started`` is called once with the running program."""
    set_up("window")
    app = make_application()
    console = Console(app, here, clock=SystemClock(), demo=demo, demo_users=demo_users)
    console.hooks.install()
    try:
        console.start()
        if started is not None:
            started(console)
        return app.exec()
    finally:
        console.hooks.remove()

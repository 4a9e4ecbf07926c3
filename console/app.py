"""The program with its windows: login, desk, and what holds them together.

The login window stands before the database layer and the pages are loaded; a thread loads them meanwhile.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QLibraryInfo, QObject, QTranslator
from PySide6.QtWidgets import QApplication

from console.core import paths, workstation
from console.core.clock import Clock, SystemClock
from console.core.i18n import current_language, system_language, tr, use_language
from console.core.logs import set_up
from console.core.workstation import Workstation
from console.hooks import Hooks
from console.shell.crash import CrashDialog, report_of, write_report
from console.shell.garbage import Garbage
from console.shell.icons import icon
from console.shell.login import DemoUser, LoginWindow
from console.shell.theme import ThemeManager

if TYPE_CHECKING:
    from console.core.context import Context
    from console.desk import Desk
    from console.shell.services import Demo


class Stage(Protocol):
    """The demo, as the program sees it."""

    @property
    def users(self) -> Sequence[DemoUser]: ...
    def prepare(self) -> None:
        """Make the world; called off the GUI thread while the login window says to wait."""

    def modem(self) -> Demo: ...


class Console(QObject):
    """One run of the program: somebody logs in, works, leaves; perhaps somebody else comes."""

    def __init__(self, app: QApplication, here: Workstation, *, clock: Clock, stage: Stage | None = None) -> None:
        super().__init__(app)
        self._app, self._here, self._clock, self._stage = app, here, clock, stage
        self._prepared = stage is None
        self._preparing = threading.Lock()
        self.themes = ThemeManager(app)
        self._translator = QTranslator(self)
        self._chosen_language = ""  # on the login window: it becomes the language of whoever logs in
        self.login: LoginWindow | None = None
        self.desk: Desk | None = None
        self.crash: CrashDialog | None = None
        self.hooks = Hooks(self._show_crash, self.quit)
        self._garbage = Garbage(self)
        app.setQuitOnLastWindowClosed(False)
        app.setWindowIcon(icon("message-square-text", "accent"))

    def start(self) -> None:
        self._look()
        self._show_login()
        threading.Thread(target=_preload, name="preload", daemon=True).start()

    # Login

    def _look(self) -> None:
        """Words and colours of before the login: as this workstation was last used."""
        here = self._here
        self._speak(system_language() if here.language == "system" else here.language)
        self.themes.apply(here.theme, here.density, here.font_size, current_language())

    def _speak(self, language: str) -> None:
        """Our own texts, and Qt's (standard buttons, context menus)."""
        use_language(language)
        self._app.setApplicationDisplayName(tr("Branch SMS Console"))
        self._app.removeTranslator(self._translator)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if language != "en" and self._translator.load(f"qtbase_{language}", folder):
            self._app.installTranslator(self._translator)

    def _show_login(self, login: str = "") -> None:
        users = () if self._stage is None else self._stage.users
        prepare = None if self._prepared else self._prepare
        new = LoginWindow(self._here, self._clock, demo_users=users, login=login, prepare=prepare)
        new.entered.connect(self._enter)
        new.left.connect(self.quit)
        new.language_chosen.connect(self._choose_language)
        new.database_chosen.connect(self._choose_database)
        self._drop_login()
        self.login = new
        new.show()

    def _prepare(self) -> None:
        """Once, though another login window may ask again while it lasts (another language was chosen)."""
        with self._preparing:
            if self._stage is not None and not self._prepared:
                self._stage.prepare()
                self._prepared = True

    def _drop_login(self) -> None:
        old, self.login = self.login, None
        if old is not None:
            old.blockSignals(True)
            old.close()
            old.deleteLater()

    def _choose_language(self, language: str) -> None:
        typed = self.login.login_form.login.text() if self.login is not None else ""
        self._chosen_language = language
        self._remember(language=language)
        self._look()
        self._show_login(typed)

    def _choose_database(self, url: str) -> None:
        self._remember(database_url=url)
        self._show_login()

    def _remember(self, **values: object) -> None:
        """In the demo for this run only: it leaves nothing behind."""
        self._here = self._here.changed(**values)
        if self._stage is None:
            workstation.save(self._here)

    # Working

    def _enter(self, context: Context) -> None:
        chosen, self._chosen_language = self._chosen_language, ""
        if chosen and chosen != context.settings.language:
            settings = import_module("console.core.settings").save(context, {"ui.language": chosen})
            context = context.with_settings(settings)
        demo = None if self._stage is None else self._stage.modem()
        self.desk = import_module("console.desk").Desk(context, self.themes, demo, self)
        assert self.desk is not None
        self.desk.settings_changed.connect(self._settings_changed)
        self.desk.left.connect(self._left)
        self._remember(last_login=context.actor.login)
        self._settings_changed()
        self.desk.show()
        self._drop_login()

    def _settings_changed(self) -> None:
        """The next login window looks as this user likes it; Qt's own texts follow the language at once."""
        if self.desk is None:
            return
        settings = self.desk.services.ctx.settings
        self._remember(
            language=settings.text("ui.language"),
            theme=settings.text("ui.theme"),
            density=settings.text("ui.density"),
            font_size=settings.integer("ui.font_size"),
        )
        self._speak(settings.language)

    def _left(self, end: bool) -> None:
        desk, self.desk = self.desk, None
        if desk is not None:
            desk.deleteLater()
        if end:
            self.quit()
        else:
            self._look()
            self._show_login()

    def quit(self) -> None:
        if self.desk is not None:
            self.desk.leave(end=True)
            return
        self._drop_login()
        self._app.quit()

    # Bugs

    def _show_crash(self, error: BaseException) -> None:
        if self.desk is not None:
            self.desk.window.show_crash(error)
            return
        if self.crash is not None:
            return
        now = self._clock.now()
        report = report_of(error, now)
        try:
            path: Path | None = write_report(report, paths.crash_folder(), now)
        except OSError:
            path = None
        self.crash = CrashDialog(self.login, report, path)
        self.crash.finished.connect(self._crash_closed)
        self.crash.open()

    def _crash_closed(self) -> None:
        self.crash = None


def _preload() -> None:
    import_module("console.core.security.login")
    import_module("console.desk").page_kinds()


def make_application() -> QApplication:
    app = QApplication(sys.argv[:1])
    app.setApplicationName(paths.APPLICATION)
    app.setDesktopFileName(paths.APPLICATION)
    return app


def run(here: Workstation, *, stage: Stage | None = None, started: Callable[[Console], None] | None = None) -> int:
    """Until the last window is closed. ``started`` is called once with the running program."""
    set_up("window")
    app = make_application()
    console = Console(app, here, clock=SystemClock(), stage=stage)
    console.hooks.install()
    try:
        console.start()
        if started is not None:
            started(console)
        return app.exec()
    finally:
        console.hooks.remove()

"""The login window: logging in, the first run, another database, and the password that has to be changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QLabel, QLayout, QWidget

from console.core.clock import Clock
from console.core.i18n import LANGUAGES, current_language, tr
from console.core.security.entrance import Entrance
from console.core.workstation import Workstation
from console.shell import theme
from console.shell.background import Background
from console.shell.icons import icon
from console.shell.login_forms import LoginForm, NewPasswordForm, ServerForm, SetupForm, WaitForm
from console.shell.widgets import Card, column, label, row

if TYPE_CHECKING:
    from console.core.context import Context
    from console.core.security.login import LoggedIn


@dataclass(frozen=True)
class DemoUser:
    """Shown on the login window of the demo, and only there."""

    login: str
    name: str
    role: str
    password: str


class LoginWindow(QWidget):
    entered = Signal(object)  # Context: somebody is in
    left = Signal()  # closed without anybody in
    language_chosen = Signal(str)  # the window is to be made anew in this language
    database_chosen = Signal(str)  # URL; empty: the embedded database at its usual place

    def __init__(
        self,
        workstation: Workstation,
        clock: Clock,
        *,
        demo_users: Sequence[DemoUser] = (),
        login: str = "",
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """``prepare`` is run off the GUI thread before anybody can log in: the demo makes its world."""
        super().__init__()
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Branch SMS Console"))
        self.setWindowIcon(icon("message-square-text", "accent"))
        self._clock = clock
        self._is_in = False
        self.background = Background(self)
        self.entrance = Entrance(workstation.url, clock)
        self.login_form = LoginForm(self.background, self.entrance, demo_users, login or workstation.last_login)
        self.setup_form = SetupForm(self.background, self.entrance)
        self.server_form = ServerForm(workstation.database_url)
        self.password_form = NewPasswordForm(self.background, self.entrance)
        self.wait_form = WaitForm(tr("Making 300 customers, their loans, and a modem that is not there…"))
        self.forms = (self.login_form, self.setup_form, self.server_form, self.password_form, self.wait_form)
        self._connect()
        self.setLayout(self._drawn(bool(demo_users)))
        if prepare is not None:
            self.show_form(self.wait_form)
            self.background.run(prepare, lambda _none: self._first_form(), self.wait_form.tell)
            return
        self._first_form()
        if self.entrance.file is None:
            self._look_at_server()

    def _look_at_server(self) -> None:
        """Is it there, and can anybody log in yet?"""

        def done(empty: bool) -> None:
            if empty:
                self.show_form(self.setup_form)

        self.background.run(self.entrance.has_no_users, done, self.login_form.tell)

    def _connect(self) -> None:
        self.login_form.entered.connect(self._logged_in)
        self.login_form.elsewhere.connect(lambda: self.show_form(self.server_form))
        self.setup_form.entered.connect(self._enter)
        self.setup_form.elsewhere.connect(lambda: self.show_form(self.server_form))
        self.password_form.entered.connect(self._enter)
        self.server_form.chosen.connect(self.database_chosen)
        self.server_form.cancelled.connect(self._first_form)

    def _drawn(self, demo: bool) -> QLayout:
        now = theme.current()
        mark = QLabel()
        mark.setPixmap(icon("message-square-text", "accent").pixmap(QSize(36, 36)))
        self.language = QComboBox()
        self.language.setAccessibleName(tr("Language"))
        for tag, name in LANGUAGES.items():
            self.language.addItem(name, tag)
        self.language.setCurrentIndex(self.language.findData(current_language()))
        self.language.activated.connect(lambda: self.language_chosen.emit(self.language.currentData()))
        card = Card(spacing=12)
        card.body.setContentsMargins(28, 24, 28, 24)
        card.add(*self.forms)
        card.setFixedWidth(now.px(440))
        title = column(label(tr("Branch SMS Console"), "title"), self._subtitle(demo), spacing=2)
        foot = row(label(tr("Language"), "small"), self.language, None)
        whole = column(
            None, row(None, mark, 8, title, None), 16, row(None, card, None), 8, row(None, foot, None), None, margins=24
        )
        self.resize(now.px(620), now.px(600))
        return whole

    def _subtitle(self, demo: bool) -> QLabel:
        if demo:
            return label(tr("Demonstration: made-up people, an emulated modem, nothing is really sent"), "small")
        return label(tr("Notices to customers, approved by two and accounted for"), "small")

    def show_form(self, form: QWidget) -> None:
        for each in self.forms:  # the card is as high as the one it shows, which a stack would not be
            each.setVisible(each is form)
        form.setFocus()

    def _first_form(self) -> None:
        self.show_form(self.setup_form if self.entrance.needs_setup else self.login_form)

    def _logged_in(self, entered: LoggedIn, password: str) -> None:
        if entered.must_change_password:
            self.password_form.ask(entered.context, password)
            self.show_form(self.password_form)
        else:
            self._enter(entered.context)

    def _enter(self, context: Context) -> None:
        self._is_in = True
        self.entered.emit(context)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.background.close()
        if not self._is_in:
            self.left.emit()
        super().closeEvent(event)

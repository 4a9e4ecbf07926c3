"""The forms that the login window shows, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import QLayout, QLineEdit, QProgressBar, QPushButton, QWidget

from console.core.errors import UserError
from console.core.i18n import sentences, tr
from console.core.security.entrance import Entrance, checked_server_url
from console.shell.background import Background
from console.shell.forms import Form
from console.shell.widgets import column, heading, label, link_button, primary_button, quiet_button, row

if TYPE_CHECKING:
    from console.core.context import Context
    from console.core.security.login import LoggedIn
    from console.shell.login import DemoUser


class EntryForm(QWidget):
    """A heading, fields, what is wrong, and one filled button that Enter presses."""

    def __init__(self, title: str, explanation: str, action: str) -> None:
        super().__init__()
        self.form = Form()
        self.explanation = label(explanation, "quiet", wrap=True)
        self.explanation.setVisible(bool(explanation))
        self.trouble = label("", "error", wrap=True)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.trouble.hide()
        self.action: QPushButton = primary_button(action, self.submit)
        self.action.setDefault(True)
        self.form.submitted.connect(self.submit)
        self.body = column(heading(title), self.explanation, 4, self.form, self.trouble, 4, self.action, spacing=8)
        self.body.addStretch(1)
        self.setLayout(self.body)

    def showEvent(self, event: QShowEvent) -> None:
        """Tab goes from the fields, which were made last, to the button below them."""
        super().showEvent(event)
        QWidget.setTabOrder(self.form.last, self.action)

    def submit(self) -> None:
        raise TypeError(f"{type(self).__name__} does nothing")

    def tell(self, error: UserError) -> None:
        self.trouble.setText(sentences(error.message, error.hint))
        self.trouble.show()
        self.form.last.setFocus()  # the button was off meanwhile and has lost it

    def _begin(self) -> None:
        self.trouble.hide()
        self.form.clear_errors()

    def _differ(self, first: str, second: str) -> bool:
        """Whether the two passwords are not the same, and say so."""
        if self.form.text(first) == self.form.text(second):
            return False
        self.form.set_error(second, tr("The two passwords are not the same."))
        return True


class LoginForm(EntryForm):
    entered = Signal(object, str)  # LoggedIn and the password
    elsewhere = Signal()

    def __init__(self, background: Background, entrance: Entrance, demo_users: Sequence[DemoUser], login: str) -> None:
        super().__init__(tr("Log in"), "", tr("Log in"))
        self._background, self._entrance = background, entrance
        self.login: QLineEdit = self.form.add_text("login", tr("Login name"), login, max_length=64)
        self.password: QLineEdit = self.form.add_password("password", tr("Password"))
        background.busy_changed.connect(lambda busy: self.action.setEnabled(not busy))
        if demo_users:
            self.body.insertSpacing(self.body.count() - 1, 8)
        for user in demo_users:
            self.body.insertLayout(self.body.count() - 1, self._offer(user))
        if not demo_users:
            self.place = link_button(tr("Database: {place}", place=entrance.title()), self.elsewhere.emit)
            self.place.setToolTip(tr("Use another database"))
            self.body.insertWidget(self.body.count() - 1, self.place)

    def _offer(self, user: DemoUser) -> QLayout:
        def fill() -> None:
            self.login.setText(user.login)
            self.password.setText(user.password)
            self.submit()

        words = column(
            label(tr("{role}: {name}", role=user.role, name=user.name)),
            label(tr("{login} / {password}", login=user.login, password=user.password), "small", selectable=True),
            spacing=0,
        )
        button = quiet_button(tr("Log in as {role}", role=user.role), fill)
        return row(words, None, button)

    def focusInEvent(self, event: QFocusEvent) -> None:
        (self.password if self.login.text() else self.login).setFocus()

    def submit(self) -> None:
        self._begin()
        login, password, entrance = self.login.text(), self.password.text(), self._entrance
        if not login.strip():
            self.form.set_error("login", tr("Type your login name."))
            return

        def done(entered: LoggedIn) -> None:
            self.password.clear()
            self.entered.emit(entered, password)

        self._background.run(lambda: entrance.authenticate(login, password), done, self.tell)

    def tell(self, error: UserError) -> None:
        super().tell(error)
        self.password.setFocus()
        self.password.selectAll()


class SetupForm(EntryForm):
    """No database at this place yet: make it, with its first administrator."""

    entered = Signal(object)  # Context
    elsewhere = Signal()

    def __init__(self, background: Background, entrance: Entrance) -> None:
        super().__init__(
            tr("Set up this workstation"),
            tr("An encrypted database is made here. Its first user is an administrator, who adds the others.")
            if entrance.file is not None
            else tr("This database has no users yet. The first one is an administrator, who adds the others."),
            tr("Set up"),
        )
        self._background, self._entrance = background, entrance
        self.form.add_text("login", tr("Login name"), "admin", max_length=32)
        self._name = self.form.add_text("name", tr("Your name"), max_length=50)
        embedded = tr("Nobody can open the database without a password. Keep it in a safe place.")
        self.form.add_password("password", tr("Password"), hint=embedded if entrance.file is not None else "")
        self.form.add_password("again", tr("Password again"))
        background.busy_changed.connect(lambda busy: self.action.setEnabled(not busy))
        self.other = link_button(tr("The office has a database server"), self.elsewhere.emit)
        self.body.insertWidget(self.body.count() - 1, self.other)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._name.setFocus()

    def submit(self) -> None:
        self._begin()
        if self._differ("password", "again"):
            return
        login, name, password = (self.form.text(key) for key in ("login", "name", "password"))
        entrance = self._entrance
        self._background.run(lambda: entrance.set_up(login, name, password), self.entered.emit, self.tell)


class ServerForm(EntryForm):
    """Where the database is: on this computer, or on the office's PostgreSQL."""

    chosen = Signal(str)
    cancelled = Signal()

    def __init__(self, url: str) -> None:
        super().__init__(
            tr("Where is the database?"),
            tr("Leave the field empty for the database on this computer."),
            tr("Use this database"),
        )
        self._url = self.form.add_text(
            "url",
            tr("Server"),
            url,
            placeholder="postgresql://user:password@server/branch_sms?sslmode=verify-full",
            hint=tr("The office's administrator knows the address."),
        )
        self.body.insertWidget(self.body.count() - 1, quiet_button(tr("Back"), self.cancelled.emit))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._url.setFocus()

    def submit(self) -> None:
        self._begin()
        try:
            self.chosen.emit(checked_server_url(self.form.text("url")))
        except UserError as error:
            self.form.set_error("url", str(error.message))


class NewPasswordForm(EntryForm):
    entered = Signal(object)  # Context

    def __init__(self, background: Background, entrance: Entrance) -> None:
        super().__init__(
            tr("Choose your own password"),
            tr("The password you were given is for the first login only."),
            tr("Change password and go on"),
        )
        self._background, self._entrance = background, entrance
        self._context: Context | None = None
        self._old = ""
        self._new = self.form.add_password("password", tr("New password"))
        self.form.add_password("again", tr("New password again"))
        background.busy_changed.connect(lambda busy: self.action.setEnabled(not busy))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._new.setFocus()

    def ask(self, context: Context, old: str) -> None:
        self._context, self._old = context, old

    def submit(self) -> None:
        self._begin()
        if self._context is None or self._differ("password", "again"):
            return
        context, old, new, entrance = self._context, self._old, self.form.text("password"), self._entrance
        self._background.run(
            lambda: entrance.change_password(context, old, new), lambda _none: self.entered.emit(context), self.tell
        )


class WaitForm(QWidget):
    """Something has to be made ready before anybody can log in."""

    def __init__(self, words: str) -> None:
        super().__init__()
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName(words)
        self.trouble = label("", "error", wrap=True)
        self.setLayout(column(heading(tr("One moment")), label(words, "quiet", wrap=True), 8, bar, self.trouble, None))

    def tell(self, error: UserError) -> None:
        self.trouble.setText(sentences(error.message, error.hint))

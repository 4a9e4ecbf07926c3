"""Questions about users that must interrupt."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtWidgets import QCheckBox, QWidget

from console.core.i18n import tr
from console.core.security.permissions import ROLE_DESCRIPTIONS, ROLE_TITLES, Role
from console.core.security.users import UserRow
from console.screens.settings import operations
from console.shell import theme
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import column, label, row


class RoleBoxes(QWidget):
    """One box a role, with what it is for."""

    def __init__(self, chosen: Collection[Role] = ()) -> None:
        super().__init__()
        self.boxes: dict[Role, QCheckBox] = {}
        layout = column(spacing=2)
        for role in Role:
            box = QCheckBox(str(ROLE_TITLES[role]))
            box.setChecked(role in chosen)
            box.setAccessibleDescription(str(ROLE_DESCRIPTIONS[role]))
            words = label(str(ROLE_DESCRIPTIONS[role]), "small", wrap=True)
            layout.addWidget(box)
            layout.addLayout(row(26, words, spacing=0))
            layout.addSpacing(4)
            self.boxes[role] = box
        self.setLayout(layout)
        self.setFocusProxy(self.boxes[Role.OFFICER])

    def chosen(self) -> frozenset[Role]:
        return frozenset(role for role, box in self.boxes.items() if box.isChecked())


class AddUserDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, added: Callable[[int], None]) -> None:
        super().__init__(parent, tr("Add a user"), tr("Add user"))
        self.setMinimumWidth(theme.current().px(600))
        self.explain(tr("The password is for the first login; the user then chooses another one."))
        self.login = self.form.add_text("login", tr("Login name"), max_length=32)
        self.form.add_text("name", tr("Name"), max_length=50)
        self.password = self.form.add_text("password", tr("First password"), max_length=128)
        self.roles = RoleBoxes()
        self.form.add_widget("roles", tr("Roles"), self.roles, self.roles.chosen)
        self.on_action(lambda: self.work(services, self._adding(), added))
        self.login.setFocus()

    def _adding(self) -> Callable[..., int]:
        login, name, password = (self.form.text(key) for key in ("login", "name", "password"))
        return operations.add_user(login, name, self.roles.chosen(), password)


class RolesDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, user: UserRow, done: Callable[[object], None]) -> None:
        super().__init__(parent, tr("Roles of {name}", name=user.name), tr("Change roles"))
        self.setMinimumWidth(theme.current().px(600))
        self.explain(tr("It holds from the next login of this user on."))
        self.roles = RoleBoxes(user.roles)
        self.form.add_widget("roles", tr("Roles"), self.roles, self.roles.chosen)
        self.on_action(lambda: self.work(services, operations.set_roles(user.id, self.roles.chosen()), done))


class ResetPasswordDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, user: UserRow, done: Callable[[object], None]) -> None:
        title = tr("New password for {name}", name=user.name)
        super().__init__(parent, title, tr("Set password") if user.active else tr("Set password and switch on"))
        self.explain(tr("Tell it to the user in person. At the next login the user chooses another one."))
        self.password = self.form.add_text("password", tr("First password"), max_length=128)
        self.on_action(
            lambda: self.work(services, operations.reset_password(user.id, self.form.text("password")), done)
        )


class OwnPasswordDialog(FormDialog):
    def __init__(self, parent: QWidget, services: Services, done: Callable[[object], None]) -> None:
        super().__init__(parent, tr("Change my password"), tr("Change password"))
        self.old = self.form.add_password("old", tr("Old password"))
        self.new = self.form.add_password("new", tr("New password"))
        self.again = self.form.add_password("again", tr("New password again"))
        self.on_action(lambda: self._submit(services, done))

    def _submit(self, services: Services, done: Callable[[object], None]) -> None:
        if self.new.text() != self.again.text():
            self.form.set_error("again", tr("The two passwords are not the same."))
            return
        self.work(services, operations.change_password(self.old.text(), self.new.text()), done)

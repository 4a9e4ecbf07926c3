"""The users of this database: who may come in, and as what."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.format import local_datetime
from console.core.i18n import listed, tr
from console.core.listing import Sort
from console.core.security.permissions import ROLE_TITLES
from console.core.security.users import UserRow
from console.screens.settings import operations
from console.screens.settings.dialogs import AddUserDialog, ResetPasswordDialog, RolesDialog
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, column, confirm, danger_button, label, quiet_button, row


class UsersSection(QWidget):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.table = self._table()
        self.table.current_changed.connect(self._show_choices)
        self.table.row_activated.connect(lambda _row: self.change_roles())
        self.roles = quiet_button(tr("Change roles…"), self.change_roles)
        self.password = quiet_button(tr("New password…"), self.reset_password, "key-round")
        self.off = danger_button(tr("Switch off…"), self.switch_off)
        self.own = label(tr("Nobody changes their own rights; another administrator does."), "quiet")
        layout = column(self.table, row(self.roles, self.password, self.off, self.own, None), spacing=12)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._show_choices(None)

    def _table(self) -> RecordTable[UserRow]:
        columns = [
            Column[UserRow]("login", tr("Login name"), lambda user: user.login, 110),
            Column[UserRow]("name", tr("Name"), lambda user: user.name, 90),
            Column[UserRow](
                "roles",
                tr("Roles"),
                _roles,
                0,
                sortable=False,
                tip=_roles,
            ),
            Column[UserRow](
                "state",
                tr("State"),
                self._standing,
                140,
                sortable=False,
                state=lambda user: "active" if user.active else "off",
            ),
            Column[UserRow](
                "last", tr("Last login"), lambda user: local_datetime(user.last_login_at), 130, sortable=False, drop=1
            ),
        ]
        table = RecordTable(
            self._services,
            columns,
            operations.user_ids,
            operations.user_rows,
            EmptyState("users", tr("No users")),
            sort=Sort("login"),
        )
        table.setAccessibleName(tr("Users"))
        return table

    def _standing(self, user: UserRow) -> str:
        if not user.active:
            return tr("Switched off")
        if user.locked_until is not None and user.locked_until > self._services.ctx.clock.now():
            return tr("Locked until {time}", time=local_datetime(user.locked_until))
        return tr("Not logged in yet") if user.must_change_password else tr("Active")

    def reload(self) -> None:
        self.table.reload()

    def _show_choices(self, user: UserRow | None) -> None:
        other = user is not None and user.id != self._services.ctx.actor.user_id
        self.roles.setEnabled(other)
        self.password.setEnabled(other)
        self.off.setEnabled(user is not None and other and user.active)
        self.own.setVisible(user is not None and not other)

    def add(self) -> None:
        AddUserDialog(self, self._services, self._added).open()

    def _added(self, _user_id: int) -> None:
        self._changed()

    def change_roles(self) -> None:
        user = self.table.current_row()
        if user is not None and self.roles.isEnabled():
            RolesDialog(self, self._services, user, lambda _none: self._changed()).open()

    def reset_password(self) -> None:
        user = self.table.current_row()
        if user is not None:
            ResetPasswordDialog(self, self._services, user, lambda _none: self._changed()).open()

    def switch_off(self) -> None:
        user = self.table.current_row()
        if user is None:
            return
        text = tr("{name} cannot log in any more. What {name} did stays on record.", name=user.name)
        if confirm(self, tr("Switch off {name}?", name=user.name), text, tr("Switch off"), danger=True):
            self._services.tasks.query(operations.deactivate(user.id), lambda _none: self._changed(), owner=self)

    def _changed(self) -> None:
        self._services.announce(operations.USERS_CHANGED)


def _roles(user: UserRow) -> str:
    return listed(ROLE_TITLES[role] for role in user.roles)

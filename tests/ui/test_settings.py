from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.messages.signatures import Standing, standing
from console.core.security import setup
from console.core.security.permissions import Role
from console.core.settings import SETTINGS, Scope, Section
from console.screens.settings import dialogs
from console.screens.settings.screen import SettingsPage
from console.screens.settings.signatures import SignatureDialog
from console.shell.appearance import Appearance
from console.shell.notices import Level, Notice
from console.shell.services import Services
from console.shell.theme import ThemeManager, current
from db.models import User

PASSWORD = "nine quiet paper boats"


@pytest.fixture
def ctx(tmp_path: Path, clock: FixedClock) -> Iterator[Context]:
    """The administrator of a database of their own, with its key file."""
    path = tmp_path / "own.db"
    context = setup.create_embedded(path, login="admin", name="周航", password=PASSWORD, clock=clock)
    with context.database:
        yield context


@pytest.fixture
def page(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> SettingsPage:
    made = SettingsPage(services)
    made.resize(1100, 700)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.arrive()
    settle()
    return made


def _go(page: SettingsPage, section: str) -> None:
    page.parts.open(section)


def _field(page: SettingsPage, section: Section, key: str, kind: type[Any]) -> Any:
    title = str(SETTINGS[key].title)
    return next(each for each in page.forms[section].findChildren(kind) if each.accessibleName() == title)


def test_every_declared_setting_has_a_field(page: SettingsPage) -> None:
    shown = {key for form in page.forms.values() for key in form.values()}
    assert shown == set(SETTINGS)


def test_who_may_not_set_for_the_office_sees_only_their_own(
    qtbot: QtBot, services_of: Callable[[Context], Services], context_of: Callable[[str], Context]
) -> None:
    page = SettingsPage(services_of(context_of("officer")))
    qtbot.addWidget(page)
    shown = {key for form in page.forms.values() for key in form.values()}
    assert shown == {key for key, declared in SETTINGS.items() if declared.scope is Scope.USER}
    assert page.users is None


def test_the_look_changes_at_once(
    page: SettingsPage, services: Services, settle: Callable[[], None], theme_manager: ThemeManager
) -> None:
    Appearance(services, theme_manager)
    box: QComboBox = _field(page, Section.LOOK, "ui.theme", QComboBox)
    box.setCurrentIndex(box.findData("dark"))
    settle()
    assert current().scheme == "dark"
    assert services.ctx.settings.text("ui.theme") == "dark"
    spin: QSpinBox = _field(page, Section.LOOK, "ui.font_size", QSpinBox)
    spin.setValue(16)
    settle()
    assert current().font_px == 16


def test_office_settings_are_saved_by_the_button(
    qtbot: QtBot, page: SettingsPage, services: Services, settle: Callable[[], None]
) -> None:
    _go(page, Section.OFFICE)
    assert page.bar.primary is not None
    assert not page.bar.primary.isEnabled()
    edit: QLineEdit = _field(page, Section.OFFICE, "bank.signature", QLineEdit)
    edit.setText("样例银行")
    assert page.bar.primary.isEnabled()
    qtbot.mouseClick(page.bar.primary, Qt.MouseButton.LeftButton)
    settle()
    assert services.ctx.settings.text("bank.signature") == "样例银行"
    assert not page.bar.primary.isEnabled()


def test_a_wrong_value_is_told_beside_its_field_and_not_saved(
    page: SettingsPage, services: Services, settle: Callable[[], None]
) -> None:
    _go(page, Section.OFFICE)
    edit: QLineEdit = _field(page, Section.OFFICE, "bank.test_phone", QLineEdit)
    edit.setText("12345")
    page.save()
    settle()
    assert edit.property("wrong")
    assert services.ctx.settings.text("bank.test_phone") == ""


def test_what_was_typed_survives_a_change_elsewhere(page: SettingsPage, settle: Callable[[], None]) -> None:
    edit: QLineEdit = _field(page, Section.OFFICE, "bank.branch", QLineEdit)
    edit.setText("城西支行")
    box: QComboBox = _field(page, Section.LOOK, "ui.density", QComboBox)
    box.setCurrentIndex(box.findData("compact"))
    settle()
    assert edit.text() == "城西支行"


def test_users_are_added_changed_and_switched_off(
    qtbot: QtBot, page: SettingsPage, services: Services, settle: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.users is not None
    _go(page, "users")
    qtbot.mouseClick(page.bar.primary, Qt.MouseButton.LeftButton)
    dialog = page.users.findChild(dialogs.AddUserDialog)
    assert dialog is not None
    dialog.form.set_values({"login": "li.na", "name": "李娜", "password": "short"})
    dialog.roles.boxes[Role.OFFICER].setChecked(True)
    dialog.action.click()
    settle()
    assert dialog.trouble.isVisible()
    dialog.form.set_values({"password": "eleven blue umbrellas"})
    dialog.action.click()
    settle()
    settle()
    assert page.users.findChild(dialogs.AddUserDialog) is None
    names = [row.name for row in _rows(page)]
    assert "李娜" in names
    assert page.users.table.select_id(_id(services, "li.na"))
    assert page.users.off.isEnabled()
    monkeypatch.setattr("console.screens.settings.users.confirm", lambda *args, **values: True)
    page.users.switch_off()
    settle()
    settle()
    assert [row.active for row in _rows(page) if row.login == "li.na"] == [False]


def test_nobody_is_offered_to_change_their_own_rights(page: SettingsPage, services: Services) -> None:
    assert page.users is not None
    assert page.users.table.select_id(services.ctx.actor.user_id)
    assert not page.users.roles.isEnabled()
    assert not page.users.off.isEnabled()
    assert not page.users.own.isHidden()


def test_the_own_password(page: SettingsPage, settle: Callable[[], None], notices: list[Notice]) -> None:
    page.change_password()
    dialog = page.findChild(dialogs.OwnPasswordDialog)
    assert dialog is not None
    dialog.old.setText(PASSWORD)
    dialog.new.setText("eleven blue umbrellas")
    dialog.again.setText("eleven blue umbrella")
    dialog.action.click()
    assert dialog.again.property("wrong")
    dialog.again.setText("eleven blue umbrellas")
    dialog.action.click()
    settle()
    assert page.findChild(dialogs.OwnPasswordDialog) is None
    assert [notice.level for notice in notices] == [Level.GOOD]


def test_a_backup_is_made_and_told(
    page: SettingsPage, settle: Callable[[], None], notices: list[Notice], tmp_path: Path
) -> None:
    page.back_up_to(tmp_path / "copies")
    settle()
    assert [path.name for path in sorted((tmp_path / "copies").iterdir())] == [
        "own-20261123-100000.db",
        "own-20261123-100000.db.keys",
    ]
    assert "own-20261123-100000.db" in notices[0].text


def test_unsaved_changes_are_asked_about(page: SettingsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page.may_leave()
    edit: QLineEdit = _field(page, Section.OFFICE, "bank.branch", QLineEdit)
    edit.setText("城西支行")
    monkeypatch.setattr("console.screens.settings.screen.confirm", lambda *args, **values: False)
    assert not page.may_leave()
    assert edit.text() == "城西支行"
    monkeypatch.setattr("console.screens.settings.screen.confirm", lambda *args, **values: True)
    assert page.may_leave()
    assert edit.text() == "城东支行"


def _rows(page: SettingsPage) -> list[Any]:
    assert page.users is not None
    records = page.users.table.records
    return [record for place in range(records.rowCount()) if (record := records.record(place)) is not None]


def _id(services: Services, login: str) -> int:
    with services.ctx.database.read() as session:
        return session.scalars(select(User.id).where(User.login == login)).one()


def test_signatures_are_registered_and_warn_before_they_end(
    page: SettingsPage, services: Services, settle: Callable[[], None]
) -> None:
    _go(page, "signatures")
    assert page.signatures is not None
    assert page.bar.primary is not None
    page.bar.primary.click()
    dialog = page.signatures.findChild(SignatureDialog)
    assert dialog is not None
    today = services.ctx.clock.now().astimezone().date()
    dialog.form.set_values({"text": "示例银行", "holder": "示例银行股份有限公司", "registration": "A-1"})
    dialog.form.set_values({"until": today + timedelta(days=10)})
    dialog.action.click()
    settle()
    table = page.signatures.table
    assert len(table) == 1
    table.select_id(table.records.ids[0])
    settle()
    chosen = table.current_row()
    assert chosen is not None
    assert standing(chosen, today) is Standing.EXPIRING
    page.signatures.retire.click()
    settle()
    assert table.current_row() is not None
    assert page.signatures.restore.isVisible()

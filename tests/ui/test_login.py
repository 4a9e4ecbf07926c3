from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from console.core import paths
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.security import setup, users
from console.core.security.permissions import Role
from console.core.workstation import Workstation
from console.shell.login import DemoUser, LoginWindow

PASSWORD = "nine quiet paper boats"
FIRST = "eleven blue umbrellas"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "branch.db"


@pytest.fixture
def here(path: Path) -> Workstation:
    return Workstation(database_url=paths.sqlite_url(path), last_login="admin")


@pytest.fixture
def made(path: Path, clock: FixedClock) -> None:
    """A database with an administrator, and an officer whose password is still the first one."""
    context = setup.create_embedded(path, login="admin", name="周航", password=PASSWORD, clock=clock)
    with context.database:
        users.create_user(context, login="officer", name="王敏", roles={Role.OFFICER}, password=FIRST)


@pytest.fixture
def open_login(qtbot: QtBot, here: Workstation, clock: FixedClock) -> Iterator[Any]:
    entered: list[Context] = []

    def make(**values: Any) -> LoginWindow:
        window = LoginWindow(here, clock, **values)
        qtbot.addWidget(window)
        window.entered.connect(entered.append)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield make
    for context in entered:
        context.database.close()


def _type(qtbot: QtBot, field: Any, text: str) -> None:
    field.clear()
    qtbot.keyClicks(field, text)


def test_typing_login_and_password_and_enter_goes_in(qtbot: QtBot, made: None, open_login: Any) -> None:
    window = open_login()
    form = window.login_form
    assert form.login.text() == "admin"
    _type(qtbot, form.password, PASSWORD)
    with qtbot.waitSignal(window.entered) as entered:
        qtbot.keyClick(form.password, Qt.Key.Key_Return)
    assert entered.args[0].actor.name == "周航"
    assert form.password.text() == ""


def test_a_wrong_password_is_told_and_the_field_is_ready_again(qtbot: QtBot, made: None, open_login: Any) -> None:
    window = open_login()
    form = window.login_form
    _type(qtbot, form.password, "not this one")
    qtbot.mouseClick(form.action, Qt.MouseButton.LeftButton)
    assert not form.action.isEnabled()
    qtbot.waitUntil(form.trouble.isVisible)
    assert form.trouble.text().startswith("The login name or the password is wrong.")
    assert form.action.isEnabled()
    assert form.password.selectedText() == form.password.text() != ""


def test_guessing_is_shut_out_and_says_until_when(qtbot: QtBot, made: None, open_login: Any) -> None:
    form = open_login().login_form
    for _ in range(4):
        _type(qtbot, form.password, "wrong guess")
        form.submit()
        qtbot.waitUntil(form.action.isEnabled)
    assert "Next attempt at 2026-11-23 10:00." in form.trouble.text()


def test_an_empty_login_is_asked_for(qtbot: QtBot, made: None, open_login: Any) -> None:
    form = open_login().login_form
    form.login.clear()
    form.submit()
    assert form.action.isEnabled()
    assert form.login.property("wrong")


def test_a_first_password_has_to_be_changed(qtbot: QtBot, made: None, open_login: Any) -> None:
    window = open_login(login="officer")
    _type(qtbot, window.login_form.password, FIRST)
    window.login_form.submit()
    qtbot.waitUntil(window.password_form.isVisible)
    form = window.password_form.form
    form.set_values({"password": "the tea went cold again", "again": "something else"})
    window.password_form.submit()
    assert window.password_form.isVisible()
    form.set_values({"again": "the tea went cold again"})
    with qtbot.waitSignal(window.entered) as entered:
        window.password_form.submit()
    assert entered.args[0].actor.login == "officer"


def test_the_first_run_sets_up_a_database(qtbot: QtBot, open_login: Any, path: Path) -> None:
    window = open_login()
    assert window.setup_form.isVisible()
    form = window.setup_form.form
    form.set_values({"login": "admin", "name": "周航", "password": "password12", "again": "password12"})
    window.setup_form.submit()
    qtbot.waitUntil(window.setup_form.trouble.isVisible)
    assert not path.exists()
    form.set_values({"password": PASSWORD, "again": PASSWORD})
    with qtbot.waitSignal(window.entered, timeout=20_000) as entered:
        window.setup_form.submit()
    assert entered.args[0].actor.roles == {Role.ADMINISTRATOR, Role.AUDITOR}
    assert path.exists()


def test_another_database_can_be_named(qtbot: QtBot, made: None, open_login: Any) -> None:
    window = open_login()
    qtbot.mouseClick(window.login_form.place, Qt.MouseButton.LeftButton)
    assert window.server_form.isVisible()
    window.server_form.form.set_values({"url": "mysql://server/name"})
    window.server_form.submit()
    assert window.server_form.isVisible()
    window.server_form.form.set_values({"url": "postgresql://u:p@server/name"})
    with qtbot.waitSignal(window.database_chosen) as chosen:
        window.server_form.submit()
    assert chosen.args == ["postgresql+psycopg://u:p@server/name"]


def test_a_server_without_users_asks_for_the_first_one(qtbot: QtBot, postgres_server: Any, clock: FixedClock) -> None:
    window = LoginWindow(Workstation(database_url=postgres_server.empty()), clock)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.setup_form.isVisible, timeout=20_000)
    window.setup_form.form.set_values({"name": "周航", "password": PASSWORD, "again": PASSWORD})
    with qtbot.waitSignal(window.entered, timeout=20_000) as entered:
        window.setup_form.submit()
    entered.args[0].database.close()


def test_the_demo_offers_its_people_and_only_the_demo(qtbot: QtBot, made: None, open_login: Any) -> None:
    assert [button.text() for button in open_login().findChildren(QPushButton) if "as" in button.text().split()] == []
    window = open_login(demo_users=[DemoUser("admin", "周航", "Administrator", PASSWORD)])
    button = next(each for each in window.findChildren(QPushButton) if each.text() == "Log in as Administrator")
    with qtbot.waitSignal(window.entered):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_nobody_logs_in_before_everything_is_prepared(qtbot: QtBot, made: None, open_login: Any) -> None:
    prepared: list[bool] = []
    window = open_login(prepare=lambda: prepared.append(True))
    qtbot.waitUntil(window.login_form.isVisible)
    assert prepared == [True]


def test_choosing_a_language_and_leaving(qtbot: QtBot, made: None, open_login: Any) -> None:
    window = open_login()
    with qtbot.waitSignal(window.language_chosen) as chosen:
        window.language.setCurrentIndex(window.language.findData("zh_TW"))
        window.language.activated.emit(window.language.currentIndex())
    assert chosen.args == ["zh_TW"]
    with qtbot.waitSignal(window.left):
        qtbot.keyClick(window, Qt.Key.Key_Escape)

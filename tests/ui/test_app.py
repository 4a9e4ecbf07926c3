"""The whole program in one process: login, desk, lock, log out, end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.app import Console
from console.core import paths, workstation
from console.core.clock import FixedClock
from console.core.context import Context
from console.core.i18n import current_language
from console.core.security import setup
from console.core.sending.process import running_dispatchers
from console.core.settings import save
from console.desk import Desk

PASSWORD = "nine quiet paper boats"
NUMBER = "13800138000"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def console(qapp: QApplication, home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """On a database with an administrator. No dispatcher is started: another test does that."""
    monkeypatch.setattr("console.sender.ensure_dispatcher", lambda context, log: False)
    path = paths.default_database()
    setup.create_embedded(path, login="admin", name="周航", password=PASSWORD, clock=clock).database.close()
    workstation.save(workstation.load().changed(language="en", theme="light"))
    made = Console(qapp, workstation.load(), clock=clock)
    made.start()
    yield made
    made.quit()


def _log_in(qtbot: QtBot, console: Console, login: str = "admin") -> Desk:
    assert console.login is not None
    form = console.login.login_form
    form.login.setText(login)
    form.password.setText(PASSWORD)
    form.submit()
    qtbot.waitUntil(lambda: console.desk is not None and console.desk.window.isVisible(), timeout=20_000)
    assert console.desk is not None
    return console.desk


def test_from_login_to_desk_and_out_again(qtbot: QtBot, console: Console) -> None:
    desk = _log_in(qtbot, console)
    assert console.login is None
    assert desk.window.page_keys[0] == "home"
    assert {"audit", "settings", "lines"} <= set(desk.window.page_keys)
    assert "approvals" not in desk.window.page_keys or desk.services.ctx.actor.permissions
    assert workstation.load().last_login == "admin"
    desk.window.log_out_wanted.emit(False)
    qtbot.waitUntil(lambda: console.login is not None and console.login.isVisible())
    assert console.desk is None
    assert console.login is not None
    assert console.login.login_form.login.text() == "admin"
    _log_in(qtbot, console)


def test_ctrl_l_locks_and_the_password_unlocks(qtbot: QtBot, console: Console) -> None:
    desk = _log_in(qtbot, console)
    desk.window.actions_["lock"].trigger()
    assert desk.lock.locked
    assert desk.lock.question is not None
    desk.lock.question.password.setText(PASSWORD)
    with qtbot.waitSignal(desk.lock.unlocked):
        desk.lock.question.submit()
    assert not desk.lock.locked


def test_the_next_login_window_looks_as_the_user_likes_it(qtbot: QtBot, console: Console) -> None:
    desk = _log_in(qtbot, console)
    ctx: Context = desk.services.ctx
    desk.services.use_context(ctx.with_settings(save(ctx, {"ui.theme": "dark", "ui.font_size": 15})))
    kept = workstation.load()
    assert (kept.theme, kept.font_size) == ("dark", 15)


def test_the_language_chosen_at_the_door_is_kept(qtbot: QtBot, console: Console) -> None:
    assert console.login is not None
    console.login.language_chosen.emit("zh_TW")
    desk = _log_in(qtbot, console)
    assert desk.services.ctx.settings.text("ui.language") == "zh_TW"
    desk.window.log_out_wanted.emit(False)
    assert current_language() == "zh_TW"


def test_closing_the_window_ends_the_program(qtbot: QtBot, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = _log_in(qtbot, console)
    ended: list[bool] = []
    monkeypatch.setattr(console._app, "quit", lambda: ended.append(True))
    desk.window.close()
    qtbot.waitUntil(lambda: bool(ended))
    assert console.desk is None


@pytest.mark.expects_log("uncaught")
def test_a_bug_before_the_login_is_shown_and_written_down(qtbot: QtBot, console: Console, home: Path) -> None:
    console.hooks.install()
    try:
        try:
            raise ZeroDivisionError(f"a bug with {NUMBER} in it")
        except ZeroDivisionError as error:
            sys.excepthook(ZeroDivisionError, error, error.__traceback__)
        qtbot.waitUntil(lambda: console.crash is not None and console.crash.isVisible())
    finally:
        console.hooks.remove()
    reports = list(paths.crash_folder().iterdir())
    assert len(reports) == 1
    written = reports[0].read_text("utf-8")
    assert "ZeroDivisionError" in written
    assert NUMBER not in written
    assert console.crash is not None
    console.crash.accept()
    assert console.crash is None


def test_a_dispatcher_is_started_when_none_runs(qtbot: QtBot, home: Path, qapp: QApplication) -> None:
    from console.core.clock import SystemClock
    from console.core.processes import wait_for_end
    from console.core.sending.process import request_stop

    path = paths.default_database()
    clock = SystemClock()
    setup.create_embedded(path, login="admin", name="周航", password=PASSWORD, clock=clock).database.close()
    workstation.save(workstation.load().changed(language="en"))
    console = Console(qapp, workstation.load(), clock=clock)
    console.start()
    desk = _log_in(qtbot, console)
    ctx = desk.services.ctx
    qtbot.waitUntil(lambda: bool(running_dispatchers(ctx)), timeout=30_000)
    running = running_dispatchers(ctx)
    assert [each.here for each in running] == [True]
    request_stop(ctx)
    assert wait_for_end(running[0].pid, 30)
    console.quit()

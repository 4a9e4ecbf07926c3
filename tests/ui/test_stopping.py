"""Stopping from the window: what, why, one button; and lifting it again."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.core.campaigns.lifecycle import approve
from console.core.context import Context
from console.core.sending.control import stop_class
from console.core.sending.stops import stops
from console.shell.services import Services
from console.shell.stopping import StopDialog, What
from console.shell.theme import ThemeManager
from console.shell.window import MainWindow
from db.models import BatchState, Line

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]


@pytest.fixture
def world(ctx: Context) -> Any:
    return _World(ctx)


@pytest.fixture
def open_window(qtbot: QtBot, theme_manager: ThemeManager) -> Callable[[Services], MainWindow]:
    def make(services: Services) -> MainWindow:
        window = MainWindow(services, (), theme_manager)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda: window.poller.last is not None)
        return window

    return make


def opened(qtbot: QtBot, window: MainWindow) -> StopDialog:
    qtbot.mouseClick(window.status.stop, Qt.MouseButton.LeftButton)
    dialog = window.findChild(StopDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: window.services.tasks.idle)
    return dialog


def choose(dialog: StopDialog, what: What) -> None:
    dialog.what.setCurrentIndex(dialog.what.findData(what))


def press(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.waitUntil(button.isEnabled)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def lifts(dialog: QWidget) -> list[QPushButton]:
    return [b for b in dialog.findChildren(QPushButton) if b.text() == "Lift the stop" and not b.isHidden()]


def told(ctx: Context) -> list[tuple[str, str]]:
    with ctx.database.read() as session:
        return [(each.class_key, each.reason) for each in stops(session)]


def test_one_kind_is_stopped_with_a_reason_and_told_everywhere(
    open_window: Callable[[Services], MainWindow], services: Services, ctx: Context, qtbot: QtBot
) -> None:
    window = open_window(services)
    dialog = opened(qtbot, window)
    assert dialog.action.isEnabled()  # everything, at once, whoever says why later
    choose(dialog, What.CLASS)
    assert not dialog.action.isEnabled()  # nobody has said why
    assert dialog.reason.placeholderText().startswith("Needed: ")
    dialog.which.setCurrentIndex(dialog.which.findData("market"))
    qtbot.keyClicks(dialog.reason, "wrong rate")
    press(qtbot, dialog.action)
    qtbot.waitUntil(window.stopped_strip.isVisible)
    assert told(ctx) == [("market", "wrong rate")]
    assert "Stopped: Marketing. wrong rate (王敏" in window.stopped_strip.words
    assert not window.stopped_strip.button.isVisible()  # an officer may not lift it
    assert window.status.stop.isVisible()
    assert lifts(opened(qtbot, window)) == []


def test_a_supervisor_lifts_it_from_the_strip(
    open_window: Callable[[Services], MainWindow],
    services_of: Callable[[Context], Services],
    ctx: Context,
    supervisor_ctx: Context,
    qtbot: QtBot,
) -> None:
    stop_class(ctx, "market", "wrong rate")
    stop_class(ctx, "fraud", "drill")
    window = open_window(services_of(supervisor_ctx))
    qtbot.waitUntil(window.stopped_strip.isVisible)
    qtbot.mouseClick(window.stopped_strip.button, Qt.MouseButton.LeftButton)
    dialog = window.findChild(StopDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: len(lifts(dialog)) == 2)
    assert lifts(dialog)[0].accessibleName() == "Lift the stop: Marketing"
    press(qtbot, lifts(dialog)[0])
    qtbot.waitUntil(lambda: len(lifts(dialog)) == 1)
    assert told(ctx) == [("fraud", "drill")]
    press(qtbot, lifts(dialog)[0])
    qtbot.waitUntil(lambda: not window.stopped_strip.isVisible())


def test_everything_or_one_line_is_stopped_in_two_clicks(
    open_window: Callable[[Services], MainWindow], services: Services, ctx: Context, qtbot: QtBot
) -> None:
    with ctx.database.begin() as session:
        line = Line(name="柜台一号", address="COM5", created_at=ctx.clock.now())
        session.add(line)
    window = open_window(services)
    dialog = opened(qtbot, window)
    assert dialog.what.findData(What.CAMPAIGN) < 0  # none is open
    choose(dialog, What.LINE)
    assert dialog.which.currentText() == "柜台一号"
    qtbot.keyClicks(dialog.reason, "complaints")
    press(qtbot, dialog.action)

    def switched_off() -> bool:
        with ctx.database.read() as session:
            return not session.get_one(Line, line.id).enabled

    qtbot.waitUntil(switched_off)
    qtbot.waitUntil(lambda: window.findChild(StopDialog) is None)
    dialog = opened(qtbot, window)
    qtbot.keyClicks(dialog.reason, "stolen card")
    press(qtbot, dialog.action)
    qtbot.waitUntil(lambda: told(ctx) == [("", "stolen card")])
    qtbot.waitUntil(lambda: not window.status.stop.isVisible())


def test_a_campaign_is_paused_from_here(
    open_window: Callable[[Services], MainWindow],
    services: Services,
    ctx: Context,
    supervisor_ctx: Context,
    world: Any,
    qtbot: QtBot,
) -> None:
    world.customers(2)
    frozen = world.submitted()
    approve(supervisor_ctx, frozen.campaign_id, frozen.digest)
    window = open_window(services)
    dialog = opened(qtbot, window)
    choose(dialog, What.CAMPAIGN)
    qtbot.keyClicks(dialog.reason, "wrong amount")
    press(qtbot, dialog.action)
    qtbot.waitUntil(lambda: world.batch(frozen.batch_id).state is BatchState.PAUSED)

"""Whoever leaves the window decides whether what waits goes on being sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.pulse import Pulse, pulse
from console.shell.closing import may_close
from console.shell.services import Services


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def sending(ctx: Context, *, queued: int, alive: bool = True) -> Pulse:
    now = pulse(ctx)
    return replace(now, status=replace(now.status, queued=queued, dispatcher_alive=alive))


def press(words: str) -> None:
    """Press a button of the question once it stands; no words: Esc."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog):
            QTimer.singleShot(10, look)
        elif words:
            next(each for each in dialog.findChildren(QPushButton) if each.text() == words).click()
        else:
            dialog.reject()

    QTimer.singleShot(0, look)


@pytest.mark.parametrize(("answer", "decided"), [("Go on sending", False), ("Stop sending", True), ("", None)])
@pytest.mark.parametrize("idle_stops", [True, False])
def test_messages_that_wait_are_asked_about(
    window: QWidget, services: Services, ctx: Context, answer: str, decided: bool | None, idle_stops: bool
) -> None:
    press(answer)
    assert may_close(window, services, sending(ctx, queued=5), idle_stops=idle_stops) is decided


def test_nothing_is_asked_where_nothing_waits(window: QWidget, services: Services, ctx: Context) -> None:
    idle = sending(ctx, queued=0)
    assert may_close(window, services, idle) is True
    assert may_close(window, services, idle, idle_stops=False) is False  # the next person takes over
    assert may_close(window, services, sending(ctx, queued=5, alive=False)) is False

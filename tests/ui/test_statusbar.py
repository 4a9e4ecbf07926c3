"""What the line at the foot says of the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from console.core.campaigns.horizon import Horizon
from console.core.context import Context
from console.core.format import local_datetime
from console.core.pulse import pulse
from console.shell.services import Services
from console.shell.statusbar import StatusBar

HOUR = timedelta(hours=1)
Say = Callable[..., str]


@pytest.fixture
def said(qtbot: QtBot, services: Services, ctx: Context) -> Say:
    """``said(1200, takes=..., late=...)``: the words beside so many queued messages."""
    menu = QMenu()
    bar = StatusBar(services, menu)
    qtbot.addWidget(bar)
    qtbot.addWidget(menu)
    still = pulse(ctx)

    def show(queued: int, takes: timedelta | None = None, late: int = 0, held: int = 0) -> str:
        now = ctx.clock.now()
        finish = now + takes if takes is not None else None
        ahead = Horizon(at=now, finish_at=finish, left_over=late) if queued else None
        bar.show_pulse(replace(still, status=replace(still.status, queued=queued, held=held), horizon=ahead))
        return bar.queue.text()

    return show


def test_the_queue_and_how_long_it_takes(said: Say, ctx: Context) -> None:
    assert said(0) == "Queue empty"
    assert said(0, held=5) == "Queue empty · 5 paused"
    assert said(1200) == "Queue 1,200"
    assert said(1200, timedelta(seconds=3)) == "Queue 1,200 · about 1 minute"
    assert said(1200, timedelta(minutes=12)) == "Queue 1,200 · about 12 minutes"
    assert said(1200, 2.5 * HOUR, held=3) == "Queue 1,200 · about 2 h 30 min · 3 paused"
    assert said(1200, 30 * HOUR) == f"Queue 1,200 · until about {local_datetime(ctx.clock.now() + 30 * HOUR)}"


def test_what_will_be_too_late_is_said_first(said: Say) -> None:
    assert said(1200, HOUR, late=300) == "Queue 1,200 · 300 too late"
    assert said(1200, late=300) == "Queue 1,200 · 300 too late"

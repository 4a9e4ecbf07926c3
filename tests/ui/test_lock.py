from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.security.slots import slots_of
from console.shell.lock import IdleWatch, Lock

PASSWORD = "nine quiet paper boats"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    """The officer, whose password opens a slot."""
    slots = slots_of(ctx.database)
    assert slots is not None
    slots.create("officer", PASSWORD)
    return ctx


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(800, 600)
    layout = QVBoxLayout(made)
    made.secret = QLabel("13800138000")  # type: ignore[attr-defined]
    made.field = QLineEdit()  # type: ignore[attr-defined]
    layout.addWidget(made.secret)  # type: ignore[attr-defined]
    layout.addWidget(made.field)  # type: ignore[attr-defined]
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def lock(window: QWidget, ctx: Context) -> Iterator[Lock]:
    made = Lock(window, lambda: ctx)
    yield made
    made.close()


def _covered(window: QWidget) -> bool:
    """No pixel of the window shows what is in it."""
    top = window.childAt(QPoint(window.width() // 2, window.height() // 2))
    while top is not None and top.parentWidget() is not window:
        top = top.parentWidget()
    return top is not None and top.accessibleName() == "Locked" and top.geometry() == window.rect()


def test_the_lock_hides_everything_and_gives_it_back(qtbot: QtBot, window: Any, lock: Lock) -> None:
    window.field.setText("half a sente")
    window.field.setFocus()
    lock.lock()
    assert lock.locked
    assert _covered(window)
    assert lock.question is not None
    qtbot.keyClicks(lock.question.password, "wrong")
    qtbot.keyClick(lock.question.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: lock.question is not None and lock.question.trouble.isVisible())
    assert _covered(window)
    qtbot.keyClick(lock.question, Qt.Key.Key_Escape)
    lock.question.close()
    assert lock.question.isVisible()
    lock.question.password.setText(PASSWORD)
    with qtbot.waitSignal(lock.unlocked):
        lock.question.submit()
    assert not lock.locked
    assert not _covered(window)
    assert window.field.text() == "half a sente"


def test_a_modal_dialog_is_covered_and_stays(qtbot: QtBot, window: Any, lock: Lock) -> None:
    dialog = QDialog(window)
    dialog.resize(300, 200)
    QVBoxLayout(dialog).addWidget(QLineEdit("typed before"))
    dialog.open()
    qtbot.waitExposed(dialog)
    lock.lock()
    assert _covered(window)
    assert _covered(dialog)
    assert lock.question is not None
    assert lock.question.isVisible()
    lock.release()
    assert dialog.isVisible()
    assert not _covered(dialog)
    dialog.close()


def test_what_shows_up_while_locked_is_covered_too(qtbot: QtBot, window: Any, lock: Lock) -> None:
    lock.lock()
    toast = QLabel("Delivered to 13800138000", window)
    toast.setGeometry(300, 200, 300, 200)
    toast.show()
    toast.raise_()
    assert _covered(window)
    late = QDialog(window)
    late.resize(300, 200)
    QVBoxLayout(late).addWidget(QLabel("result"))
    late.open()
    qtbot.waitUntil(lambda: _covered(late))
    qtbot.waitUntil(lambda: lock.question is not None and lock.question.isVisible())
    late.close()


def test_a_resized_window_stays_covered(qtbot: QtBot, window: Any, lock: Lock) -> None:
    lock.lock()
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: _covered(window))


def test_somebody_else_may_log_in(qtbot: QtBot, window: Any, lock: Lock) -> None:
    lock.lock()
    assert lock.question is not None
    with qtbot.waitSignal(lock.switch_user):
        lock.question.switch_user.emit()


def test_idle_is_told_by_the_clock_and_keys_put_it_off(qtbot: QtBot, window: Any, clock: FixedClock) -> None:
    told: list[bool] = []
    watch = IdleWatch(clock.now, lambda: 10)
    watch.idle.connect(lambda: told.append(True))
    window.activateWindow()
    qtbot.waitUntil(lambda: bool(watch.watched))
    clock.advance(timedelta(minutes=9))
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_A)
    clock.advance(timedelta(minutes=9))
    watch.look()
    assert told == []
    clock.advance(timedelta(minutes=1))
    watch.look()
    assert told == [True]
    clock.advance(timedelta(hours=8))  # the computer slept: its first key must not be taken for life
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_A)
    assert told == [True, True]
    watch.stop()
